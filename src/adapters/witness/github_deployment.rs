//! Deployments that the code host knows of.

use std::sync::Arc;

use async_trait::async_trait;

use super::Common;
use crate::domain::ids::ModelName;
use crate::domain::text::clean_line;
use crate::domain::witness::{Released, Says, Word, deployed, fill};
use crate::ports::code::CodeHost;
use crate::ports::witness::Witness;

#[allow(missing_debug_implementations)]
pub(super) struct Deployments {
    common: Common,
    environment: String,
    host: Arc<dyn CodeHost>,
}

impl Deployments {
    pub(super) fn new(common: Common, environment: String, host: Arc<dyn CodeHost>) -> Self {
        Self { common, environment, host }
    }
}

#[async_trait]
impl Witness for Deployments {
    fn name(&self) -> &str {
        &self.common.name
    }

    fn kind(&self) -> &'static str {
        "github-deployment"
    }

    fn is_about(&self, model: &ModelName) -> bool {
        self.common.is_about(model)
    }

    async fn ask(&self, released: &Released) -> Word {
        let environment = fill(&self.environment, &released.model, str::to_owned);
        match self.host.deployments(&released.repository, &environment, &released.commit, &released.tag).await {
            Ok(all) => deployed(&all, &environment, released),
            Err(failure) => Word::new(Says::Unknown, failure.to_string()),
        }
    }

    async fn check(&self) -> Result<String, String> {
        Ok(format!("deployments to {} are read with the GitHub token", clean_line(&self.environment)))
    }
}

//! Runs of a job in the target's Databricks workspace.

use std::sync::Arc;

use async_trait::async_trait;

use super::Common;
use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::text::clean_line;
use crate::domain::witness::{Released, Says, VersionAt, Word, fill, finished, ran};
use crate::ports::witness::{JobRuns, Witness};

#[allow(missing_debug_implementations)]
pub(super) struct Job {
    common: Common,
    job: String,
    version: Option<VersionAt>,
    runs: Arc<dyn JobRuns>,
}

impl Job {
    pub(super) fn new(common: Common, job: String, version: Option<VersionAt>, runs: Arc<dyn JobRuns>) -> Self {
        Self { common, job, version, runs }
    }

    async fn look(&self, released: &Released) -> Outcome<Word> {
        let job = fill(&self.job, &released.model, str::to_owned);
        let runs = self.runs.runs(&job, released.at).await?;
        Ok(match finished(&runs, released, &clean_line(&job)) {
            Ok(run) => {
                let version = match &self.version {
                    Some(VersionAt::Conf(pointer)) => run.at(pointer),
                    Some(VersionAt::Xcom { .. } | VersionAt::Tag(_)) | None => None,
                };
                ran(run, version.as_deref(), released, self.common.clock.now())
            }
            Err(word) => word,
        })
    }
}

#[async_trait]
impl Witness for Job {
    fn name(&self) -> &str {
        &self.common.name
    }

    fn kind(&self) -> &'static str {
        "databricks-job"
    }

    fn is_about(&self, model: &ModelName) -> bool {
        self.common.is_about(model)
    }

    async fn ask(&self, released: &Released) -> Word {
        self.look(released).await.unwrap_or_else(|failure| Word::new(Says::Unknown, failure.to_string()))
    }

    async fn check(&self) -> Result<String, String> {
        if self.job.contains("{model}") {
            return Ok(format!("the job of each model is {}", clean_line(&self.job)));
        }
        let now = self.common.clock.now();
        match self.runs.runs(&self.job, now).await {
            Ok(_) => Ok(format!("the job {} can be read", clean_line(&self.job))),
            Err(failure) => Err(failure.to_string()),
        }
    }
}

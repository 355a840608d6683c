//! A place that answers JSON, such as the health page of a model server.

use async_trait::async_trait;

use super::client::Client;
use super::{Common, Reach};
use crate::domain::ids::ModelName;
use crate::domain::witness::{Released, Says, Word, plain};
use crate::ports::witness::Witness;

/// What is asked, as a phrase after "could not".
const WHAT: &str = "read what runs";

#[derive(Debug)]
pub(super) struct Http {
    common: CommonOf,
    client: Client,
    pointer: String,
}

/// [`Common`] in a type that can be printed.
struct CommonOf(Common);

impl std::fmt::Debug for CommonOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl Http {
    pub(super) fn new(common: Common, reach: Reach, pointer: String) -> Self {
        Self { common: CommonOf(common), client: Client::new(reach), pointer }
    }

    async fn value(&self, model: &ModelName) -> Result<String, String> {
        let path = self.client.address(model).map_err(|failure| failure.to_string())?;
        let document = self.client.get(&path, WHAT, None).await.map_err(|failure| failure.to_string())?;
        let place = || if self.pointer.is_empty() { "the answer".to_owned() } else { self.pointer.clone() };
        match document.pointer(&self.pointer) {
            Some(value) => {
                plain(value).ok_or_else(|| format!("{} in the answer is neither a text nor a number", place()))
            }
            None => Err(format!("the answer has nothing at {}", place())),
        }
    }
}

#[async_trait]
impl Witness for Http {
    fn name(&self) -> &str {
        &self.common.0.name
    }

    fn kind(&self) -> &'static str {
        "http"
    }

    fn is_about(&self, model: &ModelName) -> bool {
        self.common.0.is_about(model)
    }

    async fn ask(&self, released: &Released) -> Word {
        match self.value(&released.model).await {
            Ok(value) => released.judge(&value, self.common.0.clock.now(), self.common.0.settle),
            Err(why) => Word::new(Says::Unknown, why),
        }
    }

    async fn check(&self) -> Result<String, String> {
        let any = ModelName::new("model");
        match self.value(&any).await {
            Ok(value) => {
                let shown: String = crate::domain::text::clean_line(&value).chars().take(60).collect();
                Ok(format!("{} answers, and reports {shown}", self.client.place()))
            }
            Err(why) => Err(why),
        }
    }
}

//! Witnesses: what runs, as something outside says it. Read-only.

use std::sync::Arc;

use async_trait::async_trait;

use jiff::Timestamp;

use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::witness::{PipelineRun, Released, Testimony, Word};

/// One configured witness.
#[async_trait]
pub trait Witness: Send + Sync {
    /// The configured name.
    fn name(&self) -> &str;
    /// The configured type, such as `http`.
    fn kind(&self) -> &'static str;
    /// Whether it is asked about this model.
    fn is_about(&self, model: &ModelName) -> bool;
    /// What it says of a release. Never fails: what cannot be read is a word as well.
    async fn ask(&self, released: &Released) -> Word;
    /// Whether it can be reached and answers, as a sentence; the reason if not.
    async fn check(&self) -> Result<String, String>;
}

/// Reads the runs of jobs.
#[async_trait]
pub trait JobRuns: Send + Sync {
    /// The newest runs of a job, by its name or id, that started at `since` or later.
    async fn runs(&self, job: &str, since: Timestamp) -> Outcome<Vec<PipelineRun>>;
}

/// The witnesses of one target.
#[derive(Clone, Default)]
#[allow(missing_debug_implementations)]
pub struct Witnesses(pub Vec<Arc<dyn Witness>>);

impl Witnesses {
    /// What every witness of the model says, by the order of the configuration.
    pub async fn ask(&self, released: &Released) -> Vec<Testimony> {
        let mut asked = Vec::new();
        for witness in self.0.iter().filter(|w| w.is_about(&released.model)) {
            asked.push(async move {
                let word = witness.ask(released).await;
                Testimony {
                    name: witness.name().to_owned(),
                    kind: witness.kind(),
                    state: word.says,
                    version: word.version,
                    reason: word.reason,
                }
            });
        }
        futures_util::future::join_all(asked).await
    }
}

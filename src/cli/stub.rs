//! Temporary.
use crate::domain::artifact::*; use crate::domain::history::History; use crate::domain::ids::RunId;
use crate::domain::registry::ModelVersion; use crate::domain::run::Run; use crate::failure::*; use crate::ports::Page; use crate::ports::tracking::*;
#[derive(Debug)]
pub struct Stub;
fn no<T>() -> Outcome<T> { Err(Failure::new(FailureKind::NotFound, Service::Mlflow, "x", "stub")) }
#[async_trait::async_trait]
impl TrackingServer for Stub {
    async fn experiments(&self, _: Option<&str>) -> Outcome<Page<Experiment>> { no() }
    async fn search_runs(&self, _: &RunQuery) -> Outcome<Page<Run>> { no() }
    async fn histories(&self, _: &[RunId], _: &str, _: Option<(i64, i64)>, _: usize) -> Outcome<Vec<History>> { no() }
    async fn artifacts(&self, _: &ArtifactRoot, _: &str) -> Outcome<Vec<ArtifactEntry>> { no() }
    async fn artifact_head(&self, _: &ArtifactRoot, _: &str, _: usize) -> Outcome<ArtifactHead> { no() }
    async fn download(&self, _: &ArtifactRoot, _: &str, _: &mut (dyn tokio::io::AsyncWrite + Unpin + Send), _: &(dyn Fn(u64) + Send + Sync)) -> Outcome<u64> { no() }
    async fn logged_model(&self, _: &str) -> Outcome<LoggedModel> { no() }
    async fn signature(&self, _: &ModelVersion) -> Outcome<Option<Signature>> { no() }
}

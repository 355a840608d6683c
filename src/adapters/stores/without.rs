//! What a build without the feature `stores` says.

use tokio::io::AsyncWrite;

use super::Settings;
use crate::domain::artifact::{ArtifactEntry, ArtifactHead};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::store::Bucket;

/// No stores.
#[derive(Debug)]
pub(super) struct Stores;

impl Stores {
    pub(super) fn new(_settings: Settings) -> Self {
        Self
    }

    pub(super) async fn list(&self, bucket: &Bucket, _path: &str, what: &str) -> Outcome<Vec<ArtifactEntry>> {
        Err(no_stores(bucket, what))
    }

    pub(super) async fn head(&self, bucket: &Bucket, _path: &str, _limit: usize, what: &str) -> Outcome<ArtifactHead> {
        Err(no_stores(bucket, what))
    }

    pub(super) async fn save(
        &self,
        bucket: &Bucket,
        _path: &str,
        _into: &mut (dyn AsyncWrite + Unpin + Send),
        _progress: &(dyn Fn(u64) + Send + Sync),
        what: &str,
    ) -> Outcome<u64> {
        Err(no_stores(bucket, what))
    }
}

fn no_stores(bucket: &Bucket, what: &str) -> Failure {
    let reason = format!("it is in {bucket}, and this signoff was built without the feature `stores`");
    Failure::new(FailureKind::Config, Service::Mlflow, what, reason).with_hint("Use one that was built with it.")
}

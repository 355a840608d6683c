//! Open requests to move versions to a stage. A registry lists them version by version: callers ask for what is in sight.

use futures_util::StreamExt as _;

use crate::domain::registry::{OpenRequests, VersionKey};
use crate::services::Services;

/// Requests at once.
const AT_ONCE: usize = 4;

/// Reads the open requests of each version; one that cannot be read says why, and hides no other.
pub async fn read(services: &Services, versions: &[VersionKey]) -> Vec<OpenRequests> {
    if !services.registry.keeps_requests() {
        return Vec::new();
    }
    let reads: Vec<_> = versions
        .iter()
        .cloned()
        .map(|(model, number)| async move {
            let requests = services.registry.requests(&model, number).await;
            OpenRequests { of: (model, number), requests }
        })
        .collect();
    futures_util::stream::iter(reads).buffered(AT_ONCE).collect().await
}

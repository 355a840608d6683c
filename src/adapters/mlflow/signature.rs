//! Finds and reads the `MLmodel` file of a version.

use super::{Mlflow, client};
use crate::domain::artifact::{ArtifactRoot, home};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::registry::ModelVersion;
use crate::ports::tracking::TrackingServer;

const FILE: &str = "MLmodel";
/// Most bytes that are read. Signatures of wide tables make it large: some 60 bytes per column.
const LIMIT: usize = 4 * 1024 * 1024;

/// A place where the file may be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In the files of a run or logged model.
    File(ArtifactRoot, String),
    /// At the registry's path. 3.x finds it wherever it is; 2.22 fails with an internal error if it serves the files
    /// itself (measured on 3.17 and 2.22.5).
    Registry,
}

impl Mlflow {
    /// The whole file, wherever it is found first. `files` reads the files of runs and logged models.
    pub(super) async fn read_mlmodel(
        &self,
        files: &dyn TrackingServer,
        version: &ModelVersion,
        what: &str,
    ) -> Outcome<Vec<u8>> {
        let mut failures = Vec::new();
        let mut places = places(version, self.registry.is_mlflow());
        if self.serves_both() {
            // Its answer about a missing file needs no second look.
            places.sort_by_key(|place| *place != Place::Registry);
        }
        for place in places {
            match self.ml_model(files, &place, version, what).await {
                Ok((_, true)) => {
                    let reason = format!("its {FILE} file is larger than {} MB", LIMIT / (1024 * 1024));
                    return Err(Failure::new(FailureKind::Protocol, Service::Mlflow, what, reason));
                }
                Ok((bytes, false)) => return Ok(bytes),
                // Another place may work.
                Err(f)
                    if matches!(
                        f.kind,
                        FailureKind::NotFound | FailureKind::Protocol | FailureKind::Rejected | FailureKind::Forbidden
                    ) =>
                {
                    // MLflow's own server serves both places from one store: what is not there is nowhere.
                    let nowhere = f.kind == FailureKind::NotFound && self.serves_both();
                    failures.push(f);
                    if nowhere {
                        break;
                    }
                }
                Err(f) => return Err(Failure { operation: what.to_owned(), ..f }),
            }
        }
        // A denied read says nothing about the file, so it takes precedence; a missing file in one place explains an
        // error in the other.
        let first = |wanted: FailureKind| failures.iter().position(|f| f.kind == wanted);
        let telling = first(FailureKind::Forbidden).or(match first(FailureKind::NotFound) {
            Some(_) => None,
            None => Some(0),
        });
        match telling.filter(|n| *n < failures.len()) {
            Some(n) => Err(Failure { operation: what.to_owned(), ..failures.swap_remove(n) }),
            None => {
                let reason = format!("there is no {FILE} file where its source ({}) says", version.source);
                Err(Failure::new(FailureKind::NotFound, Service::Mlflow, what, reason))
            }
        }
    }

    /// Whether the registry's files are those of the tracking server.
    fn serves_both(&self) -> bool {
        self.registry.is_mlflow() && self.registry.base() == self.tracking.base()
    }

    async fn ml_model(
        &self,
        files: &dyn TrackingServer,
        place: &Place,
        version: &ModelVersion,
        what: &str,
    ) -> Outcome<(Vec<u8>, bool)> {
        match place {
            Place::File(root, path) => {
                files.artifact_head(root, path, LIMIT).await.map(|head| (head.bytes, head.truncated))
            }
            Place::Registry => {
                let call = client::get_raw("model-versions/get-artifact", what)
                    .query("name", version.model.as_str())
                    .query("version", version.number.0.to_string())
                    .query("path", FILE);
                let (server, call) = self.registry.ready(call).await?;
                server.open(&call, server.timeout()).await?.first(LIMIT).await
            }
        }
    }
}

/// Where the file may be, most likely first. Only MLflow's own registry serves files.
fn places(version: &ModelVersion, registry_serves: bool) -> Vec<Place> {
    let mut places = match home(version) {
        Some((root, folder)) => {
            let path = if folder.is_empty() { FILE.to_owned() } else { format!("{folder}/{FILE}") };
            match root {
                ArtifactRoot::Run(_) => vec![Place::File(root, path), Place::Registry],
                ArtifactRoot::LoggedModel(_) => vec![Place::Registry, Place::File(root, path)],
                ArtifactRoot::Version(..) => vec![Place::File(root, path)],
            }
        }
        None => vec![Place::Registry],
    };
    let own = ArtifactRoot::Version(version.model.clone(), version.number);
    let own = Place::File(own, FILE.to_owned());
    if version.keeps_files && !places.contains(&own) {
        places.push(own);
    }
    places.retain(|place| registry_serves || *place != Place::Registry);
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ModelName, RunId, VersionNumber};
    use crate::domain::registry::{Stage, VersionStatus};
    use crate::domain::sorted_map::Tags;

    fn version(source: &str) -> ModelVersion {
        ModelVersion {
            model: ModelName::new("m"),
            number: VersionNumber(3),
            stage: Stage::None,
            status: VersionStatus::Ready,
            created_at: None,
            updated_at: None,
            author: None,
            source: source.to_owned(),
            run_id: Some(RunId::new("b850")),
            description: String::new(),
            tags: Tags::default(),
            aliases: Vec::new(),
            logged_model: None,
            run_elsewhere: None,
            keeps_files: false,
            deployment: None,
        }
    }

    #[test]
    fn every_kind_of_source_leads_to_its_file() {
        let run = |id: &str, path: &str| Place::File(ArtifactRoot::Run(RunId::new(id)), path.to_owned());
        let logged = Place::File(ArtifactRoot::LoggedModel("m-1f".to_owned()), "MLmodel".to_owned());
        for (source, expected) in [
            ("runs:/c8eb/model", vec![run("c8eb", "model/MLmodel"), Place::Registry]),
            ("runs:/c8eb/a/b/", vec![run("c8eb", "a/b/MLmodel"), Place::Registry]),
            ("runs:/c8eb", vec![run("c8eb", "MLmodel"), Place::Registry]),
            ("models:/m-1f", vec![Place::Registry, logged]),
            ("models:/other/3", vec![Place::Registry]),
            ("mlflow-artifacts:/1/b850/artifacts/model", vec![run("b850", "model/MLmodel"), Place::Registry]),
            ("s3://bucket/x/1/b850/artifacts", vec![run("b850", "MLmodel"), Place::Registry]),
            ("s3://bucket/x/1/b850/artifacts-old/model", vec![Place::Registry]),
            ("s3://bucket/model", vec![Place::Registry]),
            ("", vec![Place::Registry]),
        ] {
            assert_eq!(places(&version(source), true), expected, "{source}");
        }
    }
}

//! The demo's tracking server: experiments, searches, metric histories and files of the world's runs.
//!
//! Nothing is stored: curves ([`curves`]) and files ([`files`]) are computed from a run's data, the same every time.

mod curves;
mod files;
mod filter;

use std::cmp::Ordering;

use async_trait::async_trait;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use self::curves::Curve;
use self::files::File;
use self::filter::Filter;
use super::Refusal;
use super::convert;
use super::registry::{DemoRegistry, cut};
use super::world::{TrainingRun, World};
use crate::domain::artifact::{
    ArtifactEntry, ArtifactHead, ArtifactRoot, MlModelFile, Signature, SignatureField, home, logged_model,
};
use crate::domain::experiment::{Experiment, RunAttribute, RunOrder, RunQuery};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::history::History;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::logged::LoggedModel;
use crate::domain::page::Page;
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::domain::text::{clean, clean_line};
use crate::ports::tracking::TrackingServer;

/// Most points of a history per request, as on the real servers.
const MAX_POINTS: usize = 2_500;
/// Chunk size of a download.
const PIECE: usize = 64 * 1024;

impl DemoRegistry {
    /// The signature of a version, as its `MLmodel` file has it.
    async fn signature(&self, version: &ModelVersion) -> Outcome<Option<Signature>> {
        let (name, number) = (version.model.clone(), version.number);
        self.read(format!("read the signature of version {number} of '{name}'"), move |world| {
            let model = world.model(&name)?;
            if world.version(&name, number)?.status != "READY" {
                return Err(Refusal::NotFound("its files were never complete: there is no MLmodel".to_owned()));
            }
            let field = |name: &str, kind: &str, required| SignatureField {
                name: clean_line(name),
                kind: clean_line(kind),
                required,
            };
            Ok(Some(Signature {
                inputs: model.inputs_of(number).map(|f| field(&f.name, &f.kind, f.required)).collect(),
                outputs: vec![field(&model.output.name, &model.output.kind, true)],
                params: Vec::new(),
            }))
        })
        .await
    }
}

#[async_trait]
impl TrackingServer for DemoRegistry {
    async fn experiments(&self, page: Option<&str>) -> Outcome<Page<Experiment>> {
        let (page, size) = (page.map(str::to_owned), self.page_size());
        self.read("list the experiments".to_owned(), move |world| {
            let mut all: Vec<_> = world.experiments.iter().filter(|(_, e)| !e.deleted).collect();
            all.sort_by_key(|(_, e)| std::cmp::Reverse(e.created_at));
            cut(all.into_iter(), page.as_deref(), size, |(id, e)| experiment(id, e))
        })
        .await
    }

    async fn experiment(&self, id: &ExperimentId) -> Outcome<Experiment> {
        let (operation, id) = (format!("read the experiment {}", clean_line(id.as_str())), id.clone());
        self.read(operation, move |world| {
            let found = world.experiments.get(&id).map(|e| experiment(&id, e));
            found.ok_or_else(|| Refusal::NotFound(format!("there is no experiment {}", clean_line(id.as_str()))))
        })
        .await
    }

    async fn search_runs(&self, query: &RunQuery) -> Outcome<Page<Run>> {
        let (query, size) = (query.clone(), self.page_size());
        self.read("search the runs".to_owned(), move |world| {
            let filter = Filter::parse(&query.filter)?;
            let wanted = |run: &TrainingRun| query.experiments.contains(&run.experiment) && !run.deleted;
            let mut found: Vec<_> =
                world.runs.iter().filter(|(id, run)| wanted(run) && filter.matches(id, run)).collect();
            found.sort_by_key(|(id, run)| (std::cmp::Reverse(run.started_at), *id));
            // Ties newest first, as in MLflow.
            found.sort_by(|(_, a), (_, b)| in_order(a, b, query.order));
            cut(found.into_iter(), query.page.as_deref(), size, |(id, run)| convert::run(id, run))
        })
        .await
    }

    async fn histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>> {
        let (runs, metric, max) = (runs.to_vec(), metric.to_owned(), max_points.clamp(1, MAX_POINTS));
        self.read(format!("read the history of {}", clean_line(&metric)), move |world| {
            let history = |id: RunId| {
                let curve = world.runs.get(&id).and_then(|run| Curve::of(&id, run, &metric));
                let (points, sampled) = curve.map(|c| c.sample(window, max)).unwrap_or_default();
                History { run: id, metric: metric.clone(), points, sampled }
            };
            Ok(runs.into_iter().map(history).collect())
        })
        .await
    }

    async fn artifacts(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<ArtifactEntry>> {
        let (root, path) = (root.clone(), path.trim_end_matches('/').to_owned());
        self.read(format!("list the files at '{}'", clean_line(&path)), move |world| {
            Ok(files::below(&files_of(world, &root)?, &path))
        })
        .await
    }

    async fn artifact_head(&self, root: &ArtifactRoot, path: &str, limit: usize) -> Outcome<ArtifactHead> {
        let mut bytes = self.file(root, path).await?;
        let total = bytes.len();
        bytes.truncate(limit);
        Ok(ArtifactHead { truncated: bytes.len() < total, total: u64::try_from(total).ok(), bytes })
    }

    async fn download(
        &self,
        root: &ArtifactRoot,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Outcome<u64> {
        let bytes = self.file(root, path).await?;
        let local = |e: std::io::Error| {
            let what = format!("save {}", clean_line(path));
            Failure::new(FailureKind::Local, Service::Local, what, clean_line(&e.to_string()))
        };
        let mut written = 0;
        for piece in bytes.chunks(PIECE) {
            if written > 0 {
                // A large file takes a while.
                self.pass().await;
            }
            into.write_all(piece).await.map_err(local)?;
            written += piece.len() as u64;
            progress(written);
        }
        into.flush().await.map_err(local)?;
        Ok(written)
    }

    async fn logged_model(&self, id: &str) -> Outcome<LoggedModel> {
        let wanted = id.to_owned();
        self.read(format!("read the logged model {}", clean_line(id)), move |world| {
            let (model, number) = world.made_from(&wanted)?;
            Ok(convert::logged_model(world, &wanted, world.version(&model, number)?))
        })
        .await
    }

    async fn mlmodel(&self, version: &ModelVersion) -> Outcome<MlModelFile> {
        let bytes = match home(version) {
            Some((root, folder)) if folder.is_empty() => self.file(&root, "MLmodel").await,
            Some((root, folder)) => self.file(&root, &format!("{folder}/MLmodel")).await,
            None => {
                let operation = format!("read the MLmodel file of {} {}", version.model, version.number);
                let reason = format!("there is no MLmodel file where its source ({}) says", version.source);
                Err(Failure::new(FailureKind::NotFound, Service::Mlflow, operation, reason))
            }
        }?;
        Ok(MlModelFile { bytes, signature: self.signature(version).await })
    }

    fn experiment_page(&self, _id: &ExperimentId) -> Option<String> {
        None
    }

    fn logged_model_page(&self, _experiment: &ExperimentId, _id: &str) -> Option<String> {
        None
    }
}

fn in_order(a: &TrainingRun, b: &TrainingRun, order: RunOrder) -> Ordering {
    let ascending = match order.by {
        RunAttribute::Started => a.started_at.cmp(&b.started_at),
        RunAttribute::Name => a.name.cmp(&b.name),
        RunAttribute::Status => a.status.cmp(&b.status),
    };
    if order.descending { ascending.reverse() } else { ascending }
}

fn experiment(id: &ExperimentId, e: &super::world::Experiment) -> Experiment {
    Experiment {
        id: id.clone(),
        name: clean_line(&e.name),
        deleted: e.deleted,
        created_at: Some(e.created_at),
        updated_at: Some(e.created_at),
    }
}

impl DemoRegistry {
    async fn file(&self, root: &ArtifactRoot, path: &str) -> Outcome<Vec<u8>> {
        let (root, wanted) = (root.clone(), path.to_owned());
        self.read(format!("read {}", clean_line(path)), move |world| {
            let files = files_of(world, &root)?;
            if let Some(file) = files.into_iter().find(|f| f.path == wanted) {
                return Ok(file.bytes);
            }
            let shown = clean(&wanted);
            if files::below(&files_of(world, &root)?, &wanted).is_empty() {
                return Err(Refusal::NotFound(format!("there is no file {shown}")));
            }
            Err(Refusal::Invalid(format!("{shown} is a folder")))
        })
        .await
    }
}

/// Every file below a root.
fn files_of(world: &World, root: &ArtifactRoot) -> Result<Vec<File>, Refusal> {
    match root {
        ArtifactRoot::Run(id) => {
            let run = world.runs.get(id).ok_or_else(|| Refusal::NotFound(format!("there is no run {}", id.short())))?;
            let of_this = |v: &super::world::Version| v.run_id.as_ref() == Some(id);
            let version = world.models.iter().find_map(|(name, model)| {
                let number = model.versions.iter().find(|(_, v)| of_this(v)).map(|(number, _)| *number)?;
                Some((name, model, number))
            });
            Ok(files::of_run(run, version))
        }
        ArtifactRoot::LoggedModel(id) => {
            let (name, number) = world.made_from(id)?;
            Ok(files::of_logged_model(id, world.model(&name)?, number))
        }
        ArtifactRoot::Version(name, number) => {
            let model = world.model(name)?;
            let version = model.versions.get(number);
            match version.and_then(|version| logged_model(&version.source)) {
                Some(id) => Ok(files::of_logged_model(id, model, *number)),
                None => Err(Refusal::NotFound(format!("the registry keeps no files of {name} {number}"))),
            }
        }
    }
}

//! What is in production, measured against what was signed and what runs: one reading for `status`, `audit`, `watch`
//! and the screens.
//!
//! The registry is read in lists and batches, so that an undisturbed model costs at most three requests to MLflow: its
//! versions in production, and two folders of its files.

mod ledger;
mod model;
mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::identity::Identity;
use crate::domain::ids::ModelName;
use crate::domain::page::walk;
use crate::domain::registry::{ModelVersion, PromotionTarget, RegisteredModel};
use crate::domain::status::{ModelStatus, Status};
use crate::services::Services;
use crate::services::evidence::Said;
use crate::services::notes::unread;

pub use ledger::Memory;
use model::Read;
pub use outcome::keep_outcomes;

/// Models that are read at once; a server has four workers by default.
const AT_ONCE: usize = 6;

/// How much is looked at.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Only this model.
    pub model: Option<ModelName>,
    /// Read the files, and compare their digests.
    pub deep: bool,
    /// Look at the Git tags as well, two requests each.
    pub git_tags: bool,
    /// Ask the witnesses.
    pub witnesses: bool,
    /// What an earlier look read of releases.
    pub memory: Memory,
}

impl Asked {
    /// Everything that a command looks at.
    pub fn all(model: Option<ModelName>, deep: bool) -> Self {
        Self { model, deep, git_tags: true, witnesses: true, memory: Memory::default() }
    }

    /// What a look every few minutes looks at.
    pub fn often(memory: Memory) -> Self {
        Self { model: None, deep: false, git_tags: false, witnesses: true, memory }
    }
}

/// Looks at every model that has a version in production, or had one by a sign-off.
///
/// # Errors
/// If the registry does not list its models, or the records of this machine cannot be read. Anything else is a note.
pub async fn look(services: &Services, asked: &Asked) -> Outcome<Status> {
    let home = services.home().await?;
    let (ledger, models) =
        futures_util::future::try_join(ledger::read(services, &home, &asked.memory), models(services, asked)).await?;
    let mut notes = ledger.notes.clone();
    let held = |model: &RegisteredModel| match &services.rules.promote_to {
        _ if !model.told => true,
        PromotionTarget::Stage(stage) => model.latest.iter().any(|v| v.stage == *stage),
        PromotionTarget::Alias(alias) => model.aliases.contains_key(alias),
        target @ (PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_)) => {
            model.latest.iter().any(|v| target.is_held_by(v))
        }
    };
    let mut names: BTreeSet<&ModelName> = models.values().filter(|m| held(m)).map(|m| &m.name).collect();
    names.extend(ledger.in_force.keys().filter(|name| asked.model.as_ref().is_none_or(|model| model == *name)));
    // Collected first: a stream of borrowing closures could not be sent between threads.
    let mut reads = Vec::new();
    for name in names {
        let (model, signed) = (models.get(name), ledger.in_force.get(name));
        reads.push(model::read(services, &home, name, model, model.is_some_and(held), signed));
    }
    let reads = stream::iter(reads);
    let mut found: Vec<Read<'_>> = Vec::new();
    let mut reads = std::pin::pin!(reads.buffered(AT_ONCE));
    while let Some(read) = reads.next().await {
        match read {
            Ok(read) => found.extend(read),
            Err(failure) => notes.push(unread(failure)),
        }
    }
    // A model that was renamed stands under the name that was signed.
    let signed: Vec<Identity> = found
        .iter()
        .filter_map(|read| read.signed.filter(|_| read.is_renamed()))
        .map(|signed| Identity::from(&signed.record().model))
        .collect();
    found.retain(|read| {
        let renamed = |holder| signed.iter().any(|then| then.is_renamed(&Identity::of(&home, holder)));
        read.signed.is_some() || !read.holders.iter().any(renamed)
    });
    let versions: Vec<&ModelVersion> = found.iter().filter_map(Read::version).collect();
    let said = Said::read(services.registry.as_ref(), versions).await;
    for failure in said.failures().filter(|failure| failure.kind != FailureKind::NotFound) {
        notes.push(unread(failure.clone()));
    }
    let mut looks = Vec::new();
    for read in found {
        looks.push(model::judge(services, read, &said, &ledger, asked));
    }
    let models: Vec<ModelStatus> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    Ok(Status { models, notes })
}

/// The registered models; with one asked for, only that, which may be gone.
async fn models(services: &Services, asked: &Asked) -> Outcome<BTreeMap<ModelName, RegisteredModel>> {
    if let Some(name) = &asked.model {
        return match services.registry.model(name).await {
            Ok(model) => Ok([(name.clone(), model)].into_iter().collect()),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(BTreeMap::new()),
            Err(failure) => Err(failure),
        };
    }
    let mut all = BTreeMap::new();
    let read = |page: Option<String>| async move { services.registry.models(None, page.as_deref()).await };
    let each = |items: Vec<RegisteredModel>| {
        all.extend(items.into_iter().map(|model| (model.name.clone(), model)));
        ControlFlow::Continue(())
    };
    walk("list the models", read, each).await?;
    Ok(all)
}

//! What a command of the user's own is given.

use std::collections::BTreeSet;

use super::Services;
use super::evidence;
use crate::domain::command::{Placeholder, Values};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::provenance::Provenance;
use crate::domain::record::chain::ChainLine;
use crate::domain::release::tag_name;
use crate::domain::run::Run;

/// Reads the values that are wanted, and nothing else. What does not exist is empty.
///
/// # Errors
/// If something could not be read: a command must not take that for something that does not exist.
pub async fn values(
    services: &Services,
    model: Option<&ModelName>,
    version: Option<VersionNumber>,
    run: Option<&RunId>,
    wanted: &[Placeholder],
) -> Outcome<Values> {
    let wanted: BTreeSet<Placeholder> = wanted.iter().copied().collect();
    let mut values = Values {
        model: model.map(|model| model.as_str().to_owned()).unwrap_or_default(),
        version: version.map(|version| version.0.to_string()).unwrap_or_default(),
        run: run.map(|run| run.as_str().to_owned()).unwrap_or_default(),
        ..Values::default()
    };
    if let (Some(model), Some(version)) = (model, version) {
        of_version(services, model, version, &wanted, &mut values).await?;
    } else if let Some(id) = run {
        of_run(services, id, &wanted, &mut values).await?;
    }
    Ok(values)
}

async fn of_version(
    services: &Services,
    model: &ModelName,
    version: VersionNumber,
    wanted: &BTreeSet<Placeholder>,
    values: &mut Values,
) -> Outcome<()> {
    let registry = services.registry.as_ref();
    let reads = [Placeholder::Run, Placeholder::Commit, Placeholder::Tag].iter().any(|p| wanted.contains(p));
    if reads {
        let facts = evidence::facts(registry, &services.rules.promote_to, model, version).await?;
        let said = Provenance::from(&facts);
        values.run = facts.version.run_id.as_ref().map(|run| run.as_str().to_owned()).unwrap_or_default();
        values.commit = said.commit().unwrap_or_default().to_owned();
        if wanted.contains(&Placeholder::Tag) {
            values.tag = tag(services, model, version, said.repo_url()).await?;
        }
    }
    values.url = registry.version_page(model, version).unwrap_or_default();
    Ok(())
}

async fn of_run(services: &Services, id: &RunId, wanted: &BTreeSet<Placeholder>, values: &mut Values) -> Outcome<()> {
    if !wanted.contains(&Placeholder::Commit) && !wanted.contains(&Placeholder::Url) {
        return Ok(());
    }
    let read = services.registry.runs(std::slice::from_ref(id)).await?;
    if let Some(run) = read.iter().find(|run: &&Run| run.id == *id) {
        let said = Provenance { run: Some(run), logged: None };
        values.commit = said.commit().unwrap_or_default().to_owned();
        values.url = services.registry.run_page(&run.experiment, id).unwrap_or_default();
    }
    Ok(())
}

/// The tag of the version's newest release: as the records of this machine say, or else if the tag that its first
/// release would have is there.
async fn tag(services: &Services, model: &ModelName, version: VersionNumber, url: Option<&str>) -> Outcome<String> {
    let registry = services.registry.url();
    let chain = services.records.read().await?;
    let recorded = chain.iter().rev().find_map(|line| match line {
        ChainLine::Record(sealed) => {
            let record = &sealed.record;
            let same = record.model.name == *model && record.model.version == version;
            let change = record.change.as_ref().filter(|_| same && record.model.registry == registry)?;
            Some((change.repository.clone(), change.tag.clone()))
        }
        ChainLine::Outcome(_) => None,
    });
    let rules = &services.rules;
    let usual = || {
        let repo = rules.repository.resolve(Some(model), url, &rules.host).ok()?;
        Some((repo, tag_name(&rules.tag_template, model, version).ok()?))
    };
    let Some((repo, name)) = recorded.or_else(usual) else { return Ok(String::new()) };
    // A recorded promotion may have been undone.
    match services.host.tag(&repo, &name).await {
        Ok(found) => Ok(found.map(|_| name.as_str().to_owned()).unwrap_or_default()),
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(String::new()),
        Err(failure) => Err(failure),
    }
}

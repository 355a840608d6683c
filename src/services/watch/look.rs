//! Reads what there is. A quiet look reads the list of models alone, whatever their number.

use std::ops::ControlFlow;

use futures_util::StreamExt as _;

use super::AT_ONCE;
use crate::domain::event::EventKind;
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::inbox::may_hide;
use crate::domain::page::walk;
use crate::domain::promotion::fold;
use crate::domain::registry::{ModelVersion, RegisteredModel, join_aliases};
use crate::domain::watch::{Cursor, Happening, SeenModel, entry_of, seen};
use crate::services::Services;
use crate::services::evidence;

/// All models as they are seen, and what of them could not be read. The versions that the list hides are read only of
/// models whose entry changed, or if the look is thorough.
pub(super) async fn models(
    services: &Services,
    before: Option<&Cursor>,
    thorough: bool,
) -> Outcome<(Vec<SeenModel>, Vec<Failure>)> {
    let mut listed: std::collections::BTreeMap<_, RegisteredModel> = Default::default();
    let read = |page: Option<String>| async move { services.registry.models(None, page.as_deref()).await };
    // Pages are offsets into a live table: a model may be on two of them.
    let each = |items: Vec<RegisteredModel>| {
        listed.extend(items.into_iter().map(|model| (model.name.clone(), model)));
        ControlFlow::Continue(())
    };
    walk("list the models", read, each).await?;
    let reads = listed.into_values().map(|model| model_now(services, before, model, thorough));
    let mut failures = Vec::new();
    let mut out = Vec::new();
    let mut all = futures_util::stream::iter(reads).buffered(AT_ONCE);
    while let Some(read) = all.next().await {
        match read {
            Ok(model) => out.push(model),
            Err((model, failure)) => {
                out.push(model);
                failures.push(failure);
            }
        }
    }
    Ok((out, failures))
}

async fn model_now(
    services: &Services,
    before: Option<&Cursor>,
    model: RegisteredModel,
    thorough: bool,
) -> Result<SeenModel, (SeenModel, Failure)> {
    let (target, now) = (&services.rules.promote_to, services.clock.now());
    let entry = entry_of(&model);
    let known = before.and_then(|cursor| cursor.models.get(&model.name));
    let is_new = known.is_none_or(|known| known.gone || known.entry != entry);
    let mut latest = model.latest.clone();
    join_aliases(&mut latest, &model.aliases);
    let listed = |entry| SeenModel {
        name: model.name.clone(),
        entry,
        versions: seen(&model, &latest, target, now),
        whole: false,
    };
    if !may_hide(&model, None, target) || !(is_new || thorough) {
        return Ok(listed(entry));
    }
    match versions(services, &model).await {
        Ok(all) => {
            Ok(SeenModel { name: model.name.clone(), entry, versions: seen(&model, &all, target, now), whole: true })
        }
        // Without its entry it counts as changed the next time too.
        Err(failure) => Err((listed(String::new()), failure)),
    }
}

async fn versions(services: &Services, model: &RegisteredModel) -> Outcome<Vec<ModelVersion>> {
    let mut all = Vec::new();
    let read = |page: Option<String>| async move { services.registry.versions(&model.name, page.as_deref()).await };
    let each = |items: Vec<ModelVersion>| {
        all.extend(items);
        ControlFlow::Continue(())
    };
    walk(&format!("list the versions of {}", model.name), read, each).await?;
    Ok(all)
}

/// Reads the facts of the versions that somebody decided on and that still wait: all of them if the look is thorough,
/// else those whose decisions are new.
pub(super) async fn facts(
    services: &Services,
    before: &Cursor,
    seen: &mut [SeenModel],
    thorough: bool,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for model in seen {
        let known = before.models.get(&model.name);
        let entry_changed = known.is_none_or(|known| known.entry != model.entry);
        for version in model.versions.iter_mut().filter(|v| v.is_decided_on()) {
            let known = known.and_then(|known| known.versions.get(&version.number.0));
            let records = |v: &crate::domain::watch::SeenVersion| {
                let approvals = v.approvals.iter().map(|(who, mark)| (who.clone(), mark.record.clone())).collect();
                (v.mark.as_ref().map(|mark| (mark.decision, mark.record.clone())), approvals)
            };
            let same = known.is_some_and(|k| (k.decided.clone(), k.approvals.clone()) == records(version));
            if same && !thorough && !entry_changed && known.is_some_and(|k| k.facts.is_some()) {
                continue;
            }
            let (registry, target) = (services.registry.as_ref(), &services.rules.promote_to);
            match evidence::facts(registry, target, &model.name, version.number).await {
                Ok(facts) => version.facts = Some(facts.digest()),
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => failures.push(failure),
            }
        }
    }
    failures
}

/// The promotions of this machine that stopped since.
pub(super) async fn paused(services: &Services, cursor: &mut Cursor) -> Vec<Happening> {
    let Ok(stored) = services.journals.list().await else { return Vec::new() };
    let mut out = Vec::new();
    let mut now = std::collections::BTreeMap::new();
    for promotion in stored {
        let Some(state) = promotion.entries.ok().and_then(|entries| fold(&entries).ok()) else { continue };
        let draft = &state.plan.draft;
        if promotion.driven || draft.target_name != services.rules.target_name {
            continue;
        }
        let Some((failure, _)) = &state.paused else { continue };
        let (id, seq) = (promotion.id.to_string(), state.next_seq);
        now.insert(id.clone(), seq);
        if cursor.paused.get(&id) == Some(&seq) {
            continue;
        }
        let version = &draft.facts.version;
        out.push(Happening {
            kind: EventKind::Paused,
            model: version.model.clone(),
            version: version.number,
            run: version.run_id.clone(),
            registered_at: version.created_at,
            became: format!("{id}:{seq}"),
            actor: Some(state.plan.record.record.signer.login.clone()),
            reason: Some(failure.sentence()),
            record: Some(state.plan.record.record_hash.clone()),
            tag: None,
            page: None,
            drift: Vec::new(),
            running: Vec::new(),
        });
    }
    cursor.paused = now;
    out
}

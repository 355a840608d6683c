//! Re-reads every object a promotion may have touched and says what is there.

use crate::domain::promotion::plan::MARK;
use crate::domain::promotion::{Phase, SagaState, Truth};
use crate::domain::registry::ModelVersion;
use crate::domain::release::{OPERATION_TRAILER, notes_marker, trailer};
use crate::failure::Outcome;
use crate::services::Services;

/// Reads mark, target, tag and release. What cannot be read says so; this never fails.
pub(super) async fn read(services: &Services, state: &SagaState) -> Vec<Truth> {
    let plan = &state.plan;
    let draft = &plan.draft;
    let marker = notes_marker(&plan.id.to_string());
    let (version, holders, tag, releases) = futures_util::future::join4(
        services.registry.version(draft.model(), draft.version()),
        services.registry.holders(draft.model(), &draft.promote_to),
        services.host.tag(&draft.repo, &draft.tag),
        services.host.releases(&draft.repo, &draft.tag, &marker),
    )
    .await;
    let taken_back = matches!(state.phase, Phase::Backward { superseded_by: None, .. });
    vec![
        truth("mark", version, |v| {
            let mark = v.own_tag(MARK).map(str::to_owned);
            let before = draft.facts.version.own_tag(MARK);
            let ours = mark.as_deref().is_some_and(|m| m.contains(&plan.id.to_string()));
            (
                mark.clone().unwrap_or_else(|| "none".to_owned()),
                if taken_back { mark.as_deref() == before } else { ours },
            )
        }),
        truth(draft.promote_to.kind(), holders, |holders| {
            let now: Vec<_> = holders.iter().map(|v: &ModelVersion| v.number).collect();
            let meant = if taken_back { draft.facts.holders.clone() } else { vec![draft.version()] };
            let names = now.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let is = if now.is_empty() { "nothing".to_owned() } else { names };
            (format!("{is} in {}", draft.promote_to), now == meant)
        }),
        truth("tag", tag, |tag| match tag {
            None => (format!("no tag {}", draft.tag), !state.may_be_cut()),
            Some(tag) => {
                let id = plan.id.to_string();
                let ours = tag.message.as_deref().and_then(|m| trailer(m, OPERATION_TRAILER)) == Some(id.as_str());
                (format!("{} at {}", tag.name, tag.commit), ours && tag.commit == plan.commit().as_str())
            }
        }),
        truth("release", releases, |releases| {
            let published = releases.iter().filter(|r| !r.draft).count();
            let is = match (published, releases.len()) {
                (0, 0) => "no release".to_owned(),
                (0, _) => "a draft, not published".to_owned(),
                (1, _) => releases.iter().find(|r| !r.draft).map(|r| r.web_url.clone()).unwrap_or_default(),
                (n, _) => format!("{n} releases of this tag"),
            };
            let meant = usize::from(state.may_be_cut());
            (is, published == meant)
        }),
    ]
}

fn truth<T>(what: &str, read: Outcome<T>, judge: impl FnOnce(T) -> (String, bool)) -> Truth {
    match read {
        Ok(found) => {
            let (is, as_meant) = judge(found);
            Truth { what: what.to_owned(), is, as_meant: Some(as_meant) }
        }
        Err(failure) => {
            Truth { what: what.to_owned(), is: format!("not readable: {}", failure.reason), as_meant: None }
        }
    }
}

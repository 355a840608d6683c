//! A small sample world: two versions of one model, and a server that answers at once.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use signoff::app::query::{Query, Reply, Session};
use signoff::app::route::Route;
use signoff::domain::artifact::{ArtifactEntry, ArtifactHead};
use signoff::domain::command::Values;
use signoff::domain::commit::HostIdentity;
use signoff::domain::decision::{Candidate, Found};
use signoff::domain::evidence::{Code, Evidence, not_asked};
use signoff::domain::experiment::{Experiment, RunOrder, RunQuery};
use signoff::domain::failure::{Failure, FailureKind, Outcome, Service};
use signoff::domain::ids::{ExperimentId, VersionNumber};
use signoff::domain::page::Page;
use signoff::domain::policy::{Evaluation, Policy, PolicySource};
use signoff::domain::preflight::{Check, CheckState, Preflight};
use signoff::domain::promotion::PlanDraft;
use signoff::domain::record::{Decision, DecisionDraft};
use signoff::domain::registry::{RegisteredModel, RegistryInfo, Stage, UserKind};
use signoff::domain::rules::Rules;
use signoff::domain::run::Run;
use signoff::domain::target::WaitingCount;
use signoff::domain::verification::{LineState, Place, Verification, VerifyCheck};

use crate::samples;
use crate::support::driver::Driver;

/// The program at 80x24, with every query answered.
pub fn sample(routes: &[Route]) -> Driver {
    let mut driver = quiet(routes);
    driver.answer_all();
    driver
}

/// The program at 80x24, with every query open.
pub fn quiet(routes: &[Route]) -> Driver {
    Driver::of(answer, rules(), samples::now(), routes)
}

/// The program in a larger terminal, with every query open.
pub fn unanswered(routes: &[Route]) -> Driver {
    let mut driver = quiet(routes);
    driver.resize(100, 24);
    driver
}

/// The rules of the sample target.
pub fn rules() -> Rules {
    let draft = samples::draft();
    Rules {
        target_name: "staging".into(),
        production: false,
        colour: None,
        demo: false,
        readonly: false,
        service_principals: false,
        promote_to: draft.decision.promote_to,
        candidate_alias: None,
        promote_to_is_usual: false,
        host: "github.com".into(),
        repository: Default::default(),
        commit_from_branch: None,
        tag_template: "{model}-v{version}".into(),
        title_template: "{model} v{version}".into(),
        notes_template: draft.notes_template,
        cd: draft.cd,
        directions: draft.decision.directions,
        main_metrics: vec!["auc".into()],
        watched_paths: Vec::new(),
        policy: Default::default(),
        preview_bytes: 1 << 18,
        drift: Default::default(),
    }
}

/// The answer of a small world without failures.
pub fn answer(query: &Query) -> Reply {
    let facts = samples::facts();
    match query.clone() {
        Query::Session => {
            let registry = RegistryInfo {
                version: "3.17.2".into(),
                workspace: None,
                user: None,
                user_kind: UserKind::Person,
                stages: true,
                aliases: true,
                tag_value_limit: 5000,
                requests: false,
                chosen: None,
                holes: Vec::new(),
            };
            let host = HostIdentity { login: "rev1".into(), id: 7, name: None, email: None, host_time: None };
            Reply::Session { answer: Ok(Session { registry: Ok(registry), host: Ok(host) }) }
        }
        Query::Models { page } => {
            let model = RegisteredModel {
                name: facts.version.model.clone(),
                description: "Churn within 30 days.".into(),
                tags: Default::default(),
                aliases: Default::default(),
                told: true,
                browse_only: false,
                there: Default::default(),
                latest: vec![facts.version.clone(), samples::version(39, Stage::Production)],
                created_at: None,
                updated_at: facts.version.updated_at,
            };
            Reply::Models { page, answer: Ok(Page { items: vec![model], next: None }) }
        }
        Query::Versions { model, page } => {
            let items = vec![facts.version, samples::version(39, Stage::Production)];
            Reply::Versions { model, page, answer: Ok(Page { items, next: None }) }
        }
        Query::ModelVersion { model, version } => {
            Reply::ModelVersion { model, version, answer: Ok(samples::version(version.0, Stage::None)) }
        }
        Query::Runs { ids } => {
            let known = ids.iter().all(|id| id.as_str().len() == 5);
            let runs = if known { vec![samples::run(42, 0.914), samples::run(39, 0.902)] } else { Vec::new() };
            Reply::Runs { ids, answer: Ok(runs) }
        }
        Query::Experiments { page } => {
            Reply::Experiments { page, answer: Ok(Page { items: vec![experiment()], next: None }) }
        }
        Query::SearchRuns { search } => Reply::SearchRuns { answer: found(&search), search },
        Query::Histories { runs, metric, window } => Reply::Histories { runs, metric, window, answer: Ok(Vec::new()) },
        Query::Signature { version } => Reply::Signature { version, answer: Ok(None) },
        Query::Deployment { repo, tag } => Reply::Deployment { repo, tag, answer: Ok(None) },
        Query::Requests { of } => Reply::Requests { of, answer: Ok(Vec::new()) },
        Query::Facts { model, version } => Reply::Facts { model, version, answer: Ok(facts.into()) },
        Query::Preflight { model, version, decision } => {
            Reply::Preflight { model, version, decision, answer: Ok(preflight()) }
        }
        Query::Evaluation { facts: shared } => {
            let code = Code::unread(&not_asked("it"));
            let evidence = Evidence {
                facts,
                signature: Ok(None),
                requests: Ok(Vec::new()),
                artifact: None,
                code,
                read_at: samples::now(),
            };
            let sources = vec![PolicySource::new("configuration", Policy::default())];
            Reply::Evaluation { facts: shared, answer: Ok(Evaluation::of(sources, evidence)) }
        }
        Query::Decision { model, version, decision } => {
            Reply::Decision { model, version, decision, answer: Ok(decision_draft(decision)) }
        }
        Query::RollbackCandidates { model } => {
            let candidate = Candidate {
                version: VersionNumber(41),
                at: Some(samples::now()),
                until: None,
                by: Some("lee".into()),
                reason: String::new(),
                tag: None,
                notes: Vec::new(),
                sources: vec!["stage Archived".into()],
            };
            Reply::RollbackCandidates { model, answer: Ok(Found { candidates: vec![candidate], ..Found::default() }) }
        }
        Query::ReleasedRecord { repo, tag } => Reply::ReleasedRecord { answer: Ok(samples::plan().record), repo, tag },
        Query::Verification { tag } => {
            let place = Place {
                repo: samples::draft().repo,
                tag: tag.clone(),
                host: "github.com".into(),
                home: samples::draft().decision.home(),
                demo: false,
            };
            let lines = vec![VerifyCheck {
                check: "commit",
                state: LineState::Fail,
                detail: "the tag is at 0000000, but 3f9c1ab was signed".into(),
                hint: None,
                failure: None,
            }];
            let record = Some(samples::plan().record);
            Reply::Verification { answer: Ok(Verification { place, record, lines }), tag }
        }
        Query::Records => Reply::Records { answer: Ok(Vec::new()) },
        Query::Values { under, wanted } => {
            let text = |there: Option<String>| there.unwrap_or_default();
            let values = Values {
                model: text(under.model.as_ref().map(|model| model.as_str().to_owned())),
                version: text(under.version.map(|version| version.0.to_string())),
                run: "run42".into(),
                commit: String::new(),
                tag: String::new(),
                url: "http://mlflow:5000/#/models/telco-churn/versions/42".into(),
            };
            Reply::Values { under, wanted, answer: Ok(values) }
        }
        Query::Promotions => Reply::Promotions { answer: Ok(Vec::new()) },
        Query::Cd { promotion } => Reply::Cd { promotion, answer: Ok(None) },
        Query::InProduction { model } => Reply::InProduction { model, answer: Ok(None) },
        Query::Log { model } => Reply::Log { model, answer: Ok(Default::default()) },
        Query::Artifacts { root, path } => Reply::Artifacts { answer: Ok(artifacts(&path)), root, path },
        Query::Preview { root, path } => {
            let bytes = b"feature,shap\ntenure,0.5\nage,10.25\n".to_vec();
            let head = ArtifactHead { bytes, truncated: false, total: None };
            Reply::Preview { answer: Ok(Arc::new(signoff::preview::preview(&path, head))), root, path }
        }
        Query::Experiment { id } => Reply::Experiment { id, answer: Ok(experiment()) },
        Query::WaitingIn { target } => Reply::WaitingIn { target, answer: Ok(WaitingCount::default()) },
        Query::Notified { event } => Reply::Notified { event, answer: Ok(None) },
        Query::Jobs { repo, run } => Reply::Jobs { repo, run, answer: Ok(Vec::new()) },
        Query::JobLog { repo, job } => Reply::JobLog { repo, job, answer: Ok(Default::default()) },
        Query::Pending { repo, run } => Reply::Pending { repo, run, answer: Ok(Vec::new()) },
        Query::Attempt { answers } => Reply::Attempt { answers, answer: Ok("MLflow 3.17.2, 12 models".into()) },
        Query::Truth { promotion } => Reply::Truth { promotion, answer: Ok(Vec::new()) },
        Query::LoggedModels { ids } => Reply::LoggedModels { ids, answer: Ok(Vec::new()) },
        // The code host is not queried in these tests.
        Query::LoggedModel { .. }
        | Query::Commit { .. }
        | Query::PullRequest { .. }
        | Query::Checks { .. }
        | Query::Changes { .. }
        | Query::Workflow { .. } => Reply::failed(query.clone(), refused()),
    }
}

/// Two folders with one file each, and a file next to them.
fn artifacts(path: &str) -> Vec<ArtifactEntry> {
    let entry = |path: &str, size: Option<u64>| ArtifactEntry { path: path.into(), is_dir: size.is_none(), size };
    match path {
        "" => vec![entry("plots", None), entry("tables", None), entry("model_card.md", Some(2_100))],
        "tables" => vec![entry("tables/shap.csv", Some(36))],
        folder => vec![entry(&format!("{folder}/roc.png"), Some(18_759))],
    }
}

/// The only experiment.
pub fn experiment() -> Experiment {
    Experiment {
        id: ExperimentId::new("1"),
        name: "churn".into(),
        deleted: false,
        created_at: None,
        updated_at: Some(samples::now()),
    }
}

/// Three pages of a hundred runs; every tenth run is the parent of those after it. A filter either matches one run, or
/// is rejected.
fn found(search: &RunQuery) -> Outcome<Page<Run>> {
    if search.filter == "broken" {
        let reason = "Invalid clause(s) in filter string: 'broken'";
        return Err(Failure::new(FailureKind::Rejected, Service::Mlflow, "search runs", reason));
    }
    let first: u64 = search.page.as_deref().unwrap_or("0").parse().unwrap();
    let run = |i: u64| {
        let mut run = samples::run(1000 + i, 0.9 - 0.001 * i as f64);
        if !i.is_multiple_of(10) {
            run.tags.insert("mlflow.parentRunId", format!("run{}", 1000 + i / 10 * 10));
        }
        run
    };
    if !search.filter.is_empty() {
        return Ok(Page { items: vec![run(7)], next: None });
    }
    let next = (first < 200).then(|| (first + 100).to_string());
    let newest_first = search.order == RunOrder::default();
    // In any other order the last comes first.
    let place = |i: u64| if newest_first { i } else { 299 - i };
    Ok(Page { items: (first..first + 100).map(place).map(run).collect(), next })
}

/// A preflight in which everything passes.
pub fn preflight() -> Preflight {
    let check = |title: &str| Check {
        title: title.into(),
        state: CheckState::Pass,
        detail: "fine".into(),
        hint: None,
        failure: None,
        overridable: false,
    };
    Preflight {
        checks: vec![check("version"), check("commit"), check("tag")],
        draft: Some(samples::draft()),
        read_at: samples::now(),
        default_branch: None,
    }
}

/// The draft of a decision on the sample version.
pub fn decision_draft(decision: Decision) -> DecisionDraft {
    let PlanDraft { decision: mut draft, repo, commit, .. } = samples::draft();
    draft.basis.decision = decision;
    draft.basis.code.source = Ok((repo, commit.sha));
    draft
}

/// A server that does not answer.
pub fn refused() -> Failure {
    Failure::new(FailureKind::Unavailable, Service::Mlflow, "list models", "the connection was refused")
        .with_hint("Is the server up?")
}

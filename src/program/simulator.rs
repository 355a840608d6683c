//! Plays a person and a world against `update`, without any I/O: send, look at the effects, answer.
#![allow(clippy::unwrap_used)]

use crate::app::effect::Effect;
use crate::app::input::{Input, Key, KeyCode};
use crate::app::keymap::{DEFAULT_KEYMAP, Keymap};
use crate::app::msg::Msg;
use crate::app::query::{Answer, Query, Session};
use crate::app::route::Route;
use crate::app::trace::{Trace, Traced};
use std::sync::Arc;

use crate::domain::artifact::{ArtifactEntry, ArtifactHead};
use crate::domain::commit::HostIdentity;
use crate::domain::decision::Candidate;
use crate::domain::decision::DecisionDraft;
use crate::domain::evidence::{Code, Evidence, not_asked};
use crate::domain::experiment::{Experiment, RunOrder, RunQuery};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ExperimentId, VersionNumber};
use crate::domain::page::Page;
use crate::domain::policy::Evaluation;
use crate::domain::policy::{Policy, PolicySource};
use crate::domain::preflight::{Check, CheckState, Preflight};
use crate::domain::promotion::samples;
use crate::domain::record::Decision;
use crate::domain::registry::RegistryInfo;
use crate::domain::registry::{RegisteredModel, Stage};
use crate::domain::rules::Rules;
use crate::program::state::State;
use crate::program::update::update;

/// The rules of the sample target.
pub(crate) fn rules() -> Rules {
    let draft = samples::draft();
    Rules {
        target_name: "staging".into(),
        production: false,
        colour: None,
        demo: false,
        readonly: false,
        promote_to: draft.promote_to,
        host: "github.com".into(),
        repository: Default::default(),
        commit_from_branch: None,
        tag_template: "{model}-v{version}".into(),
        title_template: "{model} v{version}".into(),
        notes_template: draft.notes_template,
        cd: draft.cd,
        directions: draft.directions,
        main_metrics: vec!["auc".into()],
        watched_paths: Vec::new(),
        policy: Default::default(),
        preview_bytes: 1 << 18,
    }
}

/// A program with a person in front of it.
pub(crate) struct Simulator {
    pub(crate) state: State,
    /// Effects nobody has looked at yet.
    pub(crate) effects: Vec<Effect>,
    /// Whether questions are answered at once.
    pub(crate) answering: bool,
}

impl Simulator {
    pub(crate) fn new(routes: &[Route]) -> Self {
        Self::at((80, 24), routes, true)
    }

    /// As [`Self::new`] in a larger terminal, with every question still open.
    pub(crate) fn unanswered(routes: &[Route]) -> Self {
        Self::at((100, 24), routes, false)
    }

    fn at((width, height): (u16, u16), routes: &[Route], answering: bool) -> Self {
        let keymap = Keymap::parse(DEFAULT_KEYMAP).unwrap();
        let state = State::new(rules(), "http://mlflow:5000".into(), keymap, samples::now(), routes);
        let mut simulator = Self { state, effects: Vec::new(), answering };
        simulator.send(Msg::Input(Input::Resize { width, height }));
        simulator
    }

    /// Answers from `world` what is asked until nothing is. Returns the questions.
    pub(crate) fn answer_from(&mut self, world: impl Fn(&Query) -> Outcome<Answer>) -> Vec<Query> {
        let (mut asked, mut open) = (Vec::new(), self.asked());
        while !open.is_empty() {
            let Effect::Fetch(id, query) = open.remove(0) else { continue };
            let answer = world(&query);
            asked.push(query.clone());
            self.send(Msg::Reply { id, query, answer });
            open.extend(self.asked());
        }
        asked
    }

    /// Sends one message, and answers every question that follows from it.
    pub(crate) fn send(&mut self, msg: Msg) {
        let effects = update(&mut self.state, msg);
        self.take(effects);
    }

    /// Types keys: characters, and names in angle brackets such as `<enter>`.
    pub(crate) fn keys(&mut self, keys: &str) {
        let mut rest = keys;
        while !rest.is_empty() {
            let key = match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
                Some((name, after)) => {
                    rest = after;
                    named(name)
                }
                None => {
                    let c = rest.chars().next().unwrap();
                    rest = &rest[c.len_utf8()..];
                    Key::char(c)
                }
            };
            self.send(Msg::Input(Input::Key(key)));
        }
    }

    /// What was asked of the outside since the last look, questions left out.
    pub(crate) fn asked(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Fetch(id, query) if self.answering => {
                    let answer = answer(&query);
                    self.send(Msg::Reply { id, query, answer });
                }
                other => self.effects.push(other),
            }
        }
    }
}

fn named(name: &str) -> Key {
    match name {
        "enter" => Key::plain(KeyCode::Enter),
        "esc" => Key::plain(KeyCode::Esc),
        "tab" => Key::plain(KeyCode::Tab),
        "backspace" => Key::plain(KeyCode::Backspace),
        "space" => Key::char(' '),
        "up" => Key::plain(KeyCode::Up),
        "left" => Key::plain(KeyCode::Left),
        "right" => Key::plain(KeyCode::Right),
        "down" => Key::plain(KeyCode::Down),
        "pagedown" => Key::plain(KeyCode::PageDown),
        c => Key::ctrl(c.strip_prefix("ctrl-").unwrap().chars().next().unwrap()),
    }
}

/// What a small, friendly world says.
pub(crate) fn answer(query: &Query) -> Outcome<Answer> {
    let facts = samples::facts();
    Ok(match query {
        Query::Session => Answer::Session(Session {
            registry: Ok(RegistryInfo {
                version: "3.17.2".into(),
                user: None,
                stages: true,
                aliases: true,
                tag_value_limit: 5000,
            }),
            host: Ok(HostIdentity { login: "rev1".into(), id: 7, name: None, email: None, host_time: None }),
        }),
        Query::Models { .. } => Answer::Models(Page {
            items: vec![RegisteredModel {
                name: facts.version.model.clone(),
                description: "Churn within 30 days.".into(),
                tags: Default::default(),
                aliases: Default::default(),
                latest: vec![facts.version.clone(), samples::version(39, Stage::Production)],
                created_at: None,
                updated_at: facts.version.updated_at,
            }],
            next: None,
        }),
        Query::Versions { .. } => Answer::Versions(Page {
            items: vec![facts.version.clone(), samples::version(39, Stage::Production)],
            next: None,
        }),
        Query::ModelVersion { version, .. } => Answer::ModelVersion(Box::new(samples::version(version.0, Stage::None))),
        Query::Runs { ids } if ids.iter().all(|id| id.as_str().len() == 5) => {
            Answer::Runs(vec![samples::run(42, 0.914), samples::run(39, 0.902)])
        }
        Query::Runs { .. } => Answer::Runs(Vec::new()),
        Query::Experiments { .. } => Answer::Experiments(Page { items: vec![experiment()], next: None }),
        Query::SearchRuns(search) => found(search)?,
        Query::Histories { .. } => Answer::Histories(Vec::new()),
        Query::Signature { .. } => Answer::Signature(None),
        Query::Facts { .. } => Answer::Facts(Box::new(facts)),
        Query::Preflight { .. } => Answer::Preflight(Box::new(preflight())),
        Query::Evaluation { .. } => {
            let code = Code::unread(&not_asked("it"));
            let evidence = Evidence { facts, signature: Ok(true), artifact: None, code, read_at: samples::now() };
            let sources = vec![PolicySource::new("configuration", Policy::default())];
            Answer::Evaluation(Box::new(Evaluation::of(sources, evidence)))
        }
        Query::Decision { decision, .. } => Answer::Decision(Box::new(decision_draft(*decision))),
        Query::RollbackCandidates(_) => Answer::RollbackCandidates(vec![Candidate {
            version: VersionNumber(41),
            at: Some(samples::now()),
            by: Some("lee".into()),
            reason: String::new(),
            tag: None,
            notes: Vec::new(),
            sources: vec!["stage Archived".into()],
        }]),
        Query::Records => Answer::Records(Vec::new()),
        Query::Promotions => Answer::Promotions(Vec::new()),
        Query::Log(_) => Answer::Log(Box::default()),
        Query::Artifacts { path, .. } => Answer::Artifacts(artifacts(path)),
        Query::Preview { path, .. } => {
            let head = ArtifactHead {
                bytes: b"feature,shap\ntenure,0.5\nage,10.25\n".to_vec(),
                truncated: false,
                total: None,
            };
            Answer::Preview(Arc::new(crate::preview::preview(path, head)))
        }
        Query::Trace(what) => Answer::Traced(Box::new(traced(what)?)),
        Query::Jobs { .. } => Answer::Jobs(Vec::new()),
    })
}

/// The experiment is there; the code host is not asked in these tests.
fn traced(what: &Trace) -> Outcome<Traced> {
    match what {
        Trace::Experiment(_) => Ok(Traced::Experiment(experiment())),
        _ => Err(refused()),
    }
}

/// Two folders with a file each, and a file beside them.
fn artifacts(path: &str) -> Vec<ArtifactEntry> {
    let entry = |path: &str, size: Option<u64>| ArtifactEntry { path: path.into(), is_dir: size.is_none(), size };
    match path {
        "" => vec![entry("plots", None), entry("tables", None), entry("model_card.md", Some(2_100))],
        "tables" => vec![entry("tables/shap.csv", Some(36))],
        folder => vec![entry(&format!("{folder}/roc.png"), Some(18_759))],
    }
}

/// The one experiment there is.
pub(crate) fn experiment() -> Experiment {
    Experiment {
        id: ExperimentId::new("1"),
        name: "churn".into(),
        deleted: false,
        created_at: None,
        updated_at: Some(samples::now()),
    }
}

/// Three pages of a hundred runs, of which every tenth is the parent of those after it. A filter is either for one
/// run, or not understood.
fn found(search: &RunQuery) -> Outcome<Answer> {
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
        return Ok(Answer::SearchRuns(Page { items: vec![run(7)], next: None }));
    }
    let next = (first < 200).then(|| (first + 100).to_string());
    let newest_first = search.order == RunOrder::default();
    // In any other order the last comes first.
    let place = |i: u64| if newest_first { i } else { 299 - i };
    Ok(Answer::SearchRuns(Page { items: (first..first + 100).map(place).map(run).collect(), next }))
}

/// A preflight in which everything passes.
pub(crate) fn preflight() -> Preflight {
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
    }
}

/// What a decision on the sample version rests on.
pub(crate) fn decision_draft(decision: Decision) -> DecisionDraft {
    let mut draft = DecisionDraft::from(&samples::draft());
    draft.basis.decision = decision;
    draft
}

/// A server that does not answer.
pub(crate) fn refused() -> Failure {
    Failure::new(FailureKind::Unavailable, Service::Mlflow, "list models", "the connection was refused")
        .with_hint("Is the server up?")
}

//! Promotions: state, results of the steps, and the current state of the servers.

use jiff::Timestamp;
use serde::Serialize;

use super::{Mark, Phrase, Role, Symbols, number, time, version};
use crate::domain::cd::{CdJob, CdOutcome, CdRun, CdState};
use crate::domain::cd_act::PendingDeployment;
use crate::domain::deployment::JobOutcome;
use crate::domain::elsewhere::Arrival;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::promotion::{
    Ending, Event, Finding, Observation, Phase, PlanDraft, Receipt, SagaState, Step, StepState,
};

/// The state of a promotion. Part of the JSON contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionState {
    /// Promoted, released, and CD ended or was not expected.
    Done,
    /// Promoted and released; CD was not followed to its end.
    Released,
    /// Everything written was undone.
    Undone,
    /// Everything seen was undone, but a request was never answered: it is looked for again.
    Unanswered,
    /// Nothing was written.
    Refused,
    /// Another promotion released this version first.
    Superseded,
    /// Stopped: must be resumed or undone.
    Paused,
    /// Unfinished, and no process is running it: must be resumed or undone.
    Interrupted,
    /// A process is running it.
    Running,
    /// Its journal cannot be read.
    Unreadable,
}

impl PromotionState {
    /// The state of a promotion; `driven` if a process is running it.
    pub fn of(state: &SagaState, driven: bool) -> Self {
        match &state.phase {
            Phase::Ended(Ending::Done) => Self::Done,
            Phase::Ended(Ending::Undone { .. }) if !state.unanswered().is_empty() => Self::Unanswered,
            Phase::Ended(Ending::Undone { .. }) => Self::Undone,
            Phase::Ended(Ending::Refused { .. }) => Self::Refused,
            Phase::Ended(Ending::Superseded { .. }) => Self::Superseded,
            _ if driven => Self::Running,
            _ if state.is_released() => Self::Released,
            _ if state.paused.is_some() => Self::Paused,
            _ => Self::Interrupted,
        }
    }

    /// The state of a promotion read from its journal; `driven` if a process is running it.
    pub fn stored(read: Result<&SagaState, &Failure>, driven: bool) -> Self {
        match read {
            Ok(state) => Self::of(state, driven),
            // Interrupted before its first entry: nothing was written.
            Err(failure) if failure.kind == FailureKind::NotFound => Self::Refused,
            Err(_) => Self::Unreadable,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Released => "released",
            Self::Undone => "undone",
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
            Self::Running => "running",
            Self::Unreadable => "unreadable",
        }
    }

    pub fn phrase(self) -> Phrase<'static> {
        let role = match self {
            Self::Done | Self::Released => Role::Good,
            Self::Undone | Self::Refused | Self::Superseded => Role::Muted,
            Self::Unanswered | Self::Paused | Self::Interrupted | Self::Running => Role::Warn,
            Self::Unreadable => Role::Bad,
        };
        Phrase::of(role, self.word())
    }

    /// Whether it must be resumed or undone.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Paused | Self::Interrupted)
    }
}

/// Why it is not done, and what to do next.
pub fn why(state: &SagaState) -> (Option<String>, Option<String>) {
    if let Some((failure, _)) = &state.paused {
        return (Some(failure.to_string()), failure.hint.clone());
    }
    match &state.phase {
        Phase::Ended(Ending::Undone { why }) if !state.unanswered().is_empty() => {
            let open = state.unanswered();
            let (id, draft) = (state.plan.id, &state.plan.draft);
            let hint = if open.iter().all(|open| open.is_undo) {
                format!(
                    "Should it be carried out late, it takes {} out of {} once more: look there again if you approve it anew.",
                    draft.version(),
                    draft.promote_to
                )
            } else {
                format!(
                    "It is looked for again at every start for a day. `signoff undo {id}` looks now, and takes back what is there."
                )
            };
            let open = open.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            (Some(format!("{}, but {open} was never answered", once(why))), Some(hint))
        }
        Phase::Ended(Ending::Undone { why } | Ending::Refused { why })
        | Phase::Backward { why, superseded_by: None } => (Some(why.clone()), None),
        Phase::Ended(Ending::Superseded { by }) | Phase::Backward { superseded_by: Some(by), .. } => {
            (Some(by.clone()), None)
        }
        _ => match oddity(state) {
            Some(odd) => (Some(format!("not as planned by the end: {odd}")), None),
            None => (None, None),
        },
    }
}

/// What the servers said at the end that is not as the promotion left it: somebody moved on, or something is missing.
pub fn oddity(state: &SagaState) -> Option<String> {
    if !matches!(PromotionState::of(state, false), PromotionState::Done | PromotionState::Released) {
        return None;
    }
    let odd: Vec<&str> = state.truth.iter().filter(|t| t.as_meant == Some(false)).map(|t| t.is.as_str()).collect();
    (!odd.is_empty()).then(|| odd.join("; "))
}

/// Whether CD was expected to deploy the release and did not.
pub fn cd_failed(cd: Option<&CdOutcome>) -> bool {
    cd.is_some_and(CdOutcome::failed)
}

/// Whether the release was certainly not deployed: by CD, by its deployment job, or to the other target.
pub fn not_deployed(state: &SagaState) -> bool {
    missed(state).is_some()
}

/// CD of a release, while it is not known yet what becomes of it: somebody runs jobs of it again, or it waits.
pub fn open_cd(state: &SagaState) -> Option<&CdOutcome> {
    state.cd.as_ref().filter(|cd| !cd.is_final())
}

/// What came of waiting for the version at the other target, once that is over.
pub fn arrival(state: &SagaState) -> Option<String> {
    match state.step(Step::Arrive) {
        StepState::Done(arrived @ Receipt::Arrival { .. }) => Some(receipt(arrived, &state.plan.draft)),
        _ => None,
    }
}

/// Whether the version did not come to the other target.
pub fn is_missing_there(state: &SagaState) -> bool {
    matches!(state.step(Step::Arrive), StepState::Done(Receipt::Arrival { outcome: Arrival::Missing { .. } }))
}

/// What did not happen, where it was certainly not deployed.
fn missed(state: &SagaState) -> Option<&'static str> {
    let job_failed = state.job.as_ref().is_some_and(JobOutcome::failed);
    match () {
        () if cd_failed(state.cd.as_ref()) => Some("CD has not deployed it"),
        () if job_failed => Some("its deployment job has not deployed it"),
        () if is_missing_there(state) => Some("no copy of it has come to the other target"),
        () => None,
    }
}

/// A deployment job in a line: `run 7003 of job 991: running`.
pub fn job_outcome(outcome: &JobOutcome, draft: &PlanDraft) -> String {
    let run = draft.deployment.as_ref().map(|asked| format!("run {} of job {}", asked.run, asked.job));
    let run = run.unwrap_or_default();
    match outcome {
        JobOutcome::Running { word, .. } => format!("{run}: {word}"),
        JobOutcome::Succeeded { .. } => format!("{run}: success"),
        JobOutcome::Failed { why, .. } => format!("{run} failed: {why}"),
        JobOutcome::Withheld { why } => format!("{run} was not told to go on: {why}"),
    }
}

/// CD in a word or two; empty if nothing is known yet.
pub fn cd_word(cd: Option<&CdOutcome>) -> String {
    match cd {
        None => String::new(),
        Some(CdOutcome::NotExpected) => "not expected".to_owned(),
        Some(CdOutcome::NotStarted { .. }) => "did not start".to_owned(),
        Some(CdOutcome::Run(runs)) if !runs.missing.is_empty() => {
            format!("{} did not start", runs.missing.join(", "))
        }
        Some(CdOutcome::Run(runs)) => runs.decides.state.to_string(),
    }
}

/// CD in a line: `cd.yml run #7: success`.
pub fn cd(outcome: &CdOutcome) -> String {
    match outcome {
        CdOutcome::NotExpected => "not expected".to_owned(),
        CdOutcome::NotStarted { waited_s } => format!("did not start within {waited_s} s"),
        CdOutcome::Run(runs) => {
            let mut all: Vec<String> = runs.iter().map(self::run).collect();
            all.extend(runs.missing.iter().map(|file| format!("{file} did not start")));
            all.join("; ")
        }
    }
}

/// A workflow run: `cd.yml run #7, attempt 2: running`.
pub fn run(run: &CdRun) -> String {
    let file = run.path.rsplit('/').next().unwrap_or(&run.path);
    let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
    format!("{file} run #{}{attempt}: {}", run.number, run.state)
}

/// An environment that CD waits for, and who may approve it.
pub fn pending(pending: &PendingDeployment, symbols: &Symbols) -> Phrase<'static> {
    let said =
        Phrase::of(Role::Warn, format!("{} CD waits for approval of {}", symbols.warn, pending.environment.name));
    let who = match pending.reviewers.as_slice() {
        [] => "GitHub names no reviewers".to_owned(),
        reviewers => format!("reviewers: {}", reviewers.join(", ")),
    };
    let timer = match pending.wait_minutes {
        0 => String::new(),
        minutes => format!("; it waits {minutes} min in any case"),
    };
    said.add(Role::Muted, format!("; {who}{timer}"))
}

/// The state of a promotion in a few words, for a list row.
pub fn status(state: &SagaState, driven: bool, symbols: &Symbols) -> Phrase<'static> {
    let cd = match cd_word(state.cd.as_ref().filter(|cd| **cd != CdOutcome::NotExpected)) {
        word if word.is_empty() => word,
        word => format!(", CD {word}"),
    };
    let why = why(state).0.unwrap_or_default();
    match PromotionState::of(state, driven) {
        PromotionState::Done if not_deployed(state) => {
            let job = match &state.job {
                Some(job) if job.failed() => ", deployment job failed",
                _ if is_missing_there(state) => ", not at the other target",
                _ => "",
            };
            Mark::Block.say(format_args!("released{cd}{job}"), symbols)
        }
        PromotionState::Done | PromotionState::Released if oddity(state).is_some() => {
            Mark::Warn.say(format_args!("released{cd}, {why}"), symbols)
        }
        PromotionState::Done if open_cd(state).is_some() => Mark::Note.say(format_args!("released{cd}"), symbols),
        PromotionState::Done => Mark::Pass.say(format_args!("released{cd}"), symbols),
        PromotionState::Released => Mark::Pass.say(format_args!("released{cd}, CD not followed to its end"), symbols),
        PromotionState::Undone | PromotionState::Unanswered => {
            Phrase::of(Role::Warn, format!("{} undone: {}", symbols.undone, once(&why)))
        }
        PromotionState::Refused => Mark::Note.say(format_args!("refused: {why}"), symbols),
        PromotionState::Superseded => Mark::Note.say(why, symbols),
        PromotionState::Running => Phrase::of(Role::Warn, format!("running{cd}")),
        PromotionState::Paused => Phrase::of(Role::Bad, format!("{} UNFINISHED: {why}", symbols.warn)),
        PromotionState::Interrupted | PromotionState::Unreadable => {
            Phrase::of(Role::Bad, format!("{} UNFINISHED: interrupted", symbols.warn))
        }
    }
}

/// The state of a promotion in a sentence.
pub fn headline(state: &SagaState, driven: bool, symbols: &Symbols) -> Phrase<'static> {
    let why = why(state).0.unwrap_or_default();
    match PromotionState::of(state, driven) {
        PromotionState::Done => done(state, symbols),
        PromotionState::Released if state.paused.is_some() => {
            Mark::Warn.say(format_args!("Released. CD could not be read: {why}."), symbols)
        }
        PromotionState::Released => match oddity(state) {
            Some(odd) => Mark::Warn.say(format_args!("Released, but not as planned by the end: {odd}."), symbols),
            None => Mark::Pass.say("Released. CD was not followed to its end.", symbols),
        },
        PromotionState::Undone | PromotionState::Unanswered => {
            Phrase::of(Role::Warn, format!("{} Undone: {}.", symbols.undone, once(&why)))
        }
        PromotionState::Refused => {
            Phrase::of(Role::Warn, format!("{} Refused. Nothing was written to any server.", symbols.block))
        }
        PromotionState::Superseded => Phrase::of(Role::Warn, format!("{} Superseded: {why}.", symbols.dot)),
        PromotionState::Running => {
            let doing = if matches!(state.phase, Phase::Backward { .. }) { "Undoing." } else { "Running." };
            Phrase::of(Role::Title, format!("{} {doing}", symbols.within))
        }
        PromotionState::Paused => {
            let hint = state.paused.as_ref().and_then(|(f, _)| f.hint.clone()).unwrap_or_default();
            Mark::Block.say(format_args!("Stopped: {why}. "), symbols).add(Role::Muted, hint)
        }
        PromotionState::Interrupted | PromotionState::Unreadable => {
            let unknown = state.steps.iter().find(|r| matches!(r.state, StepState::Running | StepState::Unknown(_)));
            let what = match unknown {
                Some(record) => format!("Interrupted: the outcome of the step '{}' is not known.", record.step),
                None => "Interrupted between two steps.".to_owned(),
            };
            Phrase::of(Role::Bad, format!("{} {what}", symbols.warn))
        }
    }
}

/// A reason without a prefix that is already shown before it.
fn once(why: &str) -> &str {
    why.strip_prefix("undone ").unwrap_or(why)
}

fn done(state: &SagaState, symbols: &Symbols) -> Phrase<'static> {
    let draft = &state.plan.draft;
    match (missed(state), oddity(state)) {
        (Some(missed), None) => Mark::Block.say(format_args!("Released, but {missed}."), symbols),
        (Some(missed), Some(odd)) => {
            Mark::Block.say(format_args!("Released, but {missed}; not as planned by the end: {odd}."), symbols)
        }
        (None, Some(odd)) => Mark::Warn.say(format_args!("Released, but not as planned by the end: {odd}."), symbols),
        (None, None) if open_cd(state).is_some() => {
            let said = open_cd(state).map(cd).unwrap_or_default();
            Mark::Note.say(format_args!("Released. CD is not over: {said}."), symbols)
        }
        (None, None) => {
            let deployed = match (&state.job, &state.cd) {
                (Some(_), _) => ", deployed by its job",
                (None, Some(CdOutcome::Run(_))) => ", deployed by CD",
                (None, _) => "",
            };
            let arrived = arrival(state);
            let text = match arrived.as_deref().unwrap_or(draft.promote_to.remark()) {
                "" => format!("Done: {} in {}, released{deployed}.", draft.version(), draft.promote_to),
                remark => format!("Done: {} released{deployed}; {remark}.", draft.version()),
            };
            Mark::Pass.say(text, symbols)
        }
    }
}

/// The result of a finished step.
pub fn receipt(receipt: &Receipt, draft: &PlanDraft) -> String {
    match receipt {
        Receipt::Marked => format!("signed by {}", draft.signer.login),
        Receipt::Moved { archived } => {
            let left = version::numbers(archived);
            let left = if left.is_empty() { left } else { format!(", {left} left it") };
            format!("{} in {}{left}", draft.version(), draft.promote_to)
        }
        Receipt::TagObject { sha } => sha.chars().take(7).collect(),
        Receipt::TagRef { .. } => format!("{} on {}", draft.tag, draft.commit.sha.short()),
        Receipt::Drafted { .. } => "attached to the draft of the release".to_owned(),
        Receipt::Released { .. } => format!("published in {}", draft.repo),
        Receipt::Dispatched => "dispatched".to_owned(),
        Receipt::Linked => "tag, release and signer are on the version".to_owned(),
        Receipt::Unlinked { why } => format!("no links on the version: {why}"),
        Receipt::Cleared => {
            let alias = draft.clears.as_deref().unwrap_or_default();
            format!("@{alias} is not on {} any more", draft.version())
        }
        Receipt::Uncleared { why } => {
            let alias = draft.clears.as_deref().unwrap_or_default();
            format!("@{alias} is still on {}: {why}", draft.version())
        }
        Receipt::Assented { .. } => {
            let task = draft.deployment.as_ref().map(|asked| asked.task.as_str()).unwrap_or_default();
            format!("{task} is approved on {}", draft.version())
        }
        Receipt::Repaired { .. } => match &draft.deployment {
            Some(asked) => format!("run {} of job {} goes on", asked.run, asked.job),
            None => "the run goes on".to_owned(),
        },
        Receipt::Withheld { why } => format!("the job does not go on: {why}"),
        Receipt::Arrival { outcome: Arrival::Came { model, version } } => {
            format!("{model} {version} in {} is this one", draft.promote_to.name())
        }
        Receipt::Arrival { outcome: Arrival::Missing { model, waited_s } } => {
            let place = draft.promote_to.name();
            format!("no version of {model} in {place} names this one after {waited_s} s")
        }
        Receipt::Job { outcome } => job_outcome(outcome, draft),
        Receipt::Confirmed { truth } => match truth.iter().filter(|t| t.as_meant != Some(true)).count() as u64 {
            0 => "everything is as planned".to_owned(),
            n => format!("{} not as planned", number::count(n, "thing")),
        },
        Receipt::Cd { outcome } => cd(outcome),
    }
}

/// A journal entry as a line; none for entries without news.
pub fn event(event: &Event, draft: &PlanDraft, symbols: &Symbols) -> Option<Phrase<'static>> {
    let step = |mark: Mark, step: &Step, what: String| {
        let gap = if what.is_empty() { "" } else { "  " };
        mark.phrase(symbols).text(format!(" {step}{gap}{what}"))
    };
    let plain = |name: &str, what: String| Phrase::new(format!("  {name}  {what}"));
    Some(match event {
        Event::Started { .. } | Event::UndoStarted { .. } | Event::Ended { ending: Ending::Refused { .. }, .. } => {
            return None;
        }
        Event::Opened { plan } => plain("journal", format!("promotion {}", plan.id)),
        Event::Verified => Mark::Pass.phrase(symbols).text(" facts  read again, nothing changed"),
        Event::Refused { failure } => Mark::Block.phrase(symbols).text(format!(" refused  {failure}")),
        Event::Succeeded { step: s, receipt: r @ Receipt::Withheld { .. } } => step(Mark::Warn, s, receipt(r, draft)),
        Event::Succeeded { step: s, receipt: r @ Receipt::Job { outcome } } if outcome.failed() => {
            step(Mark::Block, s, receipt(r, draft))
        }
        Event::Succeeded { step: s, receipt: r } => step(Mark::Pass, s, receipt(r, draft)),
        Event::Failed { step: s, failure } => step(Mark::Block, s, failure.to_string()),
        Event::Unknown { step: s, failure } => {
            step(Mark::Unknown, s, format!("{failure}; checking whether it was applied"))
        }
        Event::Probed { step: s, finding } => match finding {
            Finding::Applied { receipt: r } => step(Mark::Pass, s, format!("was applied: {}", receipt(r, draft))),
            Finding::NotApplied => step(Mark::Unknown, s, "was not applied".to_owned()),
            Finding::Foreign { what, .. } => step(Mark::Block, s, what.clone()),
        },
        Event::ProbeFailed { step: s, failure } => step(Mark::Block, s, failure.to_string()),
        Event::UndoRequested { by } => plain("undo", format!("requested by {by}")),
        Event::Undone { step: s, note, seen: true, answered: true } => step(Mark::Pass, s, format!("undone: {note}")),
        Event::Undone { step: s, note, seen: false, .. } => {
            step(Mark::Unknown, s, format!("{note}; what was asked for was never answered"))
        }
        Event::Undone { step: s, note, answered: false, .. } => {
            step(Mark::Unknown, s, format!("undone: {note}; an earlier request to undo it was never answered"))
        }
        Event::UndoFailed { step: s, failure } => step(Mark::Block, s, format!("not undone: {failure}")),
        Event::Paused { failure, .. } => plain("paused", failure.to_string()),
        Event::Resumed => Phrase::new("  resumed"),
        Event::Noted { step: s, what } => step(Mark::Note, s, what.join("; ")),
        Event::Found { step: s, receipt: r } => {
            step(Mark::Note, s, format!("was done already, by another copy of this journal: {}", receipt(r, draft)))
        }
        Event::Lost { step: s } => step(Mark::Warn, s, "was undone by another copy of this journal: again".to_owned()),
        Event::Arrived { step: s, what } => step(Mark::Block, s, what.clone()),
        Event::CdSeen { outcome } => plain("CD", cd(outcome)),
        Event::CdAsked { act, by } => plain("CD", format!("{by} asks GitHub to {act}")),
        Event::CdAnswered { failure: None } => plain("CD", "GitHub does what was asked for".to_owned()),
        Event::CdAnswered { failure: Some(failure) } => plain("CD", failure.to_string()),
        Event::JobSeen { outcome } => plain("job", job_outcome(outcome, draft)),
        Event::Ended { ending, .. } => match ending {
            Ending::Done | Ending::Refused { .. } => Phrase::new("  done"),
            Ending::Undone { why } => plain("undone", once(why).to_owned()),
            Ending::Superseded { by } => plain("superseded", by.clone()),
        },
    })
}

/// The last known state of each server.
pub fn truth(found: &[Observation], state: &SagaState, symbols: &Symbols) -> Vec<Phrase<'static>> {
    let (id, commit) = (&state.plan.id, &state.plan.draft.commit.sha);
    let line = |fact: &Observation| {
        // Shorten ids, as everywhere else.
        let is = fact.is.replace(&id.to_string(), &id.short()).replace(commit.as_str(), commit.short());
        let mark = Mark::from(fact.as_meant).phrase(symbols);
        mark.add(Role::Muted, format!(" {:<8} ", fact.what)).text(is)
    };
    found.iter().map(line).collect()
}

/// The last known state of each server, a line each: its name, what it has, and whether that is as it was meant.
pub fn now(found: &[Observation], state: &SagaState) -> Vec<(&'static str, String, Option<bool>)> {
    let (id, commit) = (&state.plan.id, &state.plan.draft.commit.sha);
    let short = |is: &str| is.replace(&id.to_string(), &id.short()).replace(commit.as_str(), commit.short());
    let (mut registry, mut rest) = (Vec::new(), Vec::new());
    for fact in found {
        match fact.what.as_str() {
            "tag" => rest.push(("tag", short(&fact.is), fact.as_meant)),
            "release" if fact.as_meant == Some(true) && fact.is.starts_with("http") => {
                rest.push(("release", format!("published in {}", state.plan.draft.repo), fact.as_meant));
            }
            "release" => rest.push(("release", short(&fact.is), fact.as_meant)),
            // One that is as it should be says nothing that the place does not.
            "mark" if fact.as_meant == Some(true) && found.len() > 1 => {}
            "mark" => registry.push((1, format!("mark: {}", short(&fact.is)), fact.as_meant)),
            _ => registry.push((0, short(&fact.is), fact.as_meant)),
        }
    }
    // What is in production comes first.
    registry.sort_by_key(|(rank, ..)| *rank);
    let all = |meant: &dyn Fn(Option<bool>) -> bool| registry.iter().all(|(.., as_meant)| meant(*as_meant));
    let as_meant = match (all(&|m| m == Some(true)), all(&|m| m != Some(false))) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    };
    let said = registry.iter().map(|(_, is, _)| is.as_str()).collect::<Vec<_>>().join("; ");
    let registry = (!registry.is_empty()).then_some(("MLflow", said, as_meant));
    registry.into_iter().chain(rest).collect()
}

/// Symbol and role of a job's state.
pub fn job_mark(state: &CdState, symbols: &Symbols) -> (&'static str, Role) {
    match state {
        CdState::Success => (symbols.pass, Role::Good),
        CdState::Failed(word) if word == "skipped" => (symbols.dot, Role::Muted),
        CdState::Failed(_) => (symbols.block, Role::Bad),
        CdState::Running => (symbols.within, Role::Title),
        CdState::Waiting => (symbols.warn, Role::Warn),
        CdState::Queued | CdState::Other(_) => (symbols.dot, Role::Muted),
    }
}

/// A job of the CD run.
pub fn job(job: &CdJob, now: Timestamp, symbols: &Symbols) -> Phrase<'static> {
    let (symbol, role) = job_mark(&job.state, symbols);
    let doing = match (&job.state, &job.current_step) {
        (CdState::Running, Some(step)) => format!("{step} …"),
        (state, _) => state.to_string(),
    };
    let took = job.started_at.map(|from| time::between(from, job.ended_at.unwrap_or(now))).unwrap_or_default();
    Phrase::of(role, format!("{symbol} "))
        .text(format!("{:<14} ", job.name))
        .add(Role::Muted, format!("{took:>7}  "))
        .add(Role::Muted, doing)
}

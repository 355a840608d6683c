//! `signoff cd`: CD of a release as it is now, and what may be asked of it.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};

use crate::app::query::Promotion;
use crate::cli::args::Cd as Args;
use crate::cli::commands::drive::{Drive, Stop};
use crate::cli::commands::promote::agrees;
use crate::cli::commands::promotions::find;
use crate::cli::exit::Exit;
use crate::cli::json::cd::Cd as Json;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::domain::cd::{CdJob, CdOutcome, CdState};
use crate::domain::cd_act::{CdAct, PendingDeployment};
use crate::domain::confirmation::confirmation;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::PromotionId;
use crate::domain::nearest::did_you_mean;
use crate::domain::promotion::{SagaState, Until};
use crate::domain::reference::VersionRef;
use crate::domain::text::clean_line;
use crate::present::{Mark, Phrase, promotion as words};
use crate::runtime::answer;
use crate::services::evidence::number_of;
use crate::services::promote::Promoter;
use crate::services::{Services, cd};

/// Pause between two looks at a run that goes on.
const POLL: Duration = Duration::from_secs(5);
/// Looks at a run that was asked to go on and does not, before that is taken for its end.
const BEGINS: u32 = 12;

/// Runs the command.
///
/// # Errors
/// If there is no such release, CD cannot be read, or what is asked for is not possible.
pub async fn run(services: &Services, args: &Args, stop: Stop, sink: &mut Sink) -> Outcome<Exit> {
    let promoter = Promoter::new(services.clone());
    let id = released(services, &args.named).await?;
    let state = promoter.state(id).await?;
    let (model, version) = (state.plan.draft.model().clone(), state.plan.draft.version());
    agrees(args.confirm.as_ref(), &model, version, &format!("ask for CD of {model} {version}"), "the release")?;
    if !args.acts() && args.wait {
        return follow(services, &promoter, state, (None, args), stop, sink).await;
    }
    let seen = Seen::read(services, state).await?;
    let act = match args.rerun_failed {
        true => Some(seen.rerun()?),
        false if args.approve_environment.is_empty() => None,
        false => Some(seen.approval(&args.approve_environment)?),
    };
    let (Some(act), Some(_)) = (&act, &args.confirm) else {
        seen.print(services, act.as_ref(), args.format.json, sink).await?;
        let Some(act) = act else { return Ok(Exit::Done) };
        let confirm = confirmation(&model, version);
        sink.note(&format!("Nothing was written. To {act}, run the same command with --confirm {confirm}."));
        // Not done: a script that forgot the confirmation must not go on as if it were.
        return Ok(Exit::Usage);
    };
    let until = if args.wait { Until::CdEnded } else { Until::Released };
    let drive = Drive { draft: seen.state.plan.draft.clone(), id, until, json: args.format.json };
    let (over, act) = (seen.state.is_over(), act.clone());
    let asked = act.to_string();
    let mut stop = stop;
    let Some((state, cancelled)) =
        drive.follow(&mut stop, sink, |watch| promoter.ask_cd(id, act, until, watch).boxed()).await?
    else {
        return Ok(Exit::Cancelled);
    };
    if args.wait && over {
        return follow(services, &promoter, state, (seen.state.cd.as_ref(), args), stop, sink).await;
    }
    if !args.wait {
        // Its runs need a moment to change: what is known of them was true before.
        if !args.format.json {
            sink.line(&format!("{model} {version}: GitHub was asked to {asked}"));
        }
        sink.note(&format!("To follow it: `signoff cd {} --wait`.", id.short()));
        if !args.format.json {
            return Ok(Exit::Done);
        }
    }
    drive.report(&state, cancelled, sink)
}

/// The release that a text names: by the promotion's id or a part of it, by its tag, or the newest of a version.
async fn released(services: &Services, named: &str) -> Outcome<PromotionId> {
    let stored = answer::promotions(services).await?;
    let states = || stored.iter().filter_map(|promotion: &Promotion| promotion.state.as_ref().ok());
    let mut found: Vec<&SagaState> =
        states().map(|state| &**state).filter(|state| state.plan.draft.tag.as_str() == named).collect();
    if found.is_empty() {
        let Ok(reference) = named.parse::<VersionRef>() else {
            return find(services, named).await;
        };
        let (model, number) = number_of(services.registry.as_ref(), &reference).await?;
        let is_of = |state: &&SagaState| *state.plan.draft.model() == model && state.plan.draft.version() == number;
        found = states().map(|state| &**state).filter(is_of).collect();
    }
    let refuse = |kind, why: &str, hint: &str| {
        let operation = format!("find the release of '{}'", clean_line(named));
        Failure::new(kind, Service::Local, operation, why).with_hint(hint)
    };
    match (found.iter().find(|state| state.is_released()), found.first()) {
        // Newest first.
        (Some(state), _) => Ok(state.plan.id),
        (None, Some(_)) => Err(refuse(
            FailureKind::Conflict,
            "its promotion did not come to a release",
            "`signoff promotions` shows why.",
        )),
        (None, None) => Err(refuse(
            FailureKind::NotFound,
            "no promotion of this machine made one",
            "`signoff promotions` lists those of this machine.",
        )),
    }
}

/// CD as it is now.
struct Seen {
    state: SagaState,
    /// What its runs wait for, each with the run.
    pending: Vec<(u64, PendingDeployment)>,
    /// The jobs that failed of the run that did.
    failed: Vec<CdJob>,
}

impl Seen {
    async fn read(services: &Services, state: SagaState) -> Outcome<Self> {
        let draft = &state.plan.draft;
        if !state.is_released() {
            let operation = format!("look at CD of {} {}", draft.model(), draft.version());
            return Err(Failure::new(FailureKind::Conflict, Service::Local, operation, "the release is not finished")
                .with_hint(format!("Go on with `signoff resume {}`.", state.plan.id.short())));
        }
        let state = match cd::found(services, &state).await? {
            Some(outcome) => state.with_cd(&outcome),
            None => state,
        };
        let repo = &state.plan.draft.repo;
        let mut pending = Vec::new();
        for run in state.cd.iter().flat_map(CdOutcome::waiting) {
            let found = services.host.pending_deployments(repo, run.id).await?;
            pending.extend(found.into_iter().map(|one| (run.id, one)));
        }
        let failed = match state.cd.as_ref().and_then(CdOutcome::failed_run) {
            None => Vec::new(),
            Some(run) => services.host.cd_jobs(repo, run.id).await?.into_iter().filter(CdJob::failed).collect(),
        };
        Ok(Self { state, pending, failed })
    }

    fn refuse(&self, operation: &str, why: String) -> Failure {
        let draft = &self.state.plan.draft;
        let operation = format!("{operation} of {} {}", draft.model(), draft.version());
        Failure::new(FailureKind::Conflict, Service::Github, operation, why)
    }

    fn rerun(&self) -> Outcome<CdAct> {
        let cd = self.state.cd.as_ref();
        cd.and_then(CdOutcome::failed_run).map(|run| CdAct::Rerun { run: run.id }).ok_or_else(|| {
            let now = cd.map_or_else(|| "none was found".to_owned(), |cd| format!("CD is: {}", words::cd(cd)));
            self.refuse("run the failed jobs", format!("no run of its CD failed; {now}"))
        })
    }

    /// The approval of the environments with these names, which one run waits for.
    fn approval(&self, names: &[String]) -> Outcome<CdAct> {
        let (mut act, operation) = (None, "approve a deployment");
        for name in names {
            let waiting = || self.pending.iter().map(|(_, pending)| pending.environment.name.as_str());
            let Some((run, pending)) = self.pending.iter().find(|(_, pending)| pending.environment.name == *name)
            else {
                let why = match waiting().collect::<Vec<_>>().as_slice() {
                    [] => "CD waits for no approval".to_owned(),
                    names => {
                        let (name, meant) = (clean_line(name), did_you_mean(name, waiting()));
                        format!("CD does not wait for '{name}'{meant}, but for {}", names.join(", "))
                    }
                };
                return Err(self.refuse(operation, why));
            };
            if !pending.may_approve {
                let who = match pending.reviewers.as_slice() {
                    [] => "GitHub names no reviewers.".to_owned(),
                    reviewers => format!("Ask one of its reviewers: {}.", reviewers.join(", ")),
                };
                return Err(self.refuse(operation, format!("GitHub does not let you approve {name}")).with_hint(who));
            }
            let environment = pending.environment.clone();
            match &mut act {
                None => act = Some(CdAct::Approve { run: *run, environments: vec![environment] }),
                Some(CdAct::Approve { run: of, environments }) if *of == *run => environments.push(environment),
                Some(_) => {
                    let why = format!("{name} belongs to another run than the environments before it");
                    return Err(self.refuse(operation, why).with_hint("Approve them one after the other."));
                }
            }
        }
        act.ok_or_else(|| self.refuse(operation, "no environment is named".to_owned()))
    }

    async fn print(&self, services: &Services, act: Option<&CdAct>, json: bool, sink: &mut Sink) -> Outcome<()> {
        if json {
            let asks = act.map(ToString::to_string);
            return sink.json(&Json::new(place(services).await, &self.state, &self.pending, &self.failed, asks));
        }
        sink.text(&self.text(sink.style()));
        if act.is_some() {
            return Ok(());
        }
        let id = self.state.plan.id.short();
        if self.state.cd.as_ref().and_then(CdOutcome::failed_run).is_some() {
            sink.note(&format!("To run the failed jobs again: `signoff cd {id} --rerun-failed`."));
        }
        for (_, pending) in self.pending.iter().filter(|(_, pending)| pending.may_approve) {
            let name = crate::domain::shell::word(&pending.environment.name);
            sink.note(&format!("To approve the deployment: `signoff cd {id} --approve-environment {name}`."));
        }
        Ok(())
    }

    fn text(&self, style: Style) -> String {
        let (draft, symbols) = (&self.state.plan.draft, style.symbols());
        let mut out = format!("{} {}: {}\n", draft.model(), draft.version(), draft.tag);
        let mut line = |phrase: Phrase<'_>| out.push_str(&format!("  {}\n", style.phrase(&phrase)));
        match &self.state.cd {
            None => line("no run of CD was found yet".into()),
            Some(CdOutcome::Run(runs)) => {
                for run in runs.iter() {
                    let mark = match &run.state {
                        CdState::Success => Mark::Pass,
                        CdState::Failed(_) => Mark::Block,
                        CdState::Waiting => Mark::Warn,
                        CdState::Queued | CdState::Running | CdState::Other(_) => Mark::Unknown,
                    };
                    line(mark.say(words::run(run), symbols));
                    line(run.web_url.clone().into());
                }
                for file in &runs.missing {
                    line(Mark::Block.say(format_args!("{file} did not start"), symbols));
                }
            }
            Some(outcome @ (CdOutcome::NotExpected | CdOutcome::NotStarted { .. })) => {
                line(format!("CD {}", words::cd(outcome)).into());
            }
        }
        for job in &self.failed {
            line(Mark::Block.say(format_args!("job {}: {}", job.name, job.state), symbols));
        }
        for (_, pending) in &self.pending {
            line(words::pending(pending, symbols));
        }
        out
    }
}

/// Follows CD to its end: as `resume` does, or by looking again and again where that is over already, and somebody
/// asked for more. `before` is how it was when that was asked for: GitHub needs a moment to begin.
async fn follow(
    services: &Services,
    promoter: &Promoter,
    state: SagaState,
    (before, args): (Option<&CdOutcome>, &Args),
    mut stop: Stop,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let id = state.plan.id;
    let mut looks = 0_u32;
    while state.is_over() {
        let now = cd::found(services, &state).await?;
        let begins = looks < BEGINS && before.is_some() && before == now.as_ref();
        looks += 1;
        if !begins && now.as_ref().is_none_or(CdOutcome::is_final) {
            break;
        }
        tokio::select! {
            () = services.clock.sleep(POLL) => {}
            Some(()) = stop.next() => return Ok(Exit::Cancelled),
        }
    }
    let drive = Drive { draft: state.plan.draft.clone(), id, until: Until::CdEnded, json: args.format.json };
    drive.to_end(stop, sink, |watch| promoter.resume(id, Until::CdEnded, watch).boxed()).await
}

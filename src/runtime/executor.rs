//! Executes effects, each in its own task; the event loop never awaits them.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::answer::{address, answer};
use super::export;
use super::own;
use super::prefs::Keeper;
use super::save;
use super::terminal_pictures::Painter;
use crate::app::effect::{Effect, Place};
use crate::app::msg::Msg;
use crate::app::paint::PaintRequest;
use crate::app::query::{Query, Reply, RequestId};
use crate::domain::cd_act::CdAct;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::first_start::Beginning;
use crate::domain::ids::PromotionId;
use crate::domain::preview::Content;
use crate::domain::promotion::Until;
use crate::domain::promotion::{PlanDraft, SagaState};
use crate::domain::record::DecisionDraft;
use crate::domain::record::{Sealed, SignOff};
use crate::domain::text::clean_line;
use crate::services::annotate::annotate;
use crate::services::decide::Decider;
use crate::services::notes::shown;
use crate::services::promote::{Promoter, Watch};
use crate::services::{Services, Targets};

/// Maximum concurrent reads. More do not help: servers have four workers by default (measured).
const MAX_READS: usize = 5;

/// Effects that the event loop executes itself, because they concern the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// Copy text to the terminal's clipboard.
    Copy(String),
    /// Use another theme.
    Dress(String),
    /// Open another target.
    Switch(String),
    /// Go on from the first start.
    Begin(Beginning),
    Quit,
}

/// Spawns tasks and cancels them.
#[allow(missing_debug_implementations)]
pub struct Executor {
    services: Services,
    targets: Arc<dyn Targets>,
    replies: UnboundedSender<Msg>,
    reads: HashMap<RequestId, AbortHandle>,
    permits: Arc<Semaphore>,
    stop: CancellationToken,
    /// The promotion at work, and how to keep its end from being told.
    driven: Option<(JoinHandle<()>, Arc<AtomicBool>)>,
    /// Stops the command of the user's own.
    own: CancellationToken,
    saving: Option<AbortHandle>,
    keeper: Option<Keeper>,
    painter: Option<Painter>,
}

impl Executor {
    /// An executor over the ports of one target, sending results to `replies`.
    pub fn new(services: Services, targets: Arc<dyn Targets>, replies: UnboundedSender<Msg>) -> Self {
        Self {
            services,
            targets,
            replies,
            reads: HashMap::new(),
            permits: Arc::new(Semaphore::new(MAX_READS)),
            stop: CancellationToken::new(),
            driven: None,
            own: CancellationToken::new(),
            saving: None,
            keeper: None,
            painter: None,
        }
    }

    /// Encodes pictures for a terminal that supports them.
    pub fn paint_with(&mut self, painter: Option<Painter>) {
        self.painter = painter;
    }

    fn paint(&self, request: PaintRequest) {
        let (Some(painter), replies) = (self.painter, self.replies.clone()) else { return };
        // Encoding may take longer than a frame. If it fails, half blocks remain.
        tokio::task::spawn_blocking(move || {
            if let Content::Picture(picture) = &request.file.content
                && let Some(graphic) =
                    painter.paint(&picture.part(request.canvas.window), request.canvas.columns, request.canvas.rows)
            {
                let _ = replies.send(Msg::Painted(request.canvas, graphic));
            }
        });
    }

    /// Reads the preferences in this file, and stores changes in it.
    pub fn keep_prefs(&mut self, file: PathBuf) {
        self.keeper = Some(Keeper::spawn(file, self.replies.clone()));
    }

    /// Waits briefly for pending writes before the program exits.
    pub async fn finish(&mut self) {
        self.own.cancel();
        if let Some(keeper) = self.keeper.take() {
            keeper.finish().await;
        }
    }

    /// An aborted task drops its temporary file, which removes it.
    fn stop_saving(&mut self) {
        if let Some(saving) = self.saving.take() {
            saving.abort();
        }
    }

    /// Starts an effect. Returns what the event loop has to execute itself.
    pub fn run(&mut self, effect: Effect) -> Option<Local> {
        match effect {
            Effect::Fetch(id, query) => self.fetch(id, query),
            Effect::Cancel(id) => {
                if let Some(read) = self.reads.remove(&id) {
                    read.abort();
                }
            }
            Effect::Promote { draft, sign_off } => self.promote(&draft, &sign_off),
            Effect::Decide { draft, sign_off } => self.decide(draft, sign_off),
            Effect::Resume(id) => {
                self.drive(Some(id), |promoter, watch| async move { promoter.resume(id, Until::CdEnded, watch).await })
            }
            Effect::Undo(id) => {
                let host = Arc::clone(&self.services.host);
                self.drive(Some(id), |promoter, watch| async move {
                    let by = host.whoami().await.map_or_else(|_| "the person at this machine".to_owned(), |w| w.login);
                    promoter.undo(id, &by, watch).await
                });
            }
            Effect::AskCd(id, act) => self.ask_cd(id, act),
            Effect::Annotate(id, text) => self.annotate(id, text),
            Effect::StopPromotion => self.stop.cancel(),
            Effect::Save(request) => {
                self.stop_saving();
                let work = save::save(self.services.clone(), request, self.replies.clone());
                self.saving = Some(tokio::spawn(work).abort_handle());
            }
            Effect::StopSaving => self.stop_saving(),
            Effect::Paint(request) => self.paint(request),
            Effect::SavePrefs(what) => {
                if let Some(keeper) = &self.keeper {
                    keeper.remember(what);
                }
            }
            Effect::Browse(place) => self.browse(place),
            Effect::Export(sealed) => self.export(sealed),
            Effect::Copy(text) => return Some(Local::Copy(text)),
            Effect::RunOwn(argv) => {
                self.own.cancel();
                self.own = CancellationToken::new();
                tokio::spawn(own::run(argv, self.replies.clone(), self.own.clone()));
            }
            Effect::StopOwn => self.own.cancel(),
            Effect::Dress(theme) => return Some(Local::Dress(theme)),
            Effect::Configure(answers) => match self.targets.configure(&answers) {
                Ok(()) => return Some(Local::Begin(Beginning::Written)),
                Err(failure) => {
                    let _ = self.replies.send(Msg::Failed(failure));
                }
            },
            Effect::Begin(beginning) => return Some(Local::Begin(beginning)),
            Effect::Switch(target) => return Some(Local::Switch(target)),
            Effect::Quit => return Some(Local::Quit),
        }
        None
    }

    fn fetch(&mut self, id: RequestId, query: Query) {
        let (services, replies, permits) = (self.services.clone(), self.replies.clone(), Arc::clone(&self.permits));
        let targets = Arc::clone(&self.targets);
        let task = tokio::spawn(async move {
            // Closed only when the program exits; then nobody waits for the answer.
            let Ok(_permit) = permits.acquire_owned().await else { return };
            let reply = unpanicked(async { Ok(answer(&services, &*targets, query.clone()).await) }).await;
            let reply = reply.unwrap_or_else(|failure| Reply::failed(query, failure));
            if let Some(failure) = reply.failure() {
                shown(failure);
            }
            let _ = replies.send(Msg::Reply(id, Box::new(reply)));
        });
        self.reads.retain(|_, read| !read.is_finished());
        self.reads.insert(id, task.abort_handle());
    }

    fn promote(&mut self, draft: &PlanDraft, sign_off: &SignOff) {
        let clock = &self.services.clock;
        match draft.sign(clock.new_id(), clock.now(), sign_off) {
            Ok(plan) => {
                let id = plan.id;
                self.drive(Some(id), move |promoter, watch| async move {
                    promoter.approve(plan, Until::CdEnded, watch).await
                });
            }
            Err(error) => {
                let failure = Failure::new(FailureKind::Config, Service::Config, "sign the plan", error.to_string());
                let _ = self.replies.send(Msg::PromotionSettled { id: None, outcome: Err(failure) });
            }
        }
    }

    /// Records a decision that does not promote. Never aborted: a record without its tag is half a decision.
    fn decide(&self, draft: Box<DecisionDraft>, sign_off: SignOff) {
        let (decider, replies) = (Decider::new(self.services.clone()), self.replies.clone());
        tokio::spawn(async move {
            let outcome = unpanicked(decider.decide(&draft, &sign_off)).await.map(Box::new);
            let (version, decision) = (&draft.facts.version, draft.basis.decision);
            let (model, version) = (version.model.clone(), version.number);
            let _ = replies.send(Msg::Decided { model, version, decision, outcome });
        });
    }

    fn annotate(&self, id: PromotionId, text: String) {
        let (services, replies) = (self.services.clone(), self.replies.clone());
        tokio::spawn(async move {
            let kept = unpanicked(annotate(&services, id, &text)).await;
            let _ = replies.send(Msg::Annotated(id, kept));
        });
    }

    fn drive<F, Fut>(&mut self, id: Option<PromotionId>, work: F)
    where
        F: FnOnce(Promoter, Watch) -> Fut,
        Fut: Future<Output = Outcome<SagaState>> + Send + 'static,
    {
        self.stop = CancellationToken::new();
        let (progress, mut entries) = unbounded_channel();
        let watch = Watch { progress: Some(progress), stop: self.stop.clone(), ..Watch::default() };
        let work = work(Promoter::new(self.services.clone()), watch);
        let replies = self.replies.clone();
        let replaced = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&replaced);
        let driven = tokio::spawn(async move {
            let forward = {
                let replies = replies.clone();
                async move {
                    while let Some(entry) = entries.recv().await {
                        let _ = replies.send(Msg::Promotion(Box::new(entry)));
                    }
                }
            };
            // Both end when the promoter does, which holds the only sender. So every entry is shown before the result.
            let (outcome, ()) = futures_util::future::join(unpanicked(work), forward).await;
            if !told.load(Ordering::Acquire) {
                let _ = replies.send(Msg::PromotionSettled { id, outcome: outcome.map(|_| ()) });
            }
        });
        self.driven = Some((driven, replaced));
    }

    /// The journal is written by one at a time: a promotion that follows CD here stops for it, and is gone on with.
    fn ask_cd(&mut self, id: PromotionId, act: CdAct) {
        self.stop.cancel();
        let before = self.driven.take();
        if let Some((_, replaced)) = &before {
            replaced.store(true, Ordering::Release);
        }
        self.drive(Some(id), |promoter, watch| async move {
            if let Some((driven, _)) = before {
                let _ = driven.await;
            }
            promoter.ask_cd(id, act, Until::CdEnded, watch).await
        });
    }

    fn export(&self, sealed: Box<Sealed>) {
        let replies = self.replies.clone();
        tokio::task::spawn_blocking(move || {
            let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
            let msg = match export::export(&sealed, &folder) {
                Ok(path) => Msg::Notice(format!("exported {}", clean_line(&path.display().to_string()))),
                Err(failure) => Msg::Failed(failure),
            };
            let _ = replies.send(msg);
        });
    }

    fn browse(&self, place: Place) {
        let (services, replies) = (self.services.clone(), self.replies.clone());
        tokio::spawn(async move {
            let msg = match address(&services, &place) {
                None => Msg::Notice("There is no page for this.".to_owned()),
                Some(url) if !services.desktop.has_browser() => Msg::Address(url),
                Some(url) => match services.desktop.open_url(&url).await {
                    Ok(()) => Msg::Notice(format!("opened {url}")),
                    Err(failure) => Msg::Failed(failure),
                },
            };
            let _ = replies.send(msg);
        });
    }
}

/// A panic in a task becomes a failure: the task's answer is awaited, and the screen has to say something.
async fn unpanicked<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        let reason = "signoff made a mistake of its own; the log has the details";
        Err(Failure::new(FailureKind::Bug, Service::Local, "finish a task", reason)
            .with_hint("Please report it. A promotion at work can be resumed after a restart."))
    })
}

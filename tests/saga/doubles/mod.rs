//! Doubles around the demo's ports: they count calls, inject faults, and let other promotions run in between.

mod evidence;
mod host;
mod journals;
mod registry;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use signoff::adapters::demo::Store;
use signoff::domain::failure::{Failure, FailureKind, Outcome, Service};
use signoff::domain::ids::TagName;
use signoff::ports::Journaled;

pub use evidence::{FaultyCode, FaultyTracking};
pub use host::FaultyHost;
pub use journals::{Journals, Point};
pub use registry::FaultyRegistry;

/// A fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered, or not even sent: certainly without effect.
    Refused(FailureKind),
    /// Applied, but the reply was lost.
    ReplyLost,
    /// Lost on the way: not applied, but the caller cannot know.
    Lost,
}

/// Temporary and permanent refusals.
pub const UNAVAILABLE: Fault = Fault::Refused(FailureKind::Unavailable);
pub const FORBIDDEN: Fault = Fault::Refused(FailureKind::Forbidden);
pub const REJECTED: Fault = Fault::Refused(FailureKind::Rejected);

/// A call of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Index among all calls, from 0.
    pub n: usize,
    /// Index among the calls of this method, from 0.
    pub nth: usize,
    /// The method's name.
    pub name: &'static str,
    pub service: Service,
    /// For a write: the journal entry before it.
    pub entry: Option<u64>,
}

type Rule = Box<dyn FnMut(Call) -> Option<Fault> + Send>;
type Hook = Box<dyn FnMut(Call) + Send>;

/// Injects faults into calls and records them. Shared by both ports of one approver.
#[derive(Clone)]
pub struct Script {
    inner: Arc<Mutex<Inner>>,
    store: Store,
}

#[derive(Default)]
struct Inner {
    log: Vec<Call>,
    rule: Option<Rule>,
    before: Option<Hook>,
    /// Whether to yield before each call.
    stepwise: bool,
    /// Number of reads that do not see a tag, release or dispatched run after it was made.
    lag: usize,
    hidden: BTreeMap<&'static str, usize>,
    /// Where tags pointed after the last write.
    tags: BTreeMap<TagName, String>,
    wrong: Vec<String>,
}

impl Script {
    pub fn new(store: &Store) -> Self {
        let tags = store.look(|w| w.repo.tags.clone()).unwrap();
        Self { inner: Arc::new(Mutex::new(Inner { tags, ..Inner::default() })), store: store.clone() }
    }

    /// Decides the outcome of every call from now on.
    pub fn on_call(&self, rule: impl FnMut(Call) -> Option<Fault> + Send + 'static) {
        self.inner.lock().unwrap().rule = Some(Box::new(rule));
    }

    /// Call number `n` fails like this; all others work.
    pub fn fail_at(&self, n: usize, fault: Fault) {
        self.on_call(move |call| (call.n == n).then_some(fault));
    }

    /// Every call of this method fails like this.
    pub fn fail_every(&self, name: &'static str, fault: Fault) {
        self.on_call(move |call| (call.name == name).then_some(fault));
    }

    /// The first call of this method fails like this.
    pub fn fail_first(&self, name: &'static str, fault: Fault) {
        self.on_call(move |call| (call.name == name && call.nth == 0).then_some(fault));
    }

    /// Every call of this server fails.
    pub fn take_down(&self, service: Service) {
        self.on_call(move |call| (call.service == service).then_some(UNAVAILABLE));
    }

    /// Removes all faults.
    pub fn mend(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.rule = None;
        inner.before = None;
    }

    /// Runs a hook before every call.
    pub fn before_call(&self, hook: impl FnMut(Call) + Send + 'static) {
        self.inner.lock().unwrap().before = Some(Box::new(hook));
    }

    /// The first `reads` reads after a tag, release or dispatched run was made do not see it.
    pub fn lag(&self, reads: usize) {
        self.inner.lock().unwrap().lag = reads;
    }

    /// What is not visible yet, and for how many reads.
    pub fn hidden(&self) -> BTreeMap<&'static str, usize> {
        self.inner.lock().unwrap().hidden.clone()
    }

    /// Makes these invisible for this many reads.
    pub fn hide(&self, hidden: BTreeMap<&'static str, usize>) {
        self.inner.lock().unwrap().hidden = hidden;
    }

    /// Restarts counting calls.
    pub fn forget(&self) {
        self.inner.lock().unwrap().log.clear();
    }

    /// From now on each poll of a promotion runs up to its next call.
    pub fn step_by_step(&self) {
        self.inner.lock().unwrap().stepwise = true;
    }

    /// All calls so far.
    pub fn log(&self) -> Vec<Call> {
        self.inner.lock().unwrap().log.clone()
    }

    /// Number of calls.
    pub fn calls(&self) -> usize {
        self.inner.lock().unwrap().log.len()
    }

    /// Number of calls of this method.
    pub fn count(&self, name: &str) -> usize {
        self.inner.lock().unwrap().log.iter().filter(|c| c.name == name).count()
    }

    /// Violations of invariants.
    pub fn wrong(&self) -> Vec<String> {
        self.inner.lock().unwrap().wrong.clone()
    }

    async fn read<T>(
        &self,
        service: Service,
        name: &'static str,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        match self.arrive(service, name, None).await {
            None => call.await,
            Some(fault) => Err(failure(service, name, fault)),
        }
    }

    async fn write<T>(
        &self,
        service: Service,
        name: &'static str,
        journaled: &Journaled,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        match self.arrive(service, name, Some(journaled.seq())).await {
            None => {
                let done = call.await;
                self.written(name, done.is_ok());
                done
            }
            Some(fault) => {
                if fault == Fault::ReplyLost {
                    let done = call.await;
                    self.written(name, done.is_ok());
                }
                Err(failure(service, name, fault))
            }
        }
    }

    /// Something just made may not be visible yet.
    fn is_hidden(&self, what: &'static str) -> bool {
        let mut inner = self.inner.lock().unwrap();
        match inner.hidden.get_mut(what) {
            Some(0) | None => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    async fn arrive(&self, service: Service, name: &'static str, entry: Option<u64>) -> Option<Fault> {
        let stepwise = self.inner.lock().unwrap().stepwise;
        if stepwise {
            Once(false).await;
        }
        let (call, before) = {
            let mut inner = self.inner.lock().unwrap();
            let nth = inner.log.iter().filter(|c| c.name == name).count();
            let call = Call { n: inner.log.len(), nth, name, service, entry };
            inner.log.push(call);
            (call, inner.before.take())
        };
        if let Some(mut before) = before {
            // Called without the lock, as the hook may make calls itself.
            before(call);
            self.inner.lock().unwrap().before.get_or_insert(before);
        }
        let rule = self.inner.lock().unwrap().rule.take();
        let mut rule = rule?;
        let fault = rule(call);
        self.inner.lock().unwrap().rule.get_or_insert(rule);
        fault
    }

    fn written(&self, name: &'static str, done: bool) {
        let mut inner = self.inner.lock().unwrap();
        let what = match name {
            "create_tag_ref" => "tag",
            "create_release" | "publish_release" => "releases",
            "dispatch" => "cd_runs",
            _ => return,
        };
        if done {
            let lag = inner.lag;
            inner.hidden.insert(what, lag);
        }
        let now = self.store.look(|w| w.repo.tags.clone()).unwrap();
        let moved: Vec<_> = inner.tags.iter().filter(|(tag, to)| now.get(*tag) != Some(*to)).map(|(t, _)| t).collect();
        if !moved.is_empty() {
            let sentence = format!("{name} moved or removed {moved:?}");
            inner.wrong.push(sentence);
        }
        inner.tags = now;
    }
}

fn failure(service: Service, name: &str, fault: Fault) -> Failure {
    let (kind, reason) = match fault {
        Fault::Refused(kind) => (kind, format!("the double says {kind:?}")),
        Fault::ReplyLost | Fault::Lost => (FailureKind::Unknown, "the connection was lost".to_owned()),
    };
    Failure::new(kind, service, name, reason)
}

/// Pending once, so that the poller can run others first.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

//! Doubles around the demo's ports: they count, they fail as told, they let others go first.

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

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered, or not even sent: surely without effect.
    Refused(FailureKind),
    /// Applied, but the answer was lost.
    ReplyLost,
    /// Sent, lost on the way, and nobody knows.
    Lost,
}

/// Refused for now, and for good.
pub const UNAVAILABLE: Fault = Fault::Refused(FailureKind::Unavailable);
pub const FORBIDDEN: Fault = Fault::Refused(FailureKind::Forbidden);
pub const REJECTED: Fault = Fault::Refused(FailureKind::Rejected);

/// One call of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Position among all calls, from 0.
    pub n: usize,
    /// Position among the calls of this name, from 0.
    pub nth: usize,
    /// The method.
    pub name: &'static str,
    /// Whose.
    pub service: Service,
    /// For a write: the journal entry that came before it.
    pub entry: Option<u64>,
}

type Rule = Box<dyn FnMut(Call) -> Option<Fault> + Send>;
type Hook = Box<dyn FnMut(Call) + Send>;

/// What happens to calls, and what happened. Shared by both ports of one approver.
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
    /// Hand control back before each call.
    stepwise: bool,
    /// Reads that do not see a tag, release or dispatched run after it was made.
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

    /// Decides the fate of every call from now on.
    pub fn on_call(&self, rule: impl FnMut(Call) -> Option<Fault> + Send + 'static) {
        self.inner.lock().unwrap().rule = Some(Box::new(rule));
    }

    /// The call number `n` fails so; all others work.
    pub fn fail_at(&self, n: usize, fault: Fault) {
        self.on_call(move |call| (call.n == n).then_some(fault));
    }

    /// Every call of this name fails so.
    pub fn fail_every(&self, name: &'static str, fault: Fault) {
        self.on_call(move |call| (call.name == name).then_some(fault));
    }

    /// The first call of this name fails so.
    pub fn fail_first(&self, name: &'static str, fault: Fault) {
        self.on_call(move |call| (call.name == name && call.nth == 0).then_some(fault));
    }

    /// A whole server is down.
    pub fn take_down(&self, service: Service) {
        self.on_call(move |call| (call.service == service).then_some(UNAVAILABLE));
    }

    /// All is well again.
    pub fn mend(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.rule = None;
        inner.before = None;
    }

    /// Runs before every call.
    pub fn before_call(&self, hook: impl FnMut(Call) + Send + 'static) {
        self.inner.lock().unwrap().before = Some(Box::new(hook));
    }

    /// The first `reads` reads after a tag, release or dispatched run was made do not see it.
    pub fn lag(&self, reads: usize) {
        self.inner.lock().unwrap().lag = reads;
    }

    /// What is not seen yet, and for how many reads.
    pub fn hidden(&self) -> BTreeMap<&'static str, usize> {
        self.inner.lock().unwrap().hidden.clone()
    }

    /// These are not seen for so many reads.
    pub fn hide(&self, hidden: BTreeMap<&'static str, usize>) {
        self.inner.lock().unwrap().hidden = hidden;
    }

    /// Starts counting calls anew.
    pub fn forget(&self) {
        self.inner.lock().unwrap().log.clear();
    }

    /// From now on each poll of a promotion goes as far as its next call.
    pub fn step_by_step(&self) {
        self.inner.lock().unwrap().stepwise = true;
    }

    /// All calls so far.
    pub fn log(&self) -> Vec<Call> {
        self.inner.lock().unwrap().log.clone()
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.inner.lock().unwrap().log.len()
    }

    /// How often this was called.
    pub fn count(&self, name: &str) -> usize {
        self.inner.lock().unwrap().log.iter().filter(|c| c.name == name).count()
    }

    /// What must never happen and did.
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

    /// What was made a moment ago may not be seen yet.
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
            // Not under the lock: it may call others that call us.
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

/// Pending once, so that whoever polls can let others go first.
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

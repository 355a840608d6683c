//! `signoff watch`

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::adapters::clock::SystemClock;
use crate::adapters::hook::Hook;
use crate::cli::args::Watch as Args;
use crate::cli::channels::{self, PRINTED, Printed};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::cli::{logging, wire};
use crate::config::{DEMO_TARGET, Loaded, WatchSettings};
use crate::domain::event::{Event, say};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::outbox::OutboxLine;
use crate::domain::text::count;
use crate::ports::Clock;
use crate::ports::notify::Channel;
use crate::runtime::signals::{Ended, Signals};
use crate::services::Services;
use crate::services::status::Memory;
use crate::services::watch::deliver::{Round, Worked, work};
use crate::services::watch::{Desk, Polled, poll};

/// How long messages that are being sent may take once the watch is to end.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How often `--once` looks again for a channel that another process sends through, and the pause in between.
const BUSY: (usize, Duration) = (120, Duration::from_millis(250));

/// A watched target.
struct Watched {
    name: String,
    services: Services,
}

/// Runs the command.
///
/// # Errors
/// If another watch holds the state directory, or the configuration cannot be used.
pub async fn run(loaded: &Loaded, args: &Args, filter: Option<&str>, sink: &mut Sink) -> Outcome<Exit> {
    let mut settings = loaded.watch();
    settings.interval_s = args.interval.unwrap_or(settings.interval_s);
    settings.listen = args.listen.clone().or(settings.listen);
    let watched = watched(loaded, sink)?;
    let demo = watched.iter().all(|w| w.services.rules.demo);
    let state = loaded.paths.state_of(demo);
    logging::begin(&state, filter);
    let store = channels::outbox(&state);
    let hook = match (&settings.listen, args.once) {
        (Some(address), false) => Some(hook(loaded, &settings, address).await?),
        (Some(_) | None, _) => None,
    };
    // Held until the command ends.
    let _held = store.hold_watch().await?;
    let configured = channels::all(loaded);
    for channel in &configured {
        if let Some(why) = channel.broken() {
            sink.warn(&format!("the channel '{}' cannot be used: {why}; its messages wait", channel.name()));
        }
    }
    let sending = channels::lasting(&configured);
    let mut all = sending.clone();
    all.push(Arc::new(Printed::default()));
    let desk = Desk { store, channels: all, memory: Memory::default() };
    let run = Run { settings, watched, desk, sending, json: args.format.json, sink: RefCell::new(sink) };
    if args.once { run.once().await } else { run.forever(hook).await }
}

/// The targets to watch: those that are named, or all.
fn watched(loaded: &Loaded, sink: &mut Sink) -> Outcome<Vec<Watched>> {
    let mut out: Vec<Watched> = Vec::new();
    for name in loaded.watched()? {
        let target = loaded.target_named(&name)?;
        for notice in &target.notices {
            sink.warn(notice);
        }
        if name == DEMO_TARGET && out.iter().any(|w| !w.services.rules.demo) {
            let reason = "the built-in demo and real servers are not watched together";
            return Err(Failure::new(FailureKind::Config, Service::Config, "watch", reason)
                .with_hint("Watch the demo alone, with --demo."));
        }
        out.push(Watched { name, services: wire::services_for_lists(&loaded.paths, &target)? });
    }
    Ok(out)
}

async fn hook(loaded: &Loaded, settings: &WatchSettings, address: &str) -> Outcome<Hook> {
    let refuse = |why: String| {
        Failure::new(FailureKind::Config, Service::Config, "take MLflow's webhooks", why)
            .with_hint("Set listen_secret_env in [watch] to the name of the variable with the webhook's secret.")
    };
    crate::config::watch::listen(address)
        .map_err(|why| Failure::new(FailureKind::Config, Service::Config, format!("listen on '{address}'"), why))?;
    let Some(variable) = &settings.listen_secret_env else {
        return Err(refuse("their secret is not known, and without it anybody could send them".to_owned()));
    };
    let Some(secret) = loaded.secret(variable) else {
        return Err(refuse(format!("the environment variable {variable} is not set")));
    };
    Hook::bind(address, &secret).await
}

/// A watch at work.
struct Run<'s> {
    settings: WatchSettings,
    watched: Vec<Watched>,
    desk: Desk,
    /// The channels that send.
    sending: Vec<Arc<dyn Channel>>,
    json: bool,
    sink: RefCell<&'s mut Sink>,
}

impl Run<'_> {
    async fn once(&self) -> Outcome<Exit> {
        let mut end = Exit::Done;
        for (watched, polled) in self.watched.iter().zip(self.polls(&vec![true; self.watched.len()]).await) {
            let failures = match polled {
                Ok(polled) => polled.failures,
                Err(failure) if failure.service == Service::Local => return Err(failure),
                Err(failure) => vec![failure],
            };
            for failure in failures {
                if failure.service == Service::Mlflow {
                    end = end.max(Exit::of(&failure));
                }
                self.warn(&format!("{}: {}", watched.name, failure.sentence()));
            }
        }
        self.print().await?;
        let rounds = join_all(self.sending.iter().map(|channel| self.round_once(channel.as_ref()))).await;
        for (channel, worked) in self.sending.iter().zip(rounds) {
            let worked = worked?;
            // What cannot be used was named at the start.
            let named = channel.broken().is_some();
            if !named {
                // A hundred messages fail for one reason.
                let mut sentences: Vec<String> = worked.failed.iter().map(|(_, failure)| failure.sentence()).collect();
                sentences.dedup();
                sentences.iter().for_each(|sentence| self.warn(sentence));
            }
            if worked.left > 0 || worked.given_up > 0 {
                let left = count(worked.left, "message");
                if worked.given_up > 0 {
                    self.warn(&given_up(channel.name(), worked.given_up));
                } else if !named {
                    self.warn(&format!("{left} of the channel '{}' could not be sent yet", channel.name()));
                }
                end = end.max(Exit::Refused);
            }
        }
        Ok(end)
    }

    async fn round_once(&self, channel: &dyn Channel) -> Outcome<Worked> {
        let round = Round { patience: self.settings.patience, eager: true, only: None };
        let (tries, pause) = BUSY;
        let mut worked = Worked::default();
        for _ in 0..tries {
            worked = work(&self.desk.store, channel, &SystemClock, round, || false).await?;
            if !worked.busy {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        Ok(worked)
    }

    async fn forever(&self, hook: Option<Hook>) -> Outcome<Exit> {
        let mut signals = Signals::listen()
            .map_err(|e| Failure::new(FailureKind::Local, Service::Local, "listen for signals", e.to_string()))?;
        let stop = CancellationToken::new();
        let (wake, woken) = watch::channel(0_u64);
        let (hint, hints) = mpsc::channel(1);
        if let Some(hook) = &hook {
            let address = hook.address();
            self.note(&format!("Taking MLflow's webhooks on http://{address}/"));
        }
        let listen = async {
            match &hook {
                // A full queue means that a look is due anyway.
                Some(hook) => match hook
                    .run(|| {
                        let _ = hint.try_send(());
                    })
                    .await {},
                None => std::future::pending::<()>().await,
            }
        };
        let sending = join_all(self.sending.iter().map(|c| self.send(c.as_ref(), woken.clone(), &stop)));
        tokio::pin!(sending);
        let ended = {
            let polling = self.look(hints, &wake, &stop);
            tokio::pin!(polling, listen);
            tokio::select! {
                ended = signals.recv() => Ok(ended),
                failed = &mut polling => Err(failed),
                // Ends only if the outbox cannot be used.
                ends = &mut sending, if !self.sending.is_empty() => {
                    Err(ends.into_iter().find_map(Result::err))
                }
                () = &mut listen => Err(None),
            }
        };
        stop.cancel();
        // What is being sent may be finished. What is not is sent again at the next start, with the same id.
        let _ = tokio::time::timeout(LAST_WORDS, sending).await;
        match ended {
            Ok(Ended::Interrupted) => Ok(Exit::Cancelled),
            Ok(Ended::Terminated) | Err(None) => Ok(Exit::Done),
            Err(Some(failure)) => Err(failure),
        }
    }

    /// Looks again and again. Ends only with a failure of the outbox.
    async fn look(
        &self,
        mut hints: mpsc::Receiver<()>,
        wake: &watch::Sender<u64>,
        stop: &CancellationToken,
    ) -> Option<Failure> {
        let every = Duration::from_secs(self.settings.drift_interval_s);
        let mut thorough_at: Vec<Option<Instant>> = vec![None; self.watched.len()];
        let mut told: Vec<Vec<String>> = vec![Vec::new(); self.watched.len()];
        loop {
            let now = Instant::now();
            let thorough: Vec<bool> = thorough_at.iter().map(|at| at.is_none_or(|at| now >= at + every)).collect();
            let polled = self.polls(&thorough).await;
            for (index, polled) in polled.into_iter().enumerate() {
                let failures = match polled {
                    Ok(polled) => {
                        if thorough.get(index) == Some(&true)
                            && let Some(at) = thorough_at.get_mut(index)
                        {
                            *at = Some(now);
                        }
                        polled.failures
                    }
                    Err(failure) if failure.service == Service::Local => return Some(failure),
                    Err(failure) => vec![failure],
                };
                if let Some(told) = told.get_mut(index) {
                    self.tell(index, told, &failures);
                }
            }
            if let Err(failure) = self.print().await {
                return Some(failure);
            }
            wake.send_modify(|round| *round = round.wrapping_add(1));
            tokio::select! {
                () = tokio::time::sleep(jittered(self.settings.interval_s)) => {}
                Some(()) = hints.recv() => {}
                () = stop.cancelled() => return None,
            }
        }
    }

    async fn polls(&self, thorough: &[bool]) -> Vec<Outcome<Polled>> {
        let each = self.watched.iter().zip(thorough);
        join_all(each.map(|(watched, thorough)| poll(&watched.services, &self.desk, *thorough))).await
    }

    /// Says what cannot be read once, and that it can be read again.
    fn tell(&self, index: usize, told: &mut Vec<String>, failures: &[Failure]) {
        let name = self.watched.get(index).map(|w| w.name.as_str()).unwrap_or_default();
        let now: Vec<String> = failures.iter().map(Failure::sentence).collect();
        for sentence in now.iter().filter(|sentence| !told.contains(sentence)) {
            self.warn(&format!("{name}: {sentence}"));
        }
        if now.is_empty() && !told.is_empty() {
            self.note(&format!("{name}: everything can be read again"));
        }
        *told = now;
    }

    /// Works one channel off, whenever there is something to send.
    async fn send(
        &self,
        channel: &dyn Channel,
        mut woken: watch::Receiver<u64>,
        stop: &CancellationToken,
    ) -> Outcome<()> {
        let round = Round { patience: self.settings.patience, eager: false, only: None };
        let mut failing = false;
        loop {
            let worked = work(&self.desk.store, channel, &SystemClock, round, || stop.is_cancelled()).await?;
            if let Some((_, failure)) = worked.failed.first()
                && !failing
                && channel.broken().is_none()
            {
                self.warn(&failure.sentence());
            }
            if worked.given_up > 0 {
                self.warn(&given_up(channel.name(), worked.given_up));
            }
            if failing && worked.failed.is_empty() && worked.sent > 0 {
                self.note(&format!("the channel '{}' sends again", channel.name()));
            }
            failing = !worked.failed.is_empty() || (failing && worked.sent == 0);
            if stop.is_cancelled() {
                return Ok(());
            }
            let pause = match (worked.busy, worked.due) {
                (true, _) => Duration::from_secs(1),
                (false, Some(due)) => until(due),
                (false, None) => Duration::from_secs(3_600),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                changed = woken.changed() => if changed.is_err() { return Ok(()) },
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Prints what is to be printed, and crosses it off.
    async fn print(&self) -> Outcome<()> {
        let store = &self.desk.store;
        let events: Vec<Event> = {
            let file = store.lock().await?;
            file.outbox().open(PRINTED).map(|(event, _)| event.clone()).collect()
        };
        for event in events {
            match self.json {
                true => self.sink.borrow_mut().json_line(&event)?,
                false => self.sink.borrow_mut().line(&line(&event)),
            }
            let (at, id) = (SystemClock.now(), event.id.clone());
            store.lock().await?.append(vec![OutboxLine::Sent { at, id, channel: PRINTED.to_owned() }]).await?;
        }
        Ok(())
    }

    fn warn(&self, text: &str) {
        self.sink.borrow_mut().warn(text);
    }

    fn note(&self, text: &str) {
        self.sink.borrow_mut().note(text);
    }
}

fn line(event: &Event) -> String {
    let at = event.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("{at}  {}  {}  {}", crate::domain::text::clean_line(&event.target), event.kind, say::headline(event))
}

fn given_up(channel: &str, messages: usize) -> String {
    let messages = count(messages, "message");
    format!("{messages} of the channel '{channel}' could not be sent for too long and will not be tried again")
}

fn until(due: Timestamp) -> Duration {
    let pause = Duration::try_from(due.duration_since(SystemClock.now())).unwrap_or_default();
    // A message that is due just now is still worth a breath.
    pause.clamp(Duration::from_millis(50), Duration::from_secs(3_600))
}

/// A pause that differs by at most a tenth to either side, so that many watches do not ask at once.
fn jittered(seconds: u64) -> Duration {
    let base = Duration::from_secs(seconds);
    let random = f64::from(SystemClock.now().subsec_nanosecond().unsigned_abs() % 1_000) / 1_000.0;
    base.mul_f64(0.9 + 0.2 * random)
}

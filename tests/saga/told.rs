//! A watch that dies at a write of its outbox or cursor: nothing is lost, and only a message whose fate was unknown is
//! sent twice, under the same id.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use signoff::adapters::demo::World;
use signoff::domain::cd::CdTrigger;
use signoff::domain::event::{Event, EventId, Interest};
use signoff::domain::failure::{Failure, FailureKind, Outcome, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::outbox::{Outbox, OutboxLine, Patience};
use signoff::domain::registry::Stage;
use signoff::domain::watch::Cursor;
use signoff::ports::notify::{Channel, Held, OutboxFile, OutboxStore};
use signoff::services::watch::deliver::{Round, work};
use signoff::services::watch::{Desk, poll};

use crate::lab::{CHURN, Lab, world};
use crate::support::rules::rules;

/// The outbox and the cursor of a machine whose process may die at a write.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    outbox: Arc<Outbox>,
    lines: Vec<OutboxLine>,
    cursors: BTreeMap<String, Cursor>,
    writes: usize,
    /// The write at which the process dies, and whether it was done by then.
    dies: Option<(usize, bool)>,
}

impl Disk {
    /// A future that never ends is as good as a process that was killed there.
    async fn write(&self, change: impl FnOnce(&mut Kept)) {
        let dies = {
            let mut kept = self.0.lock().unwrap();
            kept.writes += 1;
            let dies = kept.dies.filter(|(at, _)| *at == kept.writes).map(|(_, done)| done);
            if dies != Some(false) {
                change(&mut kept);
            }
            dies
        };
        if dies.is_some() {
            pending::<()>().await;
        }
    }

    /// The machine starts again: what counts is what the lines say.
    fn restart(&self) {
        let mut kept = self.0.lock().unwrap();
        kept.dies = None;
        kept.outbox = Arc::new(Outbox::of(kept.lines.clone()));
    }

    fn dies_at(&self, write: usize, done: bool) {
        self.0.lock().unwrap().dies = Some((write, done));
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }

    /// The events that were kept, in order.
    fn events(&self) -> Vec<EventId> {
        let kept = self.0.lock().unwrap();
        let told = |line: &OutboxLine| match line {
            OutboxLine::Told { event, .. } => Some(event.id.clone()),
            _ => None,
        };
        kept.lines.iter().filter_map(told).collect()
    }
}

struct Open {
    disk: Disk,
    outbox: Arc<Outbox>,
}

#[async_trait]
impl OutboxFile for Open {
    fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    async fn append(&mut self, lines: Vec<OutboxLine>) -> Outcome<()> {
        self.outbox = Arc::default();
        self.disk
            .write(|kept| {
                for line in lines {
                    kept.lines.push(line.clone());
                    Arc::make_mut(&mut kept.outbox).apply(line);
                }
            })
            .await;
        self.outbox = self.disk.0.lock().unwrap().outbox.clone();
        Ok(())
    }
}

#[async_trait]
impl OutboxStore for Disk {
    async fn read(&self) -> Outcome<Outbox> {
        Ok((*self.0.lock().unwrap().outbox).clone())
    }

    async fn lock(&self) -> Outcome<Box<dyn OutboxFile>> {
        let outbox = self.0.lock().unwrap().outbox.clone();
        Ok(Box::new(Open { disk: self.clone(), outbox }))
    }

    async fn cursor(&self, place: &str) -> Outcome<Option<Cursor>> {
        Ok(self.0.lock().unwrap().cursors.get(place).cloned())
    }

    async fn keep_cursor(&self, place: &str, cursor: &Cursor) -> Outcome<()> {
        self.write(|kept| drop(kept.cursors.insert(place.to_owned(), cursor.clone()))).await;
        Ok(())
    }

    async fn hold_channel(&self, _name: &str) -> Outcome<Option<Held>> {
        Ok(Some(Box::new(())))
    }

    async fn hold_watch(&self) -> Outcome<Held> {
        Ok(Box::new(()))
    }
}

/// A channel whose receiver refuses one message in `refuses`.
struct Chat {
    name: &'static str,
    interest: Interest,
    refuses: usize,
    tried: Mutex<usize>,
    got: Mutex<BTreeMap<EventId, usize>>,
}

impl Chat {
    fn new(name: &'static str, refuses: usize) -> Arc<Self> {
        let (tried, got) = (Mutex::default(), Mutex::default());
        Arc::new(Self { name, interest: Interest::default(), refuses, tried, got })
    }

    /// How often each message arrived.
    fn got(&self) -> BTreeMap<EventId, usize> {
        self.got.lock().unwrap().clone()
    }
}

#[async_trait]
impl Channel for Chat {
    fn name(&self) -> &str {
        self.name
    }

    fn interest(&self) -> &Interest {
        &self.interest
    }

    async fn send(&self, event: &Event) -> Outcome<()> {
        let mut tried = self.tried.lock().unwrap();
        *tried += 1;
        if tried.is_multiple_of(self.refuses) {
            return Err(Failure::new(FailureKind::Unavailable, Service::Local, "send the message", "nobody answers"));
        }
        *self.got.lock().unwrap().entry(event.id.clone()).or_default() += 1;
        Ok(())
    }
}

/// A watch with two channels.
struct Watched {
    lab: Lab,
    disk: Disk,
    chats: [Arc<Chat>; 2],
    desk: Desk,
}

impl Watched {
    fn new(world: World, refuses: usize) -> Self {
        let (disk, chats) = (Disk::default(), [Chat::new("mail", refuses), Chat::new("chat", 0)]);
        let channels = chats.iter().map(|chat| chat.clone() as Arc<dyn Channel>).collect();
        let desk = Desk { store: Arc::new(disk.clone()), channels, memory: Default::default() };
        Self { lab: Lab::of(world, rules()), disk, chats, desk }
    }

    /// One look, and one attempt for everything that waits. `None` if the process died on the way.
    fn live(&self, thorough: bool) -> Option<()> {
        let round = Round { patience: Patience::default(), eager: true, only: None };
        let life = async {
            let polled = poll(&self.lab.services, &self.desk, thorough).await.unwrap();
            assert!(polled.failures.is_empty(), "{:?}", polled.failures);
            for channel in &self.desk.channels {
                let clock = &*self.lab.services.clock;
                work(&self.desk.store, &**channel, clock, round, || false).await.unwrap();
            }
        };
        life.now_or_never()
    }

    /// The same until it was lived through, without a death and with nothing left to send.
    fn live_on(&self) {
        for _ in 0..20 {
            self.disk.restart();
            self.live(false).expect("nobody kills it now");
        }
    }

    fn act(&self, act: &Act) {
        self.lab.clock.advance(Duration::from_secs(60));
        self.lab.meddle(|world, now| act.on(world, now));
    }

    /// Each event once in the outbox, and told by both channels; twice at most `in_doubt` times.
    fn told_everything(&self, wanted: &[EventId], in_doubt: usize, case: &str) {
        let mut events = self.disk.events();
        events.sort();
        let mut wanted = wanted.to_vec();
        wanted.sort();
        assert_eq!(events, wanted, "{case}: the same events, each kept once");
        let mut again = 0;
        for chat in &self.chats {
            let got = chat.got();
            assert!(wanted.iter().all(|id| got.contains_key(id)), "{case}: {} was not told something", chat.name);
            again += got.values().map(|times| times - 1).sum::<usize>();
        }
        assert!(again <= in_doubt, "{case}: {again} messages were sent again, and {in_doubt} were in doubt");
    }
}

/// What people and jobs do to the registry.
#[derive(Clone, Debug)]
enum Act {
    Register(ModelName),
    /// A decision on the newest version, or its end.
    Decide(ModelName, &'static str),
    Undecide(ModelName),
    Describe(ModelName),
    DeleteVersion(ModelName),
    DeleteModel(ModelName),
}

impl Act {
    fn on(&self, world: &mut World, now: Timestamp) {
        let (Self::Register(name)
        | Self::Decide(name, _)
        | Self::Undecide(name)
        | Self::Describe(name)
        | Self::DeleteVersion(name)
        | Self::DeleteModel(name)) = self;
        let Some(model) = world.models.get_mut(name) else { return };
        let Some((newest, mut version)) = model.versions.last_key_value().map(|(n, v)| (*n, v.clone())) else { return };
        let key = "signoff.decision";
        match self {
            Self::Register(_) => {
                version.created_at = now;
                version.stage = Stage::Staging;
                version.tags.retain(|key, _| !key.starts_with("signoff."));
                model.versions.insert(VersionNumber(newest.0 + 1), version);
            }
            Self::Decide(_, decision) => {
                let record = format!("sha256:{name}-{newest}-{now}");
                let mark = json!({"decision": decision, "by": "rev2", "at": now, "reason": "seen", "record": record});
                model.versions.get_mut(&newest).unwrap().tags.insert(key.into(), mark.to_string());
            }
            Self::Undecide(_) => drop(model.versions.get_mut(&newest).unwrap().tags.remove(key)),
            Self::Describe(_) => model.versions.get_mut(&newest).unwrap().description.push('.'),
            Self::DeleteVersion(_) => drop(model.versions.remove(&newest)),
            Self::DeleteModel(_) => drop(world.models.remove(name)),
        }
    }
}

#[test]
fn a_watch_that_dies_at_any_write_tells_everything_and_repeats_only_what_was_in_doubt() {
    let churn = || ModelName::new(CHURN);
    let story = [
        Act::Register(churn()),
        Act::Decide(churn(), "hold"),
        Act::Undecide(churn()),
        Act::Decide(churn(), "reject"),
        Act::Register(churn()),
        Act::DeleteVersion(churn()),
    ];
    let tell = |dies: Option<(usize, bool)>| {
        let watched = Watched::new(world(CdTrigger::Release), 0);
        if let Some((write, done)) = dies {
            watched.disk.dies_at(write, done);
        }
        for act in [None].into_iter().chain(story.iter().map(Some)) {
            act.into_iter().for_each(|act| watched.act(act));
            if watched.live(true).is_none() {
                watched.disk.restart();
                watched.live(true).expect("it dies once");
            }
        }
        watched
    };
    let calm = tell(None);
    let (wanted, writes) = (calm.disk.events(), calm.disk.writes());
    assert!(wanted.len() >= 5 && writes >= 3 * wanted.len(), "{} events, {writes} writes", wanted.len());
    calm.told_everything(&wanted, 0, "nobody kills it");
    for write in 1..=writes {
        for done in [false, true] {
            let case = format!("killed {} write {write}", if done { "after" } else { "before" });
            tell(Some((write, done))).told_everything(&wanted, usize::from(!done), &case);
        }
    }
}

/// A sequence that looks random and is the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

const MODELS: usize = 2_000;
const KILLS: usize = 100;

fn name(n: usize) -> ModelName {
    ModelName::new(format!("model-{n:04}"))
}

fn many() -> World {
    let mut world = world(CdTrigger::Release);
    let mut model = world.models[&ModelName::new(CHURN)].clone();
    model.versions.retain(|_, version| version.stage == Stage::Staging);
    for version in model.versions.values_mut() {
        version.stage = Stage::None;
    }
    model.aliases.clear();
    world.models.extend((0..MODELS).map(|n| (name(n), model.clone())));
    world
}

#[test]
fn among_2000_models_with_a_hundred_kills_a_failing_channel_and_a_wrong_clock_nothing_is_lost() {
    let (killed, calm) = (Watched::new(many(), 5), Watched::new(many(), 0));
    let mut dice = Dice(12);
    let (mut kills, mut in_doubt) = (0, 0);
    let mut servers = killed.lab.services.clock.now();
    assert!(killed.live(false).is_some() && calm.live(false).is_some());
    while kills < KILLS {
        for _ in 0..=dice.below(4) {
            let of = name(dice.below(MODELS));
            let act = match dice.below(12) {
                0..=4 => Act::Register(of),
                5 => Act::Decide(of, "reject"),
                6 => Act::Decide(of, "hold"),
                7 => Act::Undecide(of),
                8 => Act::Describe(of),
                9 | 10 => Act::DeleteVersion(of),
                _ => Act::DeleteModel(of),
            };
            servers = servers.checked_add(SignedDuration::from_mins(1)).unwrap();
            for watched in [&killed, &calm] {
                watched.lab.clock.advance(Duration::from_secs(60));
                watched.lab.meddle(|world, _| act.on(world, servers));
            }
        }
        assert!(calm.live(false).is_some());
        for _ in 0..4 {
            let done = dice.below(2) == 0;
            killed.disk.dies_at(killed.disk.writes() + 1 + dice.below(4), done);
            if killed.live(false).is_none() {
                kills += 1;
                in_doubt += usize::from(!done);
            }
            killed.disk.restart();
        }
        // The clock of its machine is set back by hours; those of the servers are not.
        if dice.below(7) == 0 {
            let back = SignedDuration::from_hours(i64::try_from(dice.below(30)).unwrap());
            killed.lab.clock.set(killed.lab.services.clock.now().checked_sub(back).unwrap());
        }
        killed.live(false).expect("nobody kills it now");
    }
    killed.live_on();
    killed.told_everything(&calm.disk.events(), in_doubt, "a hundred kills");
    assert!(calm.disk.events().len() > KILLS / 2, "{}", calm.disk.events().len());
}

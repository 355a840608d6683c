//! Keys in, screen out: simulates a user of the program over the demo's world, without a terminal.
//!
//! It does what the runtime does, sequentially: messages go to `update`, queries are answered under a fixed clock, and
//! `view` draws the state. Answers come from the demo's world, or from a function of the query ([`Driver::of`]). A test
//! may answer itself ([`Driver::answer_with`]), leave queries open ([`Driver::answering`]), change the demo's world
//! ([`Driver::world`]) and show a promotion entry by entry ([`Driver::promote`], [`Driver::show`]).
#![allow(clippy::unwrap_used, dead_code, reason = "each test binary uses its own part")]

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::{Buffer, Cell, CellDiffOption, CellWidth as _};
use ratatui::layout::Rect;
use signoff::adapters::demo::{self, Latency, Store, World};
use signoff::adapters::desktop::SystemDesktop;
use signoff::adapters::journal::JournalDir;
use signoff::adapters::released::{ReleasedRegistry, Sources};
use signoff::app::effect::Effect;
use signoff::app::input::{Input, Key, KeyCode};
use signoff::app::keymap::{DEFAULT_KEYMAP, Keymap};
use signoff::app::msg::Msg;
use signoff::app::query::{Promotion, Query, Reply, RequestId};
use signoff::app::route::Route;
use signoff::config::{Env, Flags, load};
use signoff::domain::failure::Failure;
use signoff::domain::ids::PromotionId;
use signoff::domain::promotion::{Entry, Event, fold};
use signoff::domain::promotion::{Progress, Until};
use signoff::domain::rules::Rules;
use signoff::ports::{Clock, ModelRegistry};
use signoff::program::state::State;
use signoff::program::update::update;
use signoff::program::view::{view, view_again};
use signoff::runtime::answer::answer;
use signoff::runtime::terminal_click::click;
use signoff::services::Services;
use signoff::services::annotate::annotate;
use signoff::services::decide::Decider;
use signoff::services::promote::{Promoter, Watch};
use signoff::ui::skin::Theme;
use signoff::ui::{Frames, Kept, Skin};
use tokio::runtime::Runtime;

use super::clock::ManualClock;

/// The start time of the driver's world, which all ages are relative to.
pub const NOW: &str = "2026-11-23T09:00:00Z";

type Answers = Box<dyn Fn(&Query) -> Option<Reply>>;

/// The program, a simulated user, and a world.
pub struct Driver {
    pub state: State,
    /// Whether queries are answered at once.
    pub answering: bool,
    clock: Arc<ManualClock>,
    behind: Behind,
    replies: Vec<Answers>,
    open: Vec<(RequestId, Query)>,
    effects: Vec<Effect>,
    shown: Vec<Progress>,
    /// What was drawn before, in a skin, and the terminal that it was drawn on.
    kept: RefCell<Option<(Skin, Kept, Frames, Buffer)>>,
}

/// Answers the queries a test does not answer itself.
enum Behind {
    Demo(Box<Demo>),
    Function(fn(&Query) -> Reply),
}

struct Demo {
    store: Store,
    services: Services,
    runtime: Runtime,
    _journals: tempfile::TempDir,
}

/// The rules of the demo, as built by the program.
pub fn demo_rules() -> Rules {
    let nowhere = tempfile::tempdir().unwrap();
    let flags = Flags { demo: true, ..Flags::default() };
    load(Env::of(&[], nowhere.path()), flags).unwrap().target().unwrap().rules
}

/// The rules of a target with real servers, called `name`.
pub fn rules(name: &str) -> Rules {
    Rules { target_name: name.to_owned(), demo: false, ..demo_rules() }
}

impl Driver {
    /// The demo on its inbox, at 80x24, with everything loaded.
    pub fn demo() -> Self {
        let mut driver = Self::asking(demo_rules(), &[], |_| {});
        driver.answer_all();
        driver
    }

    /// The demo's world under `rules`, as if on real servers, with everything loaded.
    pub fn with_rules(rules: Rules) -> Self {
        let mut driver = Self::asking(rules, &[], |_| {});
        driver.answer_all();
        driver
    }

    /// The program before any query is answered; `change` edits the world first.
    pub fn asking(rules: Rules, routes: &[Route], change: impl FnOnce(&mut World)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let shared: Arc<dyn Clock> = clock.clone();
        let mut world = World::new(clock.now()).unwrap();
        change(&mut world);
        let store = Store::memory(world);
        let (registry, host) = demo::open(&store, &shared, Latency::NONE);
        let journals = tempfile::tempdir().unwrap();
        let url = if rules.demo { demo::REGISTRY_URL } else { "http://mlflow.internal:5000" };
        let (records, asked) = (Arc::new(super::records::Records::default()), Arc::new(rules.clone()));
        let (shown, tracking): (Arc<dyn ModelRegistry>, _) = (registry.clone(), registry);
        let registry = match rules.promote_to.is_told_by_releases() {
            true => {
                let (host, code, records, rules) = (host.clone(), host.clone(), records.clone(), asked.clone());
                Arc::new(ReleasedRegistry::new(shown, Sources { host, code, records, rules, other: None }))
            }
            false => shown,
        };
        let services = Services {
            witnesses: Default::default(),
            outbox: None,
            names: None,
            registry,
            tracking,
            code: host.clone(),
            host,
            journals: Arc::new(JournalDir::new(journals.path())),
            records,
            signer: Arc::new(signoff::adapters::ssh::NoKey),
            clock: shared,
            desktop: Arc::new(SystemDesktop::default()),
            rules: asked,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let demo = Demo { store, services, runtime, _journals: journals };
        Self::start(Behind::Demo(Box::new(demo)), rules, url, clock, routes)
    }

    /// The program before any query is answered, with `world` to answer them.
    pub fn of(world: fn(&Query) -> Reply, rules: Rules, now: Timestamp, routes: &[Route]) -> Self {
        let clock = Arc::new(ManualClock::at(&now.to_string()));
        Self::start(Behind::Function(world), rules, "http://mlflow:5000", clock, routes)
    }

    fn start(behind: Behind, rules: Rules, url: &str, clock: Arc<ManualClock>, routes: &[Route]) -> Self {
        let keymap = Keymap::parse(DEFAULT_KEYMAP).unwrap();
        let state = State::new(rules, url.to_owned(), keymap, clock.now(), routes);
        let (replies, open, effects, shown) = Default::default();
        let kept = RefCell::default();
        let mut driver = Self { state, answering: false, clock, behind, replies, open, effects, shown, kept };
        driver.resize(80, 24);
        driver
    }

    /// Sends one message and records its effects.
    pub fn send(&mut self, msg: Msg) {
        self.update(msg);
        if self.answering {
            self.answer_open();
        }
    }

    /// Types keys: characters, and names in angle brackets such as `<enter>` and `<ctrl-p>`.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let key = match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
                Some((name, after)) => {
                    rest = after;
                    named(name)
                }
                None => {
                    rest = &rest[c.len_utf8()..];
                    Key::char(c)
                }
            };
            self.send(Msg::Input(Input::Key(key)));
        }
        self
    }

    /// Sets the size of the terminal.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.send(Msg::Input(Input::Resize { width, height }));
    }

    /// Advances the time.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.clock.advance(time);
        self.send(Msg::Tick(self.clock.now()));
        self
    }

    /// Answers every open query, including those that follow, and keeps answering.
    pub fn answer_all(&mut self) {
        self.answering = true;
        self.answer_open();
    }

    /// Answers the open queries that match, and those that follow; the others stay open.
    pub fn answer_only(&mut self, fits: impl Fn(&Query) -> bool) {
        while let Some(at) = self.open.iter().position(|(_, query)| fits(query)) {
            let (id, query) = self.take(at);
            let reply = self.answer(&query);
            self.send(Msg::Reply(id, Box::new(reply)));
        }
    }

    /// Answers the oldest open query and returns it.
    pub fn answer_next(&mut self, world: impl Fn(&Query) -> Reply) -> Option<Query> {
        let (id, query) = (!self.open.is_empty()).then(|| self.take(0))?;
        self.send(Msg::Reply(id, Box::new(world(&query))));
        Some(query)
    }

    /// Answers queries from `world` until there are none. Returns the queries.
    pub fn answer_from(&mut self, world: impl Fn(&Query) -> Reply) -> Vec<Query> {
        std::iter::from_fn(|| self.answer_next(&world)).collect()
    }

    /// Answers the only open query.
    pub fn reply(&mut self, reply: Reply) {
        let at = self.open.iter().position(|(_, query)| *query == reply.query()).expect("it is asked");
        let (id, _) = self.take(at);
        self.send(Msg::Reply(id, Box::new(reply)));
    }

    /// The open queries.
    pub fn open(&self) -> impl Iterator<Item = &Query> {
        self.open.iter().map(|(_, query)| query)
    }

    /// From now on `reply` is tried before the world.
    pub fn answer_with(&mut self, reply: impl Fn(&Query) -> Option<Reply> + 'static) {
        self.replies.push(Box::new(reply));
    }

    /// From now on matching queries fail.
    pub fn refuse(&mut self, fits: impl Fn(&Query) -> bool + 'static, failure: Failure) {
        self.answer_with(move |query| fits(query).then(|| Reply::failed(query.clone(), failure.clone())));
    }

    /// From now on only the world answers.
    pub fn answer_from_the_world(&mut self) {
        self.replies.clear();
    }

    /// The effects since the last call, without answered queries.
    pub fn asked(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Changes the world without the program's knowledge.
    pub fn world(&self, change: impl FnOnce(&mut World)) {
        let done = self.behind().store.change(|world| {
            change(world);
            Ok::<_, Failure>(())
        });
        done.unwrap().unwrap();
    }

    /// Runs the promotion that was just confirmed to its end, and returns all its journal entries. None of them is
    /// shown yet. Entries are a tenth of a second apart, whatever they took.
    pub fn promote(&mut self) -> Vec<Progress> {
        let promotion = self.asked().into_iter().find_map(|e| match e {
            Effect::Promote { draft, sign_off } => Some((draft, sign_off)),
            _ => None,
        });
        let (draft, sign_off) = promotion.expect("a promotion was confirmed");
        let plan = draft.sign(self.clock.new_id(), self.clock.now(), &sign_off).unwrap();
        let (progress, mut entries) = tokio::sync::mpsc::unbounded_channel();
        let watch = Watch { progress: Some(progress), ..Watch::default() };
        let promoter = Promoter::new(self.behind().services.clone());
        self.behind().runtime.block_on(promoter.approve(plan, Until::CdEnded, watch)).unwrap();
        let mut written: Vec<Progress> = std::iter::from_fn(|| entries.try_recv().ok()).collect();
        for (tenths, progress) in written.iter_mut().enumerate() {
            let later = SignedDuration::from_millis(100 * i64::try_from(tenths).unwrap());
            progress.entry.at = progress.entry.at.checked_add(later).unwrap();
        }
        written
    }

    /// Runs the decision that was just confirmed, and shows its result.
    pub fn decide(&mut self) {
        let decision = self.asked().into_iter().find_map(|e| match e {
            Effect::Decide { draft, sign_off } => Some((draft, sign_off)),
            _ => None,
        });
        let (draft, sign_off) = decision.expect("a decision was confirmed");
        let decider = Decider::new(self.behind().services.clone());
        let outcome = self.behind().runtime.block_on(decider.decide(&draft, &sign_off)).map(Box::new);
        let (version, decision) = (&draft.facts.version, draft.basis.decision);
        self.send(Msg::Decided { model: version.model.clone(), version: version.number, decision, outcome });
    }

    /// Keeps the note that was just written, and shows what became of it.
    pub fn annotate(&mut self) {
        let note = self.asked().into_iter().find_map(|e| match e {
            Effect::Annotate(id, text) => Some((id, text)),
            _ => None,
        });
        let (id, text) = note.expect("a note was written");
        let kept = self.behind().runtime.block_on(annotate(&self.behind().services, id, &text));
        self.send(Msg::Annotated(id, kept));
    }

    /// Shows journal entries one by one, each at the time it was written.
    pub fn show(&mut self, entries: &[Progress]) {
        for progress in entries {
            self.clock.set(progress.entry.at);
            self.shown.push(progress.clone());
            self.send(Msg::Tick(progress.entry.at));
            self.send(Msg::Promotion(Box::new(progress.clone())));
        }
    }

    /// Appends events to what was shown, a tenth of a second apart, and shows them.
    pub fn show_events(&mut self, id: PromotionId, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let seq = self.shown.iter().filter(|p| p.id == id).count() as u64;
            let at = self.clock.now().checked_add(SignedDuration::from_millis(100)).unwrap();
            self.show(&[Progress { id, entry: Entry { v: 1, seq, at, event } }]);
        }
    }

    /// Reports that the running promotion has stopped.
    pub fn settle(&mut self, id: PromotionId) {
        self.send(Msg::PromotionSettled { id: Some(id), outcome: Ok(()) });
    }

    /// The current screen in a terminal of this size.
    pub fn draw(&mut self, width: u16, height: u16, skin: &Skin) -> Buffer {
        self.resize(width, height);
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        view(&self.state, skin, &mut buf);
        self.draws_the_same_again(&buf, skin);
        buf
    }

    /// The current screen in the current terminal.
    pub fn picture(&self) -> String {
        self.picture_at(self.state.width, self.state.height)
    }

    /// The current screen, drawn at another size before the program is notified of it.
    pub fn picture_at(&self, width: u16, height: u16) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let skin = Skin::new(Theme::Dark, true);
        view(&self.state, &skin, &mut buf);
        self.draws_the_same_again(&buf, &skin);
        super::screen::text(&buf).join("\n")
    }

    /// Asserts that a terminal which gets only what was not kept of earlier pictures shows the same picture.
    #[track_caller]
    fn draws_the_same_again(&self, fresh: &Buffer, skin: &Skin) {
        let mut on = self.kept.borrow_mut();
        if on.as_ref().is_none_or(|(of, _, frames, _)| of != skin || frames.area() != fresh.area) {
            *on = Some((skin.clone(), Kept::default(), Frames::new(fresh.area), Buffer::empty(fresh.area)));
        }
        let (_, kept, frames, terminal) = on.as_mut().unwrap();
        frames.draw(|buf| view_again(&self.state, skin, kept, buf));
        for (x, y, cell) in frames.changes() {
            // A wide character takes the place of the one beside it too.
            let end = (x + cell.cell_width().max(1)).min(terminal.area.right());
            (x..end).for_each(|x| terminal[(x, y)] = frames.shown()[(x, y)].clone());
        }
        // A picture is sent apart from the cells under it.
        let own = |cell: &Cell| cell.diff_option != CellDiffOption::Skip;
        let alike = |(a, b): (&Cell, &Cell)| !own(a) || a == b;
        if *frames.shown() != *fresh || !fresh.content.iter().zip(&terminal.content).all(alike) {
            let text = |buf: &Buffer| super::screen::text(buf).join("\n");
            let (fresh, again, terminal) = (text(fresh), text(frames.shown()), text(terminal));
            panic!("not what would be drawn:\n{fresh}\n\nbut\n{again}\n\non the terminal:\n{terminal}");
        }
    }

    /// Asserts that all of these texts are on screen.
    #[track_caller]
    pub fn sees(&self, words: &[&str]) {
        let picture = self.picture();
        words.iter().for_each(|word| assert!(picture.contains(word), "'{word}' is not on screen:\n{picture}"));
    }

    /// Asserts that none of these texts is on screen.
    #[track_caller]
    pub fn misses(&self, words: &[&str]) {
        let picture = self.picture();
        words.iter().for_each(|word| assert!(!picture.contains(word), "'{word}' is on screen:\n{picture}"));
    }

    fn behind(&self) -> &Demo {
        match &self.behind {
            Behind::Demo(demo) => demo,
            Behind::Function(_) => panic!("this world is no demo"),
        }
    }

    /// Clicks at this place, as the loop does.
    pub fn click(&mut self, column: u16, row: u16) {
        let effects = click(&mut self.state, column, row, &Skin::new(Theme::Dark, true));
        self.take_effects(effects);
        if self.answering {
            self.answer_open();
        }
    }

    fn update(&mut self, msg: Msg) {
        let effects = update(&mut self.state, msg);
        self.take_effects(effects);
    }

    fn take_effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match &effect {
                Effect::Fetch(id, query) => self.open.push((*id, query.clone())),
                Effect::Cancel(id) => self.open.retain(|(open, _)| open != id),
                _ => {}
            }
            self.effects.push(effect);
        }
    }

    /// Removes a query from the open ones and the recorded effects, as it is about to be answered.
    fn take(&mut self, at: usize) -> (RequestId, Query) {
        let (id, query) = self.open.remove(at);
        self.effects.retain(|e| !matches!(e, Effect::Fetch(fetch, _) if *fetch == id));
        (id, query)
    }

    fn answer_open(&mut self) {
        let mut answers = 0;
        while !self.open.is_empty() {
            answers += 1;
            assert!(answers < 1000, "asks without end: {:?}", self.open[0].1);
            let (id, query) = self.take(0);
            let reply = self.answer(&query);
            self.update(Msg::Reply(id, Box::new(reply)));
        }
    }

    fn answer(&self, query: &Query) -> Reply {
        if let Some(reply) = self.replies.iter().rev().find_map(|reply| reply(query)) {
            return reply;
        }
        match (&self.behind, query) {
            (Behind::Function(world), query) => world(query),
            (Behind::Demo(_), Query::Promotions) => Reply::Promotions { answer: Ok(self.promotions()) },
            (Behind::Demo(demo), query) => demo.runtime.block_on(answer(&demo.services, &demo.services, query.clone())),
        }
    }

    /// The journals as far as shown.
    fn promotions(&self) -> Vec<Promotion> {
        let mut ids: Vec<PromotionId> = self.shown.iter().map(|p| p.id).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.into_iter()
            .map(|id| {
                let entries: Vec<Entry> = self.shown.iter().filter(|p| p.id == id).map(|p| p.entry.clone()).collect();
                let driven = self.state.driving == signoff::program::state::Driving::At(id);
                Promotion { id, state: Ok(Box::new(fold(&entries).unwrap())), driven }
            })
            .collect()
    }
}

/// Parses a time.
pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn named(name: &str) -> Key {
    match name {
        "enter" => Key::plain(KeyCode::Enter),
        "esc" => Key::plain(KeyCode::Esc),
        "tab" => Key::plain(KeyCode::Tab),
        "backspace" => Key::plain(KeyCode::Backspace),
        "space" => Key::char(' '),
        "left" => Key::plain(KeyCode::Left),
        "right" => Key::plain(KeyCode::Right),
        "up" => Key::plain(KeyCode::Up),
        "down" => Key::plain(KeyCode::Down),
        "pagedown" => Key::plain(KeyCode::PageDown),
        c => Key::ctrl(c.strip_prefix("ctrl-").and_then(|c| c.chars().next()).expect("a key's name")),
    }
}

//! State transitions. Pure: effects are returned, not executed.

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::input::{Input, Key};
use crate::app::keymap::Context;
use crate::app::keys::Keys;
use crate::app::msg::Msg;
use crate::app::own::OwnRun;
use crate::app::prefs::Remember;
use crate::app::query::{Query, Reply, RequestId};
use crate::app::route::{Nav, Route};
use crate::app::saving::Saving;
use crate::app::under::Under;
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::Event as JournalEvent;
use crate::domain::promotion::Progress;
use crate::program::ask::ask;
use crate::program::places::{How, Step, trail};
use crate::program::refresh::{self, Due};
use crate::program::saving::{is_under_way, saving_moved, stop_saving};
use crate::program::state::{Driving, Notice, State};
use crate::program::views;
use crate::program::written::{self, Written};
use crate::program::{decided, unfiltered, zone};
use crate::screens::parts::{Order, Response, ScreenEvent};
use crate::screens::{Screen, promotion};

/// Handles one message. The first is the terminal size: its effects load the first screen.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    // Another message follows these, and asks for everything.
    let asks = !matches!(msg, Msg::Clock(_) | Msg::Waiting(_));
    let mut effects = handle(state, msg);
    if asks {
        effects.extend(ask(state));
    }
    effects
}

/// As [`update`], but does not ask yet if only the cursor moved. Returns whether it is still to be done: [`ask`] must
/// follow before the next message, and a frame may be drawn in between. A screen that opens asks at once: it has to say that
/// it is reading, and not that there is nothing.
pub fn begin(state: &mut State, msg: Msg) -> (Vec<Effect>, bool) {
    let before = state.edition();
    let mut effects = handle(state, msg);
    let owes = state.edition() == before;
    if !owes {
        effects.extend(ask(state));
    }
    (effects, owes)
}

/// What the message changes.
fn handle(state: &mut State, msg: Msg) -> Vec<Effect> {
    // A key says itself whether it only moves the cursor.
    state.edition += u64::from(!matches!(msg, Msg::Clock(_) | Msg::Input(Input::Key(_))));
    let effects = match msg {
        Msg::Clock(now) => {
            state.tell_time(now);
            return Vec::new();
        }
        Msg::Tick(now) => {
            state.tell_time(now);
            deliver(state, ScreenEvent::Changed)
        }
        Msg::Input(Input::Resize { width, height }) => {
            (state.width, state.height) = (width, height);
            deliver(state, ScreenEvent::Changed)
        }
        Msg::Input(Input::Key(key)) => press(state, key),
        Msg::Act(action) => {
            (state.notice, state.touched) = (None, true);
            act(state, action)
        }
        Msg::Input(Input::Paste(text)) if !state.is_too_small() => deliver(state, ScreenEvent::Paste(&text)),
        Msg::Input(Input::Scroll(lines)) => scroll(state, lines),
        // The loop, which knows what is where on the screen, makes movements of clicks.
        Msg::Input(Input::Paste(_) | Input::Click { .. }) => Vec::new(),
        Msg::Background { light } => {
            let themes = state.grounds.take();
            themes.map(|(dark, at_light)| Effect::Dress(if light { at_light } else { dark })).into_iter().collect()
        }
        Msg::Reply(id, reply) => {
            let now = state.now;
            if state.cache.settle(id, *reply, now) {
                refresh::look(state);
                deliver(state, ScreenEvent::Changed)
            } else {
                Vec::new()
            }
        }
        Msg::Promotion(progress) => promotion_moved(state, &progress),
        Msg::PromotionSettled { id, outcome } => promotion_settled(state, id, outcome),
        Msg::Decided { model, version, decision, outcome } => {
            let mut effects = decided::settle(state, &model, version, decision, outcome);
            if !state.leaving {
                effects.extend(deliver(state, ScreenEvent::Changed));
            }
            effects
        }
        Msg::Annotated(id, outcome) => decided::noted(state, id, outcome),
        Msg::Save(news) => match saving_moved(state, news) {
            true => deliver(state, ScreenEvent::Changed),
            false => Vec::new(),
        },
        Msg::Own(news) => {
            let now = state.now;
            if let Some(own) = &mut state.own {
                own.take(news, now);
            }
            deliver(state, ScreenEvent::Changed)
        }
        Msg::Painted(canvas, graphic) => {
            state.cache.put_graphic(canvas, graphic);
            deliver(state, ScreenEvent::Changed)
        }
        Msg::Prefs(prefs) => {
            state.prefs = prefs;
            let places = views::to_restore(state);
            let mut effects: Vec<Effect> = places.into_iter().flat_map(|route| go(state, Nav::Push(route))).collect();
            effects.extend(deliver(state, ScreenEvent::Changed));
            effects
        }
        Msg::Failed(failure) => {
            state.notice = Some(Notice::Failure(failure));
            Vec::new()
        }
        Msg::Address(url) => {
            let word = format!("No browser can be opened here. The address was copied: {url}");
            state.notice = Some(Notice::Word(word));
            vec![Effect::Copy(url)]
        }
        Msg::Notice(word) => {
            state.notice = Some(Notice::Word(word));
            Vec::new()
        }
        Msg::Refresh => match refresh::due(state) {
            None => Vec::new(),
            Some(Due::Models) => refresh::read_models(state),
            Some(due) => {
                if due == Due::ScreenAndModels {
                    refresh::read_models(state);
                }
                let notice = state.notice.take();
                state.by_timer = true;
                let effects = act(state, Action::Refresh);
                state.by_timer = false;
                state.notice = notice;
                effects
            }
        },
        Msg::GivenUp(said) => {
            let told = state.given_up.take();
            state.given_up = said.map(|said| (said.clone(), told.is_some_and(|(before, told)| told && before == said)));
            Vec::new()
        }
        Msg::Waiting(waiting) => {
            state.waiting = waiting;
            return Vec::new();
        }
        Msg::Terminate => quit(state),
    };
    refresh::tell_given_up(state);
    effects
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let contexts = state.contexts();
    let action = state.keymap.action(contexts, key);
    state.edition += u64::from(!action.is_some_and(Action::is_movement));
    if state.ignores_typing && unfiltered::is_for_the_filter(state, key, action) {
        return Vec::new();
    }
    state.notice = None;
    state.touched = true;
    if state.is_too_small() {
        // No decisions on a screen that cannot be seen.
        return if action == Some(Action::Quit) { quit(state) } else { Vec::new() };
    }
    if let Some(command) = state.keymap.command(contexts, key) {
        return if key.repeat { Vec::new() } else { run_own(state, command) };
    }
    match action {
        // A held key only moves and types.
        Some(action) if key.repeat && !action.is_movement() => Vec::new(),
        // As a terminal without bracketed paste sends pasted text.
        Some(Action::Confirm) if key.rushed && state.top().may_confirm(&state.ctx_of(state.top())) => {
            let key = Keys::new(&state.keymap, contexts).named(Action::Confirm);
            let word = format!("{key} came together with the text before it, as in a paste. Press {key} to confirm.");
            state.notice = Some(Notice::Word(word));
            Vec::new()
        }
        Some(action) => act(state, action),
        None if state.captures_text() => deliver(state, ScreenEvent::Key(key)),
        None => Vec::new(),
    }
}

/// Moves by lines. A wheel decides nothing, and leaves what is typed alone.
fn scroll(state: &mut State, lines: i8) -> Vec<Effect> {
    if state.is_too_small() || state.captures_text() && !state.contexts().contains(&Context::Approve) {
        return Vec::new();
    }
    let action = if lines < 0 { Action::Up } else { Action::Down };
    (0..lines.unsigned_abs()).flat_map(|_| deliver(state, ScreenEvent::Action(action))).collect()
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if matches!(state.top(), Screen::Palette(_)) && !matches!(action, Action::Quit | Action::Back) {
        return deliver(state, ScreenEvent::Action(action));
    }
    if !state.has_target() && action.is_elsewhere() {
        let word = match state.top() {
            Screen::Welcome(_) => "Choose a way to begin first.",
            _ => "Choose a target first.",
        };
        state.notice = Some(Notice::Word(word.to_owned()));
        return Vec::new();
    }
    match action {
        Action::Quit => quit(state),
        Action::Back if is_under_way(state) && !state.takes_back() => {
            state.notice = Some(Notice::Word("Stopped; nothing was left behind.".into()));
            stop_saving(state)
        }
        Action::Back if state.top().runs_own() && state.runs_own() && !state.takes_back() => vec![Effect::StopOwn],
        Action::Back if state.may_cancel() => cancel_reads(state),
        Action::Back if !state.takes_back() => go(state, Nav::Pop),
        Action::Zone => zone::toggle(state).into_iter().chain(deliver(state, ScreenEvent::Changed)).collect(),
        Action::Help => go(state, Nav::Push(Route::Help)),
        Action::Palette => go(state, Nav::Push(Route::Palette)),
        Action::LastPlace => step(state, Step::Last),
        Action::EarlierPlace => step(state, Step::Earlier),
        Action::LaterPlace => step(state, Step::Later),
        Action::Inbox => go(state, Nav::Home(Route::Inbox)),
        Action::Models => go(state, Nav::Home(Route::Models)),
        Action::Experiments => go(state, Nav::Home(Route::Experiments)),
        Action::Targets if !state.has_target() => Vec::new(),
        Action::Targets => go(state, Nav::Push(Route::Targets)),
        Action::History => {
            let model = state.top().model().cloned();
            go(state, Nav::Push(Route::History(model)))
        }
        Action::Refresh => {
            // Screens request what they need again.
            state.cache.refresh_rows();
            deliver(state, ScreenEvent::Action(action))
        }
        action => deliver(state, ScreenEvent::Action(action)),
    }
}

/// Asks about a command of the user's own, on what is under the cursor.
fn run_own(state: &mut State, command: usize) -> Vec<Effect> {
    let under = state.top().under(&state.ctx_of(state.top()));
    let Some(own) = state.commands.get(command) else { return Vec::new() };
    let name = own.name.clone();
    if own.built_in {
        return go(state, Nav::Push(Route::Own(command, Under::default())));
    }
    if under.is_nothing() || !state.keymap.command_is_for(state.contexts(), command) {
        let places: Vec<&str> = state.keymap.command_contexts(command).map(Context::id).collect();
        let word = format!("'{name}' runs on what is under the cursor in {}.", places.join(", "));
        state.notice = Some(Notice::Word(word));
        return Vec::new();
    }
    go(state, Nav::Push(Route::Own(command, under)))
}

/// Sends an event to the top screen and applies the result.
fn deliver(state: &mut State, event: ScreenEvent<'_>) -> Vec<Effect> {
    // Removed from the stack while it borrows the rest of the state, and put back before anything else.
    let Some(mut screen) = state.screens.pop() else {
        return Vec::new();
    };
    let captures = screen.captures_text();
    let found = match (screen.finder_mut(), event) {
        (Some(finder), ScreenEvent::Action(Action::Filter)) => finder.update(event),
        (Some(finder), event) if finder.is_active() && !captures => finder.update(event),
        (Some(_) | None, _) => false,
    };
    // What is typed for the filter is no event of the screen.
    let event = if found { ScreenEvent::Changed } else { event };
    let ctx = state.ctx_of(&screen);
    let step = screen.update(event, &ctx);
    state.screens.push(screen);
    carry_out(state, step)
}

fn carry_out(state: &mut State, step: Response) -> Vec<Effect> {
    state.edition += u64::from(step.rearranged);
    let is_told = step.notice.is_some();
    if let Some(word) = step.notice {
        state.notice = Some(Notice::Word(word));
    }
    if let Some(action) = step.passed.filter(|action| !is_told && !action.is_movement()) {
        let word = match action {
            Action::Filter => {
                state.ignores_typing = true;
                "There is nothing to filter here. What you type now does nothing; Esc ends that.".to_owned()
            }
            action => format!("'{}' does nothing here.", action.name()),
        };
        state.notice = Some(Notice::Word(word));
    }
    let mut effects = Vec::new();
    if let Some(what) = step.remember {
        effects.push(remember(state, what));
    }
    for query in &step.refresh {
        state.cache.refresh(query);
    }
    for effect in step.effects {
        let driving = match &effect {
            Effect::Promote { .. } => Some(Driving::Starting),
            Effect::Decide { .. } => Some(Driving::Deciding),
            Effect::Resume(id) | Effect::Undo(id) => Some(Driving::At(*id)),
            // A promotion that follows CD here stops for it, and is gone on with.
            Effect::AskCd(id, _) if state.driving == Driving::At(*id) => None,
            Effect::AskCd(id, _) => Some(Driving::At(*id)),
            Effect::Save(_) if is_under_way(state) => {
                let back = Keys::new(&state.keymap, state.contexts()).named(Action::Back);
                let word = format!("One file at a time: {back} stops the one that is being saved.");
                state.notice = Some(Notice::Word(word));
                continue;
            }
            Effect::Save(request) => {
                state.saving = Some(Saving::new(request.clone()));
                None
            }
            Effect::StopSaving => {
                state.saving = None;
                None
            }
            Effect::RunOwn(argv) => {
                state.own = Some(OwnRun::new(argv.clone(), state.now));
                None
            }
            Effect::Fetch(..)
            | Effect::Cancel(_)
            | Effect::Annotate(..)
            | Effect::StopPromotion
            | Effect::Browse(_)
            | Effect::Copy(_)
            | Effect::Export(_)
            | Effect::Paint(_)
            | Effect::Dress(_)
            | Effect::StopOwn
            | Effect::SavePrefs(_)
            | Effect::Configure(_)
            | Effect::Begin(_)
            | Effect::Quit => None,
            Effect::Switch(_) if state.driving != Driving::Idle => {
                let word = "A promotion is running here: another target can be opened when it has ended.";
                state.notice = Some(Notice::Word(word.to_owned()));
                continue;
            }
            Effect::Switch(_) => None,
        };
        if let Some(driving) = driving {
            // Final check: one promotion at a time, whatever the screen's state.
            if state.driving != Driving::Idle || state.leaving {
                continue;
            }
            state.driving = driving;
        }
        effects.push(effect);
    }
    if let Some(nav) = step.nav {
        effects.extend(go(state, nav));
    }
    if let Some(action) = step.action {
        effects.extend(go(state, Nav::Pop));
        effects.extend(act(state, action));
    }
    if let Some(order) = step.order {
        effects.extend(go(state, Nav::Pop));
        effects.extend(order_below(state, order));
    }
    effects
}

fn go(state: &mut State, nav: Nav) -> Vec<Effect> {
    let before = trail(&state.screens);
    let mut left = Vec::new();
    let how = if nav == Nav::Pop { How::Back } else { How::New };
    match nav {
        Nav::Pop => {
            if state.screens.len() > 1 {
                left.extend(state.screens.pop());
            }
        }
        Nav::Push(route) => {
            let screen = state.make(&route);
            state.screens.push(screen);
        }
        Nav::PushOver(below, route) => {
            for route in [below, route] {
                let screen = state.make(&route);
                state.screens.push(screen);
            }
        }
        Nav::Replace(route) => {
            let screen = state.make(&route);
            left.extend(state.screens.pop());
            state.screens.push(screen);
        }
        Nav::Home(route) => {
            left = state.screens.split_off(1);
            if route != Route::Inbox {
                let screen = state.make(&route);
                state.screens.push(screen);
            }
        }
        Nav::Jump(route) => {
            left = state.screens.split_off(state.screens.len().saturating_sub(1).max(1));
            match state.screens.iter().position(|screen| screen.route().as_ref() == Some(&route)) {
                Some(at) => left = state.screens.split_off(at + 1),
                None => {
                    let screen = state.make(&route);
                    state.screens.push(screen);
                }
            }
        }
    }
    state.places.moved(before, left, &trail(&state.screens), how);
    deliver(state, ScreenEvent::Changed)
}

/// Does what the palette was told, on the screen below it.
fn order_below(state: &mut State, order: Order) -> Vec<Effect> {
    match order {
        Order::Own(command) => run_own(state, command),
        Order::View(name) => show_view(state, &name),
        Order::SaveView(name) => {
            let Some(view) = views::saved(state, &name) else { return Vec::new() };
            let key = Keys::new(&state.keymap, state.contexts()).named(Action::Palette);
            let gap = if key.len() > 1 { " " } else { "" };
            state.notice = Some(Notice::Word(format!("Saved: `{key}{gap}{name}` shows it again.")));
            vec![remember(state, view)]
        }
        Order::ForgetView(name) => {
            state.notice = Some(Notice::Word(format!("The view '{name}' is forgotten.")));
            vec![remember(state, Remember::NoView(name))]
        }
    }
}

fn show_view(state: &mut State, name: &str) -> Vec<Effect> {
    let Some(view) = state.prefs.views.iter().find(|view| view.name == name).cloned() else { return Vec::new() };
    let mut effects = views::way_to(&view, state).map(|nav| go(state, nav)).unwrap_or_default();
    if let Some(what) = state.screens.last_mut().and_then(|top| top.choose(&view.chosen)) {
        effects.push(remember(state, what));
    }
    effects.extend(deliver(state, ScreenEvent::Changed));
    effects
}

fn remember(state: &mut State, what: Remember) -> Effect {
    state.prefs.remember(what.clone());
    Effect::SavePrefs(what)
}

/// Goes to another place that was visited.
fn step(state: &mut State, step: Step) -> Vec<Effect> {
    let Some(mut leads) = state.places.step(step) else {
        let word = match step {
            Step::Last => "There is no last place yet.",
            Step::Earlier => "This is the first place.",
            Step::Later => "This is the latest place.",
        };
        state.notice = Some(Notice::Word(word.to_owned()));
        return Vec::new();
    };
    let (before, how) = (trail(&state.screens), leads.how());
    let to = &leads.to;
    let shared = state.screens.iter().zip(to).take_while(|(screen, route)| screen.route().as_ref() == Some(route));
    let shared = shared.count().max(1);
    let left = state.screens.split_off(shared);
    let rest = to.get(shared..).unwrap_or_default();
    // As they were left, where they are kept.
    let kept = leads.kept.split_off(leads.kept.len().saturating_sub(rest.len()));
    if kept.len() == rest.len() && kept.iter().zip(rest).all(|(screen, route)| screen.route().as_ref() == Some(route)) {
        state.screens.extend(kept);
    } else {
        for route in rest {
            let screen = state.make(route);
            state.screens.push(screen);
        }
    }
    state.places.moved(before, left, to, how);
    deliver(state, ScreenEvent::Changed)
}

fn quit(state: &mut State) -> Vec<Effect> {
    if state.driving == Driving::Idle || state.leaving {
        // Quit twice: safe because of the journal.
        return decided::unsaved(state).into_iter().chain(views::last(state)).chain([Effect::Quit]).collect();
    }
    state.leaving = true;
    if state.driving == Driving::Deciding {
        let word = "Writing the decision, then leaving. Press again to leave at once.";
        state.notice = Some(Notice::Word(word.into()));
        return Vec::new();
    }
    state.notice = Some(Notice::Word(
        "Stopping after the step at work. Press again to leave at once; you can resume either way.".into(),
    ));
    vec![Effect::StopPromotion]
}

fn promotion_moved(state: &mut State, progress: &Progress) -> Vec<Effect> {
    state.cache.promotion_moved(progress);
    let mut effects = Vec::new();
    if matches!(progress.entry.event, JournalEvent::Opened { .. }) {
        state.driving = Driving::At(progress.id);
        state.cache.refresh(&Query::Promotions);
        state.cache.refresh(&Query::Records);
        if let JournalEvent::Opened { plan } = &progress.entry.event {
            effects = decided::forget_draft(state, plan.draft.model(), plan.draft.version());
        }
        let form = state.screens.iter_mut().find(|s| s.is_submitted());
        if let Some(form) = form {
            *form = promotion::Promotion::new(progress.id).into();
        }
    }
    effects.extend(deliver(state, ScreenEvent::Changed));
    effects
}

fn promotion_settled(state: &mut State, id: Option<PromotionId>, outcome: Result<(), Failure>) -> Vec<Effect> {
    let was = std::mem::take(&mut state.driving);
    if let Driving::At(id) = was {
        state.driven = Some(id);
    }
    if let Err(failure) = outcome {
        match state.screens.iter_mut().find(|s| s.is_submitted()) {
            Some(form) if was == Driving::Starting => form.failed(failure),
            _ => state.notice = Some(Notice::Failure(failure)),
        }
    }
    if state.leaving {
        return vec![Effect::Quit];
    }
    state.cache.refresh(&Query::Promotions);
    if let Some(draft) = id.and_then(|id| state.cache.promotion(id)).map(|state| state.plan.draft.clone()) {
        let release = Some((&draft.repo, &draft.tag));
        written::overtake(&mut state.cache, Written { model: draft.model(), release });
    }
    deliver(state, ScreenEvent::Changed)
}

/// Gives up every read that was not answered yet. What was asked for is asked again by a refresh, whose key is not the
/// same on every screen.
fn cancel_reads(state: &mut State) -> Vec<Effect> {
    let waited = state.waiting.take();
    let open: Vec<(Query, RequestId)> = state.cache.in_flight().map(|(query, id)| (query.clone(), id)).collect();
    let hint = Keys::new(&state.keymap, state.contexts()).press(Action::Refresh, "read again");
    let failure = waited.map(|waiting| {
        let reason = format!("you cancelled it; {} had not answered for {} s", waiting.place, waiting.waited_s);
        Failure::new(FailureKind::Unavailable, Service::Local, waiting.operation, reason).with_hint(hint)
    });
    let (now, mut effects) = (state.now, Vec::new());
    for ((query, id), failure) in open.into_iter().zip(std::iter::repeat(failure).flatten()) {
        state.cache.settle(id, Reply::failed(query, failure), now);
        effects.push(Effect::Cancel(id));
    }
    effects.extend(deliver(state, ScreenEvent::Changed));
    effects
}

//! Drawing of the history.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::History;
use super::entries::{Entry, entries};
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::failure::Note;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::log::{FoundIn, LogEntry};
use crate::domain::promotion::SagaState;
use crate::domain::record::{Decision, Record};
use crate::domain::text::clean_line;
use crate::present::number;
use crate::present::time::Zone;
use crate::present::{Mark, decision, promotion};
use crate::screens::parts::view as format;
use crate::screens::parts::{Ctx, cd, text_of};
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

/// Index of the model column.
const MODEL: usize = 2;
const TAG: usize = 5;

impl History {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let read = ctx.cache.slot(&Query::Promotions).is_some_and(|s| s.read_at.is_some());
        let known = read.then(|| entries(ctx.cache, self.model.as_ref()).len());
        let slot = ctx.cache.slot(&self.log());
        let fresh = slot.map(|s| format::freshness(s.loading.is_some(), s.failure.is_some(), s.read_at, ctx, skin));
        let right = std::iter::once(number::length(known, false, "decision")).chain(fresh).collect();
        let of = self.model.as_ref().map(|m| format!("  {m}")).unwrap_or_default();
        (Phrase::of(Role::Title, "History").text(of), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let entries = self.shown(ctx);
        let slot = ctx.cache.slot(&Query::Promotions);
        let asked = [Query::Promotions, Query::Records, self.log()];
        let failure = asked.iter().find_map(|q| ctx.cache.failure(q));
        let area = format::banner(area, buf, ctx, skin, failure, slot.and_then(|s| s.read_at));
        let (area, below) = format::split_bottom(area, self.below(ctx));
        format::lines(below, buf, skin, self.footnotes(ctx));
        if entries.is_empty() {
            let reading = asked.iter().any(|q| ctx.cache.is_loading(q));
            let none = match &self.model {
                Some(model) => format!("No decisions on {model} found."),
                None => "No decisions found.".to_owned(),
            };
            let (message, keys): (&str, &[_]) = match (reading, failure) {
                _ if self.filter.narrows() => ("No decision matches.", &[(Action::Back, "all decisions")]),
                (true, _) => ("reading decisions …", &[]),
                (_, Some(_)) => ("", &[]),
                _ => (&none, &[(Action::Inbox, "inbox"), (Action::Back, "back")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let narrow = ctx.width < 80;
        // The title names the model; unfinished entries may belong to another.
        let is_own = |e: &Entry<'_>| e.subject().is_none_or(|(of, _)| Some(of) == self.model.as_ref());
        let named = self.model.is_none() || !entries.iter().all(is_own);
        let mut columns = columns(narrow, ctx.zone);
        if !named {
            columns.remove(MODEL);
        }
        let fit = |mut cells: Vec<Phrase<'static>>| {
            if !named {
                cells.remove(MODEL);
            }
            Row::new(cells)
        };
        let widths = Widths::of(&columns, [fit(sample(skin)), fit(longest(&entries))]);
        let row = |i: usize| entries.get(i).map(|e| fit(cells(e, ctx, skin))).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, entries.len(), &row).kept(ctx.kept);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    /// Lines below the list.
    pub(super) fn below(&self, ctx: &Ctx<'_>) -> u16 {
        self.footnotes(ctx).len() as u16
    }

    /// Loading state, read failures and inconsistencies.
    fn footnotes(&self, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
        if ctx.cache.is_loading(&self.log()) {
            return vec![Phrase::of(Role::Muted, " … reading releases and the tags of versions")];
        }
        let log = ctx.cache.log(&self.model);
        let mut notes: Vec<Note> = log.into_iter().flat_map(|log| log.notes.iter().cloned()).collect();
        let cd = |entry: &Entry<'_>| ctx.cache.failure(&cd::query(entry.state?, ctx)?);
        if let Some(failure) = entries(ctx.cache, self.model.as_ref()).iter().find_map(cd) {
            notes.push(Note::Unread(failure.clone()));
        }
        format::notes(&notes, ctx.width, "and more: see `signoff log`")
    }
}

fn columns(narrow: bool, zone: Zone<'_>) -> Vec<Column<'static>> {
    let when = format!("WHEN ({})", zone.word());
    vec![
        // Narrow terminals drop the year.
        Column::left(when.clone()).max(if narrow { when.len().max(11) as u16 } else { 16 }),
        Column::left("DECISION"),
        Column::left("MODEL").min(12).max(40).middle(),
        Column::right("VER"),
        Column::left("BY").rank(2).min(6),
        Column::left("TAG").rank(3).min(12).max(48).middle(),
        Column::left("HOW IT ENDED, OR WHY").min(22).stretch(),
    ]
}

fn sample(skin: &Skin) -> Vec<Phrase<'static>> {
    let version = format!("{} v1234", skin.symbols().production);
    let cells = [
        "2026-11-23 09:10",
        "rollback",
        "telco-churn-classifier",
        &version,
        "reviewer",
        "telco-churn-v1234",
        "! UNFINISHED: interrupted",
    ];
    cells.iter().map(|cell| Phrase::new((*cell).to_owned())).collect()
}

/// The longest names of these entries: where there is room, they are not cut.
fn longest(entries: &[Entry<'_>]) -> Vec<Phrase<'static>> {
    let mut cells = vec![Phrase::default(); 7];
    let longer = |cell: &mut Phrase<'static>, name: String| {
        let name = Phrase::new(name);
        if name.width() > cell.width() {
            *cell = name;
        }
    };
    for entry in entries {
        longer(&mut cells[MODEL], entry.subject().map(|(model, _)| model.to_string()).unwrap_or_default());
        longer(&mut cells[TAG], entry.tag().unwrap_or_default());
    }
    cells
}

/// Content of a row, local or from elsewhere.
struct HistoryRow {
    at: Timestamp,
    decision: Decision,
    model: ModelName,
    version: VersionNumber,
    by: String,
    tag: Option<String>,
    ended: Phrase<'static>,
    reason: String,
}

/// The text a filter matches against: every column.
pub(super) fn text(entry: &Entry<'_>, ctx: &Ctx<'_>) -> String {
    let skin = Skin::plain();
    let mut cells = cells(entry, ctx, &skin);
    cells.swap(0, MODEL);
    text_of(&cells)
}

fn cells(entry: &Entry<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let Some(line) = line(entry, ctx, skin) else {
        return unreadable(entry);
    };
    let at = ctx.zone.cell(line.at);
    let at = if ctx.width < 80 { at.trim_start_matches(|c| c != '-').trim_start_matches('-').to_owned() } else { at };
    let role = if line.decision == Decision::Approve { Role::Text } else { Role::Warn };
    let version = match entry.in_production {
        true => Phrase::of(Role::Production, format!("{} {}", skin.symbols().production, line.version)),
        false => Phrase::new(line.version.to_string()),
    };
    let elsewhere = entry.elsewhere(&ctx.home(), ctx.rules.demo);
    let gap = if line.ended.is_empty() { "" } else { "  " };
    let reason = match line.reason.is_empty() {
        true => String::new(),
        false => format!("{gap}\"{}\"", clean_line(&line.reason)),
    };
    vec![
        Phrase::of(Role::Muted, at),
        Phrase::of(role, line.decision.word()),
        Phrase::new(line.model.to_string()),
        version,
        Phrase::new(line.by),
        Phrase::of(Role::Muted, line.tag.unwrap_or_else(|| "-".to_owned())),
        line.ended
            .add(Role::Warn, elsewhere.map(|there| format!("  of {there}")).unwrap_or_default())
            .add(Role::Warn, entry.renamed().map(|now| format!("  called {now} now")).unwrap_or_default())
            .add(Role::Warn, if entry.is_another() { "  another version of that name" } else { "" })
            .add(Role::Muted, reason)
            .add(Role::Muted, entry.log.and_then(says).unwrap_or_default()),
    ]
}

fn line(entry: &Entry<'_>, ctx: &Ctx<'_>, skin: &Skin) -> Option<HistoryRow> {
    if let (Some(state), Some(promotion)) = (entry.state, entry.promotion) {
        let draft = &state.plan.draft;
        return Some(HistoryRow {
            at: state.opened_at,
            decision: draft.basis.decision,
            model: draft.model().clone(),
            version: draft.version(),
            by: draft.signer.login.clone(),
            tag: entry.tag(),
            ended: ended(state, promotion.driven, ctx, skin),
            reason: state.plan.sign_off.reason.clone(),
        });
    }
    if let Some(sealed) = entry.record {
        let record = &sealed.record;
        return Some(HistoryRow {
            at: record.decided_at(),
            decision: record.decision,
            model: record.model.name.clone(),
            version: record.model.version,
            by: record.signer.login.clone(),
            tag: entry.tag(),
            ended: recorded(record, ctx, skin),
            reason: record.reason.clone(),
        });
    }
    entry.log.filter(|_| entry.promotion.is_none()).map(|log| HistoryRow {
        at: log.at,
        decision: log.decision,
        model: log.model.clone(),
        version: log.version,
        by: log.by.clone(),
        tag: entry.tag(),
        ended: decision::effect(&log.effect, skin.symbols()),
        reason: log.reason.clone(),
    })
}

/// How a promotion ended, with CD as it is now, or else with the time when CD was seen.
fn ended(state: &SagaState, driven: bool, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let said = promotion::status(&cd::now(state, ctx), driven, skin.symbols());
    match cd::seen_at(state, ctx) {
        Some(at) => said.add(Role::Muted, format!(" (seen {})", ctx.zone.minute(at))),
        None => said,
    }
}

/// Outcome of a local decision that started no promotion.
fn recorded(record: &Record, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    if ctx.cache.record_outcome(record.record_id).is_some_and(|o| !o.done) {
        return Mark::Block.say("not fully written", skin.symbols());
    }
    record.nth_approval().map(Phrase::new).unwrap_or_default()
}

/// The source, if it is not a record: anyone who may edit tags can have written it.
fn says(log: &LogEntry) -> Option<&'static str> {
    match log.sources.iter().min()? {
        FoundIn::GitTag => Some("  from the Git tag"),
        FoundIn::VersionTag => Some("  from a tag of the version"),
        FoundIn::Machine | FoundIn::Release => None,
    }
}

fn unreadable(entry: &Entry<'_>) -> Vec<Phrase<'static>> {
    let why = entry.promotion.and_then(|p| p.state.as_ref().err()).map(|f| f.reason.clone()).unwrap_or_default();
    let mut cells = vec![Phrase::default(); 7];
    cells[0] = Phrase::of(Role::Muted, entry.local().map(|id| id.short()).unwrap_or_default());
    cells[1] = Phrase::of(Role::Bad, "unreadable");
    cells[6] = Phrase::of(Role::Bad, why);
    cells
}

//! Drawing of the diff.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::against::{Against, Held};
use super::reader::from_where_they_part;
use super::rows::DiffRow;
use super::{Diff, READING};
use crate::app::action::Action;
use crate::domain::compare::{Change, MetricRow, TextRow};
use crate::domain::evidence::Source;
use crate::domain::policy::Evaluation;
use crate::domain::text::clean_line;
use crate::present::number;
use crate::present::policy::beside;
use crate::present::{Mark, code as words};
use crate::screens::parts::Ctx;
use crate::screens::parts::version_view::panes_beside_values;
use crate::screens::parts::view as format;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin, Symbols};
use crate::ui::widgets::{Pager, Row, Table};
use crate::ui::{Draw as _, Phrase};

impl Diff {
    /// The baseline, for the title line; empty until it is known.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
        let Some(facts) = self.facts(ctx) else {
            return Phrase::default();
        };
        let target = &ctx.rules.promote_to;
        let symbols = skin.symbols();
        let narrow = ctx.width < 100;
        let against = Phrase::of(Role::Muted, if narrow { "  vs  " } else { "  against  " });
        match (&self.against, self.against.label(facts, ctx)) {
            (Against::Production, Some(label)) => against
                .add(Role::Production, format!("{} {label}", symbols.production))
                .add(Role::Muted, if narrow { String::new() } else { format!(" in {target}") }),
            (Against::Production, None) if target.is_held_by(&facts.version) => {
                Phrase::of(Role::Production, format!("  in {target}"))
            }
            (Against::Production, None) => Phrase::of(Role::Muted, format!("  nothing in {target} yet")),
            (_, label) => against.add(Role::Warn, label.unwrap_or_default()),
        }
    }

    /// The display options, for the tab line.
    pub fn word(&self) -> String {
        let what = if self.choice.differences_only { "only differences" } else { "everything" };
        if self.choice.by_size { format!("{what}, largest change first ") } else { format!("{what} ") }
    }

    /// Draws the tab.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let facts = self.facts(ctx);
        if let Some(picker) = &self.picker {
            return self.draw_picker(picker, area, buf, ctx, skin);
        }
        if let Some(reader) = &self.reader {
            let (line, area) = format::split_top(area, 1);
            Phrase::of(Role::Title, format!(" {}", reader.name())).draw(line, buf, skin);
            let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
            let lines = reader.lines(usize::from(area.width));
            let line = |i: usize| lines.get(i).cloned().unwrap_or_default();
            (&Pager::new(skin, lines.len(), reader.offset(), &line)).render(area, buf);
            return;
        }
        let Some(facts) = facts else {
            return format::empty(area, buf, ctx, skin, READING, &[]);
        };
        let area = self.draw_caution(area, buf, ctx, skin);
        let held = self.against.held(facts, ctx);
        let label = self.against.label(facts, ctx).unwrap_or_default();
        if let Held::Failed(failure) = held {
            let area = format::banner(area, buf, ctx, skin, Some(failure), None);
            return format::empty(area, buf, ctx, skin, "", &[(Action::Baseline, "chooses another baseline")]);
        }
        if self.rows.is_empty() {
            let message = match held {
                Held::Missing => "No such run, or permission denied.".to_owned(),
                _ => format!("reading {label} …"),
            };
            return format::empty(area, buf, ctx, skin, &message, &[(Action::Baseline, "chooses another baseline")]);
        }
        let (area, pane) = panes_beside_values(area, ctx);
        let sides = self.headings(&label, skin);
        let columns = columns(area.width, sides, &self.widest);
        let widths = Widths::of(&columns, [sample("telco-2026-0.123456"), sample(&self.widest)]);
        // What the policy asks is about what is in production, whatever is laid beside it here.
        let verdict = ctx.cache.evaluation(&self.model, self.version).map(|j| &j.verdict);
        let verdict = verdict.filter(|_| self.against == Against::Production);
        let roomy = area.width >= ROOMY;
        let asked = |metric: &str| verdict.and_then(|v| beside(v, metric, roomy, skin.symbols()));
        let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, &asked, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).kept(ctx.kept);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
        if let Some(pane) = pane {
            self.draw_pane(pane, buf, ctx, skin);
        }
    }

    /// The headings of both sides.
    fn headings(&self, label: &str, skin: &Skin) -> [String; 2] {
        let symbols = skin.symbols();
        let old = match (&self.against, label) {
            (_, "") => String::new(),
            (Against::Production, label) => format!("{} {label}", symbols.production),
            (Against::Version(_) | Against::Run(_), label) => label.to_owned(),
        };
        [old, format!("{} {}", symbols.candidate, self.version)]
    }

    /// Draws the line on where the version comes from, or the notice that what is on screen is not the basis of an approval.
    fn draw_caution(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) -> Rect {
        let (line, below) = format::split_top(area, 1);
        let Some(facts) = self.facts(ctx).filter(|_| self.against != Against::Production) else {
            let code = ctx.cache.evaluation(&self.model, self.version);
            origin(code, &self.rows, ctx, skin.symbols())
                .fit(usize::from(line.width), skin.symbols().ellipsis)
                .draw(line, buf, skin);
            return below;
        };
        let rests = match &facts.baseline {
            Some(base) => format!("an approval rests on {} against {}", self.version, base.version.number),
            None => format!("an approval rests on {} alone", self.version),
        };
        let symbol = skin.symbols().warn;
        Phrase::of(Role::Warn, format!(" {symbol} not what is in production"))
            .add(Role::Muted, format!(": {rests}"))
            .draw(line, buf, skin);
        below
    }
}

/// Columns for a difference, so that the policy's requirements are aligned after it.
const DELTA: usize = 12;

/// From this many columns on, the policy's requirements are written out.
const ROOMY: u16 = 96;

/// Columns beside the two of values, and the gaps.
const BESIDE: u16 = 42;

/// Numbers are never cut: the name gives way, and then the values that are texts.
fn columns(width: u16, [old, new]: [String; 2], widest: &str) -> Vec<Column<'static>> {
    let number = u16::try_from(widest.len()).unwrap_or(u16::MAX);
    let most = (width.saturating_sub(BESIDE) / 2).clamp(20, 34).max(number);
    vec![
        Column::left("").min(16).max(40).middle(),
        Column::point(old).min(number.max(10)).max(most).middle(),
        Column::point(new).min(number.max(10)).max(most).middle(),
        Column::left("CHANGE").rank(1).stretch(),
    ]
}

fn sample(value: &str) -> Row<'static> {
    let cells = ["validation_macro_f1_score", value, value, "▲ +0.00012345"];
    Row::new(cells.map(|cell| Phrase::new(cell.to_owned())).to_vec())
}

/// Pull request, checks and data, on one line.
fn origin(evaluation: Option<&Evaluation>, rows: &[DiffRow], ctx: &Ctx<'_>, symbols: &Symbols) -> Phrase<'static> {
    let reading = || Phrase::of(Role::Muted, symbols.ellipsis);
    let muted = |text: &'static str| Phrase::of(Role::Muted, text);
    let Some(evaluation) = evaluation else { return muted(" code ").join(reading()) };
    let (pull, checks) = match &evaluation.evidence.code.source {
        Ok(Source { repo, commit, .. }) => {
            let pull = match ctx.cache.pull_request(repo, &commit.sha) {
                Some(Some(pull)) => {
                    let approved = words::approvers(pull).phrase(symbols);
                    Phrase::new(format!("#{}", pull.number)).add(Role::Muted, " approved by ").join(approved)
                }
                Some(None) => Mark::Unknown.say("none", symbols),
                None => reading(),
            };
            let checks = ctx.cache.checks(repo, &commit.sha).map(|checks| words::checks(checks, false).phrase(symbols));
            (pull, checks.unwrap_or_else(reading))
        }
        Err(_) => (Mark::Unknown.say("not known", symbols), Mark::Unknown.say("not known", symbols)),
    };
    let data = rows.iter().find_map(|row| match row {
        DiffRow::Section { title: "DATA", tally, word } => Some(match word {
            Some(word) => Phrase::of(Role::Muted, *word),
            None => tally.said(symbols),
        }),
        _ => None,
    });
    let line = muted(" PR ").join(pull).join(muted("   checks ")).join(checks);
    match data {
        Some(data) => line.join(muted("   data ")).join(data),
        None => line,
    }
}

fn draw_row(row: &DiffRow, asked: &dyn Fn(&str) -> Option<Phrase<'static>>, skin: &Skin) -> Row<'static> {
    match row {
        DiffRow::Gap => Row::default(),
        DiffRow::Section { title, tally, word } => {
            let heading = Phrase::of(Role::Heading, *title).join(tally.symbols(skin.symbols()));
            let word = word.map_or_else(|| tally.equal(), str::to_owned);
            Row::new(vec![heading, Phrase::default(), Phrase::default(), Phrase::of(Role::Muted, word)])
        }
        DiffRow::Group { prefix, noun, tally, open } => {
            let mark = if *open { "-" } else { "+" };
            let name = format!("{mark} {}", clean_line(prefix));
            let phrase = Phrase::of(Role::Link, name).add(Role::Muted, format!("  {} {noun}", tally.total()));
            Row::across(phrase.join(tally.words(skin.symbols())))
        }
        DiffRow::Metric { row, inside } => metric(row, *inside, asked(&row.name), skin),
        DiffRow::Text { row, figure, inside } => text(row, figure.as_deref(), *inside, skin),
        DiffRow::Note { text, warn } => {
            let role = if *warn { Role::Warn } else { Role::Muted };
            Row::across(Phrase::of(role, format!("      {text}")))
        }
        DiffRow::Word { text, warn: true } => {
            Row::across(Phrase::of(Role::Warn, format!("{} {text}", skin.symbols().warn)))
        }
        DiffRow::Word { text, warn: false } => Row::across(Phrase::of(Role::Muted, format!("  {text}"))),
    }
}

fn metric(row: &MetricRow, inside: bool, asked: Option<Phrase<'static>>, skin: &Skin) -> Row<'static> {
    let cell = |role, value: Option<String>| value.map_or_else(|| absent(row.change), |v| Phrase::of(role, v));
    Row::new(vec![
        name(&row.name, inside),
        cell(Role::Muted, row.old.map(|v| v.to_string())),
        cell(Role::Text, row.new.map(|v| v.to_string())),
        match asked {
            Some(asked) => number::delta(row.change, row.delta, skin.symbols()).padded(DELTA).join(asked),
            None => number::delta(row.change, row.delta, skin.symbols()),
        },
    ])
}

fn text(row: &TextRow, figure: Option<&str>, inside: bool, skin: &Skin) -> Row<'static> {
    let cell = |role, value: &Option<String>| match value {
        Some(value) => Phrase::of(role, clean_line(value)),
        None => absent(row.change),
    };
    let (old, new) = match (&row.old, &row.new) {
        (Some(old), Some(new)) if row.change != Change::Same => {
            let (old, new) = from_where_they_part(old, new);
            (Some(old), Some(new))
        }
        (old, new) => (old.clone(), new.clone()),
    };
    let symbols = skin.symbols();
    let mark = match (row.change, figure) {
        (Change::Same | Change::Added | Change::Removed, _) => number::delta(row.change, None, symbols),
        (_, Some(figure)) => Phrase::of(Role::Unknown, format!("~ {figure}")),
        _ if row.old.is_none() || row.new.is_none() => Phrase::of(Role::Unknown, symbols.unknown),
        _ => Phrase::of(Role::Unknown, "~ changed"),
    };
    Row::new(vec![name(&row.name, inside), cell(Role::Muted, &old), cell(Role::Text, &new), mark])
}

fn name(name: &str, inside: bool) -> Phrase<'static> {
    Phrase::new(format!("{}{}", if inside { "    " } else { "  " }, clean_line(name)))
}

/// The cell of a side without a value: missing, or unknown.
fn absent(change: Change) -> Phrase<'static> {
    match change {
        Change::Added | Change::Removed => Phrase::of(Role::Muted, "-"),
        _ => Phrase::of(Role::Unknown, "?"),
    }
}

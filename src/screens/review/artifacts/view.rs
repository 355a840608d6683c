//! Drawing of the artifacts of a version.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Artifacts, BESIDE, LIST, Listing, Side, listing};
use crate::app::action::Action;
use crate::domain::artifact::human_size;
use crate::domain::logged::file_roots;
use crate::domain::preview::{Content, Grid};
use crate::domain::registry::ModelVersion;
use crate::domain::text::clean_line;
use crate::present::text::middle;
use crate::screens::parts::Ctx;
use crate::screens::parts::shown_view::{self, Part};
use crate::screens::parts::view as format;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};
use crate::ui::{Draw as _, Phrase};

impl Artifacts {
    /// Draws the tab.
    pub fn draw(&self, version: &ModelVersion, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let area = format::save_line(&self.save, area, buf, ctx, skin);
        let listed = listing(&file_roots(version), ctx);
        if self.files.is_empty() {
            return draw_empty(&listed, self.filter.narrows(), area, buf, ctx, skin);
        }
        let area = if area.width >= BESIDE {
            let list = Rect { width: LIST - 1, ..area };
            self.draw_list(list, buf, skin);
            Rect { x: area.x + LIST, width: area.width - LIST, ..area }
        } else {
            let (line, rest) = format::split_top(area, 1);
            self.line(&listed, line.width, skin).draw(line, buf, skin);
            rest
        };
        let symbols = skin.symbols();
        let ours = Phrase::of(Role::Candidate, format!("{} {}", symbols.candidate, version.number));
        let times = if self.window.is_part() { format!("  {}x", self.window.times()) } else { String::new() };
        let ours = ours.add(Role::Muted, times);
        let Some(against) = self.against.clone().filter(|_| self.baseline.at.is_some()) else {
            return draw_side(&self.candidate, ours, self.numbers.as_ref(), area, buf, ctx, skin);
        };
        let theirs = Phrase::of(Role::Production, format!("{} {against}", symbols.production));
        let half = area.width / 2;
        let left = Rect { width: half.saturating_sub(1), ..area };
        let right = Rect { x: area.x + half, width: area.width - half, ..area };
        let old = self.baseline.file.as_ref().and_then(|file| file.grid());
        draw_side(&self.baseline, theirs, old, left, buf, ctx, skin);
        draw_side(&self.candidate, ours, self.numbers.as_ref(), right, buf, ctx, skin);
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let columns = [Column::left("FILE").stretch(), Column::right("SIZE")];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("x"), Phrase::new("999.9 KiB")])]);
        let room = usize::from(area.width.saturating_sub(14));
        let row = |i: usize| {
            let Some(file) = self.files.get(i) else { return Row::default() };
            let size = file.size.map(human_size).unwrap_or_default();
            Row::new(vec![
                Phrase::new(middle(&clean_line(&file.path), room, skin.symbols().ellipsis)),
                Phrase::of(Role::Muted, size),
            ])
        };
        let table = Table::new(skin, &columns, &widths, self.files.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    /// The file under the cursor and its place among the others, where there is no room for a list.
    fn line(&self, listed: &Listing<'_>, width: u16, skin: &Skin) -> Phrase<'static> {
        let Some(file) = self.files.get(self.cursor.index()) else { return Phrase::default() };
        let more = if listed.is_reading {
            skin.symbols().ellipsis
        } else if listed.more {
            "+"
        } else {
            ""
        };
        let place = format!(" {} of {}{more}", self.cursor.index() + 1, self.files.len());
        let size = file.size.map(|size| format!("  {}", human_size(size))).unwrap_or_default();
        let room = usize::from(width).saturating_sub(place.len() + size.len() + 3);
        Phrase::of(Role::Muted, place)
            .add(Role::Title, format!("  {}", middle(&clean_line(&file.path), room, skin.symbols().ellipsis)))
            .add(Role::Muted, size)
    }
}

fn draw_empty(listed: &Listing<'_>, narrowed: bool, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
    let area = format::banner(area, buf, ctx, skin, listed.failure, None);
    let word = match listed {
        Listing { failure: Some(_), .. } => "",
        Listing { is_reading: true, .. } => "reading the files …",
        _ if narrowed => "Nothing matches.",
        _ => "This version has no files that MLflow knows of.",
    };
    format::empty(area, buf, ctx, skin, word, &[]);
}

fn draw_side(
    side: &Side,
    title: Phrase<'static>,
    numbers: Option<&Grid>,
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx<'_>,
    skin: &Skin,
) {
    let (line, area) = format::split_top(area, 1);
    Phrase::new(" ").join(title).draw(line, buf, skin);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let word = match (&side.file, side.failure(ctx)) {
        (Some(file), _) => {
            let rows: Vec<usize> = (0..numbers.map_or(0, |grid| grid.rows.len())).collect();
            let lines: Vec<usize> = (0..usize::from(area.height)).collect();
            match (numbers, &file.content) {
                (Some(grid), Content::Table(_) | Content::Text(_)) => {
                    let part = Part { rows: &rows, offset: 0, column: 0 };
                    shown_view::draw_beginning(grid, part, &ctx.keys.named(Action::Open), area, buf, skin);
                }
                _ => {
                    let part = Part { rows: &lines, offset: 0, column: 0 };
                    shown_view::draw(file, side.shown.made(), part, area, buf, skin);
                }
            }
            return;
        }
        (None, Some((_, true))) => Phrase::of(Role::Muted, "has no such file"),
        (None, Some((failure, false))) => {
            format::banner(area, buf, ctx, skin, Some(failure), None);
            return;
        }
        (None, None) => Phrase::of(Role::Muted, "reading the file …"),
    };
    word.draw(area, buf, skin);
}

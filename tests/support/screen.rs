//! A buffer as text for snapshots: content and styles.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::style::{Color, Modifier, Style};

/// The lines of a buffer, then the runs of styled cells: `line: from-to style`, columns counted from 0 and `to`
/// inclusive. The hidden halves of wide characters belong to the character.
pub fn dump(buf: &Buffer) -> String {
    let mut out = String::new();
    let mut styles = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let cells = cells(buf, y);
        let text: String = cells.iter().map(|c| c.symbol).collect();
        let _ = writeln!(out, "|{}", text.trim_end());
        for (from, to, style) in runs(&cells) {
            if !style.is_empty() {
                let _ = writeln!(styles, "{:>3}: {from}-{to} {style}", y - buf.area.top());
            }
        }
    }
    format!("{out}--- styles\n{styles}")
}

/// Only the lines.
pub fn text(buf: &Buffer) -> Vec<String> {
    let line = |y| cells(buf, y).iter().map(|c| c.symbol).collect::<String>().trim_end().to_owned();
    (buf.area.top()..buf.area.bottom()).map(line).collect()
}

struct Shown<'a> {
    symbol: &'a str,
    from: u16,
    to: u16,
    style: String,
}

fn cells(buf: &Buffer, y: u16) -> Vec<Shown<'_>> {
    let mut cells = Vec::new();
    let mut x = buf.area.left();
    while x < buf.area.right() {
        let cell = &buf[(x, y)];
        let width = cell.symbol().cell_width().max(1);
        let from = x - buf.area.left();
        let to = (from + width).min(buf.area.width) - 1;
        cells.push(Shown { symbol: cell.symbol(), from, to, style: describe(cell.style()) });
        x += width;
    }
    cells
}

fn runs(cells: &[Shown<'_>]) -> Vec<(u16, u16, String)> {
    let mut runs: Vec<(u16, u16, String)> = Vec::new();
    for cell in cells {
        match runs.last_mut() {
            Some((_, to, style)) if *style == cell.style => *to = cell.to,
            _ => runs.push((cell.from, cell.to, cell.style.clone())),
        }
    }
    runs
}

fn describe(style: Style) -> String {
    let colour = |c: Option<Color>| c.filter(|c| *c != Color::Reset).map(|c| c.to_string().to_lowercase());
    let mut parts = Vec::new();
    parts.extend(colour(style.fg));
    parts.extend(colour(style.bg).map(|c| format!("on {c}")));
    parts.extend(style.add_modifier.iter_names().map(|(name, _): (_, Modifier)| name.to_lowercase()));
    parts.join(" ")
}

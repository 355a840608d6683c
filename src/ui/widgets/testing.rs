//! Test helpers for widgets.

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// The text of each line, without trailing blanks and the hidden halves of wide characters.
pub(crate) fn lines(buf: &Buffer) -> Vec<String> {
    let area = buf.area;
    let line = |y| {
        let mut out = String::new();
        let mut x = area.left();
        while x < area.right() {
            let symbol = buf[(x, y)].symbol();
            out.push_str(symbol);
            x += symbol.cell_width().max(1);
        }
        out.trim_end().to_owned()
    };
    (area.top()..area.bottom()).map(line).collect()
}

/// Draws a widget in a new buffer and returns its lines.
pub(crate) fn draw(width: u16, height: u16, widget: impl Widget) -> Vec<String> {
    lines(&buffer(width, height, widget))
}

/// Draws a widget in a new buffer.
pub(crate) fn buffer(width: u16, height: u16, widget: impl Widget) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    widget.render(buf.area, &mut buf);
    buf
}

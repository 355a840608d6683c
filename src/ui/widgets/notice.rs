//! A notice in a pane: what is wrong or outdated, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::bars::inset;
use crate::ui::skin::{Role, Skin, Symbols};
use crate::ui::{Draw as _, Phrase};

/// Severity of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Success.
    Good,
    /// Information.
    Info,
    /// Warning.
    Warn,
    /// Failure.
    Bad,
    /// The data shown is outdated.
    Stale,
}

impl Tone {
    pub fn role(self) -> Role {
        match self {
            Self::Good => Role::Good,
            Self::Info => Role::Muted,
            Self::Warn => Role::Warn,
            Self::Bad => Role::Bad,
            Self::Stale => Role::Stale,
        }
    }

    pub fn symbol(self, symbols: &Symbols) -> &'static str {
        match self {
            Self::Good => symbols.pass,
            Self::Info => symbols.dot,
            Self::Warn | Self::Stale => symbols.warn,
            Self::Bad => symbols.block,
        }
    }
}

/// A message, with a hint below it.
#[derive(Clone, Debug)]
pub struct Banner<'a> {
    pub skin: &'a Skin,
    pub tone: Tone,
    /// What happened.
    pub text: &'a str,
    /// What to do next.
    pub hint: Option<&'a str>,
}

impl Banner<'_> {
    /// Height in lines at this width.
    pub fn height(&self, width: u16) -> u16 {
        self.lines(width.saturating_sub(2)).len().min(usize::from(u16::MAX)) as u16
    }

    fn lines(&self, width: u16) -> Vec<Phrase<'static>> {
        let width = usize::from(width);
        let role = self.tone.role();
        let symbol = self.tone.symbol(self.skin.symbols());
        let mut lines = Phrase::of(role, format!("{symbol} {}", self.text)).wrap(width, 2);
        if let Some(hint) = self.hint {
            lines.extend(Phrase::of(Role::Muted, format!("  {hint}")).wrap(width, 2));
        }
        lines
    }
}

impl Widget for &Banner<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = inset(area.intersection(buf.area));
        for (line, y) in self.lines(area.width).iter().zip(area.top()..area.bottom()) {
            line.draw(Rect { y, height: 1, ..area }, buf, self.skin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;

    #[test]
    fn a_notice_takes_the_lines_it_needs() {
        let skin = Skin::new(Theme::Dark, true);
        let banner = Banner {
            skin: &skin,
            tone: Tone::Bad,
            text: "could not read version v3: the server is not there",
            hint: Some("r tries again."),
        };
        assert_eq!(banner.height(80), 2);
        assert_eq!(banner.height(34), 3);
        assert_eq!(
            draw(34, 3, &banner),
            [" ✗ could not read version v3: the", "   server is not there", "   r tries again."]
        );
    }
}

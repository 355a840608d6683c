//! How things look: roles, themes and symbols.
//!
//! A role says what a text means. A theme gives each role a style; a symbol table gives each meaning a shape, so
//! that nothing rests on colour alone.

mod symbols;
mod theme;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

pub use self::symbols::Symbols;
pub use self::theme::{Theme, ThemeError, choose_theme};

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Ordinary text.
    #[default]
    Text,
    /// The screen's subject.
    Title,
    /// Heading of a section or a column.
    Heading,
    /// There if one looks for it.
    Muted,
    /// Better, passed, done.
    Good,
    /// Worse, blocked, failed.
    Bad,
    /// Passed with a remark.
    Warn,
    /// Not known whether good or bad.
    Unknown,
    Production,
    /// What wants to be.
    Candidate,
    /// The row under the cursor; laid over the roles in it.
    Selected,
    /// Rows marked by the user.
    Marked,
    /// Characters that a filter matched; laid over.
    Match,
    /// A key one can press.
    Key,
    /// Data older than it should be.
    Stale,
    /// Everything that is only a demo.
    Demo,
    /// Addresses and paths.
    Link,
    /// An input field.
    Field,
    /// The input field that takes the keys.
    FieldFocus,
    /// What stands in an empty field.
    Placeholder,
    /// Separating lines.
    Rule,
    /// A dialog's frame.
    Border,
    /// The frame of what cannot be taken back.
    BorderDanger,
    Tab,
    TabActive,
    /// The target's name in the first line.
    Target,
    /// The first line while the target is a production one.
    TargetProduction,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 27] = [
        Self::Text,
        Self::Title,
        Self::Heading,
        Self::Muted,
        Self::Good,
        Self::Bad,
        Self::Warn,
        Self::Unknown,
        Self::Production,
        Self::Candidate,
        Self::Selected,
        Self::Marked,
        Self::Match,
        Self::Key,
        Self::Stale,
        Self::Demo,
        Self::Link,
        Self::Field,
        Self::FieldFocus,
        Self::Placeholder,
        Self::Rule,
        Self::Border,
        Self::BorderDanger,
        Self::Tab,
        Self::TabActive,
        Self::Target,
        Self::TargetProduction,
    ];
}

/// A theme and a symbol table, ready to draw with.
#[derive(Clone, Debug, PartialEq)]
pub struct Skin {
    styles: [Style; Role::ALL.len()],
    symbols: Symbols,
    colours: bool,
}

impl Skin {
    /// One of the built-in themes. `unicode` chooses between the symbols of SCREENS and plain ASCII ones.
    pub fn new(theme: Theme, unicode: bool) -> Self {
        // The built-in themes are tested to parse; without one, everything is plain text.
        Self::parse(theme.source(), unicode).unwrap_or_else(|_| Self {
            styles: [Style::new(); Role::ALL.len()],
            symbols: Symbols::new(unicode),
            colours: false,
        })
    }

    /// Reads a theme file.
    ///
    /// # Errors
    /// If it is not TOML, names an unknown role, colour or attribute, or leaves a role out.
    pub fn parse(source: &str, unicode: bool) -> Result<Self, ThemeError> {
        let styles = theme::parse(source)?;
        let colours = styles.iter().any(|s| s.fg.is_some() || s.bg.is_some());
        Ok(Self { styles, symbols: Symbols::new(unicode), colours })
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The symbols.
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Whether the theme uses colours at all.
    pub fn has_colours(&self) -> bool {
        self.colours
    }

    /// The style of a bar in a colour that the user chose for a target (`red`, `#aa3355`, `208`). Without colours,
    /// or if `colour` names none, the style of `otherwise`.
    pub fn accent(&self, colour: Option<&str>, otherwise: Role) -> Style {
        match colour.and_then(|c| c.parse::<Color>().ok()) {
            Some(background) if self.colours && background != Color::Reset => {
                Style::new().bg(background).fg(readable_on(background)).add_modifier(Modifier::BOLD)
            }
            _ => self.style(otherwise),
        }
    }
}

/// Whether `text` names a colour: a name such as `red` or `light-blue`, `#rrggbb`, or a number below 256.
pub fn is_colour(text: &str) -> bool {
    text.parse::<Color>().is_ok()
}

/// Black or white, whichever stands out on `background`.
fn readable_on(background: Color) -> Color {
    let dark = match background {
        Color::Rgb(r, g, b) => is_dark(r, g, b),
        Color::Indexed(i @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
            let i = i - 16;
            is_dark(level(i / 36), level(i / 6 % 6), level(i % 6))
        }
        Color::Indexed(i @ 232..) => i < 244,
        Color::Indexed(i) => matches!(i, 0 | 1 | 4 | 5 | 8),
        Color::Black | Color::Red | Color::Blue | Color::Magenta | Color::DarkGray => true,
        _ => false,
    };
    // Not the palette's black and white: those are whatever the user made of them.
    if dark { Color::Indexed(231) } else { Color::Indexed(16) }
}

fn is_dark(r: u8, g: u8, b: u8) -> bool {
    // Luma of ITU-R BT.601.
    299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) < 128_000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_role_has_its_own_place() {
        for (i, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, i);
        }
    }

    #[test]
    fn every_built_in_theme_parses() {
        for theme in Theme::ALL {
            let skin = Skin::parse(theme.source(), true).map_err(|e| format!("{theme:?}: {e}")).unwrap();
            assert_eq!(skin.has_colours(), theme != Theme::NoColor, "{theme:?}");
        }
    }

    #[test]
    fn without_colours_what_colour_said_is_said_by_attributes() {
        let skin = Skin::new(Theme::NoColor, true);
        let plain = skin.style(Role::Text);
        for role in Role::ALL {
            let style = skin.style(role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{role:?}");
        }
        // Roles that come without a symbol of their own.
        for role in [
            Role::Title,
            Role::Heading,
            Role::Selected,
            Role::Match,
            Role::Key,
            Role::Demo,
            Role::FieldFocus,
            Role::TabActive,
            Role::Target,
            Role::TargetProduction,
            Role::Muted,
        ] {
            assert_ne!(skin.style(role), plain, "{role:?}");
        }
        assert_ne!(skin.style(Role::Field), skin.style(Role::FieldFocus));
        assert_ne!(skin.style(Role::Tab), skin.style(Role::TabActive));
        assert_ne!(skin.style(Role::Target), skin.style(Role::TargetProduction));
    }

    #[test]
    fn a_targets_colour_is_a_bar_one_can_read() {
        let skin = Skin::new(Theme::Dark, true);
        let red = skin.accent(Some("#aa0000"), Role::Target);
        assert_eq!((red.bg, red.fg), (Some(Color::Rgb(0xaa, 0, 0)), Some(Color::Indexed(231))));
        assert_eq!(skin.accent(Some("yellow"), Role::Target).fg, Some(Color::Indexed(16)));
        assert_eq!(skin.accent(Some("no such"), Role::Target), skin.style(Role::Target));
        let plain = Skin::new(Theme::NoColor, true);
        assert_eq!(plain.accent(Some("red"), Role::Target), plain.style(Role::Target));
    }
}

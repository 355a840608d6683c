//! Appearance: roles, themes and symbols.
//!
//! A role is the meaning of a text. A theme maps roles to styles, a symbol table maps meanings to symbols, so that
//! nothing depends on colour alone.

mod theme;

use ratatui::style::{Color, Modifier, Style};

pub use self::theme::{Theme, ThemeError, is_light};
pub use crate::present::{Role, Symbols};

/// A theme and a symbol table.
#[derive(Clone, Debug, PartialEq)]
pub struct Skin {
    styles: [Style; Role::ALL.len()],
    symbols: Symbols,
    colours: bool,
}

impl Skin {
    /// A built-in theme, with Unicode or ASCII symbols.
    pub fn new(theme: Theme, unicode: bool) -> Self {
        // Tests check that the built-in themes parse; the fallback is plain text.
        Self::parse(theme.source(), unicode).unwrap_or_else(|_| Self {
            styles: [Style::new(); Role::ALL.len()],
            symbols: Symbols::new(unicode),
            colours: false,
        })
    }

    /// No styles: for texts that are searched and not drawn.
    pub fn plain() -> Self {
        Self { styles: [Style::new(); Role::ALL.len()], symbols: Symbols::new(true), colours: false }
    }

    /// Parses a theme file.
    ///
    /// # Errors
    /// If it is not TOML, contains an unknown role, colour or attribute, or omits a role.
    pub fn parse(source: &str, unicode: bool) -> Result<Self, ThemeError> {
        let styles = theme::parse(source)?;
        let colours = styles.iter().any(|s| s.fg.is_some() || s.bg.is_some());
        Ok(Self { styles, symbols: Symbols::new(unicode), colours })
    }

    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// Whether a cell with this style is part of the selected row.
    pub fn is_selected(&self, drawn: Style) -> bool {
        let selected = self.style(Role::Selected);
        (selected.bg.is_none() || selected.bg == drawn.bg) && drawn.add_modifier.contains(selected.add_modifier)
    }

    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Whether the theme uses colours.
    pub fn has_colours(&self) -> bool {
        self.colours
    }

    /// The style of a bar in the colour configured for a target (`red`, `#aa3355`, `208`). Without colours, or if
    /// `colour` is invalid, the style of `otherwise`.
    pub fn accent(&self, colour: Option<&str>, otherwise: Role) -> Style {
        match colour.and_then(|c| c.parse::<Color>().ok()) {
            Some(background) if self.colours && background != Color::Reset => {
                Style::new().bg(background).fg(readable_on(background)).add_modifier(Modifier::BOLD)
            }
            _ => self.style(otherwise),
        }
    }
}

/// Whether `text` is a colour: a name such as `red` or `light-blue`, `#rrggbb`, or a number below 256.
pub fn is_colour(text: &str) -> bool {
    text.parse::<Color>().is_ok()
}

/// Black or white, whichever contrasts with `background`.
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
    // Not the palette's black and white, which users can redefine.
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
        // Roles shown without a symbol.
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

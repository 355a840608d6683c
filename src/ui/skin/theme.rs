//! Themes: built-in files, parsing, and selection by terminal.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::Role;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// For dark backgrounds, without red and green.
    ColorBlind,
    /// The same for light backgrounds.
    ColorBlindLight,
    /// The sixteen ANSI colours at full intensity.
    HighContrast,
    /// No colours: symbols and attributes only.
    NoColor,
}

impl Theme {
    pub const ALL: [Self; 6] =
        [Self::Dark, Self::Light, Self::ColorBlind, Self::ColorBlindLight, Self::HighContrast, Self::NoColor];

    /// Name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::ColorBlind => "color-blind",
            Self::ColorBlindLight => "color-blind-light",
            Self::HighContrast => "high-contrast",
            Self::NoColor => "no-color",
        }
    }

    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Dark => include_str!("../../../assets/themes/dark.toml"),
            Self::Light => include_str!("../../../assets/themes/light.toml"),
            Self::ColorBlind => include_str!("../../../assets/themes/color-blind.toml"),
            Self::ColorBlindLight => include_str!("../../../assets/themes/color-blind-light.toml"),
            Self::HighContrast => include_str!("../../../assets/themes/high-contrast.toml"),
            Self::NoColor => include_str!("../../../assets/themes/no-color.toml"),
        }
    }
}

/// Whether the background is light, as the variable `COLORFGBG` tells: `fg;bg` or `fg;default;bg` as palette numbers, set by
/// rxvt, Konsole and others. None if it is missing or makes no sense.
pub fn is_light(colorfgbg: Option<&str>) -> Option<bool> {
    let background: u8 = colorfgbg?.rsplit(';').next()?.trim().parse().ok()?;
    Some(matches!(background, 7 | 9..=15))
}

/// A mistake in a theme file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// The file cannot be parsed.
    #[error("{0}")]
    Syntax(String),
    /// Roles without a style.
    #[error("the theme leaves out {0}")]
    Missing(String),
    /// An invalid name.
    #[error("role '{role}': '{name}' is not {what}")]
    Unknown {
        role: String,
        name: String,
        /// What was expected.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The built-in theme that says what this one leaves out.
    base: Option<Theme>,
    roles: BTreeMap<Role, StyleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StyleText {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    add: Vec<String>,
}

pub(super) fn parse(source: &str) -> Result<[Style; Role::ALL.len()], ThemeError> {
    let file: File = toml::from_str(source).map_err(|e| ThemeError::Syntax(e.to_string()))?;
    let missing: Vec<String> =
        Role::ALL.iter().filter(|r| !file.roles.contains_key(r)).map(|r| format!("{r:?}")).collect();
    let mut styles = match file.base {
        // A built-in theme has no base.
        Some(base) => parse(base.source())?,
        None if !missing.is_empty() => return Err(ThemeError::Missing(missing.join(", "))),
        None => [Style::new(); Role::ALL.len()],
    };
    for (role, text) in &file.roles {
        styles[*role as usize] = style(*role, text)?;
    }
    Ok(styles)
}

fn style(role: Role, text: &StyleText) -> Result<Style, ThemeError> {
    let unknown = |name: &str, what| ThemeError::Unknown { role: format!("{role:?}"), name: name.to_owned(), what };
    let colour = |name: &Option<String>| {
        name.as_deref().map(|n| n.parse::<Color>().map_err(|_| unknown(n, "a colour"))).transpose()
    };
    let mut style = Style { fg: colour(&text.fg)?, bg: colour(&text.bg)?, ..Style::new() };
    for name in &text.add {
        style = style.add_modifier(match name.as_str() {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            "crossed-out" => Modifier::CROSSED_OUT,
            _ => return Err(unknown(name, "bold, dim, italic, underline, reversed or crossed-out")),
        });
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_variable_tells_the_background() {
        for (value, light) in [
            (None, None),
            (Some("15;0"), Some(false)),
            (Some("0;default;15"), Some(true)),
            (Some("0;7"), Some(true)),
            (Some("nonsense"), None),
        ] {
            assert_eq!(is_light(value), light, "{value:?}");
        }
    }

    #[test]
    fn a_theme_takes_what_it_leaves_out_from_its_base() {
        let styles = parse("base = \"light\"\n[roles]\ngood = { fg = \"#0000ff\" }").unwrap();
        let light = parse(Theme::Light.source()).unwrap();
        assert_eq!(styles[Role::Good as usize].fg, Some(Color::Rgb(0, 0, 255)));
        assert_eq!(styles[Role::Bad as usize], light[Role::Bad as usize]);
        assert!(parse("base = \"pink\"\n[roles]").is_err());
    }

    #[test]
    fn what_has_a_background_of_its_own_has_its_own_text_too() {
        for theme in Theme::ALL {
            let styles = parse(theme.source()).unwrap();
            for role in Role::ALL {
                let style = styles[role as usize];
                assert!(style.bg.is_none() || style.fg.is_some(), "{theme:?} {role:?} depends on the terminal");
            }
        }
    }

    #[test]
    fn wrong_theme_files_say_what_is_wrong() {
        let say = |source: &str| parse(source).unwrap_err().to_string();
        assert!(say("[roles]\ntext = {}").contains("leaves out Title"));
        assert!(say("[roles]\nnonsense = {}").contains("nonsense"));
        let with = |line: &str| Theme::NoColor.source().replace("text = {}", line);
        assert_eq!(say(&with("text = { fg = \"reddish\" }")), "role 'Text': 'reddish' is not a colour");
        assert!(say(&with("text = { add = [\"loud\"] }")).contains("'loud' is not bold"));
    }

    #[test]
    fn colours_are_names_numbers_or_hexadecimal() {
        let source = Theme::NoColor.source().replace("text = {}", "text = { fg = \"#102030\", bg = \"light-blue\" }");
        let style = parse(&source).unwrap()[Role::Text as usize];
        assert_eq!((style.fg, style.bg), (Some(Color::Rgb(16, 32, 48)), Some(Color::LightBlue)));
    }
}

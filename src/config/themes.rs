//! The user's own themes: files beside the configuration, `themes/NAME.toml`.

use std::path::Path;

use super::model::Theme;
use super::origin::Sourced;
use super::paths::themes_beside;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;
use crate::local;
use crate::ui::skin::Skin;

/// Maximum size of a theme.
const MOST_BYTES: u64 = 64 * 1024;
/// Maximum number of themes.
const MOST: usize = 100;

/// A theme of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTheme {
    pub name: String,
    /// Its text, which can be parsed.
    pub source: String,
}

/// Reads the themes beside the configuration `config`. Files that are no themes are left out, unless one is `chosen`.
///
/// # Errors
/// If the chosen file is no theme.
pub(super) fn own(config: &Path, chosen: &Sourced<Theme>) -> Outcome<Vec<OwnTheme>> {
    let dir = themes_beside(config);
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    names.truncate(MOST);
    let mut themes = Vec::new();
    for name in names {
        let path = dir.join(format!("{name}.toml"));
        let read = local::read_text(&path, MOST_BYTES).map_err(|e| e.to_string());
        let theme = read.and_then(|text| Skin::parse(&text, true).map(|_| text).map_err(|e| e.to_string()));
        match theme {
            Ok(source) => themes.push(OwnTheme { name, source }),
            Err(why) if chosen.value == Theme::Own(name) => {
                return Err(refuse(chosen, format!("{} is no theme: {}", path.display(), clean_line(&why))));
            }
            Err(why) => tracing::warn!(theme = %path.display(), %why, "no theme"),
        }
    }
    Ok(themes)
}

fn refuse(chosen: &Sourced<Theme>, why: String) -> Failure {
    let operation = format!("use the theme '{}' ({})", clean_line(chosen.value.name()), chosen.origin);
    Failure::new(FailureKind::Config, Service::Config, operation, why)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::{Env, Flags, load};

    #[test]
    fn a_file_beside_the_configuration_is_a_theme_and_a_wrong_one_is_said_when_it_is_chosen() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join(".config/signoff");
        std::fs::create_dir_all(dir.join("themes")).unwrap();
        let with = |theme: &str| {
            std::fs::write(dir.join("config.toml"), format!("[ui]\ntheme = \"{theme}\"\n")).unwrap();
            load(Env::of(&[], home.path()), Flags::default())
        };
        std::fs::write(dir.join("themes/mine.toml"), "base = \"dark\"\n[roles]\ngood = { fg = \"blue\" }\n").unwrap();
        std::fs::write(dir.join("themes/broken.toml"), "base = \"dark\"\n[roles]\nnice = {}\n").unwrap();
        let names = |theme: &str| with(theme).unwrap().ui.own_themes.into_iter().map(|t| t.name).collect::<Vec<_>>();
        assert_eq!(names("mine"), ["mine"]);
        assert_eq!(names("dark"), ["mine"]);
        let said = |theme: &str| with(theme).unwrap_err().sentence();
        assert!(said("broken").contains("broken.toml is no theme"), "{}", said("broken"));
        assert!(said("mien").contains("your own would be in"), "{}", said("mien"));
        assert!(said("../config").contains("is none of auto"), "{}", said("../config"));
    }
}

//! `[ui] images`: how pictures are shown, and what the terminal supports according to the environment.

use super::env::Env;

/// How to show pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// Detected from the environment.
    #[default]
    Auto,
    /// The kitty graphics protocol, also supported by Ghostty.
    Kitty,
    /// The iTerm2 protocol, also supported by WezTerm and mintty.
    Iterm2,
    Sixel,
    /// Sextants: six pixels per cell. Needs a font that has them.
    Sextants,
    /// Octants of Unicode 16: eight pixels per cell. No terminal says whether its font has them, so that they are never
    /// chosen by [`Self::Auto`].
    Octants,
    /// Half blocks: two pixels per cell. Works in every terminal.
    Half,
    Off,
}

/// Names in the configuration file.
pub(super) const IMAGES: &[(&str, Images)] = &[
    ("auto", Images::Auto),
    ("kitty", Images::Kitty),
    ("iterm2", Images::Iterm2),
    ("sixel", Images::Sixel),
    ("sextants", Images::Sextants),
    ("octants", Images::Octants),
    ("half", Images::Half),
    ("off", Images::Off),
];

impl Images {
    /// Name in the configuration file.
    pub fn name(self) -> &'static str {
        IMAGES.iter().find(|(_, images)| *images == self).map_or("auto", |(name, _)| name)
    }
}

/// The protocol the terminal supports according to its variables. Querying the terminal would mix its response with
/// typed keys. Never [`Images::Auto`]. Half blocks if unsure, and inside tmux or screen, which pass pictures through
/// only if configured to.
pub fn of_terminal(env: &Env) -> Images {
    let is = |name: &str, values: &[&str]| env.get(name).is_some_and(|v| values.contains(&v));
    let term = env.get("TERM").unwrap_or_default();
    let inside = ["TMUX", "STY"].iter().any(|name| env.get(name).is_some());
    if inside || term.starts_with("tmux") || term.starts_with("screen") {
        Images::Half
    } else if matches!(term, "xterm-kitty" | "xterm-ghostty") || is("TERM_PROGRAM", &["ghostty"]) {
        Images::Kitty
    } else if is("TERM_PROGRAM", &["iTerm.app", "WezTerm", "mintty"]) || is("LC_TERMINAL", &["iTerm2"]) {
        Images::Iterm2
    } else if ["foot", "mlterm", "contour", "yaft"].iter().any(|name| term.starts_with(name)) {
        Images::Sixel
    } else if env.get("KITTY_WINDOW_ID").is_some() {
        // Last: a terminal started from a kitty shell inherits the variable.
        Images::Kitty
    } else if env.get("VTE_VERSION").and_then(|v| v.parse::<u32>().ok()).is_some_and(|v| v >= 6_200) {
        // It draws these characters itself, whatever the font.
        Images::Sextants
    } else {
        Images::Half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_known_by_their_variables_and_multiplexers_hide_them() {
        for (vars, images) in [
            (&[("TERM", "xterm-kitty")] as &[_], Images::Kitty),
            (&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], Images::Kitty),
            (&[("TERM", "foot"), ("KITTY_WINDOW_ID", "1")], Images::Sixel),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], Images::Iterm2),
            (&[("TERM", "xterm-256color"), ("LC_TERMINAL", "iTerm2")], Images::Iterm2),
            (&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux-1/default,1,0")], Images::Half),
            (&[("TERM", "screen-256color"), ("TERM_PROGRAM", "iTerm.app")], Images::Half),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")], Images::Sextants),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "5202")], Images::Half),
            (&[("TERM", "xterm-256color")], Images::Half),
            (&[], Images::Half),
        ] {
            assert_eq!(of_terminal(&Env::of(vars, "/home/rev")), images, "{vars:?}");
        }
    }
}

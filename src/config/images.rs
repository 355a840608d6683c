//! `[ui] images`: how pictures are shown, and what the environment says the terminal can do.

use super::env::Env;

/// How pictures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Images {
    /// As the environment says the terminal can.
    #[default]
    Auto,
    /// The protocol of kitty, which Ghostty speaks too.
    Kitty,
    /// The protocol of iTerm2, which WezTerm and mintty speak too.
    Iterm2,
    Sixel,
    /// Half blocks: two pixels in a cell. Every terminal can.
    Half,
    /// Not at all.
    Off,
}

/// Their names in the file.
pub(super) const IMAGES: &[(&str, Images)] = &[
    ("auto", Images::Auto),
    ("kitty", Images::Kitty),
    ("iterm2", Images::Iterm2),
    ("sixel", Images::Sixel),
    ("half", Images::Half),
    ("off", Images::Off),
];

impl Images {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        IMAGES.iter().find(|(_, images)| *images == self).map_or("auto", |(name, _)| name)
    }
}

/// What the terminal can, going by its variables: asking it would mean to read its answer from among the keys that
/// a person types. Never [`Images::Auto`]. What is not known for sure is half blocks; so is what runs inside tmux or
/// screen, which hand pictures on only if they are told to.
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
        // Last: a terminal that was started from kitty's shell inherits it.
        Images::Kitty
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
            (&[("TERM", "xterm-256color")], Images::Half),
            (&[], Images::Half),
        ] {
            assert_eq!(of_terminal(&Env::of(vars, "/home/rev")), images, "{vars:?}");
        }
    }
}

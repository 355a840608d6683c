//! A line of text in pieces with roles.

use std::borrow::Cow;

use super::role::Role;
use super::text;

/// One line of text in pieces, each with a role.
///
/// ```
/// use signoff::present::{Phrase, Role};
/// let phrase = Phrase::new("telco-churn").add(Role::Muted, "  in Production");
/// assert_eq!(phrase.plain(), "telco-churn  in Production");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Phrase<'a> {
    pieces: Vec<(Role, Cow<'a, str>)>,
}

impl<'a> Phrase<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Role::Text, text)
    }

    pub fn of(role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        Self::default().add(role, text)
    }

    pub fn add(mut self, role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.pieces.push((role, text));
        }
        self
    }

    /// Adds text with [`Role::Text`].
    pub fn text(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.add(Role::Text, text)
    }

    pub fn join(mut self, other: Phrase<'a>) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Pads it to at least `width` cells.
    pub fn padded(self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.add(Role::Text, " ".repeat(missing))
    }

    pub fn pieces(&self) -> impl Iterator<Item = (Role, &str)> {
        self.pieces.iter().map(|(role, text)| (*role, text.as_ref()))
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub fn width(&self) -> usize {
        self.pieces().map(|(_, t)| text::width(t)).sum()
    }

    /// The text without roles.
    pub fn plain(&self) -> Cow<'_, str> {
        match self.pieces.as_slice() {
            [] => Cow::Borrowed(""),
            [(_, only)] => Cow::Borrowed(only),
            many => Cow::Owned(many.iter().map(|(_, t)| t.as_ref()).collect()),
        }
    }

    pub fn into_owned(self) -> Phrase<'static> {
        Phrase { pieces: self.pieces.into_iter().map(|(r, t)| (r, Cow::Owned(t.into_owned()))).collect() }
    }

    /// Truncates it to `max` cells, ending in `ellipsis` if something was cut.
    pub fn fit(self, max: usize, ellipsis: &str) -> Self {
        if self.width() <= max {
            return self;
        }
        let (end, used) = text::cut(ellipsis, max);
        let mut room = max - used;
        let mut out = Self::default();
        for (role, piece) in &self.pieces {
            let (shown, width) = text::cut(piece, room);
            room -= width;
            out = out.add(*role, shown.to_owned());
            if shown.len() < piece.len() {
                return out.add(*role, end.to_owned());
            }
        }
        out
    }

    /// Truncates it to `max` cells, keeping its beginning and its end: what differs between names is often at their end.
    pub fn middle(self, max: usize, ellipsis: &str) -> Self {
        if self.width() <= max {
            return self;
        }
        let role = self.pieces.first().map_or(Role::Text, |(role, _)| *role);
        Self::of(role, text::middle(&self.plain(), max, ellipsis))
    }

    /// Wraps the phrase into lines of at most `max` cells, keeping roles. Continuation lines are indented by `indent`
    /// blanks.
    pub fn wrap(&self, max: usize, indent: usize) -> Vec<Phrase<'static>> {
        let plain = self.plain();
        let room = max.saturating_sub(indent).max(1);
        let mut lines = Vec::new();
        let mut rest: &str = &plain;
        let mut from = 0;
        while lines.is_empty() || !rest.is_empty() {
            let room = if lines.is_empty() { max.max(1) } else { room };
            // Only wrap as much of a long text as fits on the line, plus some more to find the break.
            let line = rest.split('\n').next().unwrap_or_default();
            let (beginning, used) = text::cut(line, room + 2);
            let first = text::wrap(if used > room { beginning } else { line }, room).into_iter().next();
            let first = first.unwrap_or_default();
            let pad = if lines.is_empty() { 0 } else { indent };
            lines.push(self.slice(from, first.len(), pad));
            // Drop blanks and the newline at the break.
            let after = &rest[first.len()..];
            let gap = after.trim_start_matches(' ');
            let gap = gap.strip_prefix('\n').unwrap_or(gap);
            from += first.len() + after.len() - gap.len();
            rest = gap;
        }
        lines
    }

    fn slice(&self, from: usize, len: usize, pad: usize) -> Phrase<'static> {
        let mut line = Phrase::default().add(Role::Text, " ".repeat(pad));
        let mut start = 0;
        for (role, piece) in self.pieces() {
            let (a, b) = (from.max(start), (from + len).min(start + piece.len()));
            if a < b {
                line = line.add(role, piece[a - start..b - start].to_owned());
            }
            start += piece.len();
        }
        line
    }
}

impl<'a> From<&'a str> for Phrase<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Phrase<'_> {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'a> From<Cow<'a, str>> for Phrase<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::new(text)
    }
}

impl<'a, T: Into<Cow<'a, str>>> From<(Role, T)> for Phrase<'a> {
    fn from((role, text): (Role, T)) -> Self {
        Self::of(role, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wrapping_keeps_the_roles() {
        let phrase = Phrase::new("one ").add(Role::Bad, "two three");
        let lines = phrase.wrap(7, 2);
        assert_eq!(lines, [Phrase::new("one ").add(Role::Bad, "two"), Phrase::new("  ").add(Role::Bad, "three"),]);
        assert_eq!(Phrase::new("").wrap(5, 0).len(), 1);
        assert_eq!(Phrase::new("a\nb").wrap(5, 0).len(), 2);
    }

    proptest! {
        #[test]
        fn wrapping_ends_and_loses_nothing(text in any::<String>(), max in 0usize..9, indent in 0usize..4) {
            let bare = |s: &str| s.replace([' ', '\n', '\r'], "");
            let lines = Phrase::new(text.as_str()).wrap(max, indent);
            let joined: String = lines.iter().map(|l| l.plain().into_owned()).collect();
            prop_assert_eq!(bare(&joined), bare(&text));
        }
    }
}

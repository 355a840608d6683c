//! What a text means. How that looks is decided where it is printed or painted.

use serde::Deserialize;

/// What a piece of text means.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_own_place() {
        for (i, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, i);
        }
    }
}

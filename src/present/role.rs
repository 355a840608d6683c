//! Roles of text. Styles are chosen where it is printed or painted.

use serde::Deserialize;

/// The role of a piece of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Text,
    /// The subject of the screen.
    Title,
    /// Heading of a section or a column.
    Heading,
    /// Secondary text.
    Muted,
    /// Better, passed, done.
    Good,
    /// Worse, blocked, failed.
    Bad,
    /// Passed with a remark.
    Warn,
    /// Unknown whether good or bad.
    Unknown,
    Production,
    /// A candidate for production.
    Candidate,
    /// The row under the cursor; applied over the roles in it.
    Selected,
    /// Rows marked by the user.
    Marked,
    /// Characters matched by a filter; applied over other roles.
    Match,
    /// A key to press.
    Key,
    /// Outdated data.
    Stale,
    /// Anything specific to the demo.
    Demo,
    /// Addresses and paths.
    Link,
    Field,
    /// The focused input field.
    FieldFocus,
    /// Placeholder of an empty field.
    Placeholder,
    /// Separator lines.
    Rule,
    /// A dialog's frame.
    Border,
    /// The frame of a dialog for an irreversible action.
    BorderDanger,
    Tab,
    TabActive,
    /// The target's name in the header.
    Target,
    /// The header of a production target.
    TargetProduction,
}

impl Role {
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

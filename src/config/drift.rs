//! `[drift]`: what is left out of the comparison with what was signed.

use super::origin::Sourced;
use super::reader::Section;
use super::show::Shown;
use crate::domain::drift::Ignored;

/// `[drift]`.
#[derive(Clone, Debug, Default)]
pub struct DriftSection {
    ignore_tags: Option<Sourced<Vec<String>>>,
    ignore_aliases: Option<Sourced<Vec<String>>>,
}

impl DriftSection {
    pub(super) fn read(mut s: Section<'_, '_>) -> Self {
        let section = Self { ignore_tags: s.patterns("ignore_tags"), ignore_aliases: s.patterns("ignore_aliases") };
        s.finish();
        section
    }

    pub(super) fn values(&self) -> Ignored {
        let usual = Ignored::default();
        let list = |set: &Option<Sourced<Vec<String>>>, usual| set.as_ref().map_or(usual, |set| set.value.clone());
        Ignored { tags: list(&self.ignore_tags, usual.tags), aliases: list(&self.ignore_aliases, usual.aliases) }
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        let usual = Ignored::default();
        let or = |set: &Option<Sourced<Vec<String>>>, usual| set.clone().unwrap_or_else(|| Sourced::default_of(usual));
        [
            ("ignore_tags", or(&self.ignore_tags, usual.tags)),
            ("ignore_aliases", or(&self.ignore_aliases, usual.aliases)),
        ]
        .into_iter()
        .map(|(key, list)| Shown::new(format!("drift.{key}"), list.value.join(", "), &list.origin))
        .collect()
    }
}

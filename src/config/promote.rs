//! `[promote]`: from which target to which versions are promoted.

use super::origin::Sourced;
use super::reader::Section;
use super::show::Shown;
use crate::domain::elsewhere::NameThere;

/// `[promote]`.
#[derive(Clone, Debug, Default)]
pub struct PromoteSection {
    pub from: Option<Sourced<String>>,
    pub to: Option<Sourced<String>>,
    /// How models are called at the other target.
    pub model: Option<Sourced<NameThere>>,
    template: Option<Sourced<String>>,
}

impl PromoteSection {
    pub(super) fn read(mut s: Section<'_, '_>, line: usize) -> Self {
        let (from, to) = (s.string("from"), s.string("to"));
        let template = s.parsed("model", |text| NameThere::new(text).map(|_| text.to_owned()));
        let model =
            template.clone().and_then(|t| NameThere::new(&t.value).ok().map(|name| Sourced::new(name, t.origin)));
        match (&from, &to) {
            (Some(from), Some(to)) if from.value == to.value => {
                s.note(line, "from and to are the same target; leave out [promote]");
            }
            (Some(_), Some(_)) => {}
            (None, None) if model.is_none() => {}
            _ => s.note(line, "[promote] needs `from` and `to`, the names of two targets"),
        }
        s.finish();
        Self { from, to, model, template }
    }

    /// The target that versions of `target` go to.
    pub(super) fn of(&self, target: &str) -> Option<&Sourced<String>> {
        self.from.as_ref().filter(|from| from.value == target).and(self.to.as_ref())
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        let all = [("from", &self.from), ("to", &self.to), ("model", &self.template)];
        let set = all.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        set.map(|(key, value)| Shown::new(format!("promote.{key}"), value.value.clone(), &value.origin)).collect()
    }
}

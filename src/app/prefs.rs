//! What a person chose while browsing and wants to find again when coming back.

use std::collections::BTreeMap;

use crate::domain::ids::ExperimentId;

/// How many filters are kept.
const FILTERS: usize = 50;

/// A column of a list of runs that a person may choose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunColumn {
    /// The latest value of a metric.
    Metric(String),
    /// A param.
    Param(String),
}

impl RunColumn {
    /// The name of the metric or param, raw.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Metric(name) | Self::Param(name) => name,
        }
    }
}

/// Everything that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefs {
    /// The columns chosen for the runs of an experiment.
    pub columns: BTreeMap<ExperimentId, Vec<RunColumn>>,
    /// Filters sent to the server, the latest last, each once.
    pub filters: Vec<String>,
}

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    /// The columns of an experiment.
    Columns(ExperimentId, Vec<RunColumn>),
    /// A filter that was sent.
    Filter(String),
}

impl Prefs {
    /// Takes note.
    pub fn remember(&mut self, what: Remember) {
        match what {
            Remember::Columns(experiment, columns) => {
                self.columns.insert(experiment, columns);
            }
            Remember::Filter(filter) => {
                self.filters.retain(|f| *f != filter);
                self.filters.push(filter);
                let too_many = self.filters.len().saturating_sub(FILTERS);
                self.filters.drain(..too_many);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_used_again_becomes_the_latest() {
        let mut prefs = Prefs::default();
        for filter in ["a", "b", "a"] {
            prefs.remember(Remember::Filter(filter.to_owned()));
        }
        assert_eq!(prefs.filters, ["b", "a"]);
    }
}

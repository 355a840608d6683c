//! MLflow runs, the evidence behind a model version.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ExperimentId, RunId};
use super::sorted_map::{SortedMap, Tags};

/// One training run, with the latest value of each metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub experiment: ExperimentId,
    /// Display name; may be empty.
    pub name: String,
    /// Who started it, from the tag `mlflow.user` or the run itself.
    pub user: Option<String>,
    /// As the server spells it: `FINISHED`, `FAILED`, `KILLED`, `RUNNING`, `SCHEDULED`.
    pub status: String,
    pub started_at: Option<Timestamp>,
    /// `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// The run is in the server's trash.
    pub deleted: bool,
    /// The latest point of each metric (by step, then time), not the best one.
    pub metrics: SortedMap<MetricPoint>,
    /// Parameters; MLflow keeps them as strings.
    pub params: Tags,
    /// Tags, including MLflow's own (`mlflow.*`).
    pub tags: Tags,
    /// Data sets the run read.
    pub datasets: Vec<Dataset>,
}

/// Whether `text` is a Git commit id, full or abbreviated to at least seven digits, as Git does.
pub fn is_commit_id(text: &str) -> bool {
    (7..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Run {
    /// Whether it ended well.
    pub fn is_finished(&self) -> bool {
        self.status == "FINISHED"
    }

    /// The commit recorded by the run, possibly abbreviated: 7 to 40 hexadecimal digits. Some people set the tag by
    /// hand, for instance to a branch name; a branch moves, so it does not count as a commit.
    pub fn source_commit(&self) -> Option<&str> {
        self.source_commit_text().filter(|text| is_commit_id(text))
    }

    /// The raw text the run recorded as its commit.
    pub fn source_commit_text(&self) -> Option<&str> {
        self.tags.text("mlflow.source.git.commit").filter(|s| !s.is_empty())
    }

    /// The remote URL recorded by the run. May contain credentials: never show it unparsed.
    pub fn source_repo_url(&self) -> Option<&str> {
        self.tags.text("mlflow.source.git.repoURL").filter(|s| !s.is_empty())
    }

    /// The parent run (`mlflow.parentRunId`), unless it is missing or the run itself.
    pub fn parent(&self) -> Option<RunId> {
        self.parent_id().map(RunId::new)
    }

    /// [`Self::parent`], borrowed: for long lists.
    pub fn parent_id(&self) -> Option<&str> {
        self.tags.text("mlflow.parentRunId").filter(|p| !p.is_empty() && *p != self.id.as_str())
    }

    /// The author's description of the run, often Markdown; cleaned.
    pub fn description(&self) -> Option<&str> {
        self.tags.text("mlflow.note.content").filter(|text| !text.trim().is_empty())
    }

    /// The branch recorded by the run.
    pub fn source_branch(&self) -> Option<&str> {
        self.tags.text("mlflow.source.git.branch").filter(|s| !s.is_empty())
    }
}

/// One point of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    pub value: MetricValue,
    /// The step it was logged at.
    pub step: i64,
    pub at: Option<Timestamp>,
}

/// A data set the run used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    pub name: String,
    /// The digest computed by MLflow.
    pub digest: String,
    /// `training`, `validation`, ...: the tag `mlflow.data.context`.
    pub context: Option<String>,
    /// Number of rows, if the profile has it.
    pub rows: Option<u64>,
}

/// A metric's value, which may be NaN or infinite.
///
/// Equality and order are total (`f64::total_cmp`), so that facts can be compared and hashed. In JSON a finite value is
/// a number, others are the strings `NaN`, `Infinity` and `-Infinity`.
#[derive(Clone, Copy, Debug)]
pub struct MetricValue(pub f64);

impl MetricValue {
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }
}

impl PartialEq for MetricValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for MetricValue {}

impl PartialOrd for MetricValue {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MetricValue {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for MetricValue {
    /// At most six significant digits, without trailing zeros; exact values are in the JSON output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_significant(self.0, 6))
    }
}

/// Formats `value` with `digits` significant digits, as `1.2e-7` where plain digits would be long.
pub fn format_significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "-∞".to_owned() };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        let text = format!("{value:.*e}", digits.saturating_sub(1));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trim_zeros(mantissa));
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the range check above")]
    let decimals = (digits as i64 - 1 - magnitude as i64).clamp(0, 12);
    trim_zeros(&format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))).to_owned()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

impl Serialize for MetricValue {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() {
            s.serialize_str("NaN")
        } else if self.0 == f64::INFINITY {
            s.serialize_str("Infinity")
        } else if self.0 == f64::NEG_INFINITY {
            s.serialize_str("-Infinity")
        } else {
            s.serialize_f64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for MetricValue {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Number(f64),
            Text(String),
        }
        match Raw::deserialize(d)? {
            // Open-source servers send infinities as the largest finite number (measured on 2.22 and 3.18).
            Raw::Number(n) if n >= f64::MAX => Ok(Self(f64::INFINITY)),
            Raw::Number(n) if n <= f64::MIN => Ok(Self(f64::NEG_INFINITY)),
            Raw::Number(n) => Ok(Self(n)),
            Raw::Text(t) => match t.as_str() {
                "NaN" | "nan" => Ok(Self(f64::NAN)),
                "Infinity" | "inf" => Ok(Self(f64::INFINITY)),
                "-Infinity" | "-inf" => Ok(Self(f64::NEG_INFINITY)),
                other => other.parse().map(Self).map_err(|_| {
                    serde::de::Error::custom(format!("'{}' is not a metric value", super::text::clean_line(other)))
                }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_read_and_write_what_no_number_can_hold() {
        for (json, shown, back) in [
            ("0.914", "0.914", "0.914"),
            ("\"NaN\"", "NaN", "\"NaN\""),
            ("1.7976931348623157e308", "∞", "\"Infinity\""),
            ("\"-Infinity\"", "-∞", "\"-Infinity\""),
        ] {
            let value: MetricValue = serde_json::from_str(json).unwrap();
            assert_eq!(value.to_string(), shown);
            assert_eq!(serde_json::to_string(&value).unwrap(), back);
        }
        assert!(serde_json::from_str::<MetricValue>("\"high\"").is_err());
    }

    #[test]
    fn numbers_are_shown_with_six_significant_digits() {
        for (value, shown) in [
            (0.914_000_1, "0.914"),
            (12.5, "12.5"),
            (1_234_567.0, "1234567"),
            (0.000_012_345_678, "0.0000123457"),
            (1.5e-9, "1.5e-9"),
            (-0.25, "-0.25"),
            (0.0, "0"),
            (1e20, "1e20"),
        ] {
            assert_eq!(format_significant(value, 6), shown);
        }
    }
}

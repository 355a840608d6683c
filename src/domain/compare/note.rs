//! What is said about a metric besides its values: whose they are, and what they were measured on.

use super::MetricRow;
use crate::domain::score::MetricOrigin;
use crate::domain::text::clean_line;

/// What is said about a metric besides its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    /// Whether the values alone would mislead.
    pub warn: bool,
}

/// What to say about a row; `labels` name the baseline and the candidate. None if there is nothing to say.
pub fn note(row: &MetricRow, labels: (&str, &str)) -> Option<Note> {
    let (old, new) = (row.old_origin.as_ref(), row.new_origin.as_ref());
    let both = [(new, ""), (old, labels.0)];
    let mut parts = Vec::new();
    for (origin, whose) in both {
        if let Some((other, has)) = origin.and_then(|o| Some((o.other?, o.of.other().words()))) {
            let whose = if whose.is_empty() { String::new() } else { format!("{whose}: ") };
            parts.push(format!("{whose}{has} has {other}"));
        }
    }
    let warn = !parts.is_empty() || row.on_different_data();
    match (data(old, row), data(new, row)) {
        (_, Some(now)) if row.old.is_some() && row.on_different_data() => {
            let before = data(old, row).unwrap_or_default();
            parts.push(format!("measured on {now}; {} on {before}", labels.0));
        }
        (_, Some(now)) => parts.push(format!("measured on {now}")),
        (Some(before), None) => parts.push(format!("{} measured on {before}", labels.0)),
        (None, None) => {}
    }
    (!parts.is_empty()).then(|| Note { text: clean_line(&parts.join("; ")), warn })
}

/// The data set, with its digest where both sides' have one name.
fn data(origin: Option<&MetricOrigin>, row: &MetricRow) -> Option<String> {
    let data = origin?.data.as_ref()?;
    let name = |origin: &Option<MetricOrigin>| Some(origin.as_ref()?.data.as_ref()?.name.clone());
    let twins = row.on_different_data() && name(&row.old_origin) == name(&row.new_origin);
    Some(if twins { format!("{} {}", data.name, data.digest) } else { data.name.clone() })
}

/// The one thing to say about all rows, if it is the same and misleads nobody: then it is said once.
pub fn common(rows: &[MetricRow], labels: (&str, &str)) -> Option<String> {
    let mut notes = rows.iter().map(|row| note(row, labels));
    let first = notes.next()??;
    let same = !first.warn && rows.len() > 1 && notes.all(|other| other.as_ref() == Some(&first));
    same.then(|| format!("all {}", first.text))
}

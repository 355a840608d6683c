//! Compares the signatures of two models.

use std::collections::HashMap;

use serde::Serialize;

use super::{Change, TextRow};
use crate::domain::artifact::{Signature, SignatureField};

/// A part of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Input,
    Output,
    /// An inference parameter.
    Param,
}

/// One column, tensor or parameter on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldRow {
    pub part: Part,
    /// Its name, or its position (`#1`) if it has none, as is common for tensors.
    pub name: String,
    /// The baseline's.
    pub old: Option<SignatureField>,
    /// The candidate's.
    pub new: Option<SignatureField>,
    /// Never better or worse.
    pub change: Change,
}

impl FieldRow {
    /// The row as text: `in tenure`, and the type on each side.
    pub fn text(&self) -> TextRow {
        let part = match self.part {
            Part::Input => "in",
            Part::Output => "out",
            Part::Param => "param",
        };
        TextRow {
            name: format!("{part} {}", self.name),
            old: self.old.as_ref().map(kind),
            new: self.new.as_ref().map(kind),
            change: self.change,
        }
    }
}

/// A field's type as text, and whether it is optional.
pub fn kind(field: &SignatureField) -> String {
    if field.required { field.kind.clone() } else { format!("{}, optional", field.kind) }
}

/// Selects the fields of one part of a signature.
type Fields = fn(&Signature) -> &[SignatureField];

/// Compares signatures, in the candidate's order with removed fields last. A missing signature counts as empty.
pub fn field_rows(old: Option<&Signature>, new: Option<&Signature>) -> Vec<FieldRow> {
    let parts: [(Part, Fields); 3] =
        [(Part::Input, |s| &s.inputs), (Part::Output, |s| &s.outputs), (Part::Param, |s| &s.params)];
    let mut rows = Vec::new();
    for (part, fields) in parts {
        let (old, new) = (named(old.map(fields).unwrap_or_default()), named(new.map(fields).unwrap_or_default()));
        let by_name: HashMap<_, _> = old.iter().map(|(key, field)| (key, *field)).collect();
        let kept: HashMap<_, _> = new.iter().map(|(key, field)| (key, *field)).collect();
        for (key, field) in &new {
            rows.push(row(part, &key.0, by_name.get(key).copied(), Some(field)));
        }
        for (key, field) in old.iter().filter(|(key, _)| !kept.contains_key(key)) {
            rows.push(row(part, &key.0, Some(field), None));
        }
    }
    rows
}

/// Fields keyed by name and by position among those of the same name, as names need not be unique.
fn named(fields: &[SignatureField]) -> Vec<((String, usize), &SignatureField)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let name = if field.name.is_empty() { format!("#{}", at + 1) } else { field.name.clone() };
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            ((name, *count), field)
        })
        .collect()
}

fn row(part: Part, name: &str, old: Option<&SignatureField>, new: Option<&SignatureField>) -> FieldRow {
    let change = match (old, new) {
        (Some(a), Some(b)) if a == b => Change::Same,
        (Some(_), Some(_)) => Change::Unknown,
        (Some(_), None) => Change::Removed,
        _ => Change::Added,
    };
    FieldRow { part, name: name.to_owned(), old: old.cloned(), new: new.cloned(), change }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: &str) -> SignatureField {
        SignatureField { name: name.into(), kind: kind.into(), required: true }
    }

    #[test]
    fn fields_meet_by_name_and_tensors_without_one_by_place() {
        let old = Signature {
            inputs: vec![field("tenure", "long"), field("region", "string"), field("age", "long")],
            outputs: vec![field("", "tensor(float32, [-1, 1])")],
            params: Vec::new(),
        };
        let new = Signature {
            inputs: vec![field("age", "double"), field("tenure", "long"), field("income", "double")],
            outputs: vec![field("", "tensor(float32, [-1, 2])")],
            params: vec![SignatureField { required: false, ..field("temperature", "double = 0.5") }],
        };
        let rows = field_rows(Some(&old), Some(&new));
        let shape: Vec<_> = rows.iter().map(|r| (r.part, r.name.as_str(), r.change)).collect();
        assert_eq!(
            shape,
            [
                (Part::Input, "age", Change::Unknown),
                (Part::Input, "tenure", Change::Same),
                (Part::Input, "income", Change::Added),
                (Part::Input, "region", Change::Removed),
                (Part::Output, "#1", Change::Unknown),
                (Part::Param, "temperature", Change::Added),
            ]
        );
        assert_eq!(kind(rows[5].new.as_ref().unwrap_or(&field("", ""))), "double = 0.5, optional");
    }

    #[test]
    fn a_name_that_stands_twice_is_no_row_less() {
        let twice = Signature { inputs: vec![field("x", "long"), field("x", "string")], ..Signature::default() };
        let once = Signature { inputs: vec![field("x", "long")], ..Signature::default() };
        let changes = |a, b| field_rows(Some(a), Some(b)).iter().map(|r| r.change).collect::<Vec<_>>();
        assert_eq!(changes(&twice, &twice), [Change::Same; 2]);
        assert_eq!(changes(&once, &twice), [Change::Same, Change::Added]);
        assert_eq!(field_rows(None, Some(&once)).len(), 1);
    }
}

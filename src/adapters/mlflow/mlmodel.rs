//! The signature in an `MLmodel` file: YAML, with JSON inside its strings.
//!
//! The file is written by whoever logged the model, so the parser must handle anything: `serde-saphyr` is safe Rust
//! without panics, and limits aliases and depth.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::artifact::{Signature, SignatureField};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::{clean_line, shorten};

/// The longest type that is kept, in characters. Nested objects can be of any size.
const MAX_KIND: usize = 400;

#[derive(Deserialize)]
struct MlModel {
    #[serde(default)]
    signature: Option<Parts>,
}

/// Each is a JSON list as text; empty and absent mean the same.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parts {
    inputs: Option<String>,
    outputs: Option<String>,
    params: Option<String>,
}

/// The signature in the text of an `MLmodel` file; none if it has none. `what` is a phrase after "could not".
///
/// # Errors
/// [`FailureKind::Protocol`] if the text is not what MLflow writes.
pub(super) fn signature(text: &str, what: &str) -> Outcome<Option<Signature>> {
    let wrong = |reason: String| {
        Failure::new(FailureKind::Protocol, Service::Mlflow, what, shorten(&clean_line(&reason), 300))
            .with_hint("The file was written by whoever logged the model; look at it among the version's files.")
    };
    let file: MlModel = serde_saphyr::from_str(text).map_err(|e| {
        // The first line says what and where; the rest is an excerpt of the file.
        let said = e.to_string();
        wrong(format!("its MLmodel file is not valid YAML ({})", said.lines().next().unwrap_or_default()))
    })?;
    let Some(parts) = file.signature else { return Ok(None) };
    let list = |name: &str, part: Option<String>| -> Outcome<Vec<Value>> {
        let text = part.filter(|t| !t.trim().is_empty());
        let read = text.map_or(Ok(None), |t| serde_json::from_str::<Option<Vec<Value>>>(&t));
        read.map(Option::unwrap_or_default).map_err(|e| wrong(format!("the signature's {name} cannot be read ({e})")))
    };
    Ok(Some(Signature {
        inputs: list("inputs", parts.inputs)?.iter().map(column).collect(),
        outputs: list("outputs", parts.outputs)?.iter().map(column).collect(),
        params: list("params", parts.params)?.iter().map(param).collect(),
    }))
}

/// A column or a tensor.
fn column(spec: &Value) -> SignatureField {
    SignatureField { name: name(spec), kind: shorten(&clean_line(&kind(spec)), MAX_KIND), required: required(spec) }
}

/// An inference parameter. It has a default, so it is optional.
fn param(spec: &Value) -> SignatureField {
    let mut kind = kind(spec);
    if let Some(shape) = spec.get("shape").filter(|s| !s.is_null()) {
        kind = format!("{kind}{shape}");
    }
    if let Some(default) = spec.get("default").filter(|d| !d.is_null()) {
        kind = format!("{kind} = {default}");
    }
    SignatureField { name: name(spec), kind: shorten(&clean_line(&kind), MAX_KIND), required: false }
}

fn name(spec: &Value) -> String {
    clean_line(spec.get("name").and_then(Value::as_str).unwrap_or_default())
}

/// `required` since 2.6, `optional` before.
fn required(spec: &Value) -> bool {
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool);
    flag("required").unwrap_or_else(|| !flag("optional").unwrap_or(false))
}

/// The type as text: `double`, `tensor(float32, [-1, 28])`, `array(string)`, `object(id: long, note?: string)`.
fn kind(spec: &Value) -> String {
    let part = |key: &str| spec.get(key).map(kind).unwrap_or_default();
    // `dtype` in parameters of early 2.x.
    let Some(kind) = spec.get("type").or_else(|| spec.get("dtype")).and_then(Value::as_str) else {
        return spec.as_str().unwrap_or("unknown").to_owned();
    };
    match kind {
        "tensor" => {
            let of = |key: &str| spec.get("tensor-spec").and_then(|t| t.get(key));
            let shape: Vec<String> =
                of("shape").and_then(Value::as_array).into_iter().flatten().map(Value::to_string).collect();
            format!("tensor({}, [{}])", of("dtype").and_then(Value::as_str).unwrap_or("unknown"), shape.join(", "))
        }
        "array" => format!("array({})", part("items")),
        "map" => format!("map({})", part("values")),
        "object" => {
            let all = spec.get("properties").and_then(Value::as_object);
            let property = |(name, spec): (&String, &Value)| {
                format!("{name}{}: {}", if required(spec) { "" } else { "?" }, self::kind(spec))
            };
            format!("object({})", all.into_iter().flatten().map(property).collect::<Vec<_>>().join(", "))
        }
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Option<Signature> {
        signature(text, "read the signature").unwrap()
    }

    fn shown(fields: &[SignatureField]) -> Vec<String> {
        fields.iter().map(|f| format!("{}{}: {}", f.name, if f.required { "" } else { "?" }, f.kind)).collect()
    }

    #[test]
    fn columns_and_tensors_are_read_from_what_mlflow_writes() {
        let text = "artifact_path: model\nflavors:\n  python_function:\n    env: {conda: conda.yaml}\n\
            mlflow_version: 3.17.2\nmodel_size_bytes: 58725\nprompts: null\nsignature:\n  \
            inputs: '[{\"type\": \"double\", \"name\": \"tenure\", \"required\": true}, {\"type\":\n    \
            \"string\", \"name\": \"it''s\", \"required\": false}]'\n  \
            outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\", \"shape\": [-1, 28]}}]'\n  \
            params: null\nutc_time_created: '2026-11-23 15:48:29.885750'\n";
        let signature = read(text).unwrap();
        assert_eq!(shown(&signature.inputs), ["tenure: double", "it's?: string"]);
        assert_eq!(shown(&signature.outputs), [": tensor(int64, [-1, 28])"]);
        assert_eq!(signature.params, []);
    }

    #[test]
    fn nested_types_and_parameters_are_spelled_out() {
        let inputs = r#"[{"type":"array","items":{"type":"string"},"name":"tags"},
            {"type":"map","values":{"type":"array","items":{"type":"long"}},"name":"m","optional":true},
            {"type":"object","properties":{"id":{"type":"long"},"note":{"type":"string","required":false}},"name":"o"}]"#;
        let params = r#"[{"name":"top_k","type":"long","default":5,"shape":null},
            {"name":"stop","dtype":"string","default":["a"],"shape":[-1]},{"name":"seed","type":"long","default":null}]"#;
        let text = serde_json::json!({"signature": {"inputs": inputs, "params": params}}).to_string();
        let signature = read(&text).unwrap();
        assert_eq!(
            shown(&signature.inputs),
            ["tags: array(string)", "m?: map(array(long))", "o: object(id: long, note?: string)"]
        );
        assert_eq!(shown(&signature.params), ["top_k?: long = 5", "stop?: string[-1] = [\"a\"]", "seed?: long"]);
    }

    #[test]
    fn a_file_without_a_signature_has_none() {
        for text in ["artifact_path: model\n", "signature: null\n", "flavors: {}\nsignature: ~\n"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("signature:\n  inputs: null\n  outputs: 'null'\n"), Some(Signature::default()));
    }

    #[test]
    fn nonsense_is_a_sentence() {
        for text in [
            "a: [",
            "\u{1b}[2J: {",
            "signature: 5",
            "signature:\n  inputs: '{'\n",
            "- 1\n- 2\n",
            "signature: {inputs: [1]}",
        ] {
            let failure = signature(text, "read the signature").unwrap_err();
            assert_eq!(failure.kind, FailureKind::Protocol, "{text}");
            assert!(!failure.reason.contains(['\n', '\u{1b}']), "{failure}");
        }
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            let list = vec![format!("*a{}", n - 1); 10].join(", ");
            text.push_str(&format!("a{n}: &a{n} [{list}]\n"));
        }
        assert_eq!(signature(&text, "x").unwrap_err().kind, FailureKind::Protocol);
    }

    #[test]
    fn hostile_names_are_inert() {
        let inputs = serde_json::json!([{"type": "dou\u{1b}ble", "name": "a\u{202e}b\n"}]).to_string();
        let signature = read(&serde_json::json!({"signature": {"inputs": inputs}}).to_string()).unwrap();
        assert_eq!(shown(&signature.inputs), ["a<U+202E>b⏎: dou␛ble"]);
    }
}

//! The files of runs and logged models, computed from the world's data.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::adapters::demo::world::{Feature, Model, TrainingRun};
use crate::domain::artifact::ArtifactEntry;
use crate::domain::ids::{ModelName, VersionNumber};

const CONFUSION: &[u8] = include_bytes!("../../../../assets/demo/files/confusion_matrix.png");
const ROC: &[u8] = include_bytes!("../../../../assets/demo/files/roc_curve.png");
/// How many bytes of a model's weights are computed.
const BLOCK: usize = 8 * 1024;
/// Size of a model's weights: large enough that a download takes time.
const WEIGHTS: usize = 1_500_000;

/// One file, raw: its texts are as hostile as the world's.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub path: String,
    pub bytes: Vec<u8>,
}

fn file(path: &str, content: impl Into<Vec<u8>>) -> File {
    File { path: path.to_owned(), bytes: content.into() }
}

/// The entries directly below a folder, folders first, by name.
pub(super) fn below(files: &[File], folder: &str) -> Vec<ArtifactEntry> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut entries = BTreeMap::new();
    for file in files {
        let Some(rest) = file.path.strip_prefix(&prefix) else { continue };
        let (path, size) = match rest.split_once('/') {
            Some((name, _)) => (format!("{prefix}{name}"), None),
            None => (file.path.clone(), u64::try_from(file.bytes.len()).ok()),
        };
        let is_dir = size.is_none();
        entries.insert((!is_dir, path.clone()), ArtifactEntry { path, is_dir, size });
    }
    entries.into_values().collect()
}

/// The files a run logged. A run without a version logged fewer.
pub(super) fn of_run(run: &TrainingRun, version: Option<(&ModelName, &Model, VersionNumber)>) -> Vec<File> {
    let mut files = vec![file("config.yaml", config(run)), file("metrics.json", metrics(run))];
    if let Some((name, model, number)) = version {
        files.push(file("feature_importance.csv", importance(model, number)));
        files.push(file("model_card.md", card(name, model, number, run)));
        if let Some(matrix) = confusion(run) {
            files.push(file("confusion_matrix.json", matrix));
        }
        files.push(file("plots/confusion_matrix.png", CONFUSION));
        files.push(file("plots/roc_curve.png", ROC));
    }
    files
}

/// The files of the model itself. If the upload was interrupted, the `MLmodel` file is missing.
pub(super) fn of_logged_model(id: &str, model: &Model, number: VersionNumber) -> Vec<File> {
    let requirements = "mlflow==3.17.2\ncloudpickle==3.1.2\nnumpy==2.4.1\nscikit-learn==1.9.1\n";
    let mut files = vec![file("model.bin", weights(id)), file("requirements.txt", requirements)];
    if model.versions.get(&number).is_some_and(|v| v.status == "READY") {
        let columns: Vec<&str> = model.inputs_of(number).map(|f| f.name.as_str()).collect();
        let example = json!({"columns": columns, "data": [example(model, number)]});
        files.push(file("MLmodel", ml_model(id, model, number)));
        files.push(file("input_example.json", format!("{example:#}\n")));
    }
    files
}

/// A value of its type for each input.
fn example(model: &Model, number: VersionNumber) -> Vec<serde_json::Value> {
    let value = |(i, input): (usize, &Feature)| match input.kind.as_str() {
        "boolean" => json!(true),
        "double" | "float" => json!(0.25 * (i + 1) as f64),
        "integer" | "long" => json!(3 * (i + 1)),
        _ => json!(format!("{} 1", input.name)),
    };
    model.inputs_of(number).enumerate().map(value).collect()
}

fn config(run: &TrainingRun) -> String {
    // JSON strings are also valid YAML.
    let text = |s: &str| json!(s).to_string();
    let mut out = format!("run: {}\nsteps: {}\nparams:\n", text(&run.name), run.steps);
    for (key, value) in &run.params {
        let _ = writeln!(out, "  {}: {}", text(key), text(value));
    }
    out.push_str("data:\n");
    for d in &run.datasets {
        let _ = writeln!(out, "  - name: {}\n    digest: {}\n    rows: {}", text(&d.name), text(&d.digest), d.rows);
    }
    out
}

/// As Python writes it: with `NaN` and `Infinity`, which are not JSON.
fn metrics(run: &TrainingRun) -> String {
    let number = |v: f64| match v {
        v if v.is_nan() => "NaN".to_owned(),
        v if v.is_infinite() => format!("{}Infinity", if v < 0.0 { "-" } else { "" }),
        v => v.to_string(),
    };
    let lines = run.metrics.iter().map(|(name, value)| format!("  {}: {}", json!(name), number(value.0)));
    format!("{{\n{}\n}}\n", lines.collect::<Vec<_>>().join(",\n"))
}

/// How many were called what, as far as recall and precision tell.
fn confusion(run: &TrainingRun) -> Option<String> {
    let metric = |name: &str| run.metrics.iter().find(|(n, _)| *n == name).map(|(_, value)| value.0);
    let (recall, precision) = (metric("recall")?, metric("precision").filter(|p| *p > 0.0)?);
    let (yes, no) = (1_397.0, 7_803.0);
    let found = (recall * yes).round();
    let wrong = (found * (1.0 - precision) / precision).round().min(no);
    let matrix = [[no - wrong, wrong], [yes - found, found]].map(|row| row.map(|cell| cell as i64));
    Some(format!("{:#}\n", json!({"labels": ["stays", "leaves"], "matrix": matrix})))
}

fn importance(model: &Model, number: VersionNumber) -> String {
    let mut out = "feature,type,gain,cover,splits,note\n".to_owned();
    for (rank, feature) in (1_u32..).zip(model.inputs_of(number)) {
        let gain = 0.42 / f64::from(rank).powf(1.3);
        let note = if feature.required { "" } else { "\"may be missing, is imputed\"" };
        let (cover, splits) = (gain * 0.8 + 0.01, 2_400 / rank);
        let _ = writeln!(out, "{},{},{gain:.4},{cover:.4},{splits},{note}", feature.name, feature.kind);
    }
    out
}

fn card(name: &ModelName, model: &Model, number: VersionNumber, run: &TrainingRun) -> String {
    let changed = model.versions.get(&number).map(|v| v.description.as_str()).unwrap_or_default();
    let mut out = format!(
        "# {} {number}\n\n{}\n\n## What changed\n\n{changed}\n\n## Numbers\n\n| metric | value |\n| --- | ---: |\n",
        name.as_str(),
        model.description
    );
    for (metric, value) in &run.metrics {
        let _ = writeln!(out, "| {metric} | {value} |");
    }
    out.push_str("\n## Data\n\n");
    for data in &run.datasets {
        let _ = writeln!(out, "- **{}** `{}`, {}, {} rows", data.name, data.digest, data.context, data.rows);
    }
    out.push_str(
        "\n## Limits\n\n1. Scores are calibrated on the last quarter only.\n2. Do not use it for decisions about \
         single customers.\n\n```python\nmodel = mlflow.pyfunc.load_model(\"models:/",
    );
    let _ = writeln!(out, "{}/{}\")\nmodel.predict(frame)\n```", name.as_str(), number.0);
    out
}

fn ml_model(id: &str, model: &Model, number: VersionNumber) -> String {
    let input = |f: &Feature| json!({"type": f.kind, "name": f.name, "required": f.required});
    let inputs: Vec<_> = model.inputs_of(number).map(input).collect();
    let outputs = json!([{"type": model.output.kind, "name": model.output.name, "required": true}]);
    let quoted = |v: serde_json::Value| v.to_string().replace('\'', "''");
    let run = model.versions.get(&number).and_then(|v| v.run_id.as_ref()).map_or("", |r| r.as_str());
    format!(
        "artifact_path: mlflow-artifacts:/models/{id}/artifacts\nflavors:\n  python_function:\n    env:\n      \
         virtualenv: python_env.yaml\n    loader_module: mlflow.sklearn\n    model_path: model.bin\n    predict_fn: \
         predict\n    python_version: 3.13.1\nmlflow_version: 3.17.2\nmodel_id: {id}\nmodel_size_bytes: {WEIGHTS}\n\
         run_id: {run}\nsignature:\n  inputs: '{}'\n  outputs: '{}'\n  params: null\n",
        quoted(json!(inputs)),
        quoted(outputs)
    )
}

/// Pseudorandom bytes, the same every time.
fn weights(id: &str) -> Vec<u8> {
    let seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut state = id.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut bytes = b"binf\x01\x00\x00\x00".to_vec();
    while bytes.len() < BLOCK {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    // Folders are listed often, and each listing computes its files, so most of it repeats.
    let mut bytes = bytes.repeat(WEIGHTS.div_ceil(BLOCK));
    bytes.truncate(WEIGHTS);
    bytes
}

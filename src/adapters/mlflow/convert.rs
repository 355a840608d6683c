//! Wire types to domain types. Remote text is cleaned here and only here, and loses the credentials in its URLs.

use jiff::Timestamp;

use super::wire;
use crate::adapters::http::Int;
use crate::domain::address::without_credentials;
use crate::domain::artifact::ArtifactEntry;
use crate::domain::deployment::Deployment;
use crate::domain::experiment::Experiment;
use crate::domain::history::Point;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::logged::{DataRef, LoggedModel, ModelMetric};
use crate::domain::registry::{ModelVersion, RegisteredModel, Stage, VersionStatus, join_aliases};
use crate::domain::run::{Dataset, MetricPoint, Run};
use crate::domain::sorted_map::{Interner, SortedMap, Tags};
use crate::domain::text::{self, clean_line, cleaned_line};

/// The tag of prompts, which MLflow stores as registered models (since 2.21).
const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// The tag with the list of versions made from a logged model. The server keeps it, and it says nothing of the model.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

pub(in crate::adapters) fn is_prompt(tags: &Tags) -> bool {
    tags.get(PROMPT_TAG).is_some_and(|v| v.eq_ignore_ascii_case("true"))
}

/// A model. Versions without a number are left out of `latest`.
pub(in crate::adapters) fn model(dto: wire::Model, pool: &mut Interner) -> RegisteredModel {
    let name = ModelName::new(dto.name);
    let of_it = |version: ModelVersion| match version.model == name {
        true => ModelVersion { model: name.clone(), ..version },
        false => version,
    };
    let aliases = dto.aliases.into_iter().filter_map(|a| Some((cleaned_line(a.alias), number(a.version)?))).collect();
    let mut latest: Vec<_> = dto.latest_versions.into_iter().filter_map(|v| version(v, pool)).map(of_it).collect();
    // Made in the place of what was read, which is larger and grew by doubling.
    latest.shrink_to_fit();
    join_aliases(&mut latest, &aliases);
    RegisteredModel {
        description: free(dto.description),
        tags: tags(dto.tags, pool),
        aliases,
        latest,
        told: true,
        browse_only: dto.browse_only,
        there: Default::default(),
        created_at: time(dto.creation_timestamp),
        updated_at: time(dto.last_updated_timestamp),
        name,
    }
}

/// A version; none if the server sent no usable number.
pub(in crate::adapters) fn version(dto: wire::Version, pool: &mut Interner) -> Option<ModelVersion> {
    let mut aliases: Vec<String> = dto.aliases.into_iter().map(|alias| cleaned_line(alias.0)).collect();
    aliases.sort();
    Some(ModelVersion {
        number: number(dto.version)?,
        model: ModelName::new(dto.name),
        stage: Stage::from(cleaned_line(dto.current_stage)),
        status: status(&dto.status, &dto.status_message),
        created_at: time(dto.creation_timestamp),
        updated_at: time(dto.last_updated_timestamp),
        author: line(dto.user_id),
        source: without_credentials(cleaned_line(dto.source)),
        run_id: (!dto.run_id.is_empty()).then(|| RunId::new(dto.run_id)),
        description: free(dto.description),
        tags: tags(dto.tags, pool),
        aliases,
        logged_model: line(dto.model_id),
        run_elsewhere: workspace_of_run(&dto.run_tracking_server_id.0, &dto.run_link),
        keeps_files: false,
        deployment: deployment(dto.deployment_job_state),
    })
}

/// What the registry itself keeps of the logged model that a version was made from; none if it keeps nothing.
pub(in crate::adapters) fn embedded(dto: &mut wire::Version, pool: &mut Interner) -> Option<LoggedModel> {
    let (metrics, params) = (std::mem::take(&mut dto.model_metrics), std::mem::take(&mut dto.model_params));
    if dto.model_id.is_empty() || (metrics.is_empty() && params.is_empty()) {
        return None;
    }
    let params = params.into_iter().map(|p| wire::KeyValue { key: p.name, value: p.value }).collect();
    Some(LoggedModel {
        id: cleaned_line(dto.model_id.clone()),
        source_run: run_id(dto.run_id.clone()),
        metrics: LoggedModel::latest(metrics.into_iter().filter_map(model_metric).collect()),
        params: tags(params, pool),
        ..LoggedModel::default()
    })
}

/// The run of the deployment job; none if the version has none. Ids are numbers: nothing else belongs into an address.
fn deployment(dto: wire::DeploymentJob) -> Option<Deployment> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    let (job, run) = (dto.job_id.0, dto.run_id.0);
    let waits = dto.run_state == "APPROVAL";
    (is_id(&job) && is_id(&run)).then_some(Deployment { job, run, waits })
}

/// The id of the Databricks workspace that a run is in: as it is told, or as in the run's page.
fn workspace_of_run(told: &str, link: &str) -> Option<String> {
    let is_id = |id: &str| !id.is_empty() && id != "0" && id.bytes().all(|b| b.is_ascii_digit());
    if is_id(told) {
        return Some(told.to_owned());
    }
    let (_, query) = link.split_once("?o=").or_else(|| link.split_once("&o="))?;
    let id = query.split(['&', '#', '/']).next().unwrap_or_default();
    is_id(id).then(|| id.to_owned())
}

/// The runs of a response, without those that have no id.
pub(in crate::adapters) fn runs(dtos: Vec<wire::Run>) -> Vec<Run> {
    let mut pool = Interner::default();
    dtos.into_iter().filter_map(|dto| run(dto, &mut pool)).collect()
}

/// A run; none if the server sent no id.
pub(in crate::adapters) fn run(dto: wire::Run, pool: &mut Interner) -> Option<Run> {
    let info = dto.info;
    let id = if info.run_id.is_empty() { info.run_uuid } else { info.run_id };
    let (params, tags) = (tags(dto.data.params, pool), tags(dto.data.tags, pool));
    let tag = |key: &str| tags.text(key).filter(|text| !text.is_empty()).map(clean_line);
    Some(Run {
        id: (!id.is_empty()).then(|| RunId::new(id))?,
        experiment: ExperimentId::new(pool.text(&info.experiment_id.0)),
        name: line(info.run_name).or_else(|| tag("mlflow.runName")).unwrap_or_default(),
        user: tag("mlflow.user").or_else(|| line(info.user_id)),
        status: cleaned_line(info.status.0),
        started_at: time(info.start_time),
        ended_at: time(info.end_time),
        deleted: info.lifecycle_stage.eq_ignore_ascii_case("deleted"),
        metrics: metrics(dto.data.metrics, pool),
        params,
        datasets: dto.inputs.dataset_inputs.into_iter().map(dataset).collect(),
        tags,
    })
}

/// An experiment; none if the server sent no id.
pub(in crate::adapters) fn experiment(dto: wire::Experiment) -> Option<Experiment> {
    (!dto.experiment_id.0.is_empty()).then(|| Experiment {
        id: ExperimentId::new(dto.experiment_id.0),
        name: cleaned_line(dto.name),
        deleted: dto.lifecycle_stage.eq_ignore_ascii_case("deleted"),
        created_at: time(dto.creation_time),
        updated_at: time(dto.last_update_time),
    })
}

/// The points of a history, without those whose value is not a number in any spelling.
pub(in crate::adapters) fn points(dtos: Vec<wire::Metric>) -> Vec<Point> {
    let point =
        |m: wire::Metric| Some(Point { step: m.step.0.unwrap_or_default(), at: time(m.timestamp), value: m.value.0? });
    dtos.into_iter().filter_map(point).collect()
}

/// A file or folder; its path is not cleaned.
pub(in crate::adapters) fn entry(dto: wire::File) -> ArtifactEntry {
    let size = dto.file_size.0.and_then(|n| u64::try_from(n).ok()).filter(|_| !dto.is_dir);
    ArtifactEntry { path: dto.path, is_dir: dto.is_dir, size }
}

pub(in crate::adapters) fn logged_model(dto: wire::LoggedModel, pool: &mut Interner) -> LoggedModel {
    let (info, data) = (dto.info, dto.data);
    let mut tags = tags(info.tags, pool);
    tags.retain(|key| key != VERSIONS_TAG);
    LoggedModel {
        id: cleaned_line(info.model_id),
        name: cleaned_line(info.name),
        status: cleaned_line(info.status.0),
        experiment: (!info.experiment_id.0.is_empty()).then(|| ExperimentId::new(info.experiment_id.0)),
        source_run: run_id(info.source_run_id),
        metrics: LoggedModel::latest(data.metrics.into_iter().filter_map(model_metric).collect()),
        params: self::tags(data.params, pool),
        tags,
    }
}

/// None for a value that is not a number in any spelling, as for those of runs.
fn model_metric(dto: wire::ModelMetric) -> Option<ModelMetric> {
    let name = cleaned_line(dto.metric.key);
    let Some(value) = dto.metric.value.0 else {
        tracing::warn!(metric = %name, "left out a metric whose value cannot be read");
        return None;
    };
    let data = DataRef { name: cleaned_line(dto.dataset_name), digest: cleaned_line(dto.dataset_digest) };
    Some(ModelMetric {
        name,
        value,
        step: dto.metric.step.0.unwrap_or_default(),
        at: time(dto.metric.timestamp),
        run: run_id(dto.run_id),
        data: Some(data).filter(|data| !data.name.is_empty()),
    })
}

fn run_id(id: String) -> Option<RunId> {
    (!id.is_empty()).then(|| RunId::new(id))
}

/// Leaves out a value that is not a number in any spelling: nothing may be concluded from it.
fn metrics(points: Vec<wire::Metric>, pool: &mut Interner) -> SortedMap<MetricPoint> {
    let mut out = Vec::with_capacity(points.len());
    for m in points {
        match m.value.0 {
            Some(value) => {
                let point = MetricPoint { value, step: m.step.0.unwrap_or_default(), at: time(m.timestamp) };
                out.push((pool.text(&cleaned_line(m.key)), point));
            }
            None => tracing::warn!(metric = %clean_line(&m.key), "left out a metric whose value cannot be read"),
        }
    }
    pool.named(out)
}

fn dataset(dto: wire::DatasetInput) -> Dataset {
    let profile: serde_json::Value = serde_json::from_str(&dto.dataset.profile).unwrap_or_default();
    Dataset {
        name: cleaned_line(dto.dataset.name),
        digest: cleaned_line(dto.dataset.digest),
        context: dto.tags.into_iter().find(|t| t.key == "mlflow.data.context").and_then(|t| line(t.value.0)),
        rows: profile.get("num_rows").and_then(serde_json::Value::as_u64),
    }
}

fn tags(pairs: Vec<wire::KeyValue>, pool: &mut Interner) -> Tags {
    let read = |t: wire::KeyValue| (pool.text(&cleaned_line(t.key)), pool.text(&free(t.value.0)));
    let pairs: Vec<_> = pairs.into_iter().map(read).collect();
    pool.named(pairs)
}

/// Text that people wrote.
fn free(text: String) -> String {
    without_credentials(text::cleaned(text))
}

fn status(status: &str, message: &str) -> VersionStatus {
    match status {
        "READY" => VersionStatus::Ready,
        "PENDING_REGISTRATION" => VersionStatus::Pending,
        "FAILED_REGISTRATION" => VersionStatus::Failed(without_credentials(clean_line(message))),
        // Every server sends it. A missing status is not ready.
        "" => VersionStatus::Other("not stated".to_owned()),
        other => VersionStatus::Other(clean_line(other)),
    }
}

fn number(n: Int) -> Option<VersionNumber> {
    u64::try_from(n.0?).ok().map(VersionNumber)
}

/// Milliseconds since 1970; none for zero and for values out of range.
fn time(ms: Int) -> Option<Timestamp> {
    ms.0.filter(|&ms| ms > 0).and_then(|ms| Timestamp::from_millisecond(ms).ok())
}

fn line(text: String) -> Option<String> {
    (!text.is_empty()).then(|| cleaned_line(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read_version(body: &str) -> Option<ModelVersion> {
        version(crate::adapters::http::parse(body.as_bytes()).unwrap(), &mut Interner::default())
    }

    fn read_run(body: &str) -> Run {
        run(crate::adapters::http::parse(body.as_bytes()).unwrap(), &mut Interner::default()).unwrap()
    }

    #[test]
    fn a_version_is_read_from_next_to_nothing() {
        let v = read_version(r#"{"name":"m","version":"10","tags":null,"aliases":null,"unknown":{"x":1}}"#).unwrap();
        assert_eq!(
            (v.number, v.stage, v.status),
            (VersionNumber(10), Stage::None, VersionStatus::Other("not stated".to_owned()))
        );
        assert_eq!((v.run_id, v.created_at, v.author, v.description.as_str()), (None, None, None, ""));
    }

    #[test]
    fn numbers_are_read_as_numbers_and_as_text() {
        for body in [
            r#"{"name":"m","version":"3","creation_timestamp":1795399715653}"#,
            r#"{"name":"m","version":3,"creation_timestamp":"1795399715653"}"#,
            r#"{"name":"m","version":3.0,"creation_timestamp":1.795399715653e12}"#,
        ] {
            let v = read_version(body).unwrap();
            assert_eq!(v.number, VersionNumber(3), "{body}");
            assert_eq!(v.created_at.unwrap().as_millisecond(), 1_795_399_715_653);
        }
    }

    #[test]
    fn a_version_without_a_number_is_none() {
        for body in [r#"{"name":"m"}"#, r#"{"version":"abc"}"#, r#"{"version":-1}"#, r#"{"version":{}}"#] {
            assert_eq!(read_version(body), None, "{body}");
        }
    }

    #[test]
    fn impossible_times_are_no_times() {
        for ms in ["0", "-5", "9223372036854775807", "\"soon\"", "null", "[]"] {
            let v = read_version(&format!(r#"{{"version":1,"creation_timestamp":{ms}}}"#)).unwrap();
            assert_eq!(v.created_at, None, "{ms}");
        }
    }

    #[test]
    fn hostile_text_is_inert_and_the_name_goes_back_as_it_came() {
        let v = read_version(
            r#"{"name":"a\u001b[2J","version":1,"description":"x\u001b]0;pwned\u0007\r\ny","source":"s3://\u202ex",
                "tags":[{"key":"k\n","value":"v\u009b2J"}],"status":"FAILED_REGISTRATION","status_message":"\u0007"}"#,
        )
        .unwrap();
        assert_eq!(v.model.as_str(), "a\u{1b}[2J");
        assert_eq!(v.description, "x␛]0;pwned␇\ny");
        assert_eq!(v.source, "s3://<U+202E>x");
        assert_eq!(v.tags.text("k⏎").unwrap(), "v<U+009B>2J");
        assert_eq!(v.status, VersionStatus::Failed("␇".to_owned()));
    }

    #[test]
    fn credentials_in_urls_are_not_kept_wherever_a_person_may_write_one() {
        let url = "https://ann:s3cret@git.example/a?sig=s3cret";
        let pair = format!(r#"[{{"key":"k","value":"{url}"}}]"#);
        let version = read_version(&format!(
            r#"{{"name":"m","version":1,"description":"{url}","source":"{url}","tags":{pair},
                "status":"FAILED_REGISTRATION","status_message":"{url}"}}"#
        ));
        let run = read_run(&format!(r#"{{"info":{{"run_id":"r"}},"data":{{"params":{pair},"tags":{pair}}}}}"#));
        let dto = format!(r#"{{"name":"m","description":"{url}","tags":{pair}}}"#);
        let model = model(crate::adapters::http::parse(dto.as_bytes()).unwrap(), &mut Interner::default());
        let text = format!("{version:?} {run:?} {model:?}");
        assert!(!text.contains("s3cret") && !text.contains("ann:"), "{text}");
        assert_eq!(text.matches("https://git.example/a?sig=***").count(), 8, "{text}");
    }

    #[test]
    fn every_spelling_of_a_metric_is_read_and_nonsense_is_left_out() {
        let run = read_run(
            r#"{"info":{"run_id":"r"},"data":{"metrics":[
                {"key":"auc","value":0.91,"timestamp":"1791745528500","step":"19"},{"key":"whole","value":1},
                {"key":"nan","value":"NaN"},{"key":"bare","value":NaN},{"key":"inf","value":1.7976931348623157e+308},
                {"key":"minus","value":"-Infinity"},{"key":"high","value":"high"},{"key":"none"},{"value":1}]}}"#,
        );
        let shown: Vec<_> = run.metrics.iter().map(|(k, p)| format!("{k}={}", p.value)).collect();
        assert_eq!(shown, ["=1", "auc=0.91", "bare=NaN", "inf=∞", "minus=-∞", "nan=NaN", "whole=1"]);
        assert_eq!(run.metrics.get("auc").unwrap().step, 19);
    }

    #[test]
    fn a_deleted_run_without_data_is_read() {
        let run = read_run(
            r#"{"info":{"run_uuid":"old","experiment_id":7,"lifecycle_stage":"deleted","status":3},"inputs":{}}"#,
        );
        assert_eq!((run.id.as_str(), run.experiment.as_str(), run.deleted), ("old", "7", true));
        assert_eq!((run.name.as_str(), run.user, run.ended_at), ("", None, None));
    }

    #[test]
    fn data_sets_give_their_rows_where_the_profile_says_so() {
        let run = read_run(
            r#"{"info":{"run_id":"r"},"inputs":{"dataset_inputs":[
                {"tags":[{"key":"mlflow.data.context","value":"training"}],
                 "dataset":{"name":"d","digest":"4b4e","profile":"{\"num_rows\": 2400}"}},
                {"dataset":{"name":"e","profile":"not json"}},{}]}}"#,
        );
        let shown: Vec<_> = run.datasets.iter().map(|d| (d.name.as_str(), d.context.as_deref(), d.rows)).collect();
        assert_eq!(shown, [("d", Some("training"), Some(2400)), ("e", None, None), ("", None, None)]);
    }

    #[test]
    fn prompts_are_known_by_their_tag() {
        let dto = r#"{"name":"p","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}"#;
        assert!(is_prompt(
            &model(crate::adapters::http::parse(dto.as_bytes()).unwrap(), &mut Interner::default()).tags
        ));
        assert!(!is_prompt(&Tags::default()));
    }

    #[test]
    fn aliases_are_joined_by_number() {
        let dto = r#"{"name":"m","aliases":[{"alias":"champion","version":"2"},{"alias":"Champion","version":3},{"alias":"odd"}],
            "latest_versions":[{"name":"m","version":"3"},{"name":"m","version":"4"}]}"#;
        let model = model(crate::adapters::http::parse(dto.as_bytes()).unwrap(), &mut Interner::default());
        let shown: Vec<_> = model.aliases.iter().map(|(a, n)| format!("{a}={n}")).collect();
        assert_eq!(shown, ["Champion=v3", "champion=v2"]);
        assert_eq!(model.latest.iter().map(|v| v.aliases.join(",")).collect::<Vec<_>>(), ["Champion", ""]);
    }
}

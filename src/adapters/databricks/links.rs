//! Web pages of a workspace (`mlflow/utils/databricks_utils.py`, read at 3.17).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::job::JobRun;

/// Characters not encoded in the path of a web page.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// `?o=` and the workspace's id, if it is known.
fn of_workspace(id: Option<&str>) -> String {
    id.map(|id| format!("?o={id}")).unwrap_or_default()
}

pub(super) fn version_in_workspace(host: &str, id: Option<&str>, model: &ModelName, number: VersionNumber) -> String {
    format!("{host}/{}#mlflow/models/{}/versions/{}", of_workspace(id), encode(model.as_str()), number.0)
}

pub(super) fn version_in_catalog(host: &str, id: Option<&str>, model: &ModelName, number: VersionNumber) -> String {
    let path: Vec<String> = model.as_str().splitn(3, '.').map(encode).collect();
    format!("{host}/explore/data/models/{}/version/{}{}", path.join("/"), number.0, of_workspace(id))
}

pub(super) fn run(host: &str, id: Option<&str>, experiment: &ExperimentId, run: &RunId) -> String {
    let (experiment, run) = (encode(experiment.as_str()), encode(run.as_str()));
    format!("{host}/{}#mlflow/experiments/{experiment}/runs/{run}", of_workspace(id))
}

/// The page of a job run in the workspace of the runs; none if it says that it ran in another, or which job it is not.
pub(super) fn job_run(host: &str, id: Option<&str>, run: &JobRun) -> Option<String> {
    let elsewhere = run.workspace.as_deref().zip(id).is_some_and(|(there, here)| there != here);
    let job = run.job.as_deref().filter(|_| !elsewhere)?;
    Some(format!("{host}/{}#job/{}/run/{}", of_workspace(id), encode(job), encode(&run.run)))
}

pub(super) fn experiment(host: &str, id: Option<&str>, experiment: &ExperimentId) -> String {
    format!("{host}/{}#mlflow/experiments/{}", of_workspace(id), encode(experiment.as_str()))
}

pub(super) fn logged_model(host: &str, id: Option<&str>, experiment: &ExperimentId, model: &str) -> String {
    let (experiment, model) = (encode(experiment.as_str()), encode(model));
    format!("{host}/{}#mlflow/experiments/{experiment}/models/{model}", of_workspace(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_those_of_the_workspace() {
        let (model, number) = (ModelName::new("prod.telco.churn"), VersionNumber(3));
        assert_eq!(
            version_in_catalog("https://h", Some("42"), &model, number),
            "https://h/explore/data/models/prod/telco/churn/version/3?o=42"
        );
        let model = ModelName::new("telco churn");
        assert_eq!(
            version_in_workspace("https://h", Some("42"), &model, number),
            "https://h/?o=42#mlflow/models/telco%20churn/versions/3"
        );
        let of = |workspace: &str| JobRun {
            job: Some("12".to_owned()),
            run: "345".to_owned(),
            workspace: Some(workspace.to_owned()),
        };
        let page = "https://h/?o=42#job/12/run/345".to_owned();
        assert_eq!(job_run("https://h", Some("42"), &of("42")), Some(page));
        assert_eq!(job_run("https://h", Some("42"), &of("43")), None, "it is in another workspace");
        let page = run("https://h", None, &ExperimentId::new("7"), &RunId::new("a1"));
        assert_eq!(page, "https://h/#mlflow/experiments/7/runs/a1");
    }
}

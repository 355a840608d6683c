//! Runs of an Airflow DAG, over the REST API of Airflow 2 (v1) and of Airflow 3 (v2).

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::client::{Client, segment};
use super::{AirflowApi, Common, Reach};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::ModelName;
use crate::domain::text::clean_line;
use crate::domain::witness::{PipelineRun, Released, RunState, Says, VersionAt, Word, fill, finished, plain, ran};
use crate::ports::witness::Witness;

/// Runs that are read, newest first.
const RUNS: usize = 25;

#[allow(missing_debug_implementations)]
pub(super) struct Airflow {
    common: Common,
    client: Client,
    dag: String,
    api: AirflowApi,
    version: Option<VersionAt>,
    /// The API that the server has.
    found: OnceCell<AirflowApi>,
}

impl Airflow {
    pub(super) fn new(common: Common, reach: Reach, dag: String, api: AirflowApi, version: Option<VersionAt>) -> Self {
        Self { common, client: Client::new(reach), dag, api, version, found: OnceCell::new() }
    }

    /// Looks with the configured API, or with the one that the server turns out to have: the newer one first.
    async fn look(&self, released: &Released) -> Outcome<Word> {
        let known = if self.api == AirflowApi::Auto { self.found.get().copied() } else { Some(self.api) };
        if let Some(api) = known {
            return self.look_with(api, released).await;
        }
        let newer = self.look_with(AirflowApi::V2, released).await;
        let older = match &newer {
            Err(failure) if may_be_older(failure) => self.look_with(AirflowApi::V1, released).await.ok(),
            Ok(_) | Err(_) => None,
        };
        let api = if older.is_some() { AirflowApi::V1 } else { AirflowApi::V2 };
        if older.is_some() || newer.is_ok() {
            // Another look may have found out meanwhile.
            let _ = self.found.set(api);
        }
        // Neither: the newer one says better what is wrong.
        older.map_or(newer, Ok)
    }

    /// Reads the DAG itself.
    async fn dag(&self, api: AirflowApi) -> Outcome<AirflowApi> {
        let token = self.token(api).await?;
        let path = self.client.below(&format!("/api/{}/dags/{}", number(api), segment(&self.dag)))?;
        let what = format!("read the DAG {}", clean_line(&self.dag));
        self.client.get(&path, &what, token.as_ref()).await.map(|_| api)
    }

    /// A token of Airflow 3; a configured one, and Airflow 2, need none.
    async fn token(&self, api: AirflowApi) -> Outcome<Option<SecretString>> {
        let (AirflowApi::V2, Some((user, password))) = (api, self.client.user()) else { return Ok(None) };
        let body = json!({ "username": user, "password": password.expose_secret() });
        let what = "sign in to Airflow";
        let answer = self.client.post(&self.client.below("/auth/token")?, what, &body).await?;
        match answer.get("access_token").and_then(Value::as_str) {
            Some(token) => Ok(Some(token.to_owned().into())),
            None => {
                let reason = "Airflow answered without a token";
                Err(Failure::new(FailureKind::Protocol, Service::Local, what, reason))
            }
        }
    }

    async fn look_with(&self, api: AirflowApi, released: &Released) -> Outcome<Word> {
        let token = self.token(api).await?;
        let dag = fill(&self.dag, &released.model, str::to_owned);
        let root = self.client.below(&format!("/api/{}/dags/{}", number(api), segment(&dag)))?;
        let since = segment(&released.at.to_string());
        let path = format!("{root}/dagRuns?order_by=-start_date&limit={RUNS}&start_date_gte={since}");
        let what = format!("read the runs of the DAG {}", clean_line(&dag));
        let answer = self.client.get(&path, &what, token.as_ref()).await?;
        let listed = answer.get("dag_runs").and_then(Value::as_array).cloned().unwrap_or_default();
        let runs: Vec<PipelineRun> = listed.iter().filter_map(run).collect();
        let done = match finished(&runs, released, &clean_line(&dag)) {
            Ok(done) => done,
            Err(word) => return Ok(word),
        };
        let version = match &self.version {
            None => None,
            Some(VersionAt::Conf(pointer)) => done.at(pointer),
            Some(VersionAt::Xcom { task, key }) => {
                let at = format!(
                    "{root}/dagRuns/{}/taskInstances/{}/xcomEntries/{}",
                    segment(&done.id),
                    segment(task),
                    segment(key)
                );
                match self.client.get(&at, "read what the task left", token.as_ref()).await {
                    Ok(entry) => entry.get("value").and_then(left),
                    Err(failure) if failure.kind == FailureKind::NotFound => None,
                    Err(failure) => return Err(failure),
                }
            }
            Some(VersionAt::Tag(prefix)) => {
                let dag = self.client.get(&root, "read the tags of the DAG", token.as_ref()).await?;
                let tags = dag.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
                tags.iter().find_map(|tag| Some(tag.get("name")?.as_str()?.strip_prefix(prefix)?.to_owned()))
            }
        };
        Ok(ran(done, version.as_deref(), released, self.common.clock.now()))
    }
}

/// Whether a server that failed so with Airflow 3's API may be an Airflow 2, which has other addresses.
fn may_be_older(failure: &Failure) -> bool {
    !failure.kind.is_transient() || failure.kind == FailureKind::Protocol
}

fn number(api: AirflowApi) -> &'static str {
    match api {
        AirflowApi::V1 => "v1",
        AirflowApi::V2 | AirflowApi::Auto => "v2",
    }
}

fn id(run: &Value) -> Option<&str> {
    run.get("dag_run_id").and_then(Value::as_str)
}

fn run(value: &Value) -> Option<PipelineRun> {
    let state = value.get("state").and_then(Value::as_str).unwrap_or("queued");
    Some(PipelineRun {
        id: id(value)?.to_owned(),
        state: match state {
            "success" => RunState::Succeeded,
            "failed" => RunState::Failed(state.to_owned()),
            open => RunState::Open(open.to_owned()),
        },
        started_at: value.get("start_date").and_then(Value::as_str).and_then(|at| at.parse().ok()),
        conf: value.get("conf").cloned().unwrap_or_default(),
    })
}

/// An XCom is sent as a value, or as the text of one: `"3"` within quotes.
fn left(value: &Value) -> Option<String> {
    let told = plain(value)?;
    Some(serde_json::from_str::<String>(&told).unwrap_or(told))
}

#[async_trait]
impl Witness for Airflow {
    fn name(&self) -> &str {
        &self.common.name
    }

    fn kind(&self) -> &'static str {
        "airflow"
    }

    fn is_about(&self, model: &ModelName) -> bool {
        self.common.is_about(model)
    }

    async fn ask(&self, released: &Released) -> Word {
        self.look(released).await.unwrap_or_else(|failure| Word::new(Says::Unknown, failure.to_string()))
    }

    async fn check(&self) -> Result<String, String> {
        if self.dag.contains("{model}") {
            return Ok(format!("the DAG of each model at {} is {}", self.client.place(), clean_line(&self.dag)));
        }
        let read = match self.api {
            AirflowApi::Auto => match self.dag(AirflowApi::V2).await {
                Err(failure) if may_be_older(&failure) => self.dag(AirflowApi::V1).await.map_err(|_| failure),
                read => read,
            },
            api => self.dag(api).await,
        };
        let api = read.map_err(|failure| failure.to_string())?;
        Ok(format!("the DAG {} at {} is read with the API {}", clean_line(&self.dag), self.client.place(), number(api)))
    }
}

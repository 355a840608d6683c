//! The run of a model's deployment job: what it waits for, its repair, and who may repair it (Jobs API 2.2).

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::identity::{Identity, WorkspaceId};
use super::jobs::StateDto;
use super::links;
use crate::adapters::http::{Int, int};
use crate::adapters::mlflow::{Mlflow, client, wire as mlflow};
use crate::domain::deployment::{ApprovalTask, DeploymentRun, DeploymentTask};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::job::JobRun;
use crate::domain::registry::Permission;
use crate::domain::text::clean_line;

/// Most pages of a hundred tasks that are read.
const PAGES: usize = 20;
/// The level that repairs runs.
const NEEDED: &str = "Can Manage Run";

/// The deployment jobs of the registry's workspace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deployments<'a> {
    pub api: &'a Mlflow,
    pub workspace: &'a WorkspaceId,
    pub identity: &'a Identity,
}

impl Deployments<'_> {
    pub(super) async fn run(&self, job: &str, run: &str) -> Outcome<DeploymentRun> {
        let what = format!("read run {} of the deployment job {}", clean_line(run), clean_line(job));
        let first =
            client::get_raw("api/2.2/jobs/runs/get", &what).query("run_id", run).query("include_history", "true");
        let mut whole: RunDto = self.api.registry.json(first.clone()).await?;
        let mut page = std::mem::take(&mut whole.next_page_token);
        for _ in 1..PAGES {
            if page.is_empty() {
                break;
            }
            let more: RunDto = self.api.registry.json(first.clone().query("page_token", page)).await?;
            whole.tasks.extend(more.tasks);
            page = more.next_page_token;
        }
        let of = JobRun { job: Some(job.to_owned()), run: run.to_owned(), workspace: None };
        let page = links::job_run(self.api.registry.base(), self.workspace.get(), &of);
        Ok(DeploymentRun { page, ..whole.read() })
    }

    /// Runs the task again, and those behind it.
    pub(super) async fn repair(&self, asked: &ApprovalTask, after: Option<&str>) -> Outcome<()> {
        let what = format!("repair run {} of the deployment job {}", clean_line(&asked.run), clean_line(&asked.job));
        let number = |id: &str| {
            id.parse::<i64>().map_err(|_| {
                let reason = format!("'{}' is no id of a run or repair", clean_line(id));
                Failure::new(FailureKind::Protocol, Service::Mlflow, &what, reason)
            })
        };
        let mut body = json!({
            "run_id": number(&asked.run)?, "rerun_tasks": [asked.task], "rerun_dependent_tasks": true,
        });
        if let Some(after) = after {
            body["latest_repair_id"] = number(after)?.into();
        }
        let call = client::write_raw(Method::POST, "api/2.2/jobs/runs/repair", &what, &body);
        let done = self.api.registry.json::<mlflow::Done>(call).await;
        done.map(drop).map_err(|failure| match failure.kind {
            FailureKind::Forbidden => {
                failure.with_hint(format!("This needs {NEEDED} on the job {}: ask its owner.", clean_line(&asked.job)))
            }
            _ => failure,
        })
    }

    /// What the user may do with the job; none if the workspace does not say.
    pub(super) async fn may_repair(&self, job: &str) -> Outcome<Option<Permission>> {
        let told = self.identity.told(self.api).await?;
        let what = format!("ask whether you may repair runs of the job {}", clean_line(job));
        let path = format!("api/2.0/permissions/jobs/{}", clean_line(job));
        let listed: AccessDto = match self.api.registry.json(client::get_raw(&path, what)).await {
            Ok(listed) => listed,
            // Not everybody may read who may what.
            Err(f) if matches!(f.kind, FailureKind::Forbidden | FailureKind::NotFound | FailureKind::Rejected) => {
                return Ok(None);
            }
            Err(f) => return Err(f),
        };
        Ok(listed.level(told.user.as_deref(), &told.groups))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunDto {
    state: StateDto,
    #[serde(deserialize_with = "mlflow::lenient")]
    tasks: Vec<TaskDto>,
    #[serde(deserialize_with = "mlflow::lenient")]
    repair_history: Vec<RepairDto>,
    #[serde(deserialize_with = "mlflow::lenient")]
    next_page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TaskDto {
    #[serde(deserialize_with = "mlflow::lenient")]
    task_key: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    attempt_number: Int,
    state: StateDto,
}

/// The original run is in the list too, without an id.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RepairDto {
    #[serde(deserialize_with = "int")]
    id: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccessDto {
    #[serde(deserialize_with = "mlflow::lenient")]
    access_control_list: Vec<EntryDto>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EntryDto {
    #[serde(deserialize_with = "mlflow::lenient")]
    user_name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    service_principal_name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    group_name: String,
    #[serde(deserialize_with = "mlflow::lenient")]
    all_permissions: Vec<LevelDto>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LevelDto {
    #[serde(deserialize_with = "mlflow::lenient")]
    permission_level: String,
}

impl RunDto {
    fn read(self) -> DeploymentRun {
        let mut tasks: Vec<(i64, DeploymentTask)> = Vec::new();
        for task in self.tasks {
            let attempt = task.attempt_number.0.unwrap_or_default();
            let read = DeploymentTask { name: clean_line(&task.task_key), state: task.state.told() };
            match tasks.iter_mut().find(|(_, known)| known.name == read.name) {
                // Each repair adds an attempt.
                Some((known, there)) if *known <= attempt => (*known, *there) = (attempt, read),
                Some(_) => {}
                None => tasks.push((attempt, read)),
            }
        }
        let repairs = self.repair_history.into_iter().filter_map(|repair| repair.id.filter(|id| *id > 0));
        DeploymentRun {
            state: self.state.told(),
            tasks: tasks.into_iter().map(|(_, task)| task).collect(),
            repairs: repairs.map(|id| id.to_string()).collect(),
            page: None,
        }
    }
}

impl AccessDto {
    /// The highest level of the user and of the user's groups.
    fn level(&self, user: Option<&str>, groups: &[String]) -> Option<Permission> {
        let user = user?;
        let mine = |entry: &&EntryDto| {
            entry.user_name.eq_ignore_ascii_case(user)
                || entry.service_principal_name.eq_ignore_ascii_case(user)
                || groups.contains(&entry.group_name)
        };
        let levels = self.access_control_list.iter().filter(mine).flat_map(|entry| &entry.all_permissions);
        let known = [
            ("CAN_VIEW", "Can View"),
            ("CAN_MANAGE_RUN", NEEDED),
            ("IS_OWNER", "Is Owner"),
            ("CAN_MANAGE", "Can Manage"),
        ];
        let rank =
            levels.filter_map(|level| known.iter().position(|(name, _)| *name == level.permission_level)).max()?;
        Some(Permission { level: known[rank].1.to_owned(), enough: rank > 0, needed: NEEDED })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::witness::RunState;

    #[test]
    fn a_run_has_each_task_once_as_it_ended_last_and_its_repairs() {
        let dto = r#"{"run_id": 7003, "state": {"life_cycle_state": "TERMINATED", "result_state": "FAILED"},
            "tasks": [
                {"task_key": "Approval_Check", "attempt_number": "1",
                 "state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}},
                {"task_key": "Approval_Check", "attempt_number": 0,
                 "state": {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}},
                {"task_key": "deploy", "state": {"life_cycle_state": "SKIPPED", "result_state": "UPSTREAM_FAILED"}}],
            "repair_history": [{"type": "ORIGINAL"}, {"type": "REPAIR", "id": "12"}, {"type": "REPAIR", "id": 15}]}"#;
        let run = serde_json::from_str::<RunDto>(dto).unwrap().read();
        assert_eq!(run.repairs, ["12", "15"]);
        let tasks: Vec<_> = run.tasks.iter().map(|task| (task.name.as_str(), &task.state)).collect();
        let behind = RunState::Failed("UPSTREAM_FAILED".to_owned());
        assert_eq!(tasks, [("Approval_Check", &RunState::Succeeded), ("deploy", &behind)]);
    }

    #[test]
    fn the_highest_level_of_a_user_and_the_user_s_groups_counts() {
        let listed = |entries: &str| {
            serde_json::from_str::<AccessDto>(&format!(r#"{{"access_control_list": [{entries}]}}"#)).unwrap()
        };
        let entry = |who: &str, level: &str| {
            format!(r#"{{{who}, "all_permissions": [{{"permission_level": "{level}", "inherited": true}}]}}"#)
        };
        let dana = r#""user_name": "Dana@acme.example""#;
        let (qa, others) = (r#""group_name": "qa""#, r#""group_name": "others""#);
        for (entries, wanted) in [
            (entry(dana, "CAN_VIEW"), Some(("Can View", false))),
            (format!("{},{}", entry(dana, "CAN_VIEW"), entry(qa, "CAN_MANAGE_RUN")), Some((NEEDED, true))),
            (format!("{},{}", entry(dana, "CAN_VIEW"), entry(others, "CAN_MANAGE")), Some(("Can View", false))),
            (entry(dana, "IS_OWNER"), Some(("Is Owner", true))),
            (entry(others, "CAN_MANAGE"), None),
        ] {
            let level = listed(&entries).level(Some("dana@acme.example"), &["qa".to_owned()]);
            assert_eq!(level.as_ref().map(|p| (p.level.as_str(), p.enough)), wanted, "{entries}");
        }
    }
}

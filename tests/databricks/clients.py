"""Drives a workspace with MLflow's own client and the Databricks SDK.

Before each act it asks for /marker/NAME, so that the double's record of requests says which are whose. The requests are
what the adapter must send too.
"""

import os
import sys
import urllib.error
import urllib.request

from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient
from mlflow.entities import ViewType

host, token = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]
plain, full = "telco-churn", "prod.telco.telco-churn"


def act(name, do):
    request = urllib.request.Request(f"{host}/marker/{name}", headers={"Authorization": f"Bearer {token}"})
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError:
        pass
    return do()


def say(name, value):
    print(f"{name}={value}", flush=True)


def both(registry, name):
    """What both registries have."""
    registry.get_registered_model(name)
    registry.get_model_version(name, "42")
    registry.set_model_version_tag(name, "42", "signoff_golden", "by us")
    registry.delete_model_version_tag(name, "42", "signoff_golden")


def golden():
    uc = MlflowClient(tracking_uri="databricks", registry_uri="databricks-uc")
    ws = MlflowClient(tracking_uri="databricks", registry_uri="databricks")
    sdk = WorkspaceClient()
    act("catalog", lambda: both(uc, full))
    act("catalog-models", lambda: uc.search_registered_models(max_results=100))
    of_schema = dict(catalog_name="prod", schema_name="telco", include_browse=True, max_results=1000)
    act("catalog-schema", lambda: list(sdk.registered_models.list(**of_schema)))
    act("catalog-versions", lambda: uc.search_model_versions(f"name = '{full}'", max_results=1000))
    act("catalog-set-alias", lambda: uc.set_registered_model_alias(full, "golden", "42"))
    act("catalog-alias", lambda: uc.get_model_version_by_alias(full, "golden"))
    act("catalog-delete-alias", lambda: uc.delete_registered_model_alias(full, "golden"))
    act("workspace", lambda: both(ws, plain))
    act("workspace-models", lambda: ws.search_registered_models(max_results=100, order_by=["name ASC"]))
    act("workspace-versions", lambda: ws.search_model_versions(f"name = '{plain}'", max_results=10000))
    act("me", sdk.current_user.me)
    act("permission", lambda: sdk.model_registry.get_model(plain))
    act("requests", lambda: list(sdk.model_registry.list_transition_requests(plain, "42")))
    move = dict(version="42", stage="Production", archive_existing_versions=True, comment="looks right")
    act("transition", lambda: sdk.model_registry.transition_stage(plain, **move))
    sdk.model_registry.create_transition_request(plain, "42", "Production", comment="please")
    act("approve", lambda: sdk.model_registry.approve_transition_request(plain, **move))
    sdk.model_registry.create_transition_request(plain, "42", "Production", comment="please")
    no = dict(version="42", comment="drift")
    act("reject", lambda: sdk.model_registry.reject_transition_request(plain, stage="Production", **no))
    act("comment", lambda: sdk.model_registry.create_comment(plain, **no))
    act("jobs", lambda: list(sdk.jobs.list(name="score", limit=25)))
    act("job-runs", lambda: list(sdk.jobs.list_runs(job_id=991, limit=25, start_time_from=1795510800000)))
    run = ws.get_model_version(plain, "42").run_id
    act("of-run", lambda: ws.search_model_versions(f"run_id = '{run}'", max_results=200))


def tracking():
    ws = MlflowClient(tracking_uri="databricks", registry_uri="databricks")
    run, other = (ws.get_model_version(plain, number).run_id for number in ("42", "39"))
    act("all-experiments", lambda: ws.search_experiments(ViewType.ALL, 1000, order_by=["creation_time ASC"]))
    listed = ws.search_experiments(ViewType.ACTIVE_ONLY, 200, order_by=["creation_time DESC"])
    ids = [experiment.experiment_id for experiment in listed]
    act("experiment", lambda: ws.get_experiment(ids[0]))
    act("run", lambda: ws.get_run(run))
    two = f"attributes.run_id IN ({','.join(repr(id) for id in sorted([run, other]))})"
    act("runs", lambda: ws.search_runs(ids, two, ViewType.ALL, 2))
    newest = ["attributes.start_time DESC"]
    act("search", lambda: ws.search_runs(ids[:1], "metrics.auc > 0.5", ViewType.ACTIVE_ONLY, 100, newest))
    act("history", lambda: ws.get_metric_history(run, "auc"))
    for version in ws.search_model_versions(f"name = '{plain}'"):
        if version.source.startswith("models:/m-"):
            act("logged-model", lambda: ws.get_logged_model(version.source.removeprefix("models:/")))


def jobs():
    """Says what the SDK reads of a job's runs."""
    sdk = WorkspaceClient()
    [job] = sdk.jobs.list(name="Score")
    say("job", job.job_id)
    for run in sdk.jobs.list_runs(job_id=job.job_id):
        given = {p.name: p.value for p in run.job_parameters or []}
        given |= (run.overriding_parameters.notebook_params or {}) if run.overriding_parameters else {}
        state = run.state.result_state or run.state.life_cycle_state
        say(run.run_id, f"{state.value} {run.start_time} {given}")


def write():
    """Writes what the adapter reads, in both registries."""
    uc = MlflowClient(tracking_uri="databricks", registry_uri="databricks-uc")
    ws = MlflowClient(tracking_uri="databricks", registry_uri="databricks")
    uc.set_registered_model_alias(full, "challenger", "41")
    uc.set_model_version_tag(full, "41", "team", "retention")
    ws.create_registered_model("made-elsewhere", tags={"owner": "dana"}, description="by MLflow")
    run = ws.get_model_version(plain, "42").run_id
    ws.create_model_version("made-elsewhere", f"dbfs:/databricks/mlflow-tracking/1/{run}/artifacts/model", run)
    WorkspaceClient().model_registry.create_transition_request(
        plain, "42", "Production", comment="tests are green"
    )


def read():
    """Says what the adapter wrote."""
    uc = MlflowClient(tracking_uri="databricks", registry_uri="databricks-uc")
    ws = MlflowClient(tracking_uri="databricks", registry_uri="databricks")
    say("champion", uc.get_model_version_by_alias(full, "champion").version)
    say("tags", sorted(uc.get_model_version(full, "42").tags.items()))
    say("stage", ws.get_model_version(plain, "42").current_stage)
    say("old", ws.get_model_version(plain, "39").current_stage)


def download():
    os.environ["MLFLOW_DISABLE_DATABRICKS_SDK_FOR_RUN_ARTIFACTS"] = "true"
    ws = MlflowClient(tracking_uri="databricks", registry_uri="databricks")
    run = ws.get_model_version(plain, "42").run_id
    path = act("download", lambda: ws.download_artifacts(run, "config.yaml", os.environ["HOME"]))
    say("first", open(path).readline().strip())


def own():
    """Reads the files of a version as MLflow does where a workspace hands them out, and with the SDK."""
    from mlflow.store.artifact.databricks_sdk_models_artifact_repo import DatabricksSDKModelsArtifactRepository

    repo = DatabricksSDKModelsArtifactRepository(full, "42", registry_uri="databricks-uc")
    listed = act("own-list", repo.list_artifacts)
    say("files", sorted(file.path for file in listed))
    path = act("own-file", lambda: repo.download_artifacts("MLmodel", os.environ["HOME"]))
    say("first", open(path).readline().strip())
    files = WorkspaceClient().files
    say("sdk", sorted(entry.path for entry in files.list_directory_contents("/Models/prod/telco/telco-churn/42")))


acts = [golden, write, read, download, tracking, jobs, own]
{act.__name__: act for act in acts}[sys.argv[1]]()

"""Reads with Airflow 2's own client what the witness reads, and says what it understood."""

import sys
from datetime import datetime, timezone

from airflow_client.client import ApiClient, Configuration
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_run_api import DAGRunApi
from airflow_client.client.api.x_com_api import XComApi

dag = "score telco churn"
api = ApiClient(Configuration(host=sys.argv[1] + "/base/api/v1", username="ann", password=sys.argv[2]))
since = datetime(2026, 11, 29, 9, tzinfo=timezone.utc)
runs = DAGRunApi(api).get_dag_runs(dag, order_by="-start_date", limit=25, start_date_gte=since)
for run in runs.dag_runs:
    print(run.dag_run_id, run.state, run.conf["model_version"], run.start_date.isoformat())
print(XComApi(api).get_xcom_entry(dag, runs.dag_runs[0].dag_run_id, "load", "version").value)
print(*(tag.name for tag in DAGApi(api).get_dag(dag).tags))

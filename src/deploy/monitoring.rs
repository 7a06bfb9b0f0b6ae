//! The monitoring DAG that Hybrid Deployments need beside the user's DAGs.
//! It is added inside the bundle only; the user's folder never sees it.
//!
//! Source: `reference/astro-platform.md` 3.11 (identity, schedule, limits); the code is ours.

/// Name of the file at the top of the DAGs folder.
pub const FILE_NAME: &str = "astronomer_monitoring_dag.py";

const AIRFLOW_3: &str = r#"# Added by Liftoff: Astro watches this DAG to tell whether tasks are scheduled and run.
import os
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="astronomer_monitoring_dag",
    schedule=os.environ.get("AIRFLOW_MONITORING_DAG_SCHEDULE_INTERVAL", "*/5 * * * *"),
    start_date=None,
    catchup=False,
    is_paused_upon_creation=os.environ.get("PAUSE_ASTRONOMER_MONITORING_DAG", "false").lower() == "true",
    dagrun_timeout=timedelta(minutes=30),
    tags=["monitoring"],
):
    BashOperator(
        task_id="hello",
        bash_command="echo hello",
        do_xcom_push=False,
        priority_weight=2**31 - 1,
    )
"#;

const AIRFLOW_2: &str = r#"# Added by Liftoff: Astro watches this DAG to tell whether tasks are scheduled and run.
import os
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    dag_id="astronomer_monitoring_dag",
    schedule_interval=os.environ.get("AIRFLOW_MONITORING_DAG_SCHEDULE_INTERVAL", "*/5 * * * *"),
    start_date=datetime.combine(datetime.now() - timedelta(days=2), datetime.min.time()),
    catchup=False,
    is_paused_upon_creation=os.environ.get("PAUSE_ASTRONOMER_MONITORING_DAG", "false").lower() == "true",
    dagrun_timeout=timedelta(minutes=30),
    tags=["monitoring"],
) as dag:
    BashOperator(
        task_id="hello",
        bash_command="echo hello",
        do_xcom_push=False,
        priority_weight=2**31 - 1,
        dag=dag,
    )
"#;

/// Returns the DAG's source for an Airflow version such as `2.10.5`; any version that does not
/// start with `2.` gets Airflow 3's form.
#[must_use]
pub fn source(airflow_version: &str) -> &'static str {
    if airflow_version.starts_with("2.") { AIRFLOW_2 } else { AIRFLOW_3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_airflow_gets_its_own_imports() {
        assert!(source("2.10.5").contains("from airflow import DAG"));
        assert!(source("3.1.8").contains("airflow.sdk"));
        assert!(source("").contains("airflow.sdk"));
    }
}

//! What a preview is made from: the base Deployment's settings, made small and cheap, with the
//! user's changes.

use std::collections::BTreeMap;

use crate::model::blueprint::{Blueprint, EnvironmentVariable, Hosted, Infrastructure, VariableValue, WorkerQueue};
use crate::model::secret::Secret;
use crate::settings::previews::{Previews, Size};

/// By this variable Airflow leaves new DAGs paused.
const PAUSED: &str = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION";
/// Smallest scheduler on Hybrid, in Astro units (`reference/astro-platform.md` 5.2).
const HYBRID_AU: i64 = 5;

/// A blueprint of a preview, and what it lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The blueprint, still under the base's name and description.
    pub blueprint: Blueprint,
    /// Secret variables of the base for which there is no value here.
    pub missing_secrets: Vec<String>,
}

/// Returns a preview's blueprint. `secrets` holds the values that the CI system has, by the
/// variable's name on the preview; `runtime` is the version that will be deployed, when it is
/// known. Alert addresses and the workload identity stay with the base, so that a preview neither
/// wakes anybody nor acts in production's name.
#[must_use]
pub fn draft(base: &Blueprint, wishes: &Previews, secrets: &BTreeMap<String, Secret>, runtime: Option<String>) -> Draft {
    let (variables, missing_secrets) = variables(&base.variables, wishes, secrets);
    let executes_in_queues = base.executor.as_deref() != Some("KUBERNETES");
    let queues = base.queues.iter().filter(|_| executes_in_queues).map(|queue| small_queue(queue, wishes)).collect();
    let infrastructure = match &base.infrastructure {
        Infrastructure::Hosted(hosted) => Infrastructure::Hosted(Box::new(small_hosted(hosted, wishes))),
        Infrastructure::Hybrid { cluster_id, scheduler_au, task_pod_node_pool, .. } => Infrastructure::Hybrid {
            cluster_id: cluster_id.clone(),
            scheduler_au: if wishes.scheduler == Size::Base { *scheduler_au } else { HYBRID_AU },
            scheduler_replicas: 1,
            task_pod_node_pool: task_pod_node_pool.clone(),
        },
    };
    let runtime_version = runtime.unwrap_or_else(|| base.runtime_version.clone());
    Draft { blueprint: Blueprint { infrastructure, runtime_version, queues, variables, ..base.clone() }, missing_secrets }
}

/// Returns the variables that a preview lacks and could have. Those that it has stay as they are,
/// whoever set them.
#[must_use]
pub fn lacking(wanted: &Draft, present: &Blueprint) -> Vec<EnvironmentVariable> {
    let is_there = |variable: &&EnvironmentVariable| present.variables.iter().any(|there| there.key == variable.key);
    wanted.blueprint.variables.iter().filter(|variable| !is_there(variable)).cloned().collect()
}

/// Returns the secret variables of the base that a preview still lacks, because nobody here has
/// their values.
#[must_use]
pub fn missing_secrets(wanted: &Draft, present: &Blueprint) -> Vec<String> {
    let is_there = |key: &&String| present.variables.iter().any(|there| there.key == **key);
    wanted.missing_secrets.iter().filter(|key| !is_there(key)).cloned().collect()
}

fn small_hosted(base: &Hosted, wishes: &Previews) -> Hosted {
    let scheduler_size = match wishes.scheduler {
        Size::Base => base.scheduler_size.clone(),
        Size::Is(size) => Some(size.to_owned()),
    };
    // A development Deployment has no high availability (`reference/astro-docs.md` 5.3).
    let high_availability = wishes.high_availability && !wishes.development_mode;
    let schedules = wishes.schedule.iter().filter(|_| wishes.development_mode).cloned().collect();
    Hosted { scheduler_size, high_availability, development_mode: wishes.development_mode, schedules, ..base.clone() }
}

fn small_queue(base: &WorkerQueue, wishes: &Previews) -> WorkerQueue {
    let min_workers = wishes.min_workers.map_or(base.min_workers, i64::from);
    let max_workers = wishes.max_workers.map_or(base.max_workers, i64::from).max(min_workers).max(1);
    WorkerQueue { min_workers, max_workers, ..base.clone() }
}

/// Returns the variables, in order of name, and the names of the secrets without a value.
fn variables(
    base: &[EnvironmentVariable],
    wishes: &Previews,
    secrets: &BTreeMap<String, Secret>,
) -> (Vec<EnvironmentVariable>, Vec<String>) {
    let mut values: BTreeMap<String, VariableValue> =
        base.iter().map(|variable| (variable.key.clone(), variable.value.clone())).collect();
    if wishes.paused {
        values.insert(PAUSED.to_owned(), VariableValue::Plain("True".to_owned()));
    }
    for (key, value) in &wishes.variables {
        if value.is_empty() {
            values.remove(key);
        } else {
            values.insert(key.clone(), VariableValue::Plain(value.clone()));
        }
    }
    for (key, _) in &wishes.secrets {
        values.insert(key.clone(), VariableValue::Secret(secrets.get(key).cloned()));
    }
    let (mut kept, mut missing) = (Vec::new(), Vec::new());
    for (key, value) in values {
        match value {
            VariableValue::Secret(None) => missing.push(key),
            value => kept.push(EnvironmentVariable { key, value }),
        }
    }
    (kept, missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::blueprint::HibernationSchedule;
    use crate::model::deployment::DeploymentKind;
    use crate::model::ids::WorkspaceId;

    fn plain(key: &str, value: &str) -> EnvironmentVariable {
        EnvironmentVariable { key: key.into(), value: VariableValue::Plain(value.into()) }
    }

    fn base() -> Blueprint {
        Blueprint {
            name: "production".into(),
            description: "the real one".into(),
            workspace_id: WorkspaceId::new("w"),
            infrastructure: Infrastructure::Hosted(Box::new(Hosted {
                kind: DeploymentKind::Standard,
                cluster_id: None,
                cloud_provider: Some("AWS".into()),
                region: Some("us-east-1".into()),
                scheduler_size: Some("LARGE".into()),
                high_availability: true,
                development_mode: false,
                task_pod_cpu: Some("0.25".into()),
                task_pod_memory: Some("0.5Gi".into()),
                quota_cpu: Some("160".into()),
                quota_memory: Some("320Gi".into()),
                schedules: Vec::new(),
                remote_execution: None,
            })),
            runtime_version: "3.1-4".into(),
            executor: Some("CELERY".into()),
            dag_deploys: true,
            cicd_enforced: true,
            queues: vec![WorkerQueue {
                name: "default".into(),
                is_default: true,
                machine: Some("A5".into()),
                node_pool: None,
                concurrency: 5,
                min_workers: 3,
                max_workers: 10,
                ephemeral_storage: Some("10Gi".into()),
            }],
            variables: vec![
                plain("STAGE", "production"),
                plain("TEAM", "data"),
                EnvironmentVariable { key: "PASSWORD".into(), value: VariableValue::Secret(None) },
                EnvironmentVariable { key: "TOKEN".into(), value: VariableValue::Secret(None) },
            ],
        }
    }

    fn hosted(draft: &Draft) -> &Hosted {
        match &draft.blueprint.infrastructure {
            Infrastructure::Hosted(hosted) => hosted,
            Infrastructure::Hybrid { .. } => panic!("hosted"),
        }
    }

    #[test]
    fn a_preview_is_small_sleeps_and_keeps_what_decides_how_dags_run() {
        let wishes = Previews { max_workers: Some(2), ..Previews::default() };
        let draft = draft(&base(), &wishes, &BTreeMap::new(), None);
        let hosted = hosted(&draft);
        assert_eq!(
            (hosted.scheduler_size.as_deref(), hosted.high_availability, hosted.development_mode),
            (Some("SMALL"), false, true)
        );
        assert_eq!(hosted.schedules, [HibernationSchedule { hibernate_at: "0 3 * * *".into(), wake_at: "0 6 * * 1-5".into() }]);
        assert_eq!((hosted.region.as_deref(), hosted.quota_cpu.as_deref()), (Some("us-east-1"), Some("160")));
        let queue = &draft.blueprint.queues[0];
        assert_eq!((queue.min_workers, queue.max_workers, queue.concurrency, queue.machine.as_deref()), (0, 2, 5, Some("A5")));
        assert_eq!((draft.blueprint.executor.as_deref(), draft.blueprint.cicd_enforced), (Some("CELERY"), true));
        assert_eq!(draft.blueprint.runtime_version, "3.1-4");
    }

    #[test]
    fn secrets_come_from_the_ci_system_by_name_and_the_rest_is_listed() {
        let wishes = Previews {
            variables: vec![("STAGE".into(), "preview".into()), ("TEAM".into(), String::new()), ("NEW".into(), "1".into())],
            secrets: vec![("TOKEN".into(), "CI_TOKEN".into()), ("EXTRA".into(), "EXTRA".into())],
            ..Previews::default()
        };
        let secrets = BTreeMap::from([("TOKEN".to_owned(), Secret::new("t"))]);
        let draft = draft(&base(), &wishes, &secrets, Some("3.1-5".into()));
        assert_eq!(
            draft.blueprint.variables,
            [
                plain(PAUSED, "True"),
                plain("NEW", "1"),
                plain("STAGE", "preview"),
                EnvironmentVariable { key: "TOKEN".into(), value: VariableValue::Secret(Some(Secret::new("t"))) },
            ]
        );
        assert_eq!(draft.missing_secrets, ["EXTRA", "PASSWORD"]);
        assert_eq!(draft.blueprint.runtime_version, "3.1-5");
    }

    #[test]
    fn a_preview_gets_what_it_lacks_and_keeps_what_it_has() {
        let wishes = Previews { secrets: vec![("TOKEN".into(), "TOKEN".into())], ..Previews::default() };
        let wanted = draft(&base(), &wishes, &BTreeMap::from([("TOKEN".to_owned(), Secret::new("t"))]), None);
        let by_hand = EnvironmentVariable { key: "PASSWORD".into(), value: VariableValue::Secret(None) };
        let present = Blueprint { variables: vec![plain("STAGE", "by hand"), by_hand], ..base() };
        let keys: Vec<String> = lacking(&wanted, &present).into_iter().map(|variable| variable.key).collect();
        assert_eq!(keys, [PAUSED, "TEAM", "TOKEN"]);
        assert_eq!(missing_secrets(&wanted, &present), Vec::<String>::new(), "somebody set it by hand");
        assert_eq!(missing_secrets(&wanted, &Blueprint { variables: Vec::new(), ..base() }), ["PASSWORD"]);
    }

    #[test]
    fn what_was_asked_for_wins_over_thrift_and_contradictions_are_settled() {
        let wishes = Previews {
            development_mode: false,
            high_availability: true,
            scheduler: Size::Base,
            min_workers: Some(4),
            max_workers: Some(2),
            paused: false,
            ..Previews::default()
        };
        let large = draft(&base(), &wishes, &BTreeMap::new(), None);
        assert_eq!(
            (hosted(&large).scheduler_size.as_deref(), hosted(&large).high_availability, hosted(&large).schedules.len()),
            (Some("LARGE"), true, 0)
        );
        assert_eq!((large.blueprint.queues[0].min_workers, large.blueprint.queues[0].max_workers), (4, 4));
        assert!(large.blueprint.variables.iter().all(|variable| variable.key != PAUSED));
        let kubernetes = Blueprint { executor: Some("KUBERNETES".into()), ..base() };
        assert!(draft(&kubernetes, &wishes, &BTreeMap::new(), None).blueprint.queues.is_empty(), "it has no queues");
        let hybrid = Infrastructure::Hybrid {
            cluster_id: "c".into(),
            scheduler_au: 24,
            scheduler_replicas: 3,
            task_pod_node_pool: Some("n".into()),
        };
        let small = draft(&Blueprint { infrastructure: hybrid, ..base() }, &Previews::default(), &BTreeMap::new(), None);
        let Infrastructure::Hybrid { scheduler_au, scheduler_replicas, .. } = small.blueprint.infrastructure else {
            panic!("hybrid")
        };
        assert_eq!((scheduler_au, scheduler_replicas), (5, 1));
    }
}

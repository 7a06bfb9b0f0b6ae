//! The keys of a Deployment file's configuration: what each is called by the platform, and what may be done with it.
//! Facts: `reference/astro-platform.md` 6.2, `reference/astro-docs.md` 6.1.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// One of some words in any case, each with what the platform calls it.
    Word(&'static [(&'static str, &'static str)]),
}

/// Which Deployments have a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// All.
    Every,
    /// Those on Astro Hosted.
    Hosted,
    /// Those in the customer's cloud account.
    Hybrid,
}

/// What may become of a setting of a Deployment that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// It may change.
    Free,
    /// It is chosen at creation; this is to be done instead.
    Fixed(&'static str),
    /// It may be turned off but not on; this is to be done instead.
    OnlyOff(&'static str),
    /// It changes by a deploy, so that a file may lag behind.
    ByDeploy,
}

/// A setting of a Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Key in a file.
    pub key: &'static str,
    /// Field in the platform's answer.
    pub field: &'static str,
    /// What it is.
    pub form: Form,
    /// Who has it.
    pub on: On,
    /// What may become of it.
    pub later: Later,
}

const EXECUTORS: &[(&str, &str)] = &[
    ("CELERY", "CELERY"),
    ("CeleryExecutor", "CELERY"),
    ("KUBERNETES", "KUBERNETES"),
    ("KubernetesExecutor", "KUBERNETES"),
    ("ASTRO", "ASTRO"),
    ("AstroExecutor", "ASTRO"),
];
const KINDS: &[(&str, &str)] = &[
    ("STANDARD", "STANDARD"),
    ("HOSTED_STANDARD", "STANDARD"),
    ("HOSTED_SHARED", "STANDARD"),
    ("DEDICATED", "DEDICATED"),
    ("HOSTED_DEDICATED", "DEDICATED"),
    ("HYBRID", "HYBRID"),
];
const PROVIDERS: &[(&str, &str)] = &[("AWS", "AWS"), ("AZURE", "AZURE"), ("GCP", "GCP")];
const SCHEDULERS: &[(&str, &str)] =
    &[("SMALL", "SMALL"), ("MEDIUM", "MEDIUM"), ("LARGE", "LARGE"), ("EXTRA_LARGE", "EXTRA_LARGE")];

const NEW_ONE: &str = "make a new Deployment and delete this one";

const fn setting(key: &'static str, field: &'static str, form: Form, on: On) -> Setting {
    Setting { key, field, form, on, later: Later::Free }
}

const fn fixed(key: &'static str, field: &'static str, form: Form, instead: &'static str) -> Setting {
    Setting { key, field, form, on: On::Every, later: Later::Fixed(instead) }
}

/// Every key of the configuration, in the order of the Astro CLI's export.
pub const CONFIGURATION: &[&str] = &[
    "name",
    "description",
    "runtime_version",
    "dag_deploy_enabled",
    "ci_cd_enforcement",
    "scheduler_size",
    "is_high_availability",
    "is_development_mode",
    "executor",
    "scheduler_au",
    "scheduler_count",
    "cluster_name",
    "workspace_name",
    "deployment_type",
    "cloud_provider",
    "region",
    "default_task_pod_cpu",
    "default_task_pod_memory",
    "resource_quota_cpu",
    "resource_quota_memory",
    "default_worker_type",
    "workload_identity",
    "remote_execution",
];

/// Every setting that is one value of its own, in the order of the Astro CLI's export.
pub const SETTINGS: &[Setting] = &[
    setting("description", "description", Form::Text, On::Every),
    Setting { key: "runtime_version", field: "astroRuntimeVersion", form: Form::Text, on: On::Every, later: Later::ByDeploy },
    setting("dag_deploy_enabled", "isDagDeployEnabled", Form::Flag, On::Every),
    setting("ci_cd_enforcement", "isCicdEnforced", Form::Flag, On::Every),
    setting("scheduler_size", "schedulerSize", Form::Word(SCHEDULERS), On::Hosted),
    setting("is_high_availability", "isHighAvailability", Form::Flag, On::Hosted),
    Setting {
        key: "is_development_mode",
        field: "isDevelopmentMode",
        form: Form::Flag,
        on: On::Hosted,
        later: Later::OnlyOff("make a new Deployment in development mode"),
    },
    setting("executor", "executor", Form::Word(EXECUTORS), On::Every),
    setting("scheduler_au", "schedulerAu", Form::Whole, On::Hybrid),
    setting("scheduler_count", "schedulerReplicas", Form::Whole, On::Hybrid),
    fixed("deployment_type", "type", Form::Word(KINDS), NEW_ONE),
    fixed("cloud_provider", "cloudProvider", Form::Word(PROVIDERS), NEW_ONE),
    fixed("region", "region", Form::Text, NEW_ONE),
    setting("default_task_pod_cpu", "defaultTaskPodCpu", Form::Text, On::Hosted),
    setting("default_task_pod_memory", "defaultTaskPodMemory", Form::Text, On::Hosted),
    setting("resource_quota_cpu", "resourceQuotaCpu", Form::Text, On::Hosted),
    setting("resource_quota_memory", "resourceQuotaMemory", Form::Text, On::Hosted),
    setting("workload_identity", "workloadIdentity", Form::Text, On::Every),
];

/// Fields of remote execution: key, the platform's name.
pub const REMOTE: &[(&str, &str)] = &[
    ("enabled", "enabled"),
    ("allowed_ip_address_ranges", "allowedIpAddressRanges"),
    ("task_log_bucket", "taskLogBucket"),
    ("task_log_url_pattern", "taskLogUrlPattern"),
];

/// Fields of a worker queue that may be set: key, the platform's name.
pub const QUEUE: &[(&str, &str)] = &[
    ("max_worker_count", "maxWorkerCount"),
    ("min_worker_count", "minWorkerCount"),
    ("worker_concurrency", "workerConcurrency"),
    ("worker_type", "astroMachine"),
    ("worker_type", "nodePoolId"),
    ("pod_ephemeral_storage", "podEphemeralStorage"),
];

/// Returns the setting with a key; none for what is no single value.
#[must_use]
pub fn of_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Returns whether a Deployment of a kind has a setting.
#[must_use]
pub fn has(kind: &str, on: On) -> bool {
    match on {
        On::Every => true,
        On::Hosted => kind != "HYBRID",
        On::Hybrid => kind == "HYBRID",
    }
}

/// Returns the platform's word for one in any case; none where it is none of them.
#[must_use]
pub fn word(words: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    words.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim())).map(|(_, platform)| *platform)
}

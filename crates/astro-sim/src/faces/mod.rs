//! The faces: each turns calls of one platform into rules over the world.
//! It must not know sockets, faults or the journal.

pub mod astro;
pub mod astro_reads;
pub mod astro_render;
pub mod astro_request;
pub mod astro_writes;
pub mod azure_devops;
pub mod azure_devops_answer;
pub mod azure_devops_diffs;
pub mod azure_devops_discovery;
pub mod azure_devops_render;
pub mod azure_devops_statuses;
pub mod azure_devops_threads;
pub mod blob;
pub mod gitea;
pub mod gitea_render;
pub mod github;
pub mod github_answer;
pub mod github_checks;
pub mod github_deployments;
pub mod github_reads;
pub mod github_render;
pub mod github_render_runs;
pub mod registry;
pub mod registry_content;
pub mod registry_place;
pub mod route;

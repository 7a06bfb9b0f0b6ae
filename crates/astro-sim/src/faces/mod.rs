//! The faces: each turns calls of one platform into rules over the world.
//! It must not know sockets, faults or the journal.

pub mod astro;
pub mod astro_reads;
pub mod astro_render;
pub mod astro_request;
pub mod astro_writes;
pub mod bitbucket;
pub mod bitbucket_checks;
pub mod bitbucket_comments;
pub mod bitbucket_dc;
pub mod bitbucket_dc_checks;
pub mod bitbucket_dc_comments;
pub mod bitbucket_dc_render;
pub mod bitbucket_render;
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
pub mod gitlab;
pub mod gitlab_environments;
pub mod gitlab_notes;
pub mod gitlab_render;
pub mod gitlab_request;
pub mod gitlab_statuses;
pub mod registry;
pub mod registry_content;
pub mod registry_place;
pub mod route;

//! Reads the checkout: commits, branch, and what differs between a commit and the working tree.
//! It never changes the working tree or the repository, and knows nothing of projects, plans or Deployments.

pub mod blobs;
pub mod command;
pub mod commit;
pub mod compare;
pub mod contents;
pub mod fetch;
#[cfg(test)]
#[cfg(unix)]
pub mod fixture;
pub mod history;
pub mod library;
pub mod listing;
pub mod locate;
pub mod output;
pub mod program;
pub mod repository;
pub mod scratch;
pub mod source;
pub mod worktree;

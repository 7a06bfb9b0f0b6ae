//! What people and programs get to see: terminal text, JSON, Markdown and step outputs.
//! It shows decisions and outcomes; it never makes or changes one.

pub mod access;
pub mod all;
pub mod all_json;
pub mod all_markdown;
pub mod all_text;
pub mod answer;
pub mod check;
pub mod columns;
pub mod dags;
pub mod dags_markdown;
pub mod deployments;
pub mod figures;
pub mod findings;
pub mod github_files;
pub mod history;
pub mod ink;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod objects;
pub mod output_lines;
pub mod outputs;
pub mod preview;
pub mod previews;
pub mod rollback;
pub mod rows;
pub mod run;
pub mod select;
pub mod smoke;
pub mod text;
pub mod verification;

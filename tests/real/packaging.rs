//! What users of other CI systems get: container images, the GitLab component and the examples, each really run.
//! `tests/real/run` starts and installs what they need.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends")]

#[path = "../it/bench.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod bench;
#[expect(dead_code, reason = "these tests need a part of it")]
mod components;
mod container;
mod examples;
mod gitlab;
#[expect(dead_code, reason = "these tests need a part of it")]
mod scene;

//! Harness CI: <https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var>.
//! It reads variables only: Drone's, which Harness sets as well, told apart by its own.

use crate::ci::drone_variables;
use crate::ci::provider::Provider;
use crate::model::context::CiContext;
use crate::model::outputs::Outputs;

/// Harness CI.
pub const PROVIDER: Provider = Provider {
    name: "harness",
    docs_url: Some("https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var"),
    // Only where the step has one.
    outputs: Outputs::Lines("DRONE_OUTPUT"),
    detect: |env| env.get("HARNESS_BUILD_ID").is_some() && env.get("HARNESS_PIPELINE_ID").is_some(),
    read: |env, _| {
        let context = drone_variables::read("harness", env);
        Ok(CiContext { checkout: context.checkout.or_else(|| env.path("HARNESS_WORKSPACE")), ..context })
    },
    ..Provider::SILENT
};

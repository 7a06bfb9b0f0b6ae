//! Drone: <https://docs.drone.io/pipeline/environment/reference/>; how each variable is made stands in
//! `environ/environ.go` of <https://github.com/drone/runner-go>.
//! It reads variables only.

use crate::ci::drone_variables;
use crate::ci::provider::Provider;

/// Drone.
pub const PROVIDER: Provider = Provider {
    name: "drone",
    docs_url: Some("https://docs.drone.io/pipeline/environment/reference/"),
    detect: |env| env.is_true("DRONE"),
    read: |env, _| Ok(drone_variables::read("drone", env)),
    ..Provider::SILENT
};

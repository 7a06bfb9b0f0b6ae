//! The real components that `tests/real/run` starts answer as this suite expects.
//! Compiled with the feature `real-tests` only; tests of the product against them are siblings of this file.
#![cfg(feature = "real-tests")]
#![expect(clippy::expect_used, reason = "a component that does not answer fails the test that asks")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

#[path = "real/components.rs"]
#[expect(dead_code, reason = "each suite needs a part of it")]
mod components;

use components::{RealEngine, variable};

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a listening component");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn the_registry_speaks_the_distribution_protocol() {
    let answer = get(&variable("REAL_REGISTRY"), "/v2/");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("docker-distribution-api-version: registry/2.0"), "{answer}");
}

#[test]
fn the_blob_service_refuses_the_unsigned() {
    let blob = variable("REAL_BLOB");
    let address = blob.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    let answer = get(&address, "/devstoreaccount1/container/blob");
    assert!(answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("server: azurite-blob"), "{answer}");
}

#[test]
fn the_engine_builds_from_nothing_and_fetches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let build = |dockerfile: &str| {
        components::write(&folder.path().join("Dockerfile"), dockerfile);
        let output = RealEngine::docker().try_run(folder.path(), folder.path(), &["build", "--quiet", "."]);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let (built, output) = build("FROM scratch\nLABEL example=yes\nCOPY Dockerfile /\n");
    assert!(built && output.contains("sha256:"), "{output}");
    let (built, output) = build("FROM registry.example.com/missing:1\n");
    assert!(!built, "{output}");
}

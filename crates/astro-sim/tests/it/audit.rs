//! The audit log, in each way it travels.

use std::io::Read;
use std::time::Duration;

use astro_sim::world::records::AuditShape;
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

async fn bench() -> Bench {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        for (hours, path) in [(1, "/one"), (30, "/two"), (91 * 24, "/gone")] {
            world.add_audit_event(json!({ "path": path }), SignedDuration::from_hours(hours));
        }
    });
    bench
}

fn paths(ndjson: &str) -> Vec<String> {
    let events = ndjson.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.map(|event| event["path"].as_str().unwrap().to_owned()).collect()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn events_of_a_time_come_as_lines_compressed_or_not() {
    let bench = bench().await;
    let since = |hours: i64| bench.sim.with(|world| world.clock.now() - SignedDuration::from_hours(hours)).to_string();
    let get = async |query: &str| {
        bench.sim.with(|world| world.audit.calls.clear());
        bench.send(Method::GET, &format!("/audit-logs?{query}"), None).await
    };
    let day = get("").await;
    assert_eq!((day.status(), day.headers().get("content-encoding").is_some()), (StatusCode::OK, true));
    assert_eq!(paths(&unpacked(&day.bytes().await.unwrap())), ["/one"]);
    bench.sim.with(|world| world.audit.shape = AuditShape::GzipWithoutHeader);
    let all = get(&format!("startDate={}", since(24 * 365))).await;
    assert_eq!(all.headers().get("content-encoding"), None);
    assert_eq!(paths(&unpacked(&all.bytes().await.unwrap())), ["/two", "/one"], "90 days are kept");
    bench.sim.with(|world| world.audit.shape = AuditShape::Plain);
    let older = get(&format!("startDate={}&endDate={}", since(48), since(24))).await;
    assert_eq!(paths(&older.text().await.unwrap()), ["/two"]);
    bench.post("/workspaces", json!({ "name": "New" })).await;
    let told = get("").await.text().await.unwrap();
    let event: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((&event["method"], &event["subjectType"]), (&json!("POST"), &json!("SERVICEKEY")), "{told}");
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_third_call_in_a_minute_must_wait() {
    let bench = bench().await;
    let get = async || bench.send(Method::GET, "/audit-logs", None).await;
    assert_eq!((get().await.status(), get().await.status()), (StatusCode::OK, StatusCode::OK));
    let third = get().await;
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = third.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    bench.sim.with(|world| world.clock.advance(Duration::from_secs(61)));
    assert_eq!(get().await.status(), StatusCode::OK);
}

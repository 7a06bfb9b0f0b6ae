//! The logs of Deployments.

use jiff::SignedDuration;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bench::Bench;

async fn bench() -> Bench {
    let bench = Bench::sandbox().await;
    bench.sim.with(|world| {
        for minute in 0..4 {
            world.add_log_line(&bench.deployment, "scheduler", &format!("INFO line {minute}"), SignedDuration::from_mins(minute));
        }
        world.add_log_line(&bench.deployment, "worker", "ERROR boom", SignedDuration::from_hours(2));
        world.add_log_line(&bench.deployment, "worker", "ERROR older", SignedDuration::from_hours(30));
    });
    bench
}

async fn search(bench: &Bench, query: &str) -> Value {
    let (status, page) = bench.get(&bench.path(&format!("/logs?{query}"))).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page
}

fn lines(page: &Value) -> Vec<&str> {
    page["results"].as_array().unwrap().iter().map(|line| line["raw"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_search_names_sources_text_and_time() {
    let bench = bench().await;
    assert_eq!(lines(&search(&bench, "sources=worker").await), ["ERROR boom"]);
    assert_eq!(search(&bench, "sources=worker&sources=scheduler").await["resultCount"], 5);
    assert_eq!(search(&bench, "sources=worker&range=200000").await["resultCount"], 2);
    assert_eq!(search(&bench, "sources=scheduler&searchText=ERROR").await["resultCount"], 0);
    let date = |hours: i64| bench.sim.with(|world| world.clock.now() - SignedDuration::from_hours(hours)).to_string();
    let dates = format!("startDate={}&endDate={}", date(40), date(20));
    assert_eq!(lines(&search(&bench, &format!("sources=worker&{dates}")).await), ["ERROR older"]);
    let refused = [
        "range=1".to_owned(),
        "sources=kitchen".to_owned(),
        "sources=worker&limit=0".to_owned(),
        "sources=worker&limit=5001".to_owned(),
        format!("sources=worker&startDate={}", date(1)),
        format!("sources=worker&startDate={}&endDate={}", date(1), date(2)),
    ];
    for query in refused {
        assert_eq!(bench.get(&bench.path(&format!("/logs?{query}"))).await.0, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn pages_of_one_search_carry_its_id() {
    let bench = bench().await;
    let first = search(&bench, "sources=scheduler&limit=3").await;
    assert_eq!(lines(&first), ["INFO line 0", "INFO line 1", "INFO line 2"]);
    let id = first["searchId"].as_str().unwrap();
    let second = search(&bench, &format!("sources=scheduler&limit=3&offset=3&searchId={id}")).await;
    assert_eq!((lines(&second), &second["resultCount"]), (vec!["INFO line 3"], &json!(1)));
    let foreign = bench.path(&format!("/logs?sources=worker&searchId={id}"));
    assert_eq!(bench.get(&foreign).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(search(&bench, "sources=scheduler&maxNumResults=2").await["resultCount"], 2);
}

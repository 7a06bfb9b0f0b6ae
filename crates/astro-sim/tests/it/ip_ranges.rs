//! The ranges of addresses that an Organization is reached from.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;

const PATH: &str = "/allowed-ip-address-ranges";

async fn ranges(bench: &Bench) -> Vec<Value> {
    bench.get(PATH).await.1["allowedIpAddressRanges"].as_array().unwrap().clone()
}

#[tokio::test]
async fn ranges_are_added_one_by_one_or_all_or_none() {
    let bench = Bench::sandbox().await;
    let one = async |range: &str| bench.post(PATH, json!({ "ipAddressRange": range })).await.0;
    assert_eq!((one("10.0.0.0/8").await, one("10.0.0.0/8").await), (StatusCode::OK, StatusCode::BAD_REQUEST));
    assert_eq!(one("2001:db8::/32").await, StatusCode::OK);
    for wrong in ["10.0.0.0", "10.0.0.0/33", "ten/8", "2001:db8::/129", ""] {
        assert_eq!(one(wrong).await, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let many =
        async |ranges: &[&str]| bench.post(&format!("{PATH}/bulk-create"), json!({ "allowedIpAddressRanges": ranges })).await;
    assert_eq!(many(&["192.168.0.0/16", "10.0.0.0/8"]).await.0, StatusCode::CONFLICT);
    assert_eq!(many(&["1.1.1.1/32", "1.1.1.1/32"]).await.0, StatusCode::CONFLICT);
    assert_eq!(ranges(&bench).await.len(), 2, "nothing of a list that clashes is added");
    let (_, made) = many(&["192.168.0.0/16", "1.1.1.1/32"]).await;
    assert_eq!(made["allowedIpAddressRanges"].as_array().unwrap().len(), 2);
    let url = format!("{}/organizations", bench.sim.astro_url());
    let own: Value = bench.client.get(url).bearer_auth(&bench.token).send().await.unwrap().json().await.unwrap();
    assert_eq!(own["organizations"][0]["hasAllowedIpAddressRanges"], json!(true));
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn ranges_are_removed_one_by_one_or_all_or_none() {
    let bench = Bench::sandbox().await;
    let ids = bench.sim.with(|world| ["10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"].map(|range| world.add_ip_range(range)));
    let delete = async || bench.send(Method::DELETE, &format!("{PATH}/{}", ids[0]), None).await.status();
    assert_eq!((delete().await, delete().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    let many = async |ids: &[&String]| {
        let body = json!({ "allowedIpAddressRangeIds": ids });
        bench.send(Method::POST, &format!("{PATH}/bulk-delete"), Some(body)).await.status()
    };
    assert_eq!(many(&[&ids[1], &ids[0]]).await, StatusCode::BAD_REQUEST);
    assert_eq!(ranges(&bench).await.len(), 2);
    assert_eq!(many(&[&ids[1], &ids[2]]).await, StatusCode::NO_CONTENT);
    assert_eq!(ranges(&bench).await, Vec::<Value>::new());
    assert_eq!(bench.sim.violations(), Vec::<String>::new());
}

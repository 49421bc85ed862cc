use std::collections::BTreeSet;
use std::time::Duration;

use apiduct_testkit::{MockApi, demo};
use serde_json::Value;

use crate::basics::{block_on, get};

fn api() -> MockApi {
    demo::builder().latency(Duration::ZERO).start()
}

/// One page with the token: its JSON and the URL of its `next` link.
fn page(url: &str) -> (Value, Option<String>) {
    block_on(async {
        let request = reqwest::Client::new().get(url).bearer_auth(demo::TOKEN);
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200, "{url}");
        let link = reply
            .headers()
            .get("link")
            .map(|link| link.to_str().unwrap().to_owned());
        let next = link.map(|link| link[1..link.find('>').unwrap()].to_owned());
        (
            serde_json::from_str(&reply.text().await.unwrap()).unwrap(),
            next,
        )
    })
}

fn ids(records: &Value) -> Vec<String> {
    let list = records.as_array().unwrap();
    list.iter().map(|record| record["id"].to_string()).collect()
}

fn distinct(ids: &[String]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}

fn stations(api: &MockApi) -> Vec<String> {
    let (mut found, mut url) = (Vec::new(), Some(api.url("/v1/stations")));
    while let Some(current) = url {
        let (records, next) = page(&current);
        found.extend(ids(&records));
        url = next;
    }
    found
}

#[test]
fn stations_follow_link_headers_and_have_inspections() {
    let api = api();
    let stations = stations(&api);
    assert_eq!(distinct(&stations), demo::STATIONS);
    let mut inspections = Vec::new();
    for station in &stations {
        let path = format!("/v1/stations/{}/inspections", station.trim_matches('"'));
        inspections.extend(ids(&page(&api.url(&path)).0["inspections"]));
    }
    assert!(inspections.len() > 50, "{}", inspections.len());
    assert_eq!(distinct(&inspections), inspections.len());
}

#[test]
fn trips_follow_a_cursor() {
    let api = api();
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let query = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let (trips, _) = page(&api.url(&format!("/v1/trips?limit=500{query}")));
        found.extend(ids(&trips["trips"]));
        cursor = trips["meta"]["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(distinct(&found), demo::TRIPS);
}

#[test]
fn customers_follow_page_numbers() {
    let api = api();
    let (first, _) = page(&api.url("/v1/customers"));
    let pages = first["page_info"]["total_pages"].as_u64().unwrap();
    let found: Vec<String> = (1..=pages)
        .flat_map(|number| {
            ids(&page(&api.url(&format!("/v1/customers?page={number}"))).0["customers"])
        })
        .collect();
    assert_eq!(distinct(&found), demo::CUSTOMERS);
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let body = || {
        page(&api().url("/v1/trips?cursor=after-2900"))
            .0
            .to_string()
    };
    assert_eq!(body(), body());
}

#[test]
fn strangers_are_refused() {
    let api = demo::serve();
    assert_eq!(get(&api.url("/v1/trips")).unwrap().status(), 401);
    assert_eq!(
        get(&api.url("/v1/stations/st-999/inspections"))
            .unwrap()
            .status(),
        401
    );
}

#[test]
fn every_kind_of_value_appears() {
    let api = api();
    let text = page(&api.url("/v1/customers")).0.to_string()
        + &page(&api.url("/v1/trips?cursor=after-2900")).0.to_string();
    for sign in [
        "\"phone\":null",
        "\"fee\":9.9",
        "\"tags\":[]",
        "\"end\":null",
        "\"end\":{",
        "\"stops\":[{",
        "ö",
    ] {
        assert!(text.contains(sign), "{sign}");
    }
}

//! A small realistic API to try apiduct on: the bicycles of a town.
//!
//! | route below [`base_url`](MockApi::base_url) | paginated by | records |
//! |---|---|---|
//! | `/v1/stations` | `Link` header | [`STATIONS`], a bare list of nested objects with lists of text |
//! | `/v1/stations/{id}/inspections` | one page, under `inspections` | children of a station, each with a list of findings |
//! | `/v1/trips` | cursor `meta.next_cursor`, sent as `cursor` | [`TRIPS`] under `trips`, with a nested list of stops |
//! | `/v1/customers` | page numbers, `page_info.total_pages` | [`CUSTOMERS`] under `customers` |
//!
//! Everything asks for the bearer token [`TOKEN`]. The data is the same in every run.
//!
//! ```
//! use apiduct_testkit::demo;
//!
//! let api = demo::serve();
//! assert!(api.url("/v1/stations").starts_with("http://127.0.0.1:"));
//! ```

use std::io;
use std::time::Duration;

use apiduct_model::format_timestamp;
use serde_json::{Value, json};

use crate::random::Random;
use crate::{Access, MockApi, MockApiBuilder, RateLimit, Received, Reply};

/// The bearer token that the API asks for.
pub const TOKEN: &str = "demo-token";

/// How many stations there are.
pub const STATIONS: usize = 48;

/// How many customers there are.
pub const CUSTOMERS: usize = 400;

/// How many trips there are.
pub const TRIPS: usize = 3_000;

/// The wait before each answer, so that a run is long enough to watch.
const LATENCY: Duration = Duration::from_millis(15);

/// 2025-01-01T00:00:00Z in seconds.
const NEW_YEAR: u64 = 1_735_689_600;

const DAY: u64 = 86_400;

/// Starts the API on a free port of 127.0.0.1.
///
/// # Panics
/// When no port or thread can be had; [`try_serve`] reports that instead.
pub fn serve() -> MockApi {
    builder().start()
}

/// Starts the API on a free port of 127.0.0.1.
///
/// # Errors
/// When no port or thread can be had.
pub fn try_serve() -> io::Result<MockApi> {
    builder().try_start()
}

/// The API before its start, for those who want to add faults or to drop the latency.
pub fn builder() -> MockApiBuilder {
    MockApi::builder()
        .get("/v1/stations", stations)
        .get("/v1/stations/{id}/inspections", inspections)
        .get("/v1/trips", trips)
        .get("/v1/customers", customers)
        .protect("/v1/", Access::bearer(TOKEN))
        .rate_limit(RateLimit::new(5_000, Duration::from_mins(1)))
        .latency(LATENCY)
}

fn stations(request: &Received) -> Reply {
    let (page, size) = (
        asked(request, "page", 1),
        asked(request, "per_page", 20).min(100),
    );
    let records = slice(STATIONS, (page - 1) * size, size, station);
    let reply = Reply::json(&records);
    if page * size >= STATIONS {
        return reply;
    }
    let next = request.url(&request.target_with(&[("page", &(page + 1).to_string())]));
    reply.header("Link", &format!("<{next}>; rel=\"next\""))
}

fn inspections(request: &Received) -> Reply {
    let station = request.segment("id").unwrap_or_default();
    let Some(index) = (0..STATIONS).find(|index| station_id(*index) == station) else {
        return Reply::error(404, "there is no such station");
    };
    Reply::json(&json!({"inspections": inspections_of(index)}))
}

fn trips(request: &Received) -> Reply {
    let size = asked(request, "limit", 100).min(500);
    let start = match request.param("cursor") {
        None => 0,
        Some(cursor) => match cursor
            .strip_prefix("after-")
            .and_then(|place| place.parse().ok())
        {
            Some(place) => place,
            None => return Reply::error(400, "the cursor is not one of ours"),
        },
    };
    let end = (start + size).min(TRIPS);
    let next = (end < TRIPS).then(|| format!("after-{end}"));
    Reply::json(&json!({
        "trips": slice(TRIPS, start, size, trip),
        "meta": {"next_cursor": next, "has_more": next.is_some()},
    }))
}

fn customers(request: &Received) -> Reply {
    let (page, size) = (
        asked(request, "page", 1),
        asked(request, "per_page", 50).min(100),
    );
    Reply::json(&json!({
        "customers": slice(CUSTOMERS, (page - 1) * size, size, customer),
        "page_info": {
            "page": page,
            "per_page": size,
            "total_pages": CUSTOMERS.div_ceil(size),
            "total_count": CUSTOMERS,
        },
    }))
}

/// A query parameter as a number of at least 1.
fn asked(request: &Received, name: &str, default: usize) -> usize {
    let number = request.param(name).and_then(|text| text.parse().ok());
    number.unwrap_or(default).clamp(1, 1_000_000)
}

fn slice(total: usize, start: usize, count: usize, record: fn(usize) -> Value) -> Vec<Value> {
    (start.min(total)..(start + count).min(total))
        .map(record)
        .collect()
}

const STREETS: &[&str] = &[
    "Canal Street",
    "Mühlweg",
    "Rue des Lilas",
    "Old Bridge",
    "Station Road",
    "Vågen",
];
const FEATURES: &[&str] = &[
    "covered",
    "cargo bikes",
    "charging",
    "repair stand",
    "child seats",
];
const FIRST_NAMES: &[&str] = &[
    "Amina", "Björn", "Chloé", "Dario", "Eszter", "Farid", "Grace", "Hồng",
];
const LAST_NAMES: &[&str] = &[
    "Abel", "Brandão", "Castell", "D'Arcy", "Ekström", "Fujita", "Gómez",
];
const REMARKS: &[&str] = &[
    "dock 7 does not lock",
    "lamp replaced",
    "\"out of order\" sign was left behind",
    "paint is peeling",
    "terminal restarts\nduring payment",
];

fn station_id(index: usize) -> String {
    format!("st-{:03}", index + 1)
}

fn random(kind: u64, index: usize) -> Random {
    Random::new(kind << 32 | index as u64)
}

fn time(seconds: u64) -> String {
    format_timestamp(i64::try_from(seconds).unwrap_or_default() * 1_000_000)
}

fn date(seconds: u64) -> String {
    time(seconds)[..10].to_owned()
}

/// A number of cents as an exact decimal in JSON.
fn cents(cents: u64) -> f64 {
    cents as f64 / 100.0
}

fn station(index: usize) -> Value {
    let mut random = random(1, index);
    let street = random.pick(STREETS);
    let features: Vec<&str> = FEATURES
        .iter()
        .copied()
        .filter(|_| random.below(3) == 0)
        .collect();
    let opened = NEW_YEAR - random.below(2_000) * DAY;
    json!({
        "id": station_id(index),
        "name": format!("{street} {}", index + 1),
        "address": {"street": street, "postal_code": format!("{:05}", 1_000 + random.below(900)), "city": "Velohaven"},
        "location": {
            "latitude": (590_000 + random.below(9_000)) as f64 / 10_000.0,
            "longitude": (105_000 + random.below(9_000)) as f64 / 10_000.0,
        },
        "capacity": 8 + random.below(25),
        "is_active": random.below(12) > 0,
        "opened_on": date(opened),
        "operator": (random.below(3) == 0).then_some("Velohaven Transit"),
        "features": features,
        "updated_at": time(NEW_YEAR + index as u64 * 3_607),
    })
}

fn inspections_of(index: usize) -> Vec<Value> {
    let count = random(2, index).below(5);
    (0..count)
        .map(|number| {
            let mut random = random(3, index * 8 + usize::try_from(number).unwrap_or_default());
            let findings: Vec<Value> = (0..random.below(3))
                .map(|_| json!({"severity": 1 + random.below(3), "remark": random.pick(REMARKS)}))
                .collect();
            json!({
                "id": format!("{}-{}", station_id(index), number + 1),
                "inspector": random.pick(LAST_NAMES),
                "inspected_at": time(NEW_YEAR + number * 30 * DAY + random.below(DAY)),
                "passed": findings.is_empty(),
                "cost": cents(4_500 + random.below(20_000)),
                "findings": findings,
            })
        })
        .collect()
}

fn trip(index: usize) -> Value {
    let mut random = random(4, index);
    let started = NEW_YEAR + index as u64 * 1_789;
    let minutes = 3 + random.below(90);
    let meters = minutes * (150 + random.below(120));
    let anywhere = |random: &mut Random| {
        station_id(usize::try_from(random.below(STATIONS as u64)).unwrap_or_default())
    };
    let stops: Vec<Value> = (0..random.below(4))
        .map(|_| json!({"station_id": anywhere(&mut random), "minutes": 1 + random.below(20)}))
        .collect();
    let running = index + 12 > TRIPS;
    let end = (!running)
        .then(|| json!({"station_id": anywhere(&mut random), "at": time(started + minutes * 60)}));
    json!({
        "id": index + 1,
        "bike": {"id": format!("b-{:04}", random.below(900)), "kind": random.pick(&["city", "cargo", "electric"])},
        "customer_id": 1 + random.below(CUSTOMERS as u64),
        "start": {"station_id": anywhere(&mut random), "at": time(started)},
        "end": end,
        "distance_km": meters as f64 / 1_000.0,
        "fare": {"amount": cents(100 + minutes * 12), "currency": "EUR"},
        "rating": (random.below(3) == 0).then(|| 1 + random.below(5)),
        "stops": stops,
    })
}

fn customer(index: usize) -> Value {
    let mut random = random(5, index);
    let (first, last) = (random.pick(FIRST_NAMES), random.pick(LAST_NAMES));
    let plan = random.pick(&["pay as you go", "monthly", "yearly"]);
    let fee = match plan {
        "monthly" => 990,
        "yearly" => 7_900,
        _ => 0,
    };
    let tags: Vec<&str> = ["student", "early bird", "commuter"]
        .into_iter()
        .filter(|_| random.below(4) == 0)
        .collect();
    json!({
        "id": index + 1,
        "name": {"first": first, "last": last},
        "email": format!("customer{}@mail.example", index + 1),
        "phone": (random.below(2) == 0).then(|| format!("+47 5550 {:04}", random.below(10_000))),
        "plan": {"name": plan, "fee": cents(fee)},
        "tags": tags,
        "invited_by": (index > 0 && random.below(5) == 0).then(|| 1 + random.below(index as u64)),
        "joined_at": time(NEW_YEAR - 300 * DAY + index as u64 * 61_200),
    })
}

//! Rate-limit headers and `Retry-After` from any text: no panic, what is malformed is ignored, and no wait is longer than
//! what makes sense.

#![no_main]

// The files alone, so that the target builds without the rest of the client.
#[allow(dead_code)]
#[path = "../../crates/apiduct-client/src/retry/retry_after.rs"]
mod retry_after;
#[allow(dead_code)]
#[path = "../../crates/apiduct-client/src/rate/told.rs"]
mod told;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 16] = [
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-resource",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-rate-limit-reset-after",
    "date",
    "retry-after",
];
const MONTH: Duration = Duration::from_secs(32 * 24 * 3600);
/// Of January 2024, so that dates lie on both sides.
const NOW: Duration = Duration::from_secs(1_704_067_200);

// Each line begins with a byte that says which header it is.
fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_first() else {
            continue;
        };
        let name = HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    let now = SystemTime::UNIX_EPOCH + NOW;
    let readings = told::readings(&headers, now);
    for reading in &readings {
        assert!(reading.reset.is_none_or(|reset| reset <= MONTH));
    }
    let wait = told::wait_until_reset(&headers, now);
    assert!(wait.is_none_or(|wait| !wait.is_zero() && wait <= MONTH));
    assert!(retry_after::retry_after(&headers, now).is_none_or(|wait| !wait.is_zero()));
});

//! Test equipment for apiduct and for what is built on it.
//!
//! - [`MockApi`]: a scripted REST API on loopback with every pagination style, credentials, latency, rate limits,
//!   faults and TLS. It serves sync and async tests, and records what it gets.
//! - [`OAuthServer`]: issues tokens for it, lets them expire, rotates and revokes them.
//! - [`FakeClock`]: time that moves only when told, or by the waits that it is asked for.
//! - [`SimClock`] and [`SimApi`]: the same API without sockets, in virtual time, for whole pulls in microseconds.
//! - [`fixtures`]: pages as well-known kinds of APIs shape them.
//! - [`load_server`] and [`Records`]: many deterministic records at little cost, for benchmarks.
//! - [`demo`]: the small realistic API behind `apiduct demo`.
//! - [`process`]: kills a process at a moment that can be repeated.
//! - Feature `conformance`: the suite that every destination must pass.
//!
//! ```
//! use apiduct_testkit::{Fault, MockApi, Reply};
//! use serde_json::json;
//!
//! let api = MockApi::builder()
//!     .collection("posts", (1..=12).map(|id| json!({"id": id})))
//!     .script("/shaky", [Reply::json(&json!([])).fault(Fault::Reset), Reply::json(&json!([1]))])
//!     .start();
//! assert!(api.url("/posts").starts_with("http://127.0.0.1:"));
//! ```
//!
//! Nothing here uses a fixed port or leaves a process, thread or socket behind.

mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod demo;
pub mod fixtures;
pub mod inventory;
pub mod leak;
mod load;
mod mock;
pub mod process;
mod random;
mod records;
mod sim;

pub use clock::FakeClock;
pub use load::{LoadOptions, load_server};
pub use mock::{
    Accept, Access, BrokenChunks, BrokenGzip, Chaos, ClientIdentity, Collection, Fault,
    LimitHeaders, MockApi, MockApiBuilder, OAuthServer, Place, RateLimit, Received, Reply,
    RetryAfter, Stage, Stats, Switch,
};
pub use records::Records;
pub use sim::{SimAnswer, SimApi, SimClock, SimOutcome, SimStop};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to those who held it before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

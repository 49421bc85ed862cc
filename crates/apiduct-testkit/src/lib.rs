//! Test equipment for apiduct and for what is built on it.
//!
//! - [`MockApi`]: a scripted REST API on loopback with every pagination style, credentials, latency, rate limits,
//!   faults and TLS.
//! - [`FakeClock`]: time that moves only when told.
//!
//! Nothing here uses a fixed port or leaves a process, thread or socket behind.

mod clock;
mod load;
mod mock;
mod random;
mod records;

pub use clock::FakeClock;
pub use load::{LoadOptions, load_server};
pub use mock::{
    Access, Chaos, Collection, Fault, LimitHeaders, MockApi, MockApiBuilder, RateLimit, Received,
    Reply, RetryAfter, Stats,
};
pub use records::Records;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to those who held it before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Behaviors of the test equipment itself.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod basics;
mod byte_faults;
mod collections;
mod demo;
mod faults;
mod limits;
mod load;
mod process;
mod tls;

//! The façade: what it adds to the rooms behind it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

#[cfg(feature = "blocking")]
mod blocking;
mod row_steps;
mod tables;

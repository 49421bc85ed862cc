//! Behaviors of the test equipment itself.

mod basics;
mod collections;
mod faults;
mod limits;
mod tls;

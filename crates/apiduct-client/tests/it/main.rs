//! The client against real sockets and against scripted transports.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod conformance;
mod detection;
mod faults;
mod guards;
mod hooks;
mod interactive;
mod jobs;
mod kept;
mod logins;
mod loops;
mod network;
mod origin_grid;
mod origins;
mod pages;
mod parallel;
mod places;
mod pool;
mod prefetch;
mod recording;
mod refresh;
mod retry;
mod rules;
mod secrets;
mod shapes;
mod signing;
mod sim;
mod support;
mod surface;
mod tokens;
mod wire;

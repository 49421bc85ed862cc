//! APIs without sockets in time that does not pass: [`SimClock`] and [`SimApi`].

mod api;
mod clock;

pub use api::{SimAnswer, SimApi, SimOutcome};
pub use clock::{SimClock, SimStop};

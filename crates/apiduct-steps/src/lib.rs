//! Steps on records: jq programs and built-in changes, between the page and the tables.
//!
//! A record comes in as JSON text and leaves as none, one or several records. Numbers that a step does not calculate
//! with keep their digits, whatever their size. A [`Program`] is one jq expression; a [`Steps`] is the list that a
//! resource has, and a [`Runner`] applies it to the records of one pull.
//!
//! ```
//! use apiduct_model::Place;
//! use apiduct_steps::{Kept, PlacedStep, Program, Runner, Step, Steps};
//!
//! let place = |line| Place { file: "tracker.yaml".to_owned(), line, column: 15 };
//! let steps = Steps::new(vec![
//!     PlacedStep { step: Step::Filter(Program::parse(".state == \"open\"")?), place: place(8) },
//!     PlacedStep { step: Step::Map(Program::parse("{id, title: (.title | ascii_upcase)}")?), place: place(9) },
//! ]);
//! let mut runner = Runner::new(steps);
//!
//! let record = r#"{"id": 12345678901234567890, "state": "open", "title": "crash"}"#;
//! let Kept::Changed(records) = runner.apply(record, &[])? else { unreachable!() };
//! assert_eq!(records, [r#"{"id":12345678901234567890,"title":"CRASH"}"#]);
//! assert!(matches!(runner.apply(r#"{"id": 2, "state": "closed"}"#, &[])?, Kept::Changed([])));
//! assert_eq!(runner.dropped().get("filter"), Some(&1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a program can reach
//!
//! The record it is given, and nothing else: no environment, no files, no further input, no clock, no local time zone,
//! no output but its results. `env`, `$ENV`, `input`, `now`, `localtime`, `strflocaltime`, `debug`, `stderr`, `halt`
//! and modules do not exist in it.

mod apply;
mod builtin;
mod cast;
mod custom;
mod error;
mod field;
mod program;
mod step;
mod value;

pub use apply::{Kept, Runner};
pub use cast::CastTo;
pub use custom::{CustomStep, RowFn, RowOutcome, RowStep, RowStepError, row_fn};
pub use error::{ProgramError, StepError, StepProblem};
pub use field::{FieldPath, FieldPathError};
pub use program::{MAX_RESULTS, Program};
pub use step::{PlacedStep, Step, Steps};

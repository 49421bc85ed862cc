//! The declarative file: what was written, what it means, and the values it refers to.
//!
//! Three types, one after the other:
//!
//! - [`Spec`] is the file as typed values, each with its line and column. Reading checks the shape of everything.
//! - [`Plan`] is what the file means: defaults merged, resources in order, selectors and paginators compiled,
//!   placeholders bound. Planning is pure; it opens no socket, reads no secret and asks no clock.
//! - [`Resolved`] has the values of all references. Only [`Plan::resolve`] asks for them, by a
//!   [`SecretSource`](resolve::SecretSource).
//!
//! Mistakes are reported all at once as [`ConfigErrors`], each with its key, its place, and what to do.
//!
//! ```
//! use apiduct_config::resolve::SystemSource;
//! use apiduct_config::{Format, Plan};
//! use apiduct_model::Redactor;
//!
//! let text = r#"
//! name: tracker
//! client:
//!   base_url: https://api.example.com/v2
//!   paginator: header_link
//! resource_defaults:
//!   endpoint: {params: {per_page: 100}}
//! resources:
//!   - name: issues
//!     endpoint: {params: {state: all}}
//!   - name: comments
//!     endpoint: "issues/{resources.issues.number}/comments"
//! "#;
//! let plan = Plan::parse(text, Format::Yaml, "tracker.yaml")?;
//! let first = &plan.describe().resources[0];
//! assert_eq!(first.url, "https://api.example.com/v2/issues?per_page=100&state=all");
//!
//! let resolved = plan.resolve(&SystemSource::in_folder("."), &Redactor::default())?;
//! let request = plan.resources[0].request_for(&resolved, None)?;
//! assert_eq!(request.path, "issues");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The keys of every object of the file are declared once, in tables from which reading, proposals for misspelled keys
//! and the JSON Schema ([`Spec::json_schema`]) follow.

mod error;
pub mod import;
pub mod locate;
pub mod plan;
mod registry;
pub mod resolve;
pub mod seed;
pub mod spec;
pub mod template;

/// Steps on records, and what a program needs to bring its own.
pub use apiduct_steps as steps;
pub use error::{ConfigError, ConfigErrorKind, ConfigErrors};
pub use locate::{Format, Mark};
pub use plan::Plan;
pub use registry::{Custom, CustomError, Registry};
pub use resolve::Resolved;
pub use spec::Spec;

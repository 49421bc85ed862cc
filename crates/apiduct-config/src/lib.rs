//! The declarative file.
mod error;
pub mod locate;
pub mod plan;
pub mod resolve;
pub mod spec;
pub mod template;
pub use error::{ConfigError, ConfigErrorKind, ConfigErrors};
pub use locate::{Format, Mark};
pub use plan::Plan;
pub use resolve::Resolved;
pub use spec::Spec;

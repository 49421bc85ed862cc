//! From an OpenAPI description to a file that runs.
//!
//! [`Description::read`] takes OpenAPI 3.0 and 3.1 and Swagger 2.0, as JSON or YAML, in one file or many, and is tolerant:
//! what is malformed is left out and told. It finds out for each GET endpoint where the records are, what identifies them,
//! how the list goes on, where the variables of the path come from and which parameter asks for what is new. Every
//! [`Finding`] has a confidence and a reason. [`Description::render`] writes the file, [`Description::report`] the findings.
//!
//! Rules follow from how APIs are described: vocabularies of names, types, wording, structure, and what the endpoints of
//! one description have in common. No rule is about one API.

mod api;
mod documents;
mod error;
mod findings;
mod generate;
mod infer;
mod render;
mod report;
mod shape;
mod words;
mod yaml;

pub use documents::Load;
pub use error::OpenApiError;
pub use findings::{
    Auth, Filter, Finding, Findings, Kind, Link, PageSize, Pages, Required, Resource,
};
pub use generate::{Description, Selection};
pub use render::Rendered;

//! Behaviors of the configuration, from the text of a file to what is planned and resolved.

mod answers;
mod bodies;
mod broken;
mod describe;
mod formats;
mod guide;
mod hints;
mod merge;
mod paginators;
mod purity;
mod reading;
mod registry;
mod robust;
mod rules;
mod schema;
mod secrets;
mod steps;
mod tokens;
mod tree;

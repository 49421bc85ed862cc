//! What people and programs meet at the command line: the real program, a fresh folder, a scripted API.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod auth;
mod broken_documents;
mod broken_sources;
mod canaries;
mod configuration;
mod destinations;
mod examples;
mod faults;
mod get;
mod help;
mod import_dlt;
mod interruption;
mod logs;
mod openapi;
mod openapi_cases;
mod program;
mod recording;
mod resume;
mod runs;
mod waits;

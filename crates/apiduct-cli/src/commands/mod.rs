//! The commands, one file each.

pub(crate) mod auth;
pub(crate) mod backfill;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod get;
pub(crate) mod import_dlt;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod openapi;
pub(crate) mod plan;
pub(crate) mod preview;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod sql;

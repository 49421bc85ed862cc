//! Pull data out of any REST API and land it, typed and complete, where people query it.
//!
//! This crate is the front door: it re-exports the rooms of apiduct under one name.
//!
//! - [`Client`]: requests, retries, authentication and pagination of a REST API.
//! - [`config`]: the declarative file, and the plan that is made of it.
//! - [`pipeline`]: runs a plan and loads what it fetches.
//! - [`load`]: destinations, load packages and state; implement [`load::Destination`] for your own.
//!
//! # Example
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use apiduct::config::{Plan, resolve::SystemSource};
//! use apiduct::pipeline::Pipeline;
//!
//! # async fn example(destination: Arc<dyn apiduct::load::Destination>) -> Result<(), Box<dyn std::error::Error>> {
//! let plan = Plan::from_file("tracker.yaml")?;
//! let secrets = Arc::new(SystemSource::beside("tracker.yaml"));
//! let receipt = Pipeline::builder(plan, secrets).destination(destination).build().run().await?;
//! println!("{} rows", receipt.rows());
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `rustls` (default) | the built-in HTTP transport |
//! | `blocking` (default) | `apiduct::blocking`, for programs without a runtime |
//! | `duckdb` | the DuckDB destination, linked against `libduckdb.so` |
//! | `duckdb-bundled` | the same, with DuckDB compiled from source into the binary |
//! | `parquet` | Parquet files |

#[cfg(feature = "blocking")]
pub mod blocking;

pub use apiduct_client::{
    Body, Client, ClientBuilder, Error, Limits, Page, Pages, PaginateBuilder, Request,
    RequestBuilder, Response,
};
pub use apiduct_client::{auth, hook, inject, paginate, rate, retry, transport};
pub use apiduct_client::{delete, get, head, patch, post, put, request};

pub use http::{Method, StatusCode};

/// The REST client, whole.
pub use apiduct_client as client;
/// The declarative file and its plan.
pub use apiduct_config as config;
/// Steps on records.
pub use apiduct_config::steps;
/// Selectors and the parser.
pub use apiduct_json as json;
/// Load packages, destinations and state.
pub use apiduct_load as load;
/// Names, schema, secrets.
pub use apiduct_model as model;
/// From records to tables.
pub use apiduct_normalize as normalize;
/// OpenAPI descriptions, and files that are made of them.
pub use apiduct_openapi as openapi;
/// Runs of a plan.
pub use apiduct_pipeline as pipeline;

/// The DuckDB destination.
#[cfg(feature = "duckdb")]
pub use apiduct_duckdb as duckdb;
/// Parquet files.
#[cfg(feature = "parquet")]
pub use apiduct_parquet as parquet;

/// The code of the README, compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

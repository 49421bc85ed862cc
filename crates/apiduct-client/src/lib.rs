//! A REST client that pages: transport, retries, authentication, pagination and detection.
//!
//! A [`Client`] knows where an API lives, who we are, and how patient to be. It sends single requests
//! ([`Client::get`]) and walks lists page by page ([`Client::paginate`]); what it is not told, it finds out
//! from the first page and says so ([`Pages::findings`]).
//!
//! The rules (retry, redirects, origins, pagination) see requests and responses only; the network is behind
//! [`transport::Transport`] and time behind [`Timer`], so all of them can be tested without either.
//!
//! ```
//! use apiduct_client::Client;
//! # use apiduct_testkit::MockApi;
//! # let posts = (0..12).map(|id| serde_json::json!({"id": id}));
//! # let api = MockApi::builder().collection("posts", posts).start();
//! # let base_url = api.base_url();
//!
//! # #[derive(serde::Deserialize)]
//! # struct Post { id: u64 }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let client = Client::builder(base_url).build()?;
//! let mut pages = client.paginate("/posts").send();
//! let mut ids = Vec::new();
//! while let Some(page) = pages.next().await? {
//!     ids.extend(page.records::<Post>()?.into_iter().map(|post| post.id));
//! }
//! assert_eq!(ids.len(), 12);
//! # Ok::<(), apiduct_client::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to go on: [`mod@paginate`] for the ways to page, [`auth`] for credentials, [`retry`] and [`rate`] for patience, [`job`] for reports on
//! request, [`format`](mod@format) for bodies that
//! are no JSON, [`rules`] for what is done with
//! certain answers, [`hook`] for
//! code that looks at every response, [`detect`] for what is found out without being told.

pub mod auth;
mod charset;
mod client;
mod clock;
pub mod detect;
mod draft;
mod effort;
mod error;
mod exchange;
pub mod format;
pub mod hook;
pub mod inject;
pub mod job;
pub mod link_header;
mod loop_guard;
mod origin;
mod page;
mod pages;
pub mod paginate;
mod paginate_builder;
pub mod rate;
mod request;
mod request_builder;
mod response;
pub mod retry;
pub mod rules;
mod shortcut;
pub mod transport;
mod url_join;

pub use client::{Client, ClientBuilder};
pub use clock::{Timer, TokioTimer};
pub use effort::Effort;
pub use error::{Cause, Error, ForeignVia, LoopKind, PagedBy};
pub use inject::{BodyPath, Inject, InjectError};
pub use origin::OnForeignOrigin;
pub use page::Page;
pub use pages::{
    Drift, Findings, FoundPaginator, FoundSelector, KeepError, KeptPage, KeptPass, LeftOut,
    PageKeeper, PageKey, Pages, Tally, Verdict,
};
pub use paginate_builder::PaginateBuilder;
pub use request::{Body, Param, ParamValue, Request};
pub use request_builder::RequestBuilder;
pub use response::{Response, RetryStop};
pub use shortcut::{delete, get, head, paginate, patch, post, put, request};
pub use transport::{Limits, Network, TransportError};
pub use url_join::join_url;

//! The client for programs without a runtime: the same calls, and each waits for its answer.
//!
//! A [`Client`] of this module owns a small runtime of two threads' work: the one that calls, and one on which the next
//! page is fetched meanwhile. It is cheap to clone and may be used from many threads at a time. Requests, responses,
//! pages, paginators, authentication and hooks are the types that the async client has.
//!
//! ```
//! use apiduct::blocking::Client;
//! use apiduct::paginate::JsonLink;
//! # use apiduct_testkit::MockApi;
//! # let posts = (1..=12).map(|id| serde_json::json!({"id": id}));
//! # let api = MockApi::builder().collection("posts", posts).start();
//! # let base_url = api.base_url();
//!
//! let client = Client::builder(base_url).paginator(JsonLink::new("next_page")).build()?;
//! let response = client.get("/posts/1").send()?;
//! assert_eq!(response.json::<serde_json::Value>()?["id"], 1);
//!
//! let mut records = 0;
//! for page in client.paginate("/posts").param("per_page", 5).send() {
//!     records += page?.len();
//! }
//! assert_eq!(records, 12);
//! # Ok::<(), apiduct::Error>(())
//! ```
//!
//! Inside of an async runtime, waiting would stop its other tasks; there every call returns an
//! [`Error::Setting`](crate::Error::Setting) instead. Use [`crate::Client`], or a thread of your own.

mod client;
mod driver;
mod pages;
mod request;

pub use client::{Client, ClientBuilder};
pub use pages::{Pages, PaginateBuilder};
pub use request::RequestBuilder;

use http::Method;

use driver::Driver;

/// A GET request to `url` without a client of its own; see [`crate::get`].
///
/// ```
/// # use apiduct_testkit::MockApi;
/// # let api = MockApi::builder().json("/api/contacts", &serde_json::json!([])).start();
/// # let url = api.url("/api/contacts");
/// let response = apiduct::blocking::get(url).header("Accept", "application/json").send()?;
/// assert!(response.status.is_success());
/// # Ok::<(), apiduct::Error>(())
/// ```
pub fn get(url: impl Into<String>) -> RequestBuilder {
    request(Method::GET, url)
}

/// A POST request to `url` without a client of its own; see [`crate::get`].
pub fn post(url: impl Into<String>) -> RequestBuilder {
    request(Method::POST, url)
}

/// A PUT request to `url` without a client of its own; see [`crate::get`].
pub fn put(url: impl Into<String>) -> RequestBuilder {
    request(Method::PUT, url)
}

/// A PATCH request to `url` without a client of its own; see [`crate::get`].
pub fn patch(url: impl Into<String>) -> RequestBuilder {
    request(Method::PATCH, url)
}

/// A DELETE request to `url` without a client of its own; see [`crate::get`].
pub fn delete(url: impl Into<String>) -> RequestBuilder {
    request(Method::DELETE, url)
}

/// A HEAD request to `url` without a client of its own; see [`crate::get`].
pub fn head(url: impl Into<String>) -> RequestBuilder {
    request(Method::HEAD, url)
}

/// A request to `url` with any method, without a client of its own; see [`crate::get`].
pub fn request(method: Method, url: impl Into<String>) -> RequestBuilder {
    RequestBuilder::new(crate::request(method, url), Driver::start())
}

/// A walk over the pages of the list at `url`, without a client of its own; see [`crate::paginate()`].
pub fn paginate(url: impl Into<String>) -> PaginateBuilder {
    PaginateBuilder::new(crate::paginate(url), Driver::start())
}

/// Setters that pass their arguments on to the async builder in `inner`.
macro_rules! mirror {
    ($of:literal: $($name:ident($($argument:ident: $kind:ty),*);)*) => {$(
        #[doc = concat!("See [`", $of, "`](crate::", $of, "::", stringify!($name), ").")]
        pub fn $name(mut self, $($argument: $kind),*) -> Self {
            self.inner = self.inner.$name($($argument),*);
            self
        }
    )*};
}

/// The setters that [`mirror!`] makes for every request.
macro_rules! mirror_request {
    ($of:literal) => {
        $crate::blocking::mirror! { $of:
            param(name: &str, value: impl $crate::client::ParamValue);
            params(pairs: impl IntoIterator<Item = (impl Into<String>, impl $crate::client::ParamValue)>);
            header(name: &str, value: &str);
            headers(pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>);
            without_header(name: &str);
            json(value: &(impl serde::Serialize + ?Sized));
            form(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>);
            body(body: impl Into<$crate::Body>);
            auth(auth: impl $crate::auth::Auth + 'static);
            hook(hook: impl $crate::hook::Hook + 'static);
            limits(limits: $crate::Limits);
        }
    };
}

use mirror;
use mirror_request;

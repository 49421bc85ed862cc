//! One request or one list without a client of its own.
//!
//! Each call makes a client with default settings: five retries, timeouts, `User-Agent: apiduct/VERSION`. Whoever
//! asks the same API more than a few times keeps a [`Client`](crate::Client), which keeps its connections.

use http::Method;

use crate::draft::Draft;
use crate::{Client, PaginateBuilder, RequestBuilder};

/// A GET request to `url`, retried like those of a [`Client`] with default settings.
///
/// ```
/// # use apiduct_testkit::MockApi;
/// # let api = MockApi::builder().json("/api/contacts", &serde_json::json!([{"name": "Ada"}])).start();
/// # let url = api.url("/api/contacts");
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let response = apiduct_client::get(url).header("Accept", "application/json").send().await?;
/// let contacts: serde_json::Value = response.error_for_status()?.json()?;
/// assert_eq!(contacts[0]["name"], "Ada");
/// # Ok::<(), apiduct_client::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn get(url: impl Into<String>) -> RequestBuilder {
    request(Method::GET, url)
}

/// A POST request to `url`; see [`get`].
pub fn post(url: impl Into<String>) -> RequestBuilder {
    request(Method::POST, url)
}

/// A PUT request to `url`; see [`get`].
pub fn put(url: impl Into<String>) -> RequestBuilder {
    request(Method::PUT, url)
}

/// A PATCH request to `url`; see [`get`].
pub fn patch(url: impl Into<String>) -> RequestBuilder {
    request(Method::PATCH, url)
}

/// A DELETE request to `url`; see [`get`].
pub fn delete(url: impl Into<String>) -> RequestBuilder {
    request(Method::DELETE, url)
}

/// A HEAD request to `url`; see [`get`].
pub fn head(url: impl Into<String>) -> RequestBuilder {
    request(Method::HEAD, url)
}

/// A request to `url` with any method; see [`get`].
pub fn request(method: Method, url: impl Into<String>) -> RequestBuilder {
    match Client::builder(url).build() {
        Ok(client) => client.request(method, ""),
        Err(error) => RequestBuilder::of(Draft::failed(method, error)),
    }
}

/// A walk over the pages of the list at `url`; all that is not said is found out from the first page.
///
/// ```
/// # use apiduct_testkit::MockApi;
/// # let posts = (0..12).map(|id| serde_json::json!({"id": id}));
/// # let api = MockApi::builder().collection("posts", posts).start();
/// # let url = api.url("/posts");
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let mut pages = apiduct_client::paginate(url).param("per_page", 4).send();
/// let mut records = 0;
/// while let Some(page) = pages.next().await? {
///     records += page.len();
/// }
/// assert_eq!(records, 12);
/// # Ok::<(), apiduct_client::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn paginate(url: impl Into<String>) -> PaginateBuilder {
    match Client::builder(url).build() {
        Ok(client) => client.paginate(""),
        Err(error) => PaginateBuilder::failed(error),
    }
}

//! The client: where an API lives, who we are, how patient to be.

mod builder;
mod checks;

use std::fmt;
use std::sync::Arc;

use apiduct_json::Selector;
use apiduct_model::Redactor;
use http::Method;
use http::header::HeaderMap;
use url::Url;

use crate::auth::Auth;
use crate::exchange::Exchanger;
use crate::pages::Told;
use crate::paginate::Paginator;
use crate::transport::Limits;
use crate::{PaginateBuilder, RequestBuilder};
pub use builder::ClientBuilder;
pub(crate) use checks::{header, parse_selector, register_header, register_param, take_user_info};

/// A client of one API. Clones share everything, connections included, and may be used from many threads.
///
/// ```
/// use apiduct_client::paginate::JsonLink;
/// use apiduct_client::{Client, auth::Bearer};
/// # use apiduct_testkit::{Access, MockApi};
/// # let posts = (1..12).map(|id| serde_json::json!({"id": id}));
/// # let api = MockApi::builder()
/// #     .collection("posts", posts)
/// #     .protect("/", Access::bearer("your_access_token_here"))
/// #     .start();
/// # let base_url = api.base_url();
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let client = Client::builder(base_url)
///     .header("User-Agent", "MyApp/1.0")
///     .auth(Bearer::new("your_access_token_here"))
///     .paginator(JsonLink::new("next_page"))
///     .data_selector("data")
///     .build()?;
/// let response = client.get("/posts/1").send().await?;
/// assert_eq!(response.json::<serde_json::Value>()?["id"], 1);
///
/// let mut pages = client.paginate("/posts").param("per_page", 10).send();
/// let first = pages.next().await?.expect("there are posts");
/// assert_eq!(first.raw_records().len(), 10);
/// # Ok::<(), apiduct_client::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) exchanger: Exchanger,
    pub(crate) base: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) auth: Arc<dyn Auth>,
    pub(crate) paginator: Option<Arc<dyn Paginator>>,
    pub(crate) selector: Option<Selector>,
    pub(crate) limits: Limits,
    pub(crate) told: Told,
}

impl Client {
    /// Starts a client of the API at `base_url`, an absolute `http` or `https` URL. A query in it is sent with every
    /// request; a user name and a password in it become [`crate::auth::Basic`] authentication.
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(base_url.into())
    }

    /// A GET request to `path`, which is appended to the base URL unless it is an absolute URL itself.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST request to `path`.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT request to `path`.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A PATCH request to `path`.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request to `path`.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// A HEAD request to `path`.
    pub fn head(&self, path: &str) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// A request with any method.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder::new(self, method, path)
    }

    /// A walk over the pages of the list at `path`.
    pub fn paginate(&self, path: &str) -> PaginateBuilder {
        PaginateBuilder::new(self, path)
    }

    /// The base URL, without user name, password and fragment.
    pub fn base_url(&self) -> &Url {
        &self.shared.base
    }

    /// The redactor that all errors and logs of this client pass.
    pub fn redactor(&self) -> &Redactor {
        &self.shared.exchanger.redactor
    }
}

/// Shows the base URL alone: headers and parameters can hold credentials.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.redactor().redact_url(self.base_url());
        f.debug_struct("Client")
            .field("base_url", &url)
            .finish_non_exhaustive()
    }
}

//! The client that waits.

use std::sync::Arc;

use http::Method;

use super::driver::Driver;
use super::{PaginateBuilder, RequestBuilder, mirror};
use crate::Error;

/// A [`crate::Client`] whose calls wait for their answers. Clones share everything.
#[derive(Debug, Clone)]
pub struct Client {
    inner: crate::Client,
    driver: Arc<Driver>,
}

/// Settings of a [`Client`]; the same as those of [`crate::ClientBuilder`].
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct ClientBuilder {
    inner: crate::ClientBuilder,
}

impl Client {
    /// Starts a client of the API at `base_url`; see [`crate::Client::builder`].
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            inner: crate::Client::builder(base_url),
        }
    }

    /// A client that sends through `client`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the system gives no thread.
    pub fn over(client: crate::Client) -> Result<Self, Error> {
        Ok(Self {
            inner: client,
            driver: Driver::start()?,
        })
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
        let driver = Ok(Arc::clone(&self.driver));
        RequestBuilder::new(self.inner.request(method, path), driver)
    }

    /// A walk over the pages of the list at `path`.
    pub fn paginate(&self, path: &str) -> PaginateBuilder {
        let driver = Ok(Arc::clone(&self.driver));
        PaginateBuilder::new(self.inner.paginate(path), driver)
    }

    /// The async client behind this one.
    pub fn as_async(&self) -> &crate::Client {
        &self.inner
    }
}

impl ClientBuilder {
    mirror! { "ClientBuilder":
        header(name: &str, value: &str);
        headers(pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>);
        param(name: &str, value: impl crate::client::ParamValue);
        auth(auth: impl crate::auth::Auth + 'static);
        paginator(paginator: impl crate::paginate::Paginator + 'static);
        data_selector(selector: &str);
        transport(transport: impl crate::transport::Transport + 'static);
        timer(timer: Arc<dyn crate::client::Timer>);
        retry(retry: crate::retry::RetryConfig);
        rate(rate: crate::rate::RateConfig);
        rate_budgets(budgets: crate::rate::RateBudgets);
        limits(limits: crate::Limits);
        allowed_host(host: impl Into<String>);
        on_foreign_origin(on_foreign: crate::client::OnForeignOrigin);
        redactor(redactor: crate::model::Redactor);
        hook(hook: impl crate::hook::Hook + 'static);
        ca_bundle(pem: impl Into<Vec<u8>>);
        client_certificate(certificate: impl Into<Vec<u8>>, private_key: impl Into<crate::model::SecretText>);
        error_excerpt(characters: usize);
    }

    /// Applies setters of [`crate::ClientBuilder`], also those that have no mirror here.
    pub fn with(mut self, set: impl FnOnce(crate::ClientBuilder) -> crate::ClientBuilder) -> Self {
        self.inner = set(self.inner);
        self
    }

    /// Builds the client and starts its runtime. No connection is made.
    ///
    /// # Errors
    ///
    /// As [`crate::ClientBuilder::build`]; [`Error::Setting`] also when the system gives no thread.
    pub fn build(self) -> Result<Client, Error> {
        Client::over(self.inner.build()?)
    }
}

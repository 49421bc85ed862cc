//! Single requests that wait.

use std::sync::Arc;

use super::driver::Driver;
use super::mirror_request;
use crate::{Error, Response};

/// A single request that is being written; the same as [`crate::RequestBuilder`], but for sending.
#[derive(Debug)]
#[must_use = "a request does nothing before `send`"]
pub struct RequestBuilder {
    inner: crate::RequestBuilder,
    driver: Result<Arc<Driver>, Error>,
}

impl RequestBuilder {
    pub(super) fn new(inner: crate::RequestBuilder, driver: Result<Arc<Driver>, Error>) -> Self {
        Self { inner, driver }
    }

    mirror_request!("RequestBuilder");

    super::mirror! { "RequestBuilder": idempotent(idempotent: bool); }

    /// Applies setters of [`crate::RequestBuilder`], also those that have no mirror here.
    pub fn with(
        mut self,
        set: impl FnOnce(crate::RequestBuilder) -> crate::RequestBuilder,
    ) -> Self {
        self.inner = set(self.inner);
        self
    }

    /// Sends the request and waits for its response; see [`crate::RequestBuilder::send`].
    ///
    /// # Errors
    ///
    /// As [`crate::RequestBuilder::send`]; [`Error::Setting`] on a thread of an async runtime.
    pub fn send(self) -> Result<Response, Error> {
        self.driver?.wait(self.inner.send())?
    }
}

//! Single requests.

use http::Method;

use crate::draft::{Draft, request_setters};
use crate::error::Error;
use crate::exchange::Reading;
use crate::{Client, Response};

/// A single request that is being written; made by [`Client::get`] and its siblings.
#[derive(Debug)]
#[must_use = "a request does nothing before `send`"]
pub struct RequestBuilder {
    draft: Draft,
}

impl RequestBuilder {
    pub(crate) fn new(client: &Client, method: Method, path: &str) -> Self {
        Self::of(Draft::new(client, method, path))
    }

    pub(crate) fn of(draft: Draft) -> Self {
        Self { draft }
    }

    request_setters!();

    /// Says whether the request may be repeated without harm. Default: as its method promises (GET yes, POST no).
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.draft.idempotent(idempotent);
        self
    }

    /// Sends the request, retrying as the client is told to. An error status is a response like any other; turn it
    /// into an error with [`Response::error_for_status`].
    ///
    /// # Errors
    ///
    /// The first mistake in the request, [`Error::Auth`], [`Error::Transport`], [`Error::ForeignOrigin`],
    /// [`Error::TooManyRedirects`] or [`Error::Rejected`].
    pub async fn send(self) -> Result<Response, Error> {
        let (client, call) = self.draft.into_call()?;
        let exchanger = &client.shared.exchanger;
        let exchanged = exchanger
            .exchange(&call, &|_| Ok(Reading::Good(())))
            .await?;
        Ok(exchanged.response)
    }
}

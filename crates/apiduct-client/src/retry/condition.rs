//! What a program says about another try.

use std::fmt;

use crate::Response;
use crate::transport::TransportError;

/// How a try ended, for a condition of [`crate::ClientBuilder::retry_if`]: with a response or with an error.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Tried<'a> {
    /// The response, if one came back.
    pub response: Option<&'a Response>,
    /// The error, if none did.
    pub error: Option<&'a TransportError>,
    /// The number of the try, from 1.
    pub attempt: u32,
}

/// A condition with its name.
pub(crate) struct RetryIf {
    pub(crate) reason: String,
    test: Box<dyn Fn(&Tried<'_>) -> bool + Send + Sync>,
}

impl RetryIf {
    pub(crate) fn new(
        reason: impl Into<String>,
        test: impl Fn(&Tried<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            reason: reason.into(),
            test: Box::new(test),
        }
    }

    pub(crate) fn holds(&self, tried: &Tried<'_>) -> bool {
        (self.test)(tried)
    }
}

impl fmt::Debug for RetryIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetryIf").field(&self.reason).finish()
    }
}

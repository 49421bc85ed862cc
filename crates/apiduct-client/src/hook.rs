//! Response hooks: user code that looks at every response before the rules of the client do.

use std::fmt::Debug;

use crate::{Request, Response};

/// Code that is shown each response, once for every try, after redirects and before the retry decision.
///
/// ```
/// use apiduct_client::hook::{Hook, HookContext, Verdict};
/// use apiduct_client::{Client, Response};
///
/// /// This API says 200 where it means "not ready".
/// #[derive(Debug)]
/// struct WaitUntilReady;
///
/// impl Hook for WaitUntilReady {
///     fn inspect(&self, response: &mut Response, _: &HookContext<'_>) -> Verdict {
///         if response.text().contains("\"state\":\"building\"") {
///             return Verdict::Retry { reason: "the report is still being built".to_owned() };
///         }
///         Verdict::Accept
///     }
/// }
///
/// let client = Client::builder("https://api.example.com").hook(WaitUntilReady).build()?;
/// # Ok::<(), apiduct_client::Error>(())
/// ```
pub trait Hook: Debug + Send + Sync {
    /// Looks at `response`, may change it, and says how to go on. It must not block.
    fn inspect(&self, response: &mut Response, context: &HookContext<'_>) -> Verdict;
}

/// What a hook may know besides the response.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct HookContext<'a> {
    /// The request, without what auth added.
    pub request: &'a Request,
    /// The number of this try, from 1.
    pub attempt: u32,
}

/// How to go on with a response.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// As if there were no hook: error statuses are still retried or reported.
    Accept,
    /// Try again, if tries are left; else the response is taken as it is.
    Retry {
        /// Why, for the log.
        reason: String,
    },
    /// Go on without the records of this page. Single requests are not affected.
    SkipPage,
    /// End pagination before this page, normally. Single requests are not affected.
    Stop,
    /// End with an error.
    Fail {
        /// Why, for the user.
        reason: String,
    },
}

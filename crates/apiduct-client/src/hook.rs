//! Response hooks: user code that looks at every response before the rules of the client do.

use std::fmt::{self, Debug};

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

/// A closure as a [`Hook`]; made by [`hook_fn`].
#[derive(Clone, Copy)]
pub struct HookFn<F>(F);

/// Makes a hook of a closure.
///
/// ```
/// use apiduct_client::hook::{Verdict, hook_fn};
/// use apiduct_client::Client;
///
/// let client = Client::builder("https://api.example.com").build()?;
/// let pages = client
///     .paginate("/posts")
///     .hook(hook_fn(|response, _| match response.status.as_u16() {
///         404 => Verdict::Stop, // this API has no empty list
///         _ => Verdict::Accept,
///     }))
///     .send();
/// # let _ = pages;
/// # Ok::<(), apiduct_client::Error>(())
/// ```
pub fn hook_fn<F>(inspect: F) -> HookFn<F>
where
    F: Fn(&mut Response, &HookContext<'_>) -> Verdict + Send + Sync,
{
    HookFn(inspect)
}

impl<F> Hook for HookFn<F>
where
    F: Fn(&mut Response, &HookContext<'_>) -> Verdict + Send + Sync,
{
    fn inspect(&self, response: &mut Response, context: &HookContext<'_>) -> Verdict {
        (self.0)(response, context)
    }
}

impl<F> Debug for HookFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookFn")
    }
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

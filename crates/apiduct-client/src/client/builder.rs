//! The settings of a client.

use std::fmt;
use std::sync::Arc;

use apiduct_json::Selector;
use apiduct_model::{Redactor, SecretText};
use http::header::{HeaderMap, HeaderValue, USER_AGENT};
use url::Url;

use super::checks::{header, parse_selector, register_header, register_param, take_user_info};
use super::{Client, Shared};
use crate::auth::{Auth, Basic, NoAuth};
use crate::error::{Cause, Error};
use crate::exchange::{Exchanger, Gated};
use crate::hook::Hook;
use crate::origin::{CredentialScope, OnForeignOrigin};
use crate::pages::Told;
use crate::paginate::Paginator;
use crate::rate::{RateBudgets, RateConfig};
use crate::request::{self, ParamValue};
use crate::response::ERROR_EXCERPT;
use crate::retry::{Backoff, RetryBudgets, RetryConfig, RetryIf, RetryPolicy, Tried};
use crate::transport::recording::Recorder;
use crate::transport::{Limits, Network, Transport};
use crate::{Timer, TokioTimer, url_join};

/// Settings of a [`Client`]; each setter says its default.
#[must_use = "a builder does nothing before `build`"]
pub struct ClientBuilder {
    base_url: String,
    headers: HeaderMap,
    params: Vec<(String, String)>,
    auth: Option<Arc<dyn Auth>>,
    paginator: Option<Arc<dyn Paginator>>,
    selector: Option<Selector>,
    transport: Option<Arc<dyn Transport>>,
    recorder: Option<Recorder>,
    timer: Arc<dyn Timer>,
    retry: RetryConfig,
    conditions: Vec<Arc<RetryIf>>,
    rate: RateConfig,
    budgets: Option<RateBudgets>,
    limits: Limits,
    allowed_hosts: Vec<String>,
    on_foreign: OnForeignOrigin,
    network: Network,
    redactor: Redactor,
    hooks: Vec<Arc<dyn Hook>>,
    ca_bundle: Option<Vec<u8>>,
    client_certificate: Option<(Vec<u8>, SecretText)>,
    error_excerpt: usize,
    error: Option<Error>,
}

impl ClientBuilder {
    pub(super) fn new(base_url: String) -> Self {
        Self {
            base_url,
            headers: HeaderMap::new(),
            params: Vec::new(),
            auth: None,
            paginator: None,
            selector: None,
            transport: None,
            recorder: None,
            timer: Arc::new(TokioTimer::default()),
            retry: RetryConfig::default(),
            conditions: Vec::new(),
            rate: RateConfig::default(),
            budgets: None,
            limits: Limits::default(),
            allowed_hosts: Vec::new(),
            on_foreign: OnForeignOrigin::default(),
            network: Network::default(),
            redactor: Redactor::default(),
            hooks: Vec::new(),
            ca_bundle: None,
            client_certificate: None,
            error_excerpt: ERROR_EXCERPT,
            error: None,
        }
    }

    /// Sends header `name` with every request. Default: `User-Agent: apiduct/VERSION`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match header(name, value) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(error) => self.fail(error),
        }
        self
    }

    /// Sends headers with every request; see [`ClientBuilder::header`].
    pub fn headers<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in pairs {
            self = self.header(name.as_ref(), value.as_ref());
        }
        self
    }

    /// Sends parameter `name` with every request that does not set it itself. Default: none.
    pub fn param(mut self, name: &str, value: impl ParamValue) -> Self {
        request::assign(&mut self.params, name, value.into_param());
        self
    }

    /// Puts these credentials on every request to the origin of the base URL and the allowed hosts. Default: none.
    pub fn auth(mut self, auth: impl Auth + 'static) -> Self {
        self.auth = Some(Arc::new(auth));
        self
    }

    /// Pages lists like this. Default: found out from the first page.
    pub fn paginator(mut self, paginator: impl Paginator + 'static) -> Self {
        self.paginator = Some(Arc::new(paginator));
        self
    }

    /// Looks for records here. Default: found out from the first page.
    pub fn data_selector(mut self, selector: &str) -> Self {
        match parse_selector(selector) {
            Ok(selector) => self.selector = Some(selector),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Has all traffic written down; who made `recorder` finishes it. It must have the redactor of this client, so that no
    /// secret is in it. Default: nothing is recorded.
    pub fn record(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Sends requests by `transport`. Default: the built-in one, [`crate::transport::ReqwestTransport`].
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Takes the time from `timer` and waits by it. Default: real time.
    pub fn timer(mut self, timer: Arc<dyn Timer>) -> Self {
        self.timer = timer;
        self
    }

    /// Retries like this. Default: [`RetryConfig::default`].
    pub fn retry(mut self, retry: RetryConfig) -> Self {
        self.retry = retry;
        self
    }

    /// Tries again when `test` says so of a response or an error that would not be tried again otherwise; bounds and waits
    /// are those of other retries. When no try is left, a request has that response, and a walk over pages ends in
    /// [`Error::Unready`]. `reason` is for the log. May be given several times. Default: none.
    ///
    /// ```
    /// use apiduct_client::Client;
    ///
    /// let client = Client::builder("https://api.example.com").retry_if("the index is being built", |tried| {
    ///     tried.response.is_some_and(|response| response.status.as_u16() == 409)
    /// });
    /// # client.build()?;
    /// # Ok::<(), apiduct_client::Error>(())
    /// ```
    pub fn retry_if(
        mut self,
        reason: impl Into<String>,
        test: impl Fn(&Tried<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.conditions.push(Arc::new(RetryIf::new(reason, test)));
        self
    }

    /// Sends this many requests, and this fast. Default: [`RateConfig::default`].
    pub fn rate(mut self, rate: RateConfig) -> Self {
        self.rate = rate;
        self
    }

    /// Shares these budgets with other clients, instead of what [`ClientBuilder::rate`] says. Default: budgets of its
    /// own.
    pub fn rate_budgets(mut self, budgets: RateBudgets) -> Self {
        self.budgets = Some(budgets);
        self
    }

    /// Bounds each exchange like this. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets credentials go to `host` too, written `host` or `host:port`. Default: only to the base URL's origin.
    pub fn allowed_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// What to do when something leads to another origin. Default: [`OnForeignOrigin::Refuse`].
    pub fn on_foreign_origin(mut self, on_foreign: OnForeignOrigin) -> Self {
        self.on_foreign = on_foreign;
        self
    }

    /// Which addresses links of the server may lead to. Default: [`Network::Any`].
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Masks secrets by `redactor`, which also hears of those the client knows. Default: one of its own.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Shows every response to `hook`, after the hooks added before. Default: none.
    pub fn hook(mut self, hook: impl Hook + 'static) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }

    /// Trusts the certificate authorities in `pem` besides those of the system. Only the built-in transport knows
    /// of it. Default: none.
    pub fn ca_bundle(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_bundle = Some(pem.into());
        self
    }

    /// Shows at most this many characters of a body in the error about its response, secrets masked; 0 for nothing.
    /// Default 300.
    pub fn error_excerpt(mut self, characters: usize) -> Self {
        self.error_excerpt = characters;
        self
    }

    /// Shows this certificate to servers that ask for one (mutual TLS), and proves by `private_key` that it is ours;
    /// both are PEM texts, the key not encrypted. Only the built-in transport knows of it. Default: none.
    pub fn client_certificate(
        mut self,
        certificate: impl Into<Vec<u8>>,
        private_key: impl Into<SecretText>,
    ) -> Self {
        let private_key = private_key.into();
        self.redactor.register(&private_key);
        self.client_certificate = Some((certificate.into(), private_key));
        self
    }

    /// Builds the client. No connection is made.
    ///
    /// # Errors
    ///
    /// The first mistake in the settings; [`Error::Setting`] also when the transport cannot be set up.
    pub fn build(mut self) -> Result<Client, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let (base, user) = base_url(&self.base_url)?;
        let auth = self.auth.take();
        let auth = auth.unwrap_or_else(|| user.map_or_else(no_auth, |basic| Arc::new(basic)));
        self.register_secrets(&*auth, &base);
        let mut scope = CredentialScope::new(base.clone());
        for host in &self.allowed_hosts {
            if !scope.allow(host) {
                return Err(Error::Setting {
                    setting: "`allowed_hosts`",
                    problem: format!("`{host}` is not a host or host:port"),
                });
            }
        }
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => self.default_transport()?,
        };
        let transport = match self.recorder.take() {
            Some(recorder) => Arc::new(recorder.around(transport)),
            None => transport,
        };
        self.headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "apiduct/",
                env!("CARGO_PKG_VERSION")
            )));
        let (config, timer) = (self.rate, Arc::clone(&self.timer));
        let budgets = self.budgets;
        let rate = budgets.unwrap_or_else(|| RateBudgets::new(config, timer));
        let token_transport = Arc::new(Gated {
            inner: Arc::clone(&transport),
            rate: rate.clone(),
            max_wait: self.retry.max_wait,
        });
        let exchanger = Exchanger {
            transport,
            token_transport,
            rate,
            timer: self.timer,
            backoff: Backoff::new(&self.retry),
            budgets: RetryBudgets::new(self.retry.budget),
            policy: RetryPolicy::new(self.retry),
            conditions: self.conditions,
            scope,
            on_foreign: self.on_foreign,
            network: self.network,
            redactor: self.redactor,
            hooks: self.hooks,
            error_excerpt: self.error_excerpt,
        };
        Ok(Client {
            shared: Arc::new(Shared {
                exchanger,
                base,
                headers: self.headers,
                params: self.params,
                auth,
                paginator: self.paginator,
                selector: self.selector,
                limits: self.limits,
                told: Told::default(),
            }),
        })
    }

    fn register_secrets(&self, auth: &dyn Auth, base: &Url) {
        auth.register(&self.redactor);
        for (name, value) in base.query_pairs() {
            register_param(&self.redactor, &name, &value);
        }
        for (name, value) in &self.headers {
            register_header(&self.redactor, name, value);
        }
        for (name, value) in &self.params {
            register_param(&self.redactor, name, value);
        }
    }

    #[cfg(feature = "reqwest")]
    fn default_transport(&mut self) -> Result<Arc<dyn Transport>, Error> {
        let mut builder = crate::transport::ReqwestTransport::builder()
            .connect_timeout(self.limits.connect_timeout);
        if let Some(pem) = self.ca_bundle.take() {
            builder = builder.root_certificates_pem(pem);
        }
        if let Some((certificate, private_key)) = self.client_certificate.take() {
            builder = builder.client_certificate(certificate, private_key);
        }
        match builder.build() {
            Ok(transport) => Ok(Arc::new(transport)),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                Err(Error::Setting {
                    setting: "the HTTP transport",
                    problem: cause.unwrap_or_else(|| error.to_string()),
                })
            }
        }
    }

    #[cfg(not(feature = "reqwest"))]
    #[expect(
        clippy::unused_self,
        reason = "the twin with the built-in transport uses it"
    )]
    fn default_transport(&mut self) -> Result<Arc<dyn Transport>, Error> {
        Err(Error::Setting {
            setting: "the HTTP transport",
            problem: "none is built in and none was given".to_owned(),
        })
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

/// Shows nothing: headers, parameters and the URL can hold credentials.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

/// The base URL, and the credentials that were written in it.
fn base_url(text: &str) -> Result<(Url, Option<Basic>), Error> {
    let refused = |source| Error::BaseUrl {
        // What is no URL cannot be masked like one: nothing before an `@` is shown.
        url: text
            .rsplit_once('@')
            .map_or(text, |(_, rest)| rest)
            .to_owned(),
        source,
    };
    let mut base =
        url_join::parse(text).map_err(|error| refused(Some(Cause::new(error.to_string()))))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(refused(None));
    }
    base.set_fragment(None);
    let user = take_user_info(&mut base);
    Ok((base, user))
}

fn no_auth() -> Arc<dyn Auth> {
    Arc::new(NoAuth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_absolute_and_http() {
        for text in ["", "api.example.com", "/v1", "ftp://h", "https://"] {
            assert!(
                matches!(base_url(text), Err(Error::BaseUrl { .. })),
                "{text}"
            );
        }
        assert_eq!(
            base_url("HTTPS://H/v1/#f").unwrap().0.as_str(),
            "https://h/v1/"
        );
    }

    #[test]
    fn credentials_in_a_base_url_become_basic_auth_and_are_not_shown() {
        let (base, user) = base_url("https://ada:p%40s+s%3D@h/v1").unwrap();
        let user = user.unwrap();
        assert_eq!(base.as_str(), "https://h/v1");
        assert_eq!(
            (user.username.as_str(), user.password.expose().as_str()),
            ("ada", "p@s+s=")
        );
        let error = base_url("ada:secret@h").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn an_invalid_header_is_named_without_its_value() {
        let error = Client::builder("https://h")
            .header("X-Key", "s3cret\n")
            .build()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "header `X-Key` cannot be sent: the value has characters that no header may have"
        );
    }

    #[test]
    fn a_client_can_be_shared_between_threads() {
        fn check<T: Clone + Send + Sync + 'static>() {}
        check::<Client>();
    }
}

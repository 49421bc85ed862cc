//! What single requests and walks over pages have in common: a request that is being written.

use std::sync::Arc;

use apiduct_model::Redactor;
use http::Method;
use serde::Serialize;
use url::Url;

use crate::auth::Auth;
use crate::client::{Client, header, register_header, register_param, take_user_info};
use crate::error::{Cause, Error, ForeignVia};
use crate::exchange::Call;
use crate::hook::Hook;
use crate::request::{self, Body, Masking, Param, ParamValue};
use crate::transport::Limits;
use crate::{Request, url_join};

/// A request in the making. The first mistake is kept and reported when the request is to be sent.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The client, or why there is none for this request.
    client: Result<Client, Error>,
    redactor: Redactor,
    pub(crate) request: Request,
    auth: Option<Arc<dyn Auth>>,
    limits: Option<Limits>,
    hooks: Vec<Arc<dyn Hook>>,
}

impl Draft {
    pub(crate) fn new(client: &Client, method: Method, path: &str) -> Self {
        let shared = &client.shared;
        let mut draft = Self {
            client: Ok(client.clone()),
            redactor: client.redactor().clone(),
            request: Request::new(method, shared.base.clone()),
            auth: None,
            limits: None,
            hooks: Vec::new(),
        };
        draft.request.params.clone_from(&shared.params);
        draft.request.headers.clone_from(&shared.headers);
        draft.request.masking = Masking::by(client.redactor());
        match url_join::resolve(&shared.base, path) {
            Ok(url) => draft.request.url = url,
            Err(error) => draft.fail(Error::Path {
                path: path.to_owned(),
                source: Cause::new(error.to_string()),
            }),
        }
        if let Some(basic) = take_user_info(&mut draft.request.url) {
            draft.auth(Arc::new(basic));
        }
        if path.contains('?') {
            for (name, value) in draft.request.url.query_pairs() {
                register_param(&draft.redactor, &name, &value);
            }
        }
        draft
    }

    /// A request that cannot be sent.
    pub(crate) fn failed(method: Method, error: Error) -> Self {
        Self {
            client: Err(error),
            redactor: Redactor::default(),
            request: Request::new(method, nowhere()),
            auth: None,
            limits: None,
            hooks: Vec::new(),
        }
    }

    pub(crate) fn param(&mut self, name: &str, value: Param) {
        if let Param::Values(values) = &value {
            for value in values {
                register_param(&self.redactor, name, value);
            }
        }
        request::assign(&mut self.request.params, name, value);
    }

    pub(crate) fn params<N: Into<String>, V: ParamValue>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) {
        for (name, value) in pairs {
            let name = name.into();
            match value.into_param() {
                Param::Remove => self.request.params.retain(|(own, _)| *own != name),
                Param::Values(values) => {
                    for value in &values {
                        register_param(&self.redactor, &name, value);
                    }
                    let pairs = values.into_iter().map(|value| (name.clone(), value));
                    self.request.params.extend(pairs);
                }
            }
        }
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        match header(name, value) {
            Ok((name, value)) => {
                register_header(&self.redactor, &name, &value);
                self.request.set_header(name, value);
            }
            Err(error) => self.fail(error),
        }
    }

    pub(crate) fn headers<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) {
        for (name, value) in pairs {
            self.header(name.as_ref(), value.as_ref());
        }
    }

    pub(crate) fn remove_header(&mut self, name: &str) {
        self.request.headers.remove(name);
    }

    pub(crate) fn body(&mut self, body: Body) {
        if self.request.body != Body::Empty {
            self.fail(Error::Setting {
                setting: "the body",
                problem: "there is one already: `json`, `form` and `body` exclude each other"
                    .to_owned(),
            });
        }
        self.request.body = body;
    }

    pub(crate) fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        match serde_json::to_value(value) {
            Ok(value) => self.body(Body::Json(value)),
            Err(error) => self.fail(Error::Setting {
                setting: "the body",
                problem: format!("it has no JSON form: {error}"),
            }),
        }
    }

    pub(crate) fn auth(&mut self, auth: Arc<dyn Auth>) {
        auth.register(&self.redactor);
        self.auth = Some(auth);
    }

    pub(crate) fn limits(&mut self, limits: Limits) {
        self.limits = Some(limits);
    }

    pub(crate) fn idempotent(&mut self, idempotent: bool) {
        self.request.idempotent = Some(idempotent);
    }

    pub(crate) fn hook(&mut self, hook: Arc<dyn Hook>) {
        self.hooks.push(hook);
    }

    pub(crate) fn fail(&mut self, error: Error) {
        if self.client.is_ok() {
            self.client = Err(error);
        }
    }

    /// The request with all that belongs to it, or the first mistake.
    pub(crate) fn into_call(self) -> Result<(Client, Call), Error> {
        let client = self.client?;
        let shared = &client.shared;
        let call = Call {
            request: self.request,
            auth: self.auth.unwrap_or_else(|| Arc::clone(&shared.auth)),
            limits: self.limits.unwrap_or_else(|| shared.limits.clone()),
            hooks: self.hooks,
            conditions: Vec::new(),
            rules: None,
            is_page: false,
            via: ForeignVia::Path,
            on_foreign: None,
            places: None,
        };
        Ok((client, call))
    }
}

/// The URL of requests that have none and are never sent.
fn nowhere() -> Url {
    Url::parse("http://invalid").expect("this is a URL")
}

/// The setters that every builder over a [`Draft`] has.
macro_rules! request_setters {
    () => {
        /// Sets query parameter `name`, replacing what the client or an earlier call says about it: a text, number or
        /// boolean, a list of them (the name is repeated), or `None` to take it away.
        pub fn param(mut self, name: &str, value: impl $crate::ParamValue) -> Self {
            self.draft.param(name, value.into_param());
            self
        }

        /// Appends query parameters in order; a name may occur more than once.
        pub fn params<N: Into<String>, V: $crate::ParamValue>(
            mut self,
            pairs: impl IntoIterator<Item = (N, V)>,
        ) -> Self {
            self.draft.params(pairs);
            self
        }

        /// Sets header `name`, replacing the client's.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.draft.header(name, value);
            self
        }

        /// Sets headers, each replacing the client's.
        pub fn headers<N: AsRef<str>, V: AsRef<str>>(
            mut self,
            pairs: impl IntoIterator<Item = (N, V)>,
        ) -> Self {
            self.draft.headers(pairs);
            self
        }

        /// Takes the client's header `name` away.
        pub fn without_header(mut self, name: &str) -> Self {
            self.draft.remove_header(name);
            self
        }

        /// Sends `value` as a JSON document. There can be one body only.
        pub fn json<T: serde::Serialize + ?Sized>(mut self, value: &T) -> Self {
            self.draft.json(value);
            self
        }

        /// Sends form fields in order; a name may occur more than once. There can be one body only.
        pub fn form<N: Into<String>, V: Into<String>>(
            mut self,
            pairs: impl IntoIterator<Item = (N, V)>,
        ) -> Self {
            let pairs = pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()));
            self.draft.body($crate::Body::Form(pairs.collect()));
            self
        }

        /// Sends any body: a [`Body`](crate::Body), or a text or bytes as they are, which go without a
        /// `Content-Type` unless a header says one. There can be one body only.
        pub fn body(mut self, body: impl Into<$crate::Body>) -> Self {
            self.draft.body(body.into());
            self
        }

        /// Uses these credentials instead of the client's; [`crate::auth::NoAuth`] for none.
        pub fn auth(mut self, auth: impl $crate::auth::Auth + 'static) -> Self {
            self.draft.auth(std::sync::Arc::new(auth));
            self
        }

        /// Shows every response to `hook`, after the hooks of the client and those added before.
        pub fn hook(mut self, hook: impl $crate::hook::Hook + 'static) -> Self {
            self.draft.hook(std::sync::Arc::new(hook));
            self
        }

        /// Bounds each exchange like this instead of as the client says.
        pub fn limits(mut self, limits: $crate::Limits) -> Self {
            self.draft.limits(limits);
            self
        }
    };
}

pub(crate) use request_setters;

//! What single requests and walks over pages have in common: a request that is being written.

use std::sync::Arc;

use http::Method;
use serde::Serialize;

use crate::auth::Auth;
use crate::client::{Client, header, register_header, register_param, take_user_info};
use crate::error::{Cause, Error, ForeignVia};
use crate::exchange::Call;
use crate::request::{self, Body, Param, ParamValue};
use crate::transport::Limits;
use crate::{Request, url_join};

/// A request in the making. The first mistake is kept and reported when the request is to be sent.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) client: Client,
    pub(crate) request: Request,
    auth: Option<Arc<dyn Auth>>,
    limits: Option<Limits>,
    error: Option<Error>,
}

impl Draft {
    pub(crate) fn new(client: &Client, method: Method, path: &str) -> Self {
        let shared = &client.shared;
        let (mut url, error) = match url_join::resolve(&shared.base, path) {
            Ok(url) => (url, None),
            Err(error) => (
                shared.base.clone(),
                Some(Error::Path {
                    path: path.to_owned(),
                    source: Cause::new(error.to_string()),
                }),
            ),
        };
        let user = take_user_info(&mut url);
        let mut request = Request::new(method, url);
        request.params.clone_from(&shared.params);
        request.headers.clone_from(&shared.headers);
        let mut draft = Self {
            client: client.clone(),
            request,
            auth: None,
            limits: None,
            error,
        };
        if let Some(basic) = user {
            draft.auth(Arc::new(basic));
        }
        draft
    }

    pub(crate) fn param(&mut self, name: &str, value: Param) {
        if let Param::Values(values) = &value {
            for value in values {
                register_param(self.client.redactor(), name, value);
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
                        register_param(self.client.redactor(), &name, value);
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
                register_header(self.client.redactor(), &name, &value);
                self.request.set_header(name, value);
            }
            Err(error) => self.fail(error),
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
        auth.register(self.client.redactor());
        self.auth = Some(auth);
    }

    pub(crate) fn limits(&mut self, limits: Limits) {
        self.limits = Some(limits);
    }

    pub(crate) fn idempotent(&mut self, idempotent: bool) {
        self.request.idempotent = Some(idempotent);
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// The request with all that belongs to it, or the first mistake.
    pub(crate) fn into_call(self) -> Result<(Client, Call), Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let shared = &self.client.shared;
        let call = Call {
            request: self.request,
            auth: self.auth.unwrap_or_else(|| Arc::clone(&shared.auth)),
            limits: self.limits.unwrap_or_else(|| shared.limits.clone()),
            via: ForeignVia::Path,
        };
        Ok((self.client, call))
    }
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

        /// Sends any body. There can be one only.
        pub fn body(mut self, body: $crate::Body) -> Self {
            self.draft.body(body);
            self
        }

        /// Uses these credentials instead of the client's; [`crate::auth::NoAuth`] for none.
        pub fn auth(mut self, auth: impl $crate::auth::Auth + 'static) -> Self {
            self.draft.auth(std::sync::Arc::new(auth));
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

use super::{Received, Reply};

/// The credentials that a protected part of the API asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// `Authorization: Bearer TOKEN`.
    Bearer(String),
    /// `Authorization: Basic` with this user and password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A header of this name.
    Header {
        /// The header.
        name: String,
        /// Its value.
        value: String,
    },
    /// A query parameter of this name.
    Query {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
    },
    /// A cookie of this name.
    Cookie {
        /// The cookie.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Access {
    /// Asks for a bearer token.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self::Bearer(token.into())
    }

    /// Asks for user and password.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic {
            user: user.into(),
            password: password.into(),
        }
    }

    /// Asks for a header.
    pub fn header(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Header {
            name: name.into(),
            value: value.into(),
        }
    }

    /// Asks for a query parameter.
    pub fn query(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Query {
            name: name.into(),
            value: value.into(),
        }
    }

    /// Asks for a cookie.
    pub fn cookie(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Cookie {
            name: name.into(),
            value: value.into(),
        }
    }

    /// The reply 401 to a request without these credentials; `None` when it has them.
    pub(super) fn refusal(&self, request: &Received) -> Option<Reply> {
        let (granted, challenge) = match self {
            Self::Bearer(token) => (request.bearer() == Some(token), "Bearer"),
            Self::Basic { user, password } => {
                let given = request.basic();
                let wanted = (user.clone(), password.clone());
                (given == Some(wanted), "Basic realm=\"mock\"")
            }
            Self::Header { name, value } => (request.header(name) == Some(value), "ApiKey"),
            Self::Query { name, value } => (request.param(name) == Some(value), "ApiKey"),
            Self::Cookie { name, value } => (request.cookie(name) == Some(value), "ApiKey"),
        };
        (!granted).then(|| Reply::error(401, "unauthorized").header("WWW-Authenticate", challenge))
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::received::received;
    use super::*;

    fn asks(access: &Access, header: Option<(&'static str, &str)>, target: &str) -> bool {
        let mut request = received(&Method::GET, target);
        if let Some((name, value)) = header {
            request.headers.insert(name, value.parse().unwrap());
        }
        access.refusal(&request).is_some()
    }

    #[test]
    fn each_kind_takes_its_own_credentials_only() {
        let bearer = Access::bearer("t");
        assert!(!asks(&bearer, Some(("authorization", "Bearer t")), "/"));
        assert!(asks(&bearer, Some(("authorization", "Bearer u")), "/"));
        assert!(asks(&bearer, None, "/"));

        let basic = Access::basic("user", "pass:word");
        let encoded = "Basic dXNlcjpwYXNzOndvcmQ=";
        assert!(!asks(&basic, Some(("authorization", encoded)), "/"));
        assert!(asks(&basic, Some(("authorization", "Basic !")), "/"));

        let key = Access::header("x-api-key", "k");
        assert!(!asks(&key, Some(("x-api-key", "k")), "/"));
        assert!(asks(&key, Some(("x-api-key", "l")), "/?x-api-key=k"));

        assert!(!asks(&Access::query("key", "k"), None, "/?key=k"));
        assert!(asks(&Access::query("key", "k"), Some(("key", "k")), "/"));

        let cookie = Access::cookie("sid", "1");
        assert!(!asks(&cookie, Some(("cookie", "a=b; sid=1")), "/"));
        assert!(asks(&cookie, None, "/"));
    }

    #[test]
    fn a_refusal_challenges() {
        let request = received(&Method::GET, "/");
        let reply = Access::bearer("t").refusal(&request).unwrap();
        assert_eq!(reply.status, 401);
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
}

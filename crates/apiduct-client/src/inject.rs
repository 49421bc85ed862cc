//! Where a value goes in a request.

mod body_path;

use std::fmt;
use std::str::FromStr;

use apiduct_model::{Hint, Scalar};
use http::header::{COOKIE, HeaderName, HeaderValue};
use url::Url;

pub use body_path::{BodyPath, BodyPathError, BodyPathProblem};

use crate::Request;

/// The place of one value in a request; the same for paginators, auth and parameters.
///
/// Writing replaces what stood there before, wherever the caller put it: a query parameter also in the URL's own
/// query, a cookie also inside the `Cookie` header. Writing null takes the value away (in a JSON body it writes
/// null).
///
/// ```
/// use apiduct_client::{Inject, Request};
///
/// let mut request = Request::new(http::Method::GET, "https://h/x?page=9&q=a".parse()?);
/// Inject::query("page").write(&2.into(), &mut request)?;
/// assert_eq!(request.full_url().as_str(), "https://h/x?q=a&page=2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Inject {
    /// A query parameter.
    Query(String),
    /// A header.
    Header(HeaderName),
    /// A cookie.
    Cookie(String),
    /// A place in a JSON body, or a field of a form.
    BodyPath(BodyPath),
    /// The URL itself: a link, relative to the URL of the request. All parameters are dropped, those in the link
    /// count alone.
    Url,
}

impl Inject {
    /// The query parameter `name`.
    pub fn query(name: impl Into<String>) -> Self {
        Self::Query(name.into())
    }

    /// The cookie `name`.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self::Cookie(name.into())
    }

    /// The header `name`.
    ///
    /// # Errors
    ///
    /// [`InjectError::HeaderName`] when `name` cannot be the name of a header.
    pub fn header(name: &str) -> Result<Self, InjectError> {
        HeaderName::from_str(name)
            .map(Self::Header)
            .map_err(|_| InjectError::HeaderName {
                name: name.to_owned(),
            })
    }

    /// The place `path` in the body.
    ///
    /// # Errors
    ///
    /// [`BodyPathError`] when `path` is not one.
    pub fn body_path(path: &str) -> Result<Self, BodyPathError> {
        path.parse().map(Self::BodyPath)
    }

    /// Writes `value` to its place in `request`.
    ///
    /// # Errors
    ///
    /// [`InjectError`] when the value or the request does not allow it. No error shows the value, which may be a
    /// secret.
    pub fn write(&self, value: &Scalar, request: &mut Request) -> Result<(), InjectError> {
        match self {
            Self::Query(name) => {
                match value.to_text() {
                    Some(text) => request.set_param(name, text),
                    None => request.remove_param(name),
                }
                Ok(())
            }
            Self::Header(name) => write_header(name, value, request),
            Self::Cookie(name) => write_cookie(name, value, request),
            Self::BodyPath(path) => path.write_scalar(value, &mut request.body),
            Self::Url => write_url(value, request),
        }
    }
}

impl fmt::Display for Inject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(name) => write!(f, "query parameter `{name}`"),
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Cookie(name) => write!(f, "cookie `{name}`"),
            Self::BodyPath(path) => write!(f, "`{path}` in the body"),
            Self::Url => f.write_str("the URL"),
        }
    }
}

/// Why a value could not be written into a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InjectError {
    /// A header cannot have this name.
    #[error("`{name}` cannot be the name of a header")]
    HeaderName {
        /// The name.
        name: String,
    },
    /// The value has characters that no header may have.
    #[error("the value for header `{name}` has characters that a header cannot carry")]
    HeaderValue {
        /// The name of the header.
        name: String,
    },
    /// The value has characters that no cookie may have.
    #[error("the value for cookie `{name}` has characters that a cookie cannot carry")]
    CookieValue {
        /// The name of the cookie.
        name: String,
    },
    /// The body has something else where an object or a list must be.
    #[error("`{path}` in the body is {found}, not {expected}")]
    BodyShape {
        /// The place, `$` for the whole body.
        path: String,
        /// `an object` or `a list`.
        expected: &'static str,
        /// The kind of value that is there.
        found: &'static str,
    },
    /// An index points behind the end of a list.
    #[error("`{path}` in the body is behind the end of a list of {len}")]
    BodyIndex {
        /// The place.
        path: String,
        /// The length of the list.
        len: usize,
    },
    /// The body is raw bytes, into which nothing can be written.
    #[error("`{path}` cannot be written into a raw body")]
    RawBody {
        /// The place.
        path: String,
    },
    /// A form has fields, and nothing inside of them.
    #[error("`{path}` has several steps, and the body is a form")]
    NestedForm {
        /// The place.
        path: String,
    },
    /// A whole number too long to be written into JSON exactly.
    #[error("the number for `{path}` is too long to be written exactly")]
    InexactNumber {
        /// The place.
        path: String,
    },
    /// The value is no link.
    #[error("the value for the URL is not a link of the web")]
    NotALink,
}

impl Hint for InjectError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::RawBody { .. } => Some(
                "give the body as `json` or as form fields, so that it can be changed".to_owned(),
            ),
            Self::NestedForm { path } => Some(format!(
                "name one field; a name with dots or brackets is quoted: `'{path}'`"
            )),
            _ => None,
        }
    }
}

/// Replaces the URL of `request` and drops its parameters.
pub(crate) fn go_to(url: Url, request: &mut Request) {
    request.url = url;
    request.params.clear();
}

/// `link` as an absolute URL, seen from `base`; `None` when it is no link that can be requested.
pub(crate) fn resolve(link: &str, base: &Url) -> Option<Url> {
    let mut url = base.join(link).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    url.set_fragment(None);
    Some(url)
}

fn write_url(value: &Scalar, request: &mut Request) -> Result<(), InjectError> {
    let Scalar::Text(link) = value else {
        return Err(InjectError::NotALink);
    };
    let url = resolve(link, &request.url).ok_or(InjectError::NotALink)?;
    go_to(url, request);
    Ok(())
}

fn write_header(
    name: &HeaderName,
    value: &Scalar,
    request: &mut Request,
) -> Result<(), InjectError> {
    let Some(text) = value.to_text() else {
        request.headers.remove(name);
        return Ok(());
    };
    let value = HeaderValue::from_str(text).map_err(|_| InjectError::HeaderValue {
        name: name.to_string(),
    })?;
    request.set_header(name.clone(), value);
    Ok(())
}

fn write_cookie(name: &str, value: &Scalar, request: &mut Request) -> Result<(), InjectError> {
    let refused = || InjectError::CookieValue {
        name: name.to_owned(),
    };
    let text = value.to_text();
    if !text.unwrap_or_default().bytes().all(is_cookie_byte) {
        return Err(refused());
    }
    let mut cookies: Vec<String> = Vec::new();
    for header in request.headers.get_all(COOKIE) {
        let header = header.to_str().map_err(|_| refused())?;
        let others = header.split(';').map(str::trim).filter(|cookie| {
            !cookie.is_empty() && cookie.split('=').next().map(str::trim) != Some(name)
        });
        cookies.extend(others.map(str::to_owned));
    }
    cookies.extend(text.map(|text| format!("{name}={text}")));
    if cookies.is_empty() {
        request.headers.remove(COOKIE);
        return Ok(());
    }
    let header = HeaderValue::from_str(&cookies.join("; ")).map_err(|_| refused())?;
    request.set_header(COOKIE, header);
    Ok(())
}

/// What RFC 6265 allows in the value of a cookie, and `"`, which servers use to quote.
fn is_cookie_byte(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !matches!(byte, b',' | b';' | b'\\')
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn request(url: &str) -> Request {
        Request::new(Method::GET, url.parse().unwrap())
    }

    fn cookie(request: &Request) -> Option<&str> {
        request
            .headers
            .get(COOKIE)
            .map(|value| value.to_str().unwrap())
    }

    #[test]
    fn a_query_parameter_replaces_all_that_have_its_name() {
        let mut request = request("http://h/r?page=9&q=a&page=8");
        request.params.push(("page".into(), "7".into()));
        Inject::query("page")
            .write(&0.into(), &mut request)
            .unwrap();
        assert_eq!(request.full_url().as_str(), "http://h/r?q=a&page=0");
        Inject::query("page")
            .write(&Scalar::Null, &mut request)
            .unwrap();
        assert_eq!(request.full_url().as_str(), "http://h/r?q=a");
    }

    #[test]
    fn a_header_is_replaced_and_taken_away() {
        let mut request = request("http://h/");
        let place = Inject::header("X-Api-Key").unwrap();
        place.write(&"a".into(), &mut request).unwrap();
        place.write(&"b".into(), &mut request).unwrap();
        assert_eq!(request.headers.get_all("x-api-key").iter().count(), 1);
        place.write(&Scalar::Null, &mut request).unwrap();
        assert!(request.headers.is_empty());
    }

    #[test]
    fn a_cookie_stands_beside_others_and_replaces_its_own() {
        let mut request = request("http://h/");
        request
            .headers
            .append(COOKIE, "a=1; key=old".parse().unwrap());
        request.headers.append(COOKIE, "b=2".parse().unwrap());
        let place = Inject::cookie("key");
        place.write(&"new".into(), &mut request).unwrap();
        assert_eq!(cookie(&request), Some("a=1; b=2; key=new"));
        assert_eq!(request.headers.get_all(COOKIE).iter().count(), 1);
        place.write(&Scalar::Null, &mut request).unwrap();
        assert_eq!(cookie(&request), Some("a=1; b=2"));
    }

    #[test]
    fn values_that_would_break_out_of_their_place_are_refused_and_not_shown() {
        let mut request = request("http://h/");
        let header = Inject::header("x").unwrap();
        for (place, value) in [
            (&header, "s3cret\r\nx: y"),
            (&Inject::cookie("c"), "s3cret; other=1"),
            (&Inject::cookie("c"), "s3cret "),
            (&Inject::Url, "mailto:s3cret"),
            (&Inject::Url, "http:///"),
        ] {
            let error = place.write(&value.into(), &mut request).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("s3cret"),
                "{error:?}"
            );
        }
        assert!(Inject::header("a b").is_err());
        assert!(request.headers.is_empty());
    }

    #[test]
    fn a_link_replaces_the_url_and_every_parameter() {
        let mut request = request("http://h/a/b?x=1");
        request.params.push(("y".into(), "2".into()));
        Inject::Url
            .write(&"?page=2#top".into(), &mut request)
            .unwrap();
        assert_eq!(request.full_url().as_str(), "http://h/a/b?page=2");
        assert_eq!(
            Inject::Url.write(&2.into(), &mut request),
            Err(InjectError::NotALink)
        );
    }

    #[test]
    fn places_read_well_in_a_sentence() {
        let shown = [
            Inject::query("page"),
            Inject::header("X-Page").unwrap(),
            Inject::cookie("c"),
            Inject::body_path("a.b").unwrap(),
            Inject::Url,
        ]
        .map(|place| place.to_string());
        assert_eq!(
            shown,
            [
                "query parameter `page`",
                "header `x-page`",
                "cookie `c`",
                "`a.b` in the body",
                "the URL"
            ]
        );
    }
}

//! Where a link can stand, and how a client gets to it.

use apiduct_client::paginate::{HeaderLink, HeaderUrl, JsonLink, OData, Position};
use apiduct_client::transport::{PreparedRequest, RawResponse};
use apiduct_client::{Client, Error, TransportError};
use futures_util::future::{BoxFuture, FutureExt};
use http::{Method, header};
use serde_json::{Value, json};

use super::addresses::{Address, Leads};
use crate::support::{Script, answer, ok, redirect};

/// Where the link to the address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the body, under a plain name.
    Body,
    /// In the body of an `OData` service.
    OData,
    /// In the body, and found there without being told.
    Detected,
    /// In the `Link` header.
    LinkHeader,
    /// In a header that holds nothing else.
    HeaderUrl,
    /// In the position an earlier run had stopped at.
    Resumed,
    /// In the path of a single request.
    Path,
    /// In the path of a list.
    ListPath,
    /// In the answer to the first request, with this status.
    Redirect(u16),
    /// In the answer to a redirect within the origin.
    RedirectInChain(u16),
    /// In the answer to the request for a second page.
    RedirectAfterPage(u16),
    /// In the answer to the first request; what is there redirects home again.
    RedirectTwice(u16),
}

impl Place {
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![
            Self::Body,
            Self::OData,
            Self::Detected,
            Self::LinkHeader,
            Self::HeaderUrl,
            Self::Resumed,
            Self::Path,
            Self::ListPath,
        ];
        all.extend([301, 302, 303, 307, 308].map(Self::Redirect));
        all.extend([302, 307].map(Self::RedirectInChain));
        all.extend([303, 308].map(Self::RedirectAfterPage));
        all.extend([301, 307].map(Self::RedirectTwice));
        all
    }

    /// Whether `address` can stand here, and means what it says.
    pub(super) fn can_hold(self, address: &Address) -> bool {
        match self {
            Self::Body | Self::OData => true,
            // A URL in a header is ASCII; servers that write `Location` and `Link` do not always know.
            Self::HeaderUrl => address.is_header_text() && address.is_ascii(),
            // What does not look like a link is not found.
            Self::Detected => address.is_absolute(),
            Self::Resumed => address.is_url(),
            // A user's own user info replaces the credentials of the client.
            Self::Path | Self::ListPath => {
                address.is_absolute() && !(address.leads == Leads::Home && address.has_user_info())
            }
            _ => address.is_header_text(),
        }
    }

    /// The API, which leads to `link` once, and everything else there is.
    pub(super) fn script(self, link: &str) -> Script {
        let link = link.to_owned();
        Script::new(move |request| {
            let is_start = request.url.host_str() == Some("api.example.com")
                && request.url.scheme() == "https"
                && request.url.port().is_none()
                && request.url.path().starts_with("/v1/items");
            if is_start {
                return self.first(&link, request);
            }
            match self {
                Self::RedirectTwice(status) if request.url.path() != "/v1/x" => {
                    redirect(status, "https://api.example.com/v1/x")
                }
                _ => ok(r#"{"data":[{"id":2}]}"#),
            }
        })
    }

    fn first(self, link: &str, request: &PreparedRequest) -> Result<RawResponse, TransportError> {
        let page = |key: &str| ok(json!({"data": [{"id": 1}], key: link}).to_string());
        match (self, request.url.path()) {
            (Self::Body | Self::Detected, _) => page("next"),
            (Self::OData, _) => page("@odata.nextLink"),
            (Self::LinkHeader, _) => {
                let value = format!("<{link}>; rel=next");
                let value = header::HeaderValue::from_bytes(value.as_bytes()).unwrap();
                let mut page = ok(r#"{"data":[{"id":1}]}"#)?;
                page.headers.insert(header::LINK, value);
                Ok(page)
            }
            (Self::HeaderUrl, _) => {
                let value = header::HeaderValue::from_bytes(link.as_bytes()).unwrap();
                let mut page = ok(r#"{"data":[{"id":1}]}"#)?;
                page.headers.insert("x-next-page", value);
                Ok(page)
            }
            (Self::RedirectInChain(status), "/v1/items") => redirect(status, "/v1/items/2"),
            (Self::RedirectAfterPage(_), "/v1/items") => {
                ok(r#"{"data":[{"id":1}],"next":"/v1/items/2"}"#)
            }
            (
                Self::Redirect(status)
                | Self::RedirectInChain(status)
                | Self::RedirectAfterPage(status)
                | Self::RedirectTwice(status),
                _,
            ) => {
                let value = header::HeaderValue::from_bytes(link.as_bytes()).unwrap();
                let mut page = answer(status, &[], "")?;
                page.headers.insert(header::LOCATION, value);
                Ok(page)
            }
            _ => ok(r#"{"data":[{"id":1}]}"#),
        }
    }

    /// Takes the way to the link, to its end.
    pub(super) fn walk<'a>(
        self,
        client: &'a Client,
        link: &'a str,
        body: Option<&'a Value>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        if matches!(
            self,
            Self::Path | Self::Redirect(_) | Self::RedirectInChain(_)
        ) {
            let path = if self == Self::Path { link } else { "items" };
            let mut request = client.request(method, path);
            if let Some(body) = body {
                request = request.json(body);
            }
            return request.send().map(|sent| sent.map(|_| ())).boxed();
        }
        let path = if self == Self::ListPath {
            link
        } else {
            "items"
        };
        let mut walk = client.paginate(path).method(method).max_pages(4);
        if let Some(body) = body {
            walk = walk.json(body);
        }
        if self != Self::Detected {
            walk = walk.data_selector("data");
        }
        walk = match self {
            Self::OData => walk.paginator(OData::new()),
            Self::HeaderUrl => walk.paginator(HeaderUrl::new("x-next-page")),
            Self::LinkHeader => walk.paginator(HeaderLink::default()),
            Self::Detected => walk,
            _ => walk.paginator(JsonLink::new("next")),
        };
        if self == Self::Resumed {
            walk = walk.resume_at(Position::Url(link.parse().expect("absolute")));
        }
        let mut pages = walk.allow_repeats(true).send();
        async move {
            while pages.next().await?.is_some() {}
            Ok(())
        }
        .boxed()
    }
}

//! Cookies, each kept for the origin that set it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use http::HeaderValue;
use reqwest::cookie::{CookieStore, Jar};
use url::{Origin, Url};

/// One jar of cookies for each origin. Among origins nothing is shared: not between the ports of a host, and not
/// between the hosts of a domain.
#[derive(Default)]
pub(super) struct OriginCookies {
    jars: RwLock<HashMap<Origin, Jar>>,
}

impl CookieStore for OriginCookies {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let mut jars = self.jars.write().unwrap_or_else(PoisonError::into_inner);
        jars.entry(url.origin())
            .or_default()
            .set_cookies(headers, url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let jars = self.jars.read().unwrap_or_else(PoisonError::into_inner);
        jars.get(&url.origin())?.cookies(url)
    }
}

/// Shows nothing: cookies are credentials.
impl fmt::Debug for OriginCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginCookies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_to_its_origin_alone() {
        let cookies = OriginCookies::default();
        let url = |text: &str| -> Url { text.parse().unwrap() };
        let set = [
            HeaderValue::from_static("sid=s1; Path=/"),
            HeaderValue::from_static("wide=w1; Path=/; Domain=example.com"),
        ];
        cookies.set_cookies(&mut set.iter(), &url("https://api.example.com/in"));
        let sent = |text: &str| cookies.cookies(&url(text));
        let own = sent("https://api.example.com:443/x").unwrap();
        let own = own.to_str().unwrap();
        assert!(own.contains("sid=s1") && own.contains("wide=w1"), "{own}");
        for other in [
            "https://api.example.com:8443/x",
            "http://api.example.com/x",
            "https://example.com/x",
            "https://cdn.example.com/x",
        ] {
            assert_eq!(sent(other), None, "{other}");
        }
        assert!(!format!("{cookies:?}").contains("s1"));
    }
}

//! What is checked, taken apart and masked in the settings of clients and calls alike.

use apiduct_json::Selector;
use apiduct_model::{Redactor, SecretText};
use http::header::{HeaderName, HeaderValue};
use url::Url;

use crate::auth::Basic;
use crate::error::{Cause, Error};
use crate::origin::{is_credential_header, is_credential_param};

/// Takes user name and password out of `url`.
pub(crate) fn take_user_info(url: &mut Url) -> Option<Basic> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| {
        let pair = text
            .replace('+', "%2B")
            .replace('&', "%26")
            .replace('=', "%3D");
        url::form_urlencoded::parse(pair.as_bytes())
            .next()
            .map(|(name, _)| name.into_owned())
            .unwrap_or_default()
    };
    let basic = Basic::new(
        decode(url.username()),
        decode(url.password().unwrap_or_default()),
    );
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(basic)
}

/// Values of fewer characters are not taken for secrets by the name alone: masking them would eat ordinary text.
const SHORTEST_GUESS: usize = 8;

/// Has the value masked if the name suggests that it is a credential.
pub(crate) fn register_header(redactor: &Redactor, name: &HeaderName, value: &HeaderValue) {
    if is_credential_header(name)
        && let Ok(text) = value.to_str()
    {
        // The scheme in front of a token is no secret.
        let secret = text.rsplit(' ').next().unwrap_or(text);
        for text in [text, secret] {
            if text.len() >= SHORTEST_GUESS {
                redactor.register(&SecretText::from(text));
            }
        }
    }
}

/// Has the value masked if the name suggests that it is a credential.
pub(crate) fn register_param(redactor: &Redactor, name: &str, value: &str) {
    if is_credential_param(name) && value.len() >= SHORTEST_GUESS {
        redactor.register(&SecretText::from(value));
    }
}

pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let refused = |problem| Error::Header {
        name: name.to_owned(),
        problem,
    };
    let parsed: HeaderName = name
        .parse()
        .map_err(|_| refused("this is not a header name"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| refused("the value has characters that no header may have"))?;
    value.set_sensitive(is_credential_header(&parsed));
    Ok((parsed, value))
}

pub(crate) fn parse_selector(text: &str) -> Result<Selector, Error> {
    Selector::parse(text).map_err(|error| Error::Selector {
        selector: text.to_owned(),
        source: Cause::new(error.to_string()),
    })
}

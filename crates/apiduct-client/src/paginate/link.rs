//! Following links that the server gives.

use apiduct_json::{Captured, Selector};
use apiduct_model::Scalar;
use url::Url;

use super::ends::wrong;
use super::{PaginateError, Position};
use crate::inject::{go_to, resolve};
use crate::{Page, Request};

/// The position that `link` leads to from `page`: relative links start at the URL that answered.
pub(super) fn position(link: &str, page: &Page, path: &str) -> Result<Position, PaginateError> {
    resolve(link, &page.response.url)
        .map(Position::Url)
        .ok_or_else(|| PaginateError::WrongValue {
            what: "next link",
            path: path.to_owned(),
            expected: "a URL",
            found: scheme(link, &page.response.url),
        })
}

/// The position of the link that was captured at `selector`; `None` when nothing that says something is there.
pub(super) fn captured(
    captured: &Captured,
    page: &Page,
    selector: &Selector,
) -> Result<Option<Position>, PaginateError> {
    match captured {
        Captured::Scalar(Scalar::Text(text)) if !text.trim().is_empty() => {
            position(text, page, selector.as_str()).map(Some)
        }
        other if super::says_nothing(other) => Ok(None),
        other => Err(wrong("next link", selector, "a URL", other)),
    }
}

/// Sends `request` to a link. All parameters are dropped, but those that the link does not have are kept where
/// `keep_params` says so.
pub(super) fn apply(
    position: &Position,
    request: &mut Request,
    keep_params: bool,
    paginator: &'static str,
) -> Result<(), PaginateError> {
    let link = match position {
        Position::Start => return Ok(()),
        Position::Url(link) => link,
        other => return Err(super::foreign(other, paginator)),
    };
    let before = request.full_url();
    go_to(link.clone(), request);
    if keep_params {
        let in_link = |name: &str| link.query_pairs().any(|(own, _)| own == name);
        let kept = before.query_pairs().filter(|(name, _)| !in_link(name));
        request.params = kept
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    }
    Ok(())
}

/// What is wrong with a link, without its text, which may hold a secret.
fn scheme(link: &str, base: &Url) -> String {
    match base.join(link) {
        Ok(url) => format!("a link of scheme `{}`", url.scheme()),
        Err(error) => format!("a text that is none ({error})"),
    }
}

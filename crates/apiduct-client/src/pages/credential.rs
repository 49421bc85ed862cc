//! Links without our credentials: some APIs write the key of a request into the link to the next page.

use apiduct_model::{MASK, Redactor};

use crate::Request;
use crate::paginate::Position;

/// `position` without what is a secret of ours, or was one before the page was kept: positions are stored. User names and passwords in a link go too; the
/// client has its own.
pub(crate) fn take_out(position: Position, redactor: &Redactor) -> Position {
    let Position::Url(mut url) = position else {
        return position;
    };
    if !url.username().is_empty() || url.password().is_some() {
        // Both setters fail only for URLs that cannot have user info.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    if let Some(query) = url.query() {
        let is_ours = |pair: &&str| {
            let value = pair.split_once('=').map_or("", |(_, value)| value);
            value.contains(MASK) || redactor.contains_secret(value)
        };
        if query.split('&').any(|pair| is_ours(&pair)) {
            let kept: Vec<&str> = query.split('&').filter(|pair| !is_ours(pair)).collect();
            let kept = kept.join("&");
            url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
        }
    }
    Position::Url(url)
}

/// Gives `request`, which follows a link to our own origin, the secret parameters that the `first` request has. What
/// auth writes is no part of either.
pub(crate) fn give_back(first: &Request, request: &mut Request, redactor: &Redactor) {
    for (name, value) in first.full_url().query_pairs() {
        if redactor.contains_secret(&value) && request.param(&name).is_none() {
            request.params.push((name.into_owned(), value.into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::SecretText;
    use http::Method;
    use url::Url;

    use super::*;

    fn redactor() -> Redactor {
        let redactor = Redactor::default();
        redactor.register(&SecretText::from("hunter/22"));
        redactor
    }

    fn taken(link: &str) -> String {
        let url: Url = link.parse().unwrap();
        match take_out(Position::Url(url), &redactor()) {
            Position::Url(url) => url.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn secrets_of_ours_leave_the_link_in_every_spelling_and_all_else_stays() {
        for (link, expected) in [
            ("http://h/r?key=hunter/22&page=2", "http://h/r?page=2"),
            (
                "http://h/r?page=2&key=hunter%2f22&q=%2F",
                "http://h/r?page=2&q=%2F",
            ),
            ("http://h/r?key=hunter%2F22", "http://h/r"),
            ("http://ada:pw@h/r?page=2", "http://h/r?page=2"),
            (
                "http://h/r?token=of-the-server&a",
                "http://h/r?token=of-the-server&a",
            ),
        ] {
            assert_eq!(taken(link), expected);
        }
        let number = Position::Number(3);
        assert_eq!(take_out(number.clone(), &redactor()), number);
    }

    #[test]
    fn secret_parameters_of_the_caller_come_back() {
        let request = |url: &str| Request::new(Method::GET, url.parse().unwrap());
        let first = request("http://h/r?key=hunter%2F22&q=x");
        let mut next = request("http://h/r?page=2");
        give_back(&first, &mut next, &redactor());
        assert_eq!(next.param("key").as_deref(), Some("hunter/22"));
        assert_eq!(next.param("q"), None);
        let mut own = request("http://h/r?page=2&key=other");
        give_back(&first, &mut own, &redactor());
        assert_eq!(own.param("key").as_deref(), Some("other"));
    }
}

use super::*;
use apiduct_model::Hint;

fn status(code: u16) -> StatusError {
    StatusError {
        method: Method::GET,
        url: "https://h/x?key=***".to_owned(),
        status: StatusCode::from_u16(code).unwrap(),
        attempts: 1,
        elapsed: Duration::ZERO,
        excerpt: String::new(),
        retry_stop: None,
    }
}

#[test]
fn a_status_error_says_what_where_and_after_how_much() {
    let error = StatusError {
        attempts: 5,
        elapsed: Duration::from_millis(31_240),
        excerpt: "oops".to_owned(),
        ..status(503)
    };
    assert_eq!(
        Error::Status(Box::new(error)).to_string(),
        "GET https://h/x?key=*** answered 503 Service Unavailable after 5 attempts in 31.2 s: `oops`"
    );
}

#[test]
fn a_wait_above_the_limit_is_in_the_message_and_the_hint() {
    let error = StatusError {
        retry_stop: Some(RetryStop::WaitTooLong {
            asked: Duration::from_mins(2),
            max_wait: Duration::from_mins(1),
        }),
        ..status(429)
    };
    assert_eq!(
        error.to_string(),
        "GET https://h/x?key=*** answered 429 Too Many Requests; the server asked for a wait of 120 s, above `max_wait` (60 s)"
    );
    assert_eq!(
        error.hint().unwrap(),
        "run again later, or raise `max_wait` to at least 120 s"
    );
}

#[test]
fn hints_follow_the_status() {
    for (code, word) in [(401, "auth"), (403, "auth"), (404, "path"), (503, "later")] {
        assert!(status(code).hint().unwrap().contains(word), "{code}");
    }
    assert_eq!(status(418).hint(), None);
}

#[test]
fn an_error_never_repeats_its_source() {
    let error = Error::Transport(Box::new(ExchangeError {
        method: Method::GET,
        url: "https://h/".to_owned(),
        attempts: 1,
        elapsed: Duration::ZERO,
        retry_stop: None,
        error: TransportError::Connect {
            host: "h".to_owned(),
            source: Cause::new("refused"),
        },
    }));
    let mut chain = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        chain.push(error.to_string());
        next = error.source();
    }
    assert_eq!(
        chain,
        [
            "GET https://h/ failed after 1 attempt in 0.0 s",
            "cannot connect to `h`",
            "refused",
        ]
    );
}

#[test]
fn missing_records_list_the_keys_that_are_there() {
    let error = Error::NoMatch {
        selector: "data".to_owned(),
        page: 1,
        url: "https://h/".to_owned(),
        keys: vec!["items".to_owned(), "total".to_owned()],
    };
    assert_eq!(
        error.to_string(),
        "selector `data` matches nothing in the response of https://h/; it has the keys `items`, `total`"
    );
}

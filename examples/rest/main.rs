//! The REST client by example: each file is one use, short enough to copy, and runs against an API on this machine.
//!
//! `cargo run -p apiduct --example rest` runs them all, with a name behind `--` that one: `-- json_link`. The tests run
//! every one of them.

#![expect(clippy::print_stdout, reason = "examples show what they do")]

mod support;

use std::pin::Pin;

use apiduct_testkit::MockApi;

use support::Outcome;

/// An example: its name, the API it talks to, and what it does.
struct Example {
    name: &'static str,
    api: fn() -> MockApi,
    run: for<'a> fn(&'a MockApi) -> Pin<Box<dyn Future<Output = Outcome> + 'a>>,
}

macro_rules! examples {
    ($($name:ident)*) => {
        $(mod $name;)*

        const EXAMPLES: &[Example] = &[$(Example {
            name: stringify!($name),
            api: $name::api,
            run: |api| Box::pin($name::run(api)),
        }),*];

        #[cfg(test)]
        mod tests {
            $(#[tokio::test]
            async fn $name() {
                crate::$name::run(&crate::$name::api()).await.expect("the example works");
            })*
        }
    };
}

examples! {
    api_key
    aws_signing
    basic_auth
    basic_requests
    bearer
    blocking
    client_certificate
    create_client
    cursor
    cursor_in_body
    cursor_in_header
    custom_auth
    custom_paginator_body
    custom_paginator_query
    debug_hooks
    debug_logs
    debug_pages
    debug_response
    detect_pages
    graphql
    has_more
    header_cursor
    header_link
    header_url
    hmac_signing
    hooks
    hooks_change
    json_link
    jwt_bearer
    key_pool
    last_record
    oauth2_authorization_code
    oauth2_client_credentials
    oauth2_device_code
    oauth2_refresh_token
    odata
    offset
    own_transport
    page_data
    page_number
    range
    rate_limit
    requests_wrapper
    resume
    retry_condition
    retry_settings
    retry_statuses
    select_data
    session_login
    shortcut
    single_page
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for example in EXAMPLES {
        if wanted.is_empty() || wanted.iter().any(|name| name == example.name) {
            println!("== {}", example.name);
            let api = (example.api)();
            (example.run)(&api).await?;
        }
    }
    Ok(())
}

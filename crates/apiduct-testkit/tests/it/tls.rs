use apiduct_testkit::MockApi;
use reqwest::{Certificate, Client, Version};
use serde_json::json;

use crate::basics::{block_on, get};

#[test]
fn a_client_that_trusts_the_authority_gets_through() {
    let api = MockApi::tls().json("/x", &json!({"ok": true})).start();
    assert!(api.base_url().starts_with("https://127.0.0.1:"));
    let authority = Certificate::from_pem(api.ca_pem().unwrap().as_bytes()).unwrap();
    let reply = block_on(async {
        let client = Client::builder()
            .tls_certs_only([authority])
            .build()
            .unwrap();
        client.get(api.url("/x")).send().await.unwrap()
    });
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.version(), Version::HTTP_2);
}

#[test]
fn a_client_that_does_not_trust_it_is_turned_away() {
    let api = MockApi::tls().json("/x", &json!(1)).start();
    assert!(get(&api.url("/x")).unwrap_err().is_connect());
    assert_eq!(api.stats().requests, 0);
}

#[test]
fn plain_servers_have_no_authority() {
    assert_eq!(MockApi::builder().start().ca_pem(), None);
}

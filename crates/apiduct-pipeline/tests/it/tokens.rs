//! Who writes the same authentication twice has one token.

use apiduct_testkit::{MockApi, OAuthServer};
use serde_json::json;

use super::World;

/// Three lists behind `server`.
fn lists(server: &OAuthServer) -> World {
    let api = ["users", "orders", "teams"]
        .into_iter()
        .fold(MockApi::builder(), |api, name| {
            api.collection(name, (1..=3).map(|id| json!({"id": id})))
        });
    World::new(api.oauth(server).start())
}

#[tokio::test]
async fn endpoints_with_the_same_client_credentials_share_a_token() {
    let server = OAuthServer::new().client("program", "s3cret");
    let world = lists(&server);
    let auth = format!(
        "{{type: oauth2_client_credentials, access_token_url: '{}/oauth/token', client_id: program, client_secret: s3cret}}",
        world.api.base_url()
    );
    let own = format!("  - {{name: users, endpoint: {{path: users, auth: {auth}}}}}\n");
    let inherited =
        format!("  - orders\n  - teams\nresource_defaults: {{endpoint: {{auth: {auth}}}}}\n");
    let receipt = world.run(&format!("{own}{inherited}")).await.unwrap();
    assert_eq!(receipt.rows(), 9);
    assert_eq!(server.token_requests(), 1);

    let scoped = auth.replace('}', ", scopes: orders}");
    let other = format!("  - {{name: orders, endpoint: {{path: orders, auth: {scoped}}}}}\n");
    world.run(&format!("{own}{other}")).await.unwrap();
    assert_eq!(
        server.token_requests(),
        3,
        "one for each of two ways to ask"
    );
}

/// Two holders of one rotating token would take it from each other.
#[tokio::test]
async fn endpoints_with_the_same_refresh_token_share_what_it_is_replaced_by() {
    let server = OAuthServer::new()
        .client("program", "s3cret")
        .refresh_token("first")
        .rotating();
    let world = lists(&server);
    let auth = format!(
        "{{type: oauth2_refresh_token, access_token_url: '{}/oauth/token', client_id: program, client_secret: s3cret, refresh_token: first}}",
        world.api.base_url()
    );
    let resources = ["users", "orders", "teams"]
        .map(|name| format!("  - {{name: {name}, endpoint: {{path: {name}, auth: {auth}}}}}\n"));
    for _ in 0..2 {
        let receipt = world.run(&resources.concat()).await.unwrap();
        // The second run has the token from the first.
        assert_eq!((receipt.rows(), server.token_requests()), (9, 1));
    }
}

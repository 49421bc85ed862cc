//! The classes of the reference's client that stand in configurations, as mappings.

/// A class and the mapping that says the same.
#[derive(Debug)]
pub(super) struct Class {
    /// Its names; older ones behind.
    names: &'static [&'static str],
    /// The value of `type`.
    pub(super) kind: &'static str,
    /// The parameters in the order of its constructor; they are the keys too.
    pub(super) parameters: &'static [&'static str],
}

const fn class(
    names: &'static [&'static str],
    kind: &'static str,
    parameters: &'static [&'static str],
) -> Class {
    Class {
        names,
        kind,
        parameters,
    }
}

static CLASSES: [Class; 13] = [
    class(
        &["JSONLinkPaginator", "JSONResponsePaginator"],
        "json_link",
        &["next_url_path"],
    ),
    class(&["HeaderLinkPaginator"], "header_link", &["links_next_key"]),
    class(
        &["HeaderCursorPaginator"],
        "header_cursor",
        &["cursor_key", "cursor_param"],
    ),
    class(
        &["JSONResponseCursorPaginator"],
        "cursor",
        &["cursor_path", "cursor_param", "cursor_body_path"],
    ),
    class(
        &["OffsetPaginator"],
        "offset",
        &[
            "limit",
            "offset",
            "offset_param",
            "limit_param",
            "total_path",
            "maximum_offset",
            "stop_after_empty_page",
            "has_more_path",
        ],
    ),
    class(
        &["PageNumberPaginator"],
        "page_number",
        &[
            "base_page",
            "page",
            "page_param",
            "total_path",
            "maximum_page",
            "stop_after_empty_page",
            "has_more_path",
        ],
    ),
    class(&["SinglePagePaginator"], "single_page", &[]),
    class(&["BearerTokenAuth"], "bearer", &["token"]),
    class(&["APIKeyAuth"], "api_key", &["name", "api_key", "location"]),
    class(&["HttpBasicAuth"], "http_basic", &["username", "password"]),
    class(
        &["OAuth2ClientCredentials"],
        "oauth2_client_credentials",
        &[
            "access_token_url",
            "client_id",
            "client_secret",
            "access_token_request_data",
            "default_token_expiration",
        ],
    ),
    class(
        &["OAuthJWTAuth"],
        "oauth_jwt",
        &["client_id", "private_key", "auth_endpoint", "scopes"],
    ),
    class(
        &["incremental", "Incremental"],
        "incremental",
        &["cursor_path", "initial_value"],
    ),
];

/// The class of this name, whatever stands in front of it.
pub(super) fn find(name: &str) -> Option<&'static Class> {
    let last = name.rsplit('.').next().unwrap_or(name);
    CLASSES.iter().find(|class| class.names.contains(&last))
}

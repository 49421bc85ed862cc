//! Base URL, authentication and hints on rates.

use serde_json::Value;

use crate::api::Endpoint;
use crate::documents::{Documents, Node, join};
use crate::findings::{Auth, Finding};
use crate::words::{says, says_any};

/// What is in front of every path, and whether it can be used as it is.
pub(crate) fn base_url(documents: &Documents) -> (Finding<String>, bool) {
    let root = documents.root();
    if let Some(host) = root.text("host") {
        let schemes: Vec<&str> = match root.value.get("schemes").and_then(Value::as_array) {
            Some(list) => list.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        let scheme = if schemes.contains(&"https") || schemes.is_empty() {
            "https"
        } else {
            "http"
        };
        let path = root.text("basePath").unwrap_or_default();
        let url = format!("{scheme}://{host}{path}");
        return (
            Finding::new(url, 0.95, "`host` and `basePath`"),
            !host.contains('{'),
        );
    }
    let first = |holder: Node<'_>| {
        let servers = documents.child(holder, "servers")?;
        let all = documents.elements(servers);
        let production = all.iter().find(|one| {
            says(one.text("description").unwrap_or_default(), "production")
                && one.text("url").is_some_and(|url| url.starts_with("https"))
        });
        let chosen = production.or(all.first())?;
        Some((substituted(documents, *chosen)?, all.len()))
    };
    let of_paths = || {
        let paths = documents.child(root, "paths")?;
        documents
            .entries(paths)
            .into_iter()
            .find_map(|(_, item)| first(item).or_else(|| first(documents.child(item, "get")?)))
    };
    let found = first(root).filter(|(url, _)| url != "/").or_else(of_paths);
    let (url, count) = match found {
        Some(found) => found,
        None => (root.text("basePath").unwrap_or("/").to_owned(), 1),
    };
    if url.contains("://") || url.starts_with('{') {
        let confidence = if count == 1 { 0.95 } else { 0.8 };
        let is_complete = url::Url::parse(&url).is_ok() && !url.contains(['{', '}']);
        return (
            Finding::new(url, confidence, "the first server"),
            is_complete,
        );
    }
    if let Some(rest) = url.strip_prefix("//") {
        return (
            Finding::new(format!("https://{rest}"), 0.9, "the first server"),
            true,
        );
    }
    match origin(documents) {
        Some(origin) => {
            let whole = join(&origin, &url);
            let why = format!("the server `{url}` as seen from {origin}");
            (Finding::new(whole, 0.7, why), true)
        }
        None => (Finding::new(url, 0.3, "a server without a host"), false),
    }
}

fn origin(documents: &Documents) -> Option<String> {
    if documents.location().contains("://") {
        return Some(documents.location().to_owned());
    }
    let info = documents.child(documents.root(), "info")?;
    let origins = documents.child(info, "x-origin")?;
    let last = documents.elements(origins).pop()?;
    let url = last.text("url")?;
    // Where descriptions are kept by version is not where the API is.
    let is_repository = url.contains("github") || url.contains("raw.");
    (!is_repository).then(|| url.to_owned())
}

fn substituted(documents: &Documents, server: Node<'_>) -> Option<String> {
    let mut url = server.text("url")?.trim().to_owned();
    let variables = documents.child(server, "variables");
    for (name, variable) in variables
        .map(|node| documents.entries(node))
        .unwrap_or_default()
    {
        let default = variable.value.get("default").and_then(Value::as_str);
        if let Some(default) = default.filter(|default| !default.is_empty()) {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    Some(url)
}

/// How requests say who they are: the scheme that most endpoints take.
pub(crate) fn auth(documents: &Documents, endpoints: &[&Endpoint<'_>]) -> Finding<Auth> {
    let root = documents.root();
    let schemes = documents
        .child(root, "components")
        .and_then(|components| documents.child(components, "securitySchemes"))
        .or_else(|| documents.child(root, "securityDefinitions"));
    let schemes = schemes
        .map(|node| documents.entries(node))
        .unwrap_or_default();
    if schemes.is_empty() {
        return suggested(endpoints);
    }
    let general = root.value.get("security");
    let mut count = vec![0_usize; schemes.len()];
    let mut open = 0;
    for endpoint in endpoints {
        let requirement = endpoint.node.value.get("security").or(general);
        let Some(list) = requirement.and_then(Value::as_array) else {
            continue;
        };
        open += usize::from(list.is_empty());
        for (at, (name, _)) in schemes.iter().enumerate() {
            count[at] += usize::from(list.iter().any(|one| one.get(*name).is_some()));
        }
    }
    let most = count.iter().copied().max().unwrap_or_default();
    let mut best: Option<(usize, usize)> = None;
    for (at, (_, scheme)) in schemes.iter().enumerate() {
        if count[at] * 2 < most {
            continue;
        }
        let rank = preference(&auth_of(documents, *scheme));
        if best.is_none_or(|one| rank < one.0) {
            best = Some((rank, at));
        }
    }
    let Some((_, at)) = best else {
        return Finding::new(Auth::None, 0.5, "no scheme can be used");
    };
    let (name, scheme) = schemes[at];
    let value = auth_of(documents, scheme);
    let mut found = if most == 0 && open > 0 && open == endpoints.len() {
        Finding::new(Auth::None, 0.9, "every endpoint is open")
    } else if most == 0 {
        Finding::new(
            value,
            0.6,
            format!("the scheme `{name}` is declared, but no endpoint asks for it"),
        )
    } else {
        let why = format!(
            "the scheme `{name}` covers {} of {} endpoints",
            count[at],
            endpoints.len()
        );
        Finding::new(value, 0.9, why)
    };
    found.alternatives = schemes
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(other, _)| (*other).to_owned())
        .collect();
    found
}

fn preference(auth: &Auth) -> usize {
    match auth {
        Auth::Bearer => 0,
        Auth::HttpBasic => 1,
        Auth::ApiKey { location, .. } if location == "header" => 2,
        Auth::ApiKey { .. } => 3,
        Auth::OAuth2 { .. } => 4,
        _ => 9,
    }
}

fn auth_of(documents: &Documents, scheme: Node<'_>) -> Auth {
    let text = |key: &str| scheme.text(key).unwrap_or_default().to_owned();
    match text("type").to_ascii_lowercase().as_str() {
        "basic" => Auth::HttpBasic,
        "http" => match text("scheme").to_ascii_lowercase().as_str() {
            "basic" => Auth::HttpBasic,
            "bearer" => Auth::Bearer,
            other => Auth::Unsupported {
                scheme: format!("http {other}"),
            },
        },
        "apikey" => {
            let name = text("name");
            let wording = text("description");
            let says_bearer =
                says_any(&wording, &["bearer"]) || scheme.text("bearerFormat").is_some();
            if name.eq_ignore_ascii_case("authorization") && says_bearer {
                return Auth::Bearer;
            }
            Auth::ApiKey {
                name,
                location: text("in"),
            }
        }
        "oauth2" | "openidconnect" => oauth2(documents, scheme),
        other => Auth::Unsupported {
            scheme: other.to_owned(),
        },
    }
}

fn oauth2(documents: &Documents, scheme: Node<'_>) -> Auth {
    let flows = documents
        .child(scheme, "flows")
        .map(|node| documents.entries(node));
    let rank = |name: &str| match name {
        "clientCredentials" | "application" => 0,
        "authorizationCode" | "accessCode" => 1,
        _ => 2,
    };
    let chosen = flows
        .unwrap_or_default()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("x-"))
        .min_by_key(|(name, _)| rank(name));
    let (flow, node) = chosen.unwrap_or((scheme.text("flow").unwrap_or_default(), scheme));
    Auth::OAuth2 {
        flow: match flow {
            "application" => "clientCredentials".to_owned(),
            "accessCode" => "authorizationCode".to_owned(),
            other => other.to_owned(),
        },
        authorization_url: node.text("authorizationUrl").map(str::to_owned),
        token_url: node.text("tokenUrl").map(str::to_owned),
        scopes: match node.value.get("scopes").and_then(Value::as_object) {
            Some(map) => map.keys().cloned().collect(),
            None => Vec::new(),
        },
    }
}

/// Nothing is declared: parameters that look like secrets become a suggestion.
fn suggested(endpoints: &[&Endpoint<'_>]) -> Finding<Auth> {
    let mut found = Finding::new(Auth::None, 0.5, "no security scheme is declared");
    for endpoint in endpoints {
        for param in &endpoint.params {
            let name = param.name.to_ascii_lowercase();
            let is_secret = matches!(
                name.as_str(),
                "authorization"
                    | "x-api-key"
                    | "api_key"
                    | "apikey"
                    | "api-key"
                    | "access_token"
                    | "x-auth-token"
            );
            let text = format!("api_key {} in the {}", param.name, param.location);
            if is_secret && !found.alternatives.contains(&text) {
                found.alternatives.push(text);
            }
        }
    }
    found
}

/// Sentences on rates: declared headers, and what texts say.
pub(crate) fn rate(documents: &Documents, endpoints: &[&Endpoint<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in endpoints.iter().flat_map(|endpoint| &endpoint.headers) {
        let lower = name.to_ascii_lowercase();
        if (lower.contains("ratelimit") || lower.contains("rate-limit") || lower == "retry-after")
            && !names.contains(name)
        {
            names.push(name);
        }
    }
    if !names.is_empty() {
        all.push(format!("responses carry {}", names.join(", ")));
    }
    let info = documents.child(documents.root(), "info");
    let about = info
        .and_then(|info| info.text("description"))
        .unwrap_or_default();
    let sentences = about.split(['\n', '.']).map(str::trim);
    all.extend(
        sentences
            .filter(|text| {
                says_any(
                    text,
                    &[
                        "requests per",
                        "calls per",
                        "requests an hour",
                        "calls an hour",
                        "requests every",
                        "calls/hour",
                    ],
                ) && text.contains(|one: char| one.is_ascii_digit())
                    && text.len() < 300
            })
            .take(3)
            .map(str::to_owned),
    );
    all
}

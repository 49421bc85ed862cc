//! The file: what is certain plainly, what is not as a comment.

mod bind;
mod yaml;

use std::fmt::Write;

use indexmap::IndexMap;

use crate::findings::{Auth, Findings, Kind, Pages, Resource};
use crate::words::norm;
use bind::{Bound, bind};
use yaml::{comment, flow, text};

/// What is less certain is written as a comment.
const CERTAIN: f64 = 0.45;
/// Records a page where the description states no size.
const UNSTATED_SIZE: u64 = 20;
/// Longer lists of scopes are left to the reader.
const SHOWN_SCOPES: usize = 8;

/// A file that was made of a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub yaml: String,
    /// Resources that load.
    pub active: usize,
    /// Resources that are there for their children, or to be switched on.
    pub inactive: usize,
    /// Resources that are commented out until a value is filled in.
    pub commented: usize,
    /// Environment variables that the file refers to.
    pub variables: Vec<String>,
}

/// Writes the file for the `wanted` resources and the parents that they need.
pub(crate) fn render(findings: &Findings, name: &str, wanted: &[bool]) -> Rendered {
    let prefix = norm(name).to_uppercase();
    let bound = bind(&findings.resources, wanted, &prefix);
    let shared = shared_pages(&findings.resources, &bound);
    let keyed = bound
        .iter()
        .filter(|one| findings.resources[one.at].key.is_some())
        .count();
    let default_disposition = if keyed * 2 >= bound.len() {
        "merge"
    } else {
        "replace"
    };
    let mut out = Rendered {
        yaml: String::new(),
        active: 0,
        inactive: 0,
        commented: 0,
        variables: Vec::new(),
    };
    head(&mut out, findings, name, &prefix, shared.as_deref());
    let yaml = &mut out.yaml;
    line(
        yaml,
        &format!("resource_defaults:\n  write_disposition: {default_disposition}"),
    );
    line(yaml, "resources:");
    let mut groups: IndexMap<&str, Vec<&Bound>> = IndexMap::new();
    for one in &bound {
        let tag = findings.resources[one.at]
            .tag
            .as_deref()
            .unwrap_or_default();
        groups.entry(tag).or_default().push(one);
    }
    for (tag, members) in groups {
        if !tag.is_empty() {
            line(&mut out.yaml, &format!("\n  # {}", comment(tag)));
        }
        for one in members {
            let resource = &findings.resources[one.at];
            let block = block(resource, one, shared.as_deref(), default_disposition);
            let block = if one.missing.is_empty() {
                out.active += usize::from(one.is_selected);
                out.inactive += usize::from(!one.is_selected);
                block
            } else {
                out.commented += 1;
                commented(&block, &one.missing)
            };
            out.yaml.push_str(&block);
        }
    }
    for one in &bound {
        for variable in one.variables.iter().filter(|_| one.missing.is_empty()) {
            if !out.variables.contains(variable) {
                out.variables.push(variable.clone());
            }
        }
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn commented(block: &str, missing: &[String]) -> String {
    let mut out = format!("  # To be filled in: {}\n", missing.join(", "));
    for one in block.lines() {
        line(
            &mut out,
            &format!(
                "  #{}",
                one.strip_prefix("  ")
                    .map_or(String::new(), |rest| format!(" {rest}"))
            ),
        );
    }
    out
}

fn head(out: &mut Rendered, findings: &Findings, name: &str, prefix: &str, shared: Option<&str>) {
    let yaml = &mut out.yaml;
    line(
        yaml,
        &format!(
            "# {} ({}), by `apiduct openapi`.",
            comment(&findings.title),
            findings.format
        ),
    );
    for rate in &findings.rate {
        line(yaml, &format!("# Rate: {}", comment(rate)));
    }
    line(yaml, &format!("name: {}", text(&norm(name))));
    line(yaml, "client:");
    let url = &findings.base_url.value;
    if findings.base_url_is_complete {
        line(
            yaml,
            &format!(
                "  base_url: {}",
                if url.contains(['#', '"', ' ', '{']) {
                    text(url)
                } else {
                    url.clone()
                }
            ),
        );
    } else {
        line(
            yaml,
            &format!(
                "  # The description says `{}`, which is no whole URL.",
                comment(url)
            ),
        );
        line(yaml, &format!("  base_url: \"${{env:{prefix}_BASE_URL}}\""));
        out.variables.push(format!("{prefix}_BASE_URL"));
    }
    if findings.auth.confidence < 0.7 || !findings.auth.alternatives.is_empty() {
        let others = findings.auth.alternatives.join(", ");
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("; or: {others}")
        };
        line(
            yaml,
            &format!(
                "  # Authentication: {}{}",
                comment(&findings.auth.why),
                comment(&others)
            ),
        );
    }
    let auth = auth(&findings.auth.value, prefix, &mut out.variables);
    if let Auth::Unsupported { scheme } = &findings.auth.value {
        line(
            &mut out.yaml,
            &format!(
                "  # The scheme `{}` has to be written by hand.",
                comment(scheme)
            ),
        );
    }
    login(&mut out.yaml, &findings.auth.value);
    if let Some(auth) = auth {
        line(&mut out.yaml, &format!("  auth: {auth}"));
    }
    if let Some(shared) = shared {
        line(&mut out.yaml, &format!("  paginator: {shared}"));
    }
}

/// How requests say who they are, in the words of the file.
fn auth(auth: &Auth, prefix: &str, variables: &mut Vec<String>) -> Option<String> {
    let mut secret = |field: &str| {
        variables.push(format!("{prefix}_{field}"));
        format!("\"${{env:{prefix}_{field}}}\"")
    };
    match auth {
        Auth::None | Auth::Unsupported { .. } => None,
        Auth::Bearer => Some(format!("{{type: bearer, token: {}}}", secret("TOKEN"))),
        Auth::HttpBasic => Some(format!(
            "{{type: http_basic, username: {}, password: {}}}",
            secret("USERNAME"),
            secret("PASSWORD")
        )),
        Auth::ApiKey { name, location } => Some(format!(
            "{{type: api_key, name: {}, location: {}, api_key: {}}}",
            text(name),
            text(location),
            secret("API_KEY")
        )),
        Auth::OAuth2 {
            flow, token_url, ..
        } => match token_url {
            Some(url) if flow == "clientCredentials" && url.starts_with("https://") => {
                Some(format!(
                    "{{type: oauth2_client_credentials, access_token_url: {}, client_id: {}, client_secret: {}}}",
                    text(url),
                    secret("CLIENT_ID"),
                    secret("CLIENT_SECRET")
                ))
            }
            _ => Some(format!("{{type: bearer, token: {}}}", secret("TOKEN"))),
        },
    }
}

/// How a person gets the token, where that takes one.
fn login(out: &mut String, auth: &Auth) {
    let Auth::OAuth2 {
        flow: name,
        authorization_url,
        token_url,
        scopes,
    } = auth
    else {
        return;
    };
    if name == "clientCredentials" {
        return;
    }
    let how = format!("  # OAuth2 by the flow `{}`", comment(name));
    let urls = authorization_url.as_deref().zip(token_url.as_deref());
    let Some((page, token)) = urls.filter(|_| name == "authorizationCode") else {
        line(out, &format!("{how}: the token is made elsewhere."));
        return;
    };
    line(
        out,
        &format!("{how}: a token made elsewhere, or a login by `apiduct auth`:"),
    );
    let mut entries = vec![
        ("type", "oauth2_authorization_code".to_owned()),
        ("authorization_url", text(page)),
        ("access_token_url", text(token)),
        ("client_id", "...".to_owned()),
    ];
    if !scopes.is_empty() && scopes.len() <= SHOWN_SCOPES {
        let all: Vec<String> = scopes.iter().map(|one| text(one)).collect();
        entries.push(("scopes", format!("[{}]", all.join(", "))));
    }
    let entries: Vec<(String, String)> = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    line(out, &format!("  # auth: {}", comment(&flow(&entries))));
}

/// The paginator that at least half of the lists have.
fn shared_pages(resources: &[Resource], bound: &[Bound]) -> Option<String> {
    let mut count: IndexMap<String, usize> = IndexMap::new();
    let mut lists = 0;
    for one in bound {
        let resource = &resources[one.at];
        if resource.kind.value == Kind::List {
            lists += 1;
            *count.entry(pages(resource)).or_default() += 1;
        }
    }
    let (best, many) = count.into_iter().rev().max_by_key(|(_, many)| *many)?;
    (many * 2 >= lists && many > 1).then_some(best)
}

fn pages(resource: &Resource) -> String {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut put = |key: &str, value: String| entries.push((key.to_owned(), value));
    match &resource.pages.value {
        Pages::Single => return "single_page".to_owned(),
        Pages::HeaderLink => return "header_link".to_owned(),
        Pages::JsonLink { path } => {
            put("type", "json_link".to_owned());
            put("next_url_path", text(path));
        }
        Pages::Cursor { param, path } => {
            put("type", "cursor".to_owned());
            put("cursor_path", text(path));
            put("cursor_param", text(param));
        }
        Pages::LastRecord {
            param,
            field,
            has_more,
        } => {
            put("type", "last_record".to_owned());
            put("cursor_field", text(field));
            put("cursor_param", text(param));
            if let Some(path) = has_more {
                put("has_more_path", text(path));
            }
        }
        Pages::Offset {
            param,
            limit_param,
            total,
        } => {
            let size = resource.page_size.as_ref().and_then(|size| size.value);
            put("type", "offset".to_owned());
            put("limit", size.unwrap_or(UNSTATED_SIZE).to_string());
            put("offset_param", text(param));
            if let Some(limit) = limit_param {
                put("limit_param", text(limit));
            }
            put(
                "total_path",
                total.as_deref().map_or("null".to_owned(), text),
            );
        }
        Pages::PageNumber {
            param,
            first,
            total,
            has_more,
        } => {
            put("type", "page_number".to_owned());
            put("page_param", text(param));
            if *first == 0 {
                put("initial_page", "0".to_owned());
            }
            put(
                "total_path",
                total.as_deref().map_or("null".to_owned(), text),
            );
            if let Some(path) = has_more {
                put("has_more_path", text(path));
            }
        }
    }
    flow(&entries)
}

fn block(resource: &Resource, bound: &Bound, shared: Option<&str>, disposition: &str) -> String {
    let mut out = String::new();
    if let Some(about) = &resource.about {
        line(&mut out, &format!("  # {}", comment(about)));
    }
    let mut note = |what: &str, sure: f64, why: &str, others: &[String]| {
        if sure < 0.7 && !(why.is_empty() && others.is_empty()) {
            let others = if others.is_empty() {
                String::new()
            } else {
                format!("; or: {}", others.join(", "))
            };
            line(
                &mut out,
                &format!("  # {what}: {}", comment(&format!("{why}{others}"))),
            );
        }
    };
    note(
        "paginator",
        resource.pages.confidence,
        &resource.pages.why,
        &resource.pages.alternatives,
    );
    if let Some(found) = &resource.selector {
        note(
            "data_selector",
            found.confidence,
            &found.why,
            &found.alternatives,
        );
    }
    if let Some(found) = &resource.key {
        note(
            "primary_key",
            found.confidence,
            &found.why,
            &found.alternatives,
        );
    }
    line(&mut out, &format!("  - name: {}", text(&resource.name)));
    if !bound.is_selected {
        line(&mut out, "    selected: false");
    }
    match &resource.key {
        Some(found) if found.confidence >= CERTAIN => {
            let key: Vec<String> = found.value.iter().map(|one| text(one)).collect();
            let key = if key.len() == 1 {
                key[0].clone()
            } else {
                format!("[{}]", key.join(", "))
            };
            line(&mut out, &format!("    primary_key: {key}"));
            if disposition != "merge" {
                line(&mut out, "    write_disposition: merge");
            }
        }
        _ if disposition == "merge" => line(&mut out, "    write_disposition: replace"),
        _ => {}
    }
    if !bound.include.is_empty() {
        line(
            &mut out,
            &format!("    include_from_parent: {}", flow(&bound.include)),
        );
    }
    endpoint(&mut out, resource, bound, shared);
    out
}

fn endpoint(out: &mut String, resource: &Resource, bound: &Bound, shared: Option<&str>) {
    line(out, "    endpoint:");
    line(out, &format!("      path: {}", text(&bound.path)));
    let mut params = bound.params.clone();
    let is_offset = matches!(resource.pages.value, Pages::Offset { .. });
    if let Some((size, value)) = resource
        .page_size
        .as_ref()
        .and_then(|size| Some((size, size.value?)))
        && !is_offset
        && resource.pages.value != Pages::Single
        && !params.iter().any(|(name, _)| *name == size.param)
    {
        params.push((size.param.clone(), value.to_string()));
    }
    if !params.is_empty() {
        line(out, &format!("      params: {}", flow(&params)));
    }
    if !bound.headers.is_empty() {
        line(out, &format!("      headers: {}", flow(&bound.headers)));
    }
    if let Some(selector) = &resource.selector {
        line(
            out,
            &format!("      data_selector: {}", text(&selector.value)),
        );
    }
    let own = pages(resource);
    if shared != Some(own.as_str()) {
        line(out, &format!("      paginator: {own}"));
    }
    if let Some(filter) = resource.filters.first().map(|found| &found.value) {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "      # only what is new: {} {}: \"{{incremental.start_value}}\" with incremental: {{cursor_path: {}}}",
            if filter.location == "header" {
                "headers"
            } else {
                "params"
            },
            filter.param,
            filter.field
        );
        line(out, &text);
    }
}

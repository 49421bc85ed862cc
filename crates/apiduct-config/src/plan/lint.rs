//! What works and is likely not wanted: credentials in the file, and what is left to guessing.

use super::{Plan, ResourcePlan, SelectorPlan, Warning};
use crate::spec::{AuthSpec, Located, Spec, Written};
use crate::template::{IncrementalField, Part, Template, looks_like_a_token};

const BY_REFERENCE: &str = "refer to it with `${env:NAME}`, `${file:PATH}` or `${secret:KEY}`";

/// Credentials that stand in the file itself.
pub(super) fn secrets(spec: &Spec, resources: &[ResourcePlan]) -> Vec<Warning> {
    let endpoints = spec
        .resources
        .iter()
        .chain(&spec.defaults)
        .map(|one| &one.endpoint);
    let auths = std::iter::once(&spec.client.auth)
        .chain(endpoints.map(|endpoint| &endpoint.auth))
        .filter_map(Written::located);
    let has_literal = |auth: &&Located<AuthSpec>| {
        let mut templates = auth.value.templates().into_iter();
        templates.any(is_written_out)
    };
    let mut found: Vec<Warning> = auths
        .filter(has_literal)
        .map(|auth| secret(&auth.clone().map(|_| ()), &spec.file, WRITTEN))
        .collect();
    let base = &spec.client.base_url;
    if has_password(&base.value) {
        let site = base.clone().map(|_| ());
        found.push(secret(&site, &spec.file, WRITTEN));
    }
    for resource in resources {
        resource.request.each_template(&mut |text, site| {
            let message = if is_written_out(text) {
                WRITTEN
            } else if text.parts().iter().any(is_like_a_token) {
                "a text looks like a key or token"
            } else {
                return;
            };
            let warning = secret(&site, &spec.file, message);
            // What stands in `client` or in defaults is met once for each resource.
            if !found.contains(&warning) {
                found.push(warning);
            }
        });
    }
    found
}

const WRITTEN: &str = "the credential is written in the file";

fn secret(site: &Located<()>, file: &str, message: &str) -> Warning {
    Warning {
        code: "secret-in-file",
        message: message.to_owned(),
        hint: BY_REFERENCE.to_owned(),
        path: site.path.to_string(),
        place: site.mark.in_file(file),
    }
}

/// Whether a text that is there for a credential holds one that is neither a reference nor from a row.
fn is_written_out(text: &Template) -> bool {
    let is_credential = text.is_sensitive() && text.references().is_empty();
    is_credential
        && text
            .as_literal()
            .is_some_and(|text| !text.trim().is_empty())
}

fn is_like_a_token(part: &Part) -> bool {
    matches!(part, Part::Literal(text) if looks_like_a_token(text))
}

/// Whether a URL has a password in clear text in front of its host.
fn has_password(url: &Template) -> bool {
    let Some((_, rest)) = url.as_literal().and_then(|url| url.split_once("://")) else {
        return false;
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let user = host.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':') && !user.ends_with(':'))
}

/// What is worth a look once, when a file is written, and not at every run: what is guessed, what is asked for in vain.
pub(super) fn advice(plan: &Plan) -> Vec<Warning> {
    let asked = plan.resources.iter().filter(|one| one.seed.is_none());
    let mut found = Vec::new();
    for resource in asked {
        let path = &resource.request.path.path;
        let mut warn = |code, path: &str, place, message: String, hint: &str| {
            found.push(Warning {
                code,
                message,
                hint: hint.to_owned(),
                path: path.to_owned(),
                place,
            });
        };
        let own = match path.find(']') {
            Some(end) if path.starts_with("resources[") => &path[..=end],
            _ => path,
        };
        if resource.paginator.paginator.is_none() {
            warn(
                "paginator-guessed",
                own,
                resource.place.clone(),
                format!(
                    "how resource `{}` gets from page to page is guessed from its first page",
                    resource.name
                ),
                "write the `paginator` that `apiduct check` without `--offline` shows",
            );
        }
        // Lines are records by themselves.
        let format = resource.response_format.to_string();
        let has_lines = format.starts_with("csv") || format.starts_with("jsonl");
        if resource.selector == SelectorPlan::Detect && !has_lines {
            warn(
                "selector-guessed",
                own,
                resource.place.clone(),
                format!(
                    "where the records of resource `{}` are is guessed from its first page",
                    resource.name
                ),
                "write the `data_selector` that `apiduct check` without `--offline` shows",
            );
        }
        if let Some(incremental) = &resource.incremental
            && incremental.row_cursor().is_some()
            && !is_filtered_by_the_api(resource)
        {
            let site = &incremental.site;
            warn(
                "incremental-not-sent",
                &site.path,
                site.mark.in_file(&plan.file),
                format!(
                    "every run of resource `{}` asks for all rows and drops the old ones here",
                    resource.name
                ),
                "put `{incremental.start_value}` into a parameter, if the API can filter",
            );
        }
    }
    found
}

/// Whether the request says where the new rows begin.
fn is_filtered_by_the_api(resource: &ResourcePlan) -> bool {
    let is_bound = |(field, _): &(IncrementalField, bool)| *field != IncrementalField::Lag;
    let mut is_sent = false;
    resource.request.each_template(&mut |text, _| {
        is_sent |= text.incremental_fields().iter().any(is_bound);
    });
    is_sent
}

#[cfg(test)]
mod tests {
    use crate::{Format, Plan};

    fn plan(client: &str, resources: &str) -> Plan {
        let text = format!("client: {{{client}}}\nresources:\n{resources}");
        Plan::parse(&text, Format::Yaml, "t.yaml").unwrap()
    }

    fn codes(plan: &Plan) -> Vec<(&'static str, String)> {
        let all = plan.warnings.iter().cloned().chain(plan.advice());
        all.map(|one| {
            assert!(!one.hint.is_empty() && one.place.line > 0, "{one}");
            (one.code, one.path)
        })
        .collect()
    }

    const PINNED: &str = "paginator: single_page, data_selector: $";

    #[test]
    fn credentials_are_found_wherever_they_stand_and_never_shown() {
        let token = "ghp_0123456789abcdefghij";
        let plan = plan(
            "base_url: 'https://ada:hunter2@h', headers: {Authorization: Bearer hunter2}",
            &format!(
                "  - {{name: a, endpoint: {{params: {{api_key: hunter2, q: '{token}'}}, {PINNED}}}}}\n  - {{name: b, endpoint: {{method: POST, json: {{a: ['x {token}']}}, {PINNED}}}}}\n"
            ),
        );
        let expected = [
            "client.base_url",
            "resources[0].endpoint.params.api_key",
            "resources[0].endpoint.params.q",
            "client.headers.Authorization",
            "resources[1].endpoint.json",
        ];
        let found = codes(&plan);
        assert!(found.iter().all(|(code, _)| *code == "secret-in-file"));
        let paths: Vec<&str> = found.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, expected);
        let told: Vec<String> = plan.warnings.iter().map(ToString::to_string).collect();
        assert!(!told.concat().contains("hunter2") && !told.concat().contains(token));
        let described = serde_json::json!(plan.describe()).to_string();
        assert!(
            !described.contains("hunter2") && !described.contains(token),
            "{described}"
        );
    }

    #[test]
    fn references_names_and_short_texts_are_no_credentials() {
        let plan = plan(
            "auth: {type: http_basic, username: '${env:K}', password: ''}, base_url: 'https://${env:U}:${env:P}@h', headers: {Authorization: 'Bearer ${env:T}', Accept: sk-learn}",
            &format!("  - {{name: a, endpoint: {{params: {{token: '', q: eyJ}}, {PINNED}}}}}\n"),
        );
        assert_eq!(codes(&plan), []);
    }

    #[test]
    fn what_is_guessed_is_advice_and_no_warning_of_each_run() {
        let plan = plan(
            "base_url: 'https://h'",
            "  - a\n  - {name: s, values: [1]}\n  - {name: b, endpoint: 'b/{resources.s.value}'}\n",
        );
        assert!(plan.warnings.is_empty());
        let expected = [
            ("paginator-guessed", "resources[0]".to_owned()),
            ("selector-guessed", "resources[0]".to_owned()),
        ];
        assert_eq!(codes(&plan), expected);
    }

    #[test]
    fn an_incremental_load_that_the_api_does_not_filter_is_advice() {
        let file = |params: &str| {
            let incremental = "incremental: {cursor_path: at, initial_value: 5}";
            plan(
                "base_url: 'https://h'",
                &format!("  - {{name: a, endpoint: {{{PINNED}, {incremental}{params}}}}}\n"),
            )
        };
        let expected = (
            "incremental-not-sent",
            "resources[0].endpoint.incremental".to_owned(),
        );
        assert_eq!(codes(&file("")), [expected]);
        assert_eq!(
            codes(&file(", params: {since: '{incremental.start_value}'}")),
            []
        );
    }
}

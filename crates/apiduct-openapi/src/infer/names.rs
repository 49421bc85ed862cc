//! Names of resources: short, readable, and the same whenever the path is the same.

use std::collections::HashMap;

use super::key::is_verb;
use super::links::is_version;
use crate::api::Endpoint;
use crate::words::{norm, singular};

/// A unique name for each endpoint. Only names that collide become longer.
pub(crate) fn name(endpoints: &[&Endpoint<'_>]) -> Vec<String> {
    let parts: Vec<Vec<String>> = endpoints.iter().map(|one| parts(one)).collect();
    let mut depth: Vec<usize> = parts
        .iter()
        .map(|parts| match parts.last() {
            Some(last) if is_verb(last) || last == "self" => 2,
            _ => 1,
        })
        .collect();
    loop {
        let names: Vec<String> = parts
            .iter()
            .zip(&depth)
            .map(|(parts, depth)| join(parts, *depth))
            .collect();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *count.entry(name).or_default() += 1;
        }
        let mut grew = false;
        for (at, name) in names.iter().enumerate() {
            if count[name.as_str()] > 1 && depth[at] < parts[at].len() {
                depth[at] += 1;
                grew = true;
            }
        }
        if !grew {
            return numbered(names, endpoints);
        }
    }
}

fn numbered(names: Vec<String>, endpoints: &[&Endpoint<'_>]) -> Vec<String> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for name in &names {
        *count.entry(name.clone()).or_default() += 1;
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut all = Vec::with_capacity(names.len());
    for (at, name) in names.into_iter().enumerate() {
        let mut own = name.clone();
        if count[&name] > 1
            && let Some(var) = endpoints[at]
                .vars()
                .next_back()
                .filter(|_| endpoints[at].ends_in_var())
        {
            own = format!("{name}_by_{}", norm(var));
        }
        let mut last = own.clone();
        let number = taken.entry(own.clone()).or_insert(0);
        *number += 1;
        let mut next = *number;
        while all.contains(&last) || (next > 1 && last == own) {
            last = format!("{own}_{next}");
            next += 1;
        }
        all.push(last);
    }
    all
}

fn parts(endpoint: &Endpoint<'_>) -> Vec<String> {
    let fixed: Vec<&str> = endpoint
        .segments
        .iter()
        .filter(|segment| !segment.is_var() && !is_version(&segment.text))
        .map(|segment| segment.text.as_str())
        .collect();
    let mut all: Vec<String> = fixed
        .iter()
        .flat_map(|text| text.split('.'))
        .map(norm)
        .filter(|text| !text.is_empty() && text != "api" && text != "rest")
        .collect();
    if all.is_empty() {
        all.extend(
            fixed
                .last()
                .map(|text| norm(text))
                .filter(|text| !text.is_empty()),
        );
        all.extend(
            endpoint
                .vars()
                .next_back()
                .map(norm)
                .filter(|_| fixed.is_empty()),
        );
    }
    if endpoint.ends_in_var()
        && !endpoint.segments.is_empty()
        && let Some(last) = all.last_mut()
    {
        let one = match last.rsplit_once('_') {
            Some((front, word)) => format!("{front}_{}", singular(word)),
            None => singular(last),
        };
        *last = if one == *last {
            format!("{one}_item")
        } else {
            one
        };
    }
    if all.is_empty() {
        all.push("root".to_owned());
    }
    all
}

fn join(parts: &[String], depth: usize) -> String {
    let from = parts.len().saturating_sub(depth);
    let text = parts[from..].join("_");
    if text.starts_with(|one: char| one.is_ascii_digit()) {
        format!("r_{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::tests::names_of;

    #[test]
    fn only_names_that_collide_become_longer() {
        assert_eq!(
            names_of(&[
                "/v1/users",
                "/v1/users/{id}",
                "/posts/{id}/comments",
                "/users/{id}/comments",
                "/api/v2/search"
            ]),
            [
                "users",
                "user",
                "posts_comments",
                "users_comments",
                "search"
            ]
        );
    }

    #[test]
    fn items_that_differ_by_their_variables_say_so() {
        let names = names_of(&["/users/{id}", "/users/{name}"]);
        assert_eq!(names, ["user_by_id", "user_by_name"]);
        assert_eq!(singular("users"), "user");
    }
}

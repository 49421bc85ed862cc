use super::*;

/// The file of one resource with these keys of its endpoint, which asks `/echo` once.
fn one(keys: &str) -> String {
    format!(
        "  - {{name: c, endpoint: {{path: echo, data_selector: $, paginator: single_page, {keys}}}}}\n"
    )
}

/// The file of a child of one row with these keys of its endpoint.
fn child(keys: &str) -> String {
    format!(
        "  - {{name: p, values: [{{id: 7, name: 'a b', list: [1, 2]}}]}}\n  - {{name: c, endpoint: {{path: 'echo/{{id}}', data_selector: $, paginator: single_page, {keys}}}}}\n"
    )
}

#[tokio::test]
async fn parameters_arrive_as_the_file_says() {
    let since = "incremental: {cursor_path: at, initial_value: '2024-01-01'}";
    for (params, keys, expected) in [
        ("sort: desc, locale: en", "", "sort=desc&locale=en"),
        ("empty: ''", "", "empty="),
        ("none: null, sort: desc", "", "sort=desc"),
        (
            "since: '{incremental.start_value}'",
            since,
            "since=2024-01-01",
        ),
        (
            "sort: desc, since: '{incremental.start_value}'",
            since,
            "sort=desc&since=2024-01-01",
        ),
        (
            "since: {type: incremental, cursor_path: at, initial_value: '2024-01-01'}, sort: desc",
            "",
            "since=2024-01-01&sort=desc",
        ),
        ("q: '{{\"a\": {{}}}}'", "", "q=%7B%22a%22%3A+%7B%7D%7D"),
        (
            "q: '{{{incremental.start_value}}}'",
            since,
            "q=%7B2024-01-01%7D",
        ),
    ] {
        let world = echo();
        let file = one(&format!("params: {{{params}}}, {keys}"));
        world.run(&file).await.unwrap();
        assert_eq!(asked(&world), [format!("/echo?{expected}")], "{params}");
        let world = echo();
        let file = child(&format!(
            "params: {{id: {{type: resolve, resource: p, field: id}}, {params}}}, {keys}"
        ));
        world.run(&file).await.unwrap();
        assert_eq!(asked(&world), [format!("/echo/7?{expected}")], "{params}");
    }
}

#[tokio::test]
async fn the_paginator_overwrites_a_parameter_of_its_name() {
    let world = World::new(api(12));
    let file = "  - {name: posts, endpoint: {params: {page: 99, sort: up}, data_selector: data, paginator: {type: page_number, total_path: total_pages}}}\n";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.tables["posts"], 12);
    let mut queries: Vec<String> = sent(&world, "/posts")
        .into_iter()
        .map(|one| one.raw_query)
        .collect();
    // The total of the first answer lets the others go out side by side.
    queries.sort();
    assert_eq!(
        queries,
        ["page=1&sort=up", "page=2&sort=up", "page=3&sort=up"]
    );
}

#[tokio::test]
async fn placeholders_stand_beside_static_and_escaped_text_in_a_query() {
    for (text, expected) in [
        ("'{resources.p.name}'", "a+b"),
        ("'x-{resources.p.name}-y'", "x-a+b-y"),
        ("'{{{resources.p.id}}}'", "%7B7%7D"),
        ("'{resources.p.id}{resources.p.id}'", "77"),
    ] {
        let world = echo();
        let file = child(&format!(
            "params: {{id: {{type: resolve, resource: p, field: id}}, 'k{{resources.p.id}}': {text}}}"
        ));
        world.run(&file).await.unwrap();
        assert_eq!(asked(&world), [format!("/echo/7?k7={expected}")]);
    }
}

#[tokio::test]
async fn a_name_stands_in_a_path_any_number_of_times() {
    for value in ["{type: resolve, resource: p, field: id}", "7"] {
        let world = echo();
        let keys = format!("params: {{id: {value}, p: '{{resources.p.id}}'}}");
        let file = child(&keys).replace("echo/{id}", "echo/{id}-{id}-{{id}}");
        world.run(&file).await.unwrap();
        assert_eq!(asked(&world), ["/echo/7-7-%7Bid%7D?p=7"], "{value}");
    }
}

#[tokio::test]
async fn no_body_and_an_empty_one_differ_also_with_get() {
    for (keys, body, media) in [("", "", None), ("json: {}", "{}", Some("application/json"))] {
        let world = echo();
        world.run(&one(keys)).await.unwrap();
        let one = sent(&world, "/echo").remove(0);
        assert_eq!((one.method.as_str(), one.text().as_str()), ("GET", body));
        assert_eq!(one.header("content-type"), media);
    }
}

#[tokio::test]
async fn a_body_has_native_values_escapes_and_lists_at_any_depth() {
    let world = echo();
    let keys = "method: post, incremental: {cursor_path: at, type: text, initial_value: 2024-01-01}, \
                json: {since: '{incremental.start_value}', '{{k}}': '{{v}}', deep: {list: [1, '{incremental.start_value}', {x: 'at {incremental.start_value}'}], none: null, empty: []}}";
    world.run(&one(keys)).await.unwrap();
    assert_eq!(
        sent(&world, "/echo")[0].json().unwrap(),
        json!({
            "since": "2024-01-01", "{k}": "{v}",
            "deep": {"list": [1, "2024-01-01", {"x": "at 2024-01-01"}], "none": null, "empty": []},
        })
    );
}

#[tokio::test]
async fn a_field_of_the_parent_stands_in_path_and_body_at_once() {
    let world = echo();
    let file = child(
        "json: {id: '{resources.p.id}', all: ['{resources.p.list}', '#{resources.p.id}', '{{raw}}'], '{resources.p.id}': {e: {}}}",
    )
    .replace("{id}", "{resources.p.id}");
    world.run(&file).await.unwrap();
    assert_eq!(asked(&world), ["/echo/7?"]);
    assert_eq!(
        sent(&world, "/echo")[0].json().unwrap(),
        json!({"id": 7, "all": [[1, 2], "#7", "{raw}"], "7": {"e": {}}})
    );
}

#[tokio::test]
async fn every_form_of_data_takes_fields_and_bounds() {
    let since = "incremental: {cursor_path: at, initial_value: '2024-01-01'}";
    for (data, expected) in [
        (
            "{id: '{resources.p.id}', since: '{incremental.start_value}'}",
            "id=7&since=2024-01-01",
        ),
        (
            "[[t, '{resources.p.id}'], [t, '{incremental.start_value}'], ['k{resources.p.id}', a]]",
            "t=7&t=2024-01-01&k7=a",
        ),
        (
            "'id:{resources.p.id} since:{incremental.start_value} {{x}}'",
            "id:7 since:2024-01-01 {x}",
        ),
    ] {
        let world = echo();
        let file =
            child(&format!("method: post, data: {data}, {since}")).replace("echo/{id}", "echo");
        world.run(&file).await.unwrap();
        assert_eq!(sent(&world, "/echo")[0].text(), expected, "{data}");
    }
}

#[tokio::test]
async fn headers_take_names_and_values_and_those_of_the_client_stay_as_written() {
    let world = echo();
    let resources = child(
        "headers: {'X-P{resources.p.id}': '{resources.p.name}', X-Since: 'from {incremental.start_value}', X-Lit: '{{a}}'}, \
         incremental: {cursor_path: at, initial_value: '2024-01-01'}",
    )
    .replace("{id}", "{resources.p.id}");
    let head = "headers: {X-Client: '{resources.p.id} {{b}}'}";
    run_as(&world, head, &resources, "").await;
    let one = sent(&world, "/echo").remove(0);
    assert_eq!(one.header("x-p7"), Some("a b"));
    assert_eq!(one.header("x-since"), Some("from 2024-01-01"));
    assert_eq!(one.header("x-lit"), Some("{a}"));
    assert_eq!(one.header("x-client"), Some("{resources.p.id} {{b}}"));
}

#[tokio::test]
async fn a_search_is_paged_by_the_body_of_its_posts() {
    let world = World::new(api(12));
    let file = "  - {name: found, endpoint: {path: posts_cursor_via_json_body, method: POST, json: {ids_greater_than: 1}, data_selector: data, paginator: {type: cursor, cursor_path: next_cursor, cursor_body_path: cursor}}}\n";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.tables["found"], 12);
    let bodies: Vec<Value> = sent(&world, "/posts_cursor_via_json_body")
        .iter()
        .map(|one| one.json().unwrap())
        .collect();
    assert_eq!(
        (bodies.len(), &bodies[0], &bodies[1]["ids_greater_than"]),
        (3, &json!({"ids_greater_than": 1}), &json!(1))
    );
}

#[tokio::test]
async fn selectors_reach_keys_with_dashes_and_lists_need_none() {
    let world = World::new(api(12));
    let file = "  - {name: a, endpoint: {path: posts_under_a_different_key, data_selector: many-results, paginator: {type: json_link, next_url_path: next_page}}}
  - {name: b, endpoint: {path: posts_header_link, paginator: header_link}}
";
    let receipt = world.run(file).await.unwrap();
    assert_eq!((receipt.tables["a"], receipt.tables["b"]), (12, 12));
}

#[tokio::test]
async fn a_refusal_in_plain_text_is_told_by_its_status() {
    let refuse = |_: &Received| Reply::text("Unauthorized, go away").with_status(401);
    let world = World::new(MockApi::builder().get("/secret", refuse).start());
    let error = world.run("  - secret\n").await.unwrap_err();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    assert!(text.contains("401") && text.contains("/secret"), "{text}");
    assert!(!text.to_lowercase().contains("json"), "{text}");
}

use apiduct_model::Hint;

use super::*;

const PAGES: &str = "data_selector: data, paginator: {type: json_link, next_url_path: next_page}";

/// The file of `blog` whose comments say by `keys` whose they are.
fn comments(keys: &str) -> String {
    format!(
        "  - {{name: posts, endpoint: {{{PAGES}}}}}\n  - {{name: comments, endpoint: {{{keys}, {PAGES}}}}}\n"
    )
}

/// Serves the comments of the post that `post` finds in a request to `/comments`.
fn asked_by(post: impl Fn(&Received) -> Option<String> + Send + Sync + 'static) -> World {
    let posts = Collection::new("posts", posts(25));
    let answer = move |request: &Received| {
        let Some(post) = post(request).and_then(|post| post.parse::<i64>().ok()) else {
            return Reply::status(400);
        };
        let comments: Vec<Value> = (0..50).map(|at| json!({"id": post * 100 + at})).collect();
        Reply::json(&json!({"data": comments}))
    };
    World::new(
        MockApi::builder()
            .mount(posts)
            .get("/comments", answer)
            .start(),
    )
}

#[tokio::test]
async fn a_child_loads_the_same_rows_wherever_its_request_names_the_parent() {
    let by_body = |one: &Received| Some(one.json()?["post"].to_string());
    let in_path: [&str; 2] = [
        "path: 'posts/{post}/comments', params: {post: {type: resolve, resource: posts, field: id}}",
        "path: 'posts/{resources.posts.id}/comments'",
    ];
    let mut worlds: Vec<(World, String)> = in_path
        .map(|keys| (blog(), comments(keys)))
        .into_iter()
        .collect();
    worlds.push((
        asked_by(|one| one.param("post").map(str::to_owned)),
        comments("path: comments, params: {post: '{resources.posts.id}'}"),
    ));
    worlds.push((
        asked_by(|one| one.header("x-post").map(str::to_owned)),
        comments("path: comments, headers: {X-Post: '{resources.posts.id}'}"),
    ));
    worlds.push((
        asked_by(by_body),
        comments("path: comments, json: {post: '{resources.posts.id}'}"),
    ));
    let expected: Vec<String> = (1..=25)
        .flat_map(|post| (0..50).map(move |at| (post * 100 + at).to_string()))
        .collect();
    for (world, file) in worlds {
        let receipt = world.run(&file).await.unwrap();
        assert_eq!(receipt.tables["posts"], 25, "{file}");
        let rows = world.query("select id::varchar as id from shop.comments order by rowid");
        assert_eq!(rows, expected, "{file}");
    }
}

#[tokio::test]
async fn each_parent_pages_by_itself_at_any_concurrency() {
    for concurrency in [1, 4, 32] {
        let world = blog();
        let file = comments("path: 'posts/{resources.posts.id}/comments'").replace(
            "{name: comments,",
            "{name: comments, include_from_parent: [id],",
        );
        let runtime = format!("runtime: {{concurrency: {concurrency}}}\n");
        let receipt = run_as(&world, "", &file, &runtime).await;
        assert_eq!(receipt.tables["comments"], 1250, "{concurrency}");
        let wrong = "select count(*)::varchar as n from shop.comments where post <> _posts_id";
        assert_eq!(world.query(wrong), ["0"], "{concurrency}");
        let asked = sent(&world, "/posts/17/comments");
        let mut pages: Vec<_> = asked.iter().map(|one| one.number_param("page")).collect();
        pages.sort_unstable();
        let expected: Vec<_> = (2..=10).map(Some).collect();
        assert_eq!(pages[0], None, "{concurrency}");
        assert_eq!(pages[1..], expected, "{concurrency}");
    }
}

#[tokio::test]
async fn two_children_share_one_pull_of_their_parent() {
    let world = blog();
    let file = format!(
        "  - {{name: posts, selected: false, endpoint: {{{PAGES}}}}}
  - {{name: details, endpoint: 'posts/{{resources.posts.id}}'}}
  - {{name: comments, endpoint: {{path: 'posts/{{resources.posts.id}}/comments', {PAGES}, max_pages: 1}}}}
"
    );
    let receipt = world.run(&file).await.unwrap();
    assert_eq!(
        (receipt.tables["details"], receipt.tables["comments"]),
        (25, 125)
    );
    assert_eq!(world.api.requests_to("/posts").len(), 5);
}

#[tokio::test]
async fn a_resolved_child_of_an_unloaded_parent_is_one_record_with_nested_tables() {
    let world = blog();
    let file = format!(
        "  - {{name: posts, selected: false, endpoint: {{{PAGES}}}}}
  - {{name: post, endpoint: {{path: 'posts/{{id}}', params: {{id: {{type: resolve, resource: posts, field: id}}}}}}}}
"
    );
    let receipt = world.run(&file).await.unwrap();
    let tables: Vec<(&str, u64)> = receipt.tables.iter().map(|(k, v)| (&**k, *v)).collect();
    assert_eq!(tables, [("post", 25), ("post__tags", 50)]);
    assert_eq!(sent(&world, "/posts/7")[0].raw_query, "");
}

#[tokio::test]
async fn several_fields_of_one_parent_make_a_request() {
    let world = echo();
    let file = "  - {name: p, values: [{id: 7, owner: {login: ada}, tag: x y}]}
  - {name: c, endpoint: {path: 'echo/{id}', data_selector: $, entity: many, paginator: single_page, params: {id: {type: resolve, resource: p, field: owner.login}, t: '{resources.p.tag}'}, headers: {X-Id: '{resources.p.id}'}}}
";
    world.run(file).await.unwrap();
    assert_eq!(asked(&world), ["/echo/ada?t=x+y"]);
    assert_eq!(sent(&world, "/echo")[0].header("x-id"), Some("7"));
}

#[tokio::test]
async fn a_chain_of_three_works_in_every_spelling() {
    let keys = "data_selector: $, entity: many, paginator: single_page";
    for (middle, last) in [
        (
            "path: 'echo/{resources.a.value}'",
            "path: 'echo/c{resources.b.id}'",
        ),
        (
            "path: 'echo/{v}', params: {v: {type: resolve, resource: a, field: value}}",
            "path: 'echo/c{v}', params: {v: {type: resolve, resource: b, field: id}}",
        ),
        (
            "path: 'echo/{resources.a.value}'",
            "path: 'echo/c{v}', params: {v: {type: resolve, resource: b, field: id}}",
        ),
    ] {
        let world = echo();
        let file = format!(
            "  - {{name: c, endpoint: {{{last}, {keys}}}}}\n  - {{name: b, endpoint: {{{middle}, {keys}}}}}\n  - {{name: a, values: [x, y]}}\n"
        );
        let receipt = world.run(&file).await.unwrap();
        assert_eq!(receipt.tables["c"], 2, "{file}");
        assert_eq!(
            asked(&world),
            ["/echo/c1?", "/echo/c1?", "/echo/x?", "/echo/y?"],
            "{file}"
        );
    }
}

#[tokio::test]
async fn a_field_to_include_that_a_row_lacks_is_named_with_its_resource() {
    let world = echo();
    let file = "  - {name: p, values: [{id: 7, title: x}]}
  - {name: c, include_from_parent: [author], endpoint: {path: 'echo/{resources.p.id}', data_selector: $, entity: many}}
";
    let error = world.run(file).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "resource `c` needs field `author` of its parent's record, and it is not there"
    );
    assert_eq!(error.hint().unwrap(), "the record has `id`, `title`");
}

#[tokio::test]
async fn a_missing_field_lists_those_of_the_very_record_and_names_the_nearest() {
    let child = "  - {name: c, endpoint: {path: 'echo/FIELD', data_selector: $, entity: many}}\n";
    for (parent, field, hint) in [
        (
            "values: [{id: 7, uid: 1}, {id: 8, uuid: true}, {other: 1}]",
            "{resources.p.uid}",
            "did you mean `uuid`? the record has `id`, `uuid`",
        ),
        (
            "values: [{user: {name: x, login_name: y}}]",
            "{resources.p.user.login}",
            "did you mean `user.login_name`? the record has `user.name`, `user.login_name`",
        ),
        (
            "values: [{list: []}]",
            "{resources.p.list[0].id}",
            "did you mean `list`? the record has `list`",
        ),
        (
            "values: [{id: 7}], processing_steps: [{rename: {id: key}}]",
            "{resources.p.id}",
            "the record has `key`",
        ),
        (
            "values: [{a: 1}, {id: 8, b: 1}, {id: 9}]",
            "{resources.p.a|default(0)}{resources.p.b|default(0)}{resources.p.id|default(0)}{resources.p.c}",
            "the record has `a`",
        ),
    ] {
        let world = echo();
        let file = format!(
            "  - {{name: p, {parent}}}\n{}",
            child.replace("FIELD", field)
        );
        let error = world.run(&file).await.unwrap_err();
        assert_eq!(error.hint().as_deref(), Some(hint), "{parent}");
    }
}

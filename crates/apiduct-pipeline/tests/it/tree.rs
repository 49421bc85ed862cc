//! Seeds, several parents, batches: what leads from rows to requests.

use apiduct_model::Hint;
use apiduct_testkit::{Received, Reply};

use super::*;

/// Answers `/echo/...` with one record that says what was asked for.
fn echo() -> MockApi {
    let answer = |request: &Received| {
        let params: Vec<String> = ["a", "b", "ids"]
            .iter()
            .filter_map(|name| Some(format!("{name}={}", request.param(name)?)))
            .collect();
        Reply::json(&json!([{"asked": format!("{}?{}", request.path, params.join("&"))}]))
    };
    MockApi::builder()
        .collection("posts", posts(10))
        .get("/echo", answer)
        .get("/echo/{x}", answer)
        .get("/echo/{x}/{y}", answer)
        .start()
}

fn asked(world: &World) -> Vec<String> {
    world.query("select asked from shop.c order by rowid")
}

#[tokio::test]
async fn values_ranges_and_files_are_parents_and_only_loaded_when_the_file_says_so() {
    let world = World::new(echo());
    std::fs::write(world.folder.path().join("r.csv"), "id,name\n1,x y\n2,z\n").unwrap();
    let receipt = world
        .run(
            "  - {name: v, values: [a/b, 7, true]}
  - {name: r, range: {from: 2024-01-30, to: 2024-02-01, step: 2d}, selected: true}
  - {name: f, file: r.csv}
  - {name: c, endpoint: {path: 'echo/{resources.v.value}/x', data_selector: '$'}}
  - {name: d, endpoint: {path: echo, params: {a: '{resources.r.value}', b: '{resources.r.next}'}, data_selector: '$'}}
  - {name: e, include_from_parent: [id], endpoint: {path: 'echo/{resources.f.name}/x', data_selector: '$'}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        asked(&world),
        ["/echo/a%2Fb/x?", "/echo/7/x?", "/echo/true/x?"]
    );
    assert_eq!(
        world.query("select asked from shop.d order by rowid"),
        [
            "/echo?a=2024-01-30&b=2024-02-01",
            "/echo?a=2024-02-01&b=2024-02-03"
        ]
    );
    assert_eq!(
        world.query("select _f_id as i, asked from shop.e order by rowid"),
        ["1|/echo/x%20y/x?", "2|/echo/z/x?"]
    );
    assert_eq!(
        world.query("select value::varchar as v from shop.r order by rowid"),
        ["2024-01-30", "2024-02-01"]
    );
    let tables: Vec<&str> = receipt.tables.keys().map(|name| &**name).collect();
    assert_eq!(tables, ["r", "c", "d", "e"]);
    assert_eq!(
        (receipt.resources["v"].rows, receipt.resources["v"].requests),
        (3, 0)
    );
}

#[tokio::test]
async fn a_query_on_what_is_loaded_gives_the_rows_of_the_next_run() {
    let world = World::new(echo());
    let file = "  - {name: s, sql: 'select id, title from shop.posts where id > 8 order by id'}
  - {name: c, include_from_parent: {title: t}, endpoint: {path: 'echo/{resources.s.id}/x', data_selector: '$'}}
";
    let error = world.run(file).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.yaml:5:20: cannot query the rows of resource `s`"
    );
    assert!(error.hint().unwrap().contains("load its tables first"));
    world.run("  - posts\n").await.unwrap();
    world.run(file).await.unwrap();
    assert_eq!(
        world.query("select t, asked from shop.c order by rowid"),
        ["Post 9|/echo/9/x?", "Post 10|/echo/10/x?"]
    );
}

#[tokio::test]
async fn several_parents_are_combined_each_with_each_or_side_by_side() {
    let world = World::new(echo());
    world
        .run(
            "  - {name: v, values: [{k: 1}, {k: 2}]}
  - {name: w, values: [x, y]}
  - {name: c, for_each: {mode: product, sources: [w, v]}, include_from_parent: {v.k: k, w.value: w}, endpoint: {path: 'echo/{resources.v.k}/{resources.w.value}', data_selector: '$'}}
  - {name: d, for_each: zip, endpoint: {path: 'echo/{resources.v.k}/{resources.w.value}', data_selector: '$'}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        world.query("select w, k::varchar as k, asked from shop.c order by rowid"),
        [
            "x|1|/echo/1/x?",
            "x|2|/echo/2/x?",
            "y|1|/echo/1/y?",
            "y|2|/echo/2/y?"
        ]
    );
    assert_eq!(
        world.query("select asked from shop.d order by rowid"),
        ["/echo/1/x?", "/echo/2/y?"]
    );
}

#[tokio::test]
async fn several_parents_are_joined_by_a_field_of_each() {
    let world = World::new(echo());
    let file = "  - {name: team, values: [{id: 1, n: a}, {id: 2, n: b}, {id: null, n: c}]}
  - {name: member, values: [{team_id: 2, m: x}, {team_id: '1', m: y}, {team_id: 2, m: z}, {team_id: null, m: n}]}
  - {name: c, for_each: {mode: join, on: [member.team_id, team.id]}, include_from_parent: {team.n: n, member.m: m}, endpoint: {path: 'echo/{resources.team.n}/{resources.member.m}', data_selector: '$'}}
";
    world.run(file).await.unwrap();
    assert_eq!(
        world.query("select n, m, asked from shop.c order by rowid"),
        ["a|y|/echo/a/y?", "b|x|/echo/b/x?", "b|z|/echo/b/z?"]
    );
    let error = world
        .run(&file.replace("member.team_id,", "member.team,"))
        .await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "resource `c` needs field `member.team` of its parent's record, and it is not there"
    );
}

#[tokio::test]
async fn parents_that_are_combined_in_opposite_orders_do_not_wait_for_each_other_forever() {
    let world = World::new(echo());
    world
        .run(
            "  - {name: v, range: {from: 1, to: 40}}
  - {name: w, range: {from: 1, to: 50}}
  - {name: c, for_each: {mode: product, sources: [v, w]}, distinct: true, batch: 1000, endpoint: {path: echo, method: get, params: {a: x}, json: {v: '{resources.v.value}', w: '{resources.w.value}'}, data_selector: '$'}}
  - {name: d, for_each: {mode: product, sources: [w, v]}, distinct: true, batch: 1000, endpoint: {path: echo, method: get, params: {a: x}, json: {v: '{resources.v.value}', w: '{resources.w.value}'}, data_selector: '$'}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        (world.count("c"), world.count("d")),
        ("2".to_owned(), "2".to_owned())
    );
}

#[tokio::test]
async fn many_parents_share_a_request_as_long_as_the_url_allows() {
    let world = World::new(echo());
    world
        .run(
            "  - {name: v, values: [1, 2, 2, 3, 4, 5, 1]}
  - {name: c, distinct: true, batch_size: 2, endpoint: {path: echo, params: {ids: '{resources.v.value|join('','')}'}, data_selector: '$'}}
  - {name: d, batch_size: 100, max_url_length: 22, endpoint: {path: 'echo/{resources.v.value|join('','')}/x', data_selector: '$'}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        asked(&world),
        ["/echo?ids=1,2", "/echo?ids=3,4", "/echo?ids=5"]
    );
    let d = world.query("select asked from shop.d order by rowid");
    assert_eq!(d, ["/echo/1,2,2,3,4,5,1/x?"]);
    let world = World::new(echo());
    world
        .run(
            "  - {name: v, values: [100, 200, 300, 400, 'a very long value']}
  - {name: c, batch_size: 100, max_url_length: 14, endpoint: {path: 'echo/{resources.v.value|join('','')}/x', data_selector: '$'}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        asked(&world),
        [
            "/echo/100,200/x?",
            "/echo/300,400/x?",
            "/echo/a%20very%20long%20value/x?"
        ]
    );
}

#[tokio::test]
async fn a_child_sees_what_its_parent_has_from_its_own_parent() {
    let world = World::new(echo());
    world
        .run(
            "  - {name: org, values: [acme, umbrella]}
  - {name: repo, include_from_parent: {value: org}, endpoint: {path: 'echo/{resources.org.value}', data_selector: '$', paginator: single_page}}
  - {name: c, endpoint: {path: 'echo/{resources.repo.org}/{resources.repo.asked}', data_selector: '$'}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        asked(&world),
        [
            "/echo/acme/%2Fecho%2Facme%3F?",
            "/echo/umbrella/%2Fecho%2Fumbrella%3F?"
        ]
    );
}

#[tokio::test]
async fn a_column_from_the_parent_and_a_field_of_one_name_are_an_error_unless_the_file_says_who_wins()
 {
    let file = "  - {name: p, values: [{id: 7, a: {b: [1, 2]}}]}
  - {name: c, include_from_parent: {id: asked, a.b: list}, endpoint: {path: 'echo/{resources.p.id}/x', data_selector: '$'}EXTRA}
";
    let world = World::new(echo());
    let error = world.run(&file.replace("EXTRA", "")).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "key `asked` of table `c` becomes `asked`, a column that comes from the parent"
    );
    assert!(error.hint().unwrap().contains("overwrite_from_parent"));
    let world = World::new(echo());
    world
        .run(&file.replace("EXTRA", ", overwrite_from_parent: true"))
        .await
        .unwrap();
    assert_eq!(
        world.query("select asked::varchar as a, list from shop.c"),
        ["7|[1,2]"]
    );
}

#[tokio::test]
async fn filters_and_null_reach_the_wire_as_documented() {
    let world = World::new(echo());
    world
        .run(
            "  - {name: p, values: [{at: '2024-03-01T10:00:00+02:00', n: null, tags: [b, c]}, {at: '2024-04-01T00:00:00Z', n: 5}]}
  - {name: c, endpoint: {path: 'echo/{resources.p.at|date(''%Y%m%d'')}/{{x}}', params: {a: '{resources.p.n}', b: '{resources.p.tags|default([])|join('' '')}', ids: '{resources.p.at|unix}'}, data_selector: '$', entity: many}}
",
        )
        .await
        .unwrap();
    assert_eq!(
        asked(&world),
        [
            "/echo/20240301/%7Bx%7D?b=b c&ids=1709280000",
            "/echo/20240401/%7Bx%7D?a=5&b=&ids=1711929600"
        ]
    );
}

#[tokio::test]
async fn a_preview_looks_at_the_children_of_a_few_seeds_only() {
    let world = World::new(echo());
    let pipeline = world.pipeline(
        "  - {name: p, range: {from: 1, to: 1000000}}
  - {name: c, endpoint: {path: 'echo/{resources.p.value}', data_selector: '$', entity: many}}
",
    );
    let preview = pipeline.preview(None, 10).await.unwrap();
    assert_eq!(preview.tables[0].batch.num_rows(), 3);
    assert_eq!(world.api.recorded().len(), 3);
}

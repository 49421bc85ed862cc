//! Parents, children and seeds as they are meant.

use apiduct_config::plan::{BatchPlan, ResourcePlan};
use apiduct_config::resolve::{Seed, SystemSource};
use apiduct_config::spec::ForEachMode;
use apiduct_config::template::ParentRow;
use apiduct_config::{ConfigErrors, Format, Plan, Resolved};
use apiduct_json::Captured;
use apiduct_model::{Redactor, Scalar};

fn plan(resources: &str) -> Plan {
    let text = format!("name: t\nclient: {{base_url: 'https://h'}}\nresources:\n{resources}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn resolve(plan: &Plan, files: &[(&str, &str)]) -> Result<Resolved, ConfigErrors> {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("the folder takes files");
    }
    plan.resolve(
        &SystemSource::in_folder(folder.path()),
        &Redactor::default(),
    )
}

fn resource<'p>(plan: &'p Plan, name: &str) -> &'p ResourcePlan {
    plan.resource(name).expect("the plan has the resource")
}

fn columns(plan: &Plan, name: &str) -> Vec<String> {
    let columns = resource(plan, name).from_parent.iter();
    let one = |column: &apiduct_config::plan::ParentColumn| {
        format!(
            "{}.{} as {}",
            column.tap.parent, column.tap.field, column.key
        )
    };
    columns.map(one).collect()
}

#[test]
fn fields_of_the_parent_have_paths_and_names() {
    let plan = plan(
        r"
  - p
  - {name: a, include_from_parent: {id: issue_id, user.login: author, 'items[0].x': null}, endpoint: 'p/{resources.p.id}/a'}
  - {name: b, include_from_parent: [id], endpoint: 'a/{resources.a.id}/b'}
",
    );
    assert_eq!(
        columns(&plan, "a"),
        [
            "p.id as issue_id",
            "p.user.login as author",
            "p.items[0].x as _p_items[0].x"
        ]
    );
    assert_eq!(columns(&plan, "b"), ["a.id as _a_id"]);
    assert!(!resource(&plan, "a").overwrite_from_parent);
}

#[test]
fn defaults_for_children_leave_resources_without_parent_and_seeds_alone() {
    let text = r"
name: t
client: {base_url: 'https://h'}
resource_defaults: {include_from_parent: {id: parent_id}, distinct: true, batch_size: 3, primary_key: id, endpoint: {params: {per_page: 5}}}
resources:
  - p
  - {name: seed, values: [1]}
  - {name: c, include_from_parent: null, endpoint: {path: c, params: {ids: '{resources.p.id|join('','')}'}}}
  - {name: d, batch_size: null, endpoint: 'd/{resources.p.id}'}
";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    assert!(columns(&plan, "p").is_empty() && columns(&plan, "c").is_empty());
    assert_eq!(columns(&plan, "d"), ["p.id as parent_id"]);
    assert_eq!(
        resource(&plan, "p").for_each,
        apiduct_config::plan::ForEachPlan::default()
    );
    let own = &resource(&plan, "c").for_each;
    let batch = BatchPlan {
        size: 3,
        max_url_length: 2000,
    };
    assert_eq!((own.distinct, own.batch), (true, Some(batch)));
    assert_eq!(resource(&plan, "d").for_each.batch, None);
    assert!(resource(&plan, "seed").primary_key.is_empty());
}

#[test]
fn several_parents_stand_in_the_order_of_for_each() {
    let plan = plan(
        r"
  - {name: c, for_each: product, endpoint: 'q/{resources.q.id}/{resources.p.id}/x'}
  - {name: d, for_each: {mode: zip, sources: [p, q]}, include_from_parent: {q.id: x, p.a.b: y}, endpoint: 'q/{resources.q.id}/{resources.p.id}/x'}
  - {name: e, for_each: {mode: zip, sources: [p, q]}, include_from_parent: [q.id], endpoint: 'q/{resources.q.id}/{resources.p.id}/x'}
  - p
  - q
",
    );
    let parents = |name: &str| -> Vec<&str> {
        let parents = resource(&plan, name).parents.iter();
        parents
            .map(|at| plan.resources[*at].name.as_str())
            .collect()
    };
    assert_eq!(parents("c"), ["q", "p"]);
    assert_eq!(parents("d"), ["p", "q"]);
    assert_eq!(
        resource(&plan, "c").for_each.mode,
        Some(ForEachMode::Product)
    );
    assert_eq!(resource(&plan, "d").for_each.mode, Some(ForEachMode::Zip));
    assert_eq!(columns(&plan, "d"), ["q.id as x", "p.a.b as y"]);
    assert_eq!(columns(&plan, "e"), ["q.id as _q_id"]);
    let taps = |name: &str| -> Vec<String> {
        let taps = resource(&plan, name).parent_taps.iter();
        taps.map(|tap| format!("{}.{}", tap.parent, tap.field))
            .collect()
    };
    assert_eq!(taps("d"), ["p.id", "p.a.b", "q.id"]);
    assert_eq!(
        resource(&plan, "d").request_taps,
        [0, 2],
        "columns are no part of the request"
    );
    let q = resource(&plan, "q");
    assert_eq!(q.children.len(), 3);
    assert_eq!(
        plan.describe().resources[2].for_each.as_deref(),
        Some("each row of `q` with each of `p`")
    );
}

#[test]
fn a_field_of_two_parents_is_told_apart_by_the_parent() {
    let plan = plan(
        r"
  - {name: c, for_each: product, endpoint: '{resources.p.id}/{resources.q.id}/{resources.p.id}/x'}
  - p
  - q
",
    );
    let child = resource(&plan, "c");
    let text = |text: &str| Captured::Scalar(Scalar::Text(text.into()));
    let row = ParentRow::new(child.parent_taps.clone(), vec![text("one"), text("two")]);
    let resolved = resolve(&plan, &[]).unwrap();
    let request = child.request_for(&resolved, Some(&row)).unwrap();
    assert_eq!(request.path, "one/two/one/x");
}

#[test]
fn a_batch_fills_lists() {
    let plan = plan(
        r"
  - p
  - {name: c, batch: 3, endpoint: {path: 'c/{resources.p.id|join('','')}', params: {n: '{resources.p.n|json}'}, json: {ids: '{resources.p.id}'}}}
",
    );
    let child = resource(&plan, "c");
    assert_eq!(
        child.selector,
        apiduct_config::plan::SelectorPlan::Detect,
        "many values, many records"
    );
    let number = |digits: &str| Captured::Scalar(Scalar::Number(digits.into()));
    let rows = vec![
        vec![number("1"), Captured::Scalar(Scalar::Text("a\"".into()))],
        vec![number("2"), Captured::Absent],
    ];
    let row = ParentRow::batch(child.parent_taps.clone(), &rows);
    let resolved = resolve(&plan, &[]).unwrap();
    let request = child.request_for(&resolved, Some(&row)).unwrap();
    assert_eq!(request.path, "c/1,2");
    assert_eq!(
        request.params,
        [("n".to_owned(), "[\"a\\\"\",null]".to_owned())]
    );
    assert_eq!(request.json, Some(serde_json::json!({"ids": [1, 2]})));
}

#[test]
fn a_field_that_a_row_has_from_its_own_parent_is_there_for_its_children() {
    let plan = plan(
        r"
  - p
  - {name: a, include_from_parent: {id: org}, endpoint: 'p/{resources.p.id}/a'}
  - {name: b, endpoint: '{resources.a.org}/{resources.a.id}/b'}
",
    );
    assert_eq!(resource(&plan, "a").tapped_columns, [(0, 0)]);
    assert!(resource(&plan, "p").tapped_columns.is_empty());
}

fn rows(plan: &Plan, files: &[(&str, &str)], name: &str) -> Vec<String> {
    let resolved = resolve(plan, files).unwrap_or_else(|errors| panic!("{errors}"));
    match resolved
        .seed_for(resource(plan, name))
        .expect("the resource is a seed")
    {
        Seed::Rows(rows) => rows.iter().map(ToString::to_string).collect(),
        Seed::Range(range) => range.rows().map(String::from).collect(),
        Seed::Sql(query) => vec![query.clone()],
    }
}

#[test]
fn seeds_are_rows_without_requests_and_loaded_only_if_the_file_says_so() {
    let plan = plan(
        r"
  - {name: a, values: [x, 1.5, true, {b: '{no} $${env:PLACEHOLDER}'}]}
  - {name: b, file: b.csv, selected: true}
  - {name: c, range: {from: 2024-01-30, to: 2024-02-01, step: 2d}}
  - {name: d, sql: select 1 as n}
  - {name: e, endpoint: 'x/{resources.a.value}/{resources.b.name}/y', for_each: product}
",
    );
    let files = [("b.csv", "name\nu\nv\n")];
    assert_eq!(
        rows(&plan, &files, "a"),
        [
            "\"x\"",
            "1.5",
            "true",
            "{\"b\":\"{no} ${env:PLACEHOLDER}\"}"
        ]
    );
    assert_eq!(
        rows(&plan, &files, "b"),
        [r#"{"name":"u"}"#, r#"{"name":"v"}"#]
    );
    assert_eq!(
        rows(&plan, &files, "c"),
        [
            r#"{"value":"2024-01-30","next":"2024-02-01"}"#,
            r#"{"value":"2024-02-01","next":"2024-02-03"}"#
        ]
    );
    assert_eq!(rows(&plan, &files, "d"), ["select 1 as n"]);
    let loaded = |name: &str| resource(&plan, name).is_loaded();
    assert!(!loaded("a") && loaded("b") && !loaded("c") && !loaded("d") && loaded("e"));
    let described = plan.describe();
    let seeds: Vec<Option<&str>> = described
        .resources
        .iter()
        .map(|one| one.seed.as_deref())
        .collect();
    assert_eq!(
        seeds,
        [
            Some("4 values of the file"),
            Some("the file `b.csv`"),
            Some("the range 2024-01-30 to 2024-02-01 by 2d"),
            Some("the query `select 1 as n` on the destination"),
            None
        ]
    );
    assert_eq!(described.resources[0].url, "");
}

#[test]
fn a_seed_file_that_cannot_be_read_is_named_where_it_is_asked_for() {
    let plan = plan(
        "  - {name: a, file: a.csv}\n  - {name: b, file: b.jsonl}\n  - {name: c, file: c.txt}\n",
    );
    let errors = resolve(
        &plan,
        &[("b.jsonl", "{\"a\": 1}\n{\"a\"\n"), ("c.txt", "x")],
    )
    .unwrap_err();
    let places: Vec<(usize, usize)> = errors
        .iter()
        .map(|one| (one.place.line, one.place.column))
        .collect();
    assert_eq!(places, [(4, 21), (5, 21), (6, 21)]);
    let text = errors.to_string();
    for part in [
        "a.csv`: there is no such file",
        "b.jsonl`: line 2: ",
        "c.txt`: its extension is none of",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn how_many_rows_of_the_parent_may_fail_comes_from_the_defaults_too() {
    let text = r"
client: {base_url: 'https://h'}
resource_defaults: {on_error: skip}
resources:
  - p
  - {name: a, endpoint: 'p/{resources.p.id}/a'}
  - {name: b, on_error: fail, endpoint: 'p/{resources.p.id}/b'}
  - {name: c, on_error: null, endpoint: 'p/{resources.p.id}/c'}
  - {name: d, on_error: {action: dead_letter, max_share: 0.02, min_failures: 0}, endpoint: 'p/{resources.p.id}/d'}
";
    let plan = Plan::parse(text, Format::Yaml, "source.yaml").unwrap();
    let of = |name: &str| plan.resource(name).unwrap().tolerance;
    assert_eq!([of("p"), of("b"), of("c")], [None; 3]);
    let usual = of("a").unwrap();
    assert_eq!((usual.min_failures, usual.bears(11, 110)), (10, true));
    assert!(!usual.bears(11, 109));
    assert_eq!(
        of("d").unwrap().to_string(),
        "up to 0 rows of the parent may fail, or 2 % of them; they are listed in a table"
    );
}

#[test]
fn a_join_names_one_field_of_each_parent() {
    let file = |for_each: &str| {
        format!(
            "\n  - {{name: c, for_each: {for_each}, endpoint: 'q/{{resources.q.id}}/{{resources.p.id}}/x'}}\n  - p\n  - q\n"
        )
    };
    let plan = plan(&file("{mode: join, on: [p.a.b, q.id]}"));
    let child = resource(&plan, "c");
    let fields: Vec<String> = child
        .for_each
        .join
        .iter()
        .map(|one| format!("{}.{} {}", one.tap.parent, one.tap.field, one.at))
        .collect();
    assert_eq!(
        fields,
        ["q.id 0", "p.a.b 1"],
        "in the order of the parents, behind what requests need"
    );
    assert_eq!(
        plan.describe().resources[2].for_each.as_deref(),
        Some("the rows of `q` and `p` where `q.id` is `p.a.b`")
    );
    for (for_each, message) in [
        ("join", "a join needs `on`, a field of each parent"),
        (
            "{mode: zip, on: [p.a, q.id]}",
            "only `mode: join` goes by fields",
        ),
        (
            "{mode: join, on: [p.a]}",
            "`on` names one field of each parent, and no more",
        ),
        (
            "{mode: join, on: [p.a, p.b, q.c]}",
            "`on` names one field of each parent, and no more",
        ),
        (
            "{mode: join, on: [p.a, x.c]}",
            "`x.c` does not say which of several parents it is from",
        ),
    ] {
        let text = format!(
            "client: {{base_url: 'https://h'}}\nresources:{}",
            file(for_each)
        );
        let told = Plan::parse(&text, Format::Yaml, "t.yaml")
            .unwrap_err()
            .to_string();
        assert!(told.contains(message), "{for_each}: {told}");
    }
}

//! A table for each kind of record.

use apiduct_model::Hint as _;
use apiduct_pipeline::Status;
use apiduct_testkit::Reply;

use super::*;

const BY_TYPE: &str = "  - {name: events, primary_key: id, table_name: 'event_{type}', endpoint: {path: events, paginator: single_page, data_selector: $}}\n";

fn world(events: Value) -> World {
    changing(events).1
}

/// An API whose events can be changed between runs.
fn changing(events: Value) -> (Arc<Mutex<Value>>, World) {
    let events = Arc::new(Mutex::new(events));
    let served = Arc::clone(&events);
    let answer = move |_: &apiduct_testkit::Received| Reply::json(&*served.lock().unwrap());
    let api = MockApi::builder().get("/events", answer).start();
    (events, World::new(api))
}

fn tables(world: &World) -> Vec<String> {
    world.query(
        "select table_name as n from information_schema.tables where table_schema = 'shop' and table_name not like '\\_%' escape '\\' order by 1",
    )
}

fn events() -> Value {
    json!([
        {"id": 1, "type": "Push", "commits": [{"sha": "a"}, {"sha": "b"}]},
        {"id": 2, "type": "pull request", "number": 7, "data": {"size": 1.5}},
        {"id": 3, "type": "push", "commits": [{"sha": "c"}], "forced": true},
        {"id": 4, "type": 17, "number": "x"},
    ])
}

#[tokio::test]
async fn records_go_to_the_table_that_they_name() {
    let world = world(events());
    let receipt = world.run(BY_TYPE).await.unwrap();
    assert_eq!(receipt.status, Status::Complete);
    assert_eq!(receipt.resources["events"].rows, 4);
    let counts: Vec<(&str, u64)> = receipt
        .tables
        .iter()
        .map(|(name, rows)| (name.as_str(), *rows))
        .collect();
    assert_eq!(
        counts,
        [
            ("event_push", 2),
            ("event_push__commits", 3),
            ("event_pull_request", 1),
            ("event_17", 1)
        ]
    );
    assert_eq!(
        tables(&world),
        [
            "event_17",
            "event_pull_request",
            "event_push",
            "event_push__commits"
        ],
        "and none of the resource's name"
    );
    // Each table has its own columns, and its own types.
    let columns = |table: &str| {
        world.query(&format!(
            "select column_name || ' ' || data_type as c from information_schema.columns where table_name = '{table}' and column_name not like '\\_%' escape '\\' order by 1"
        ))
    };
    assert_eq!(
        columns("event_push"),
        ["forced BOOLEAN", "id BIGINT", "type VARCHAR"]
    );
    assert_eq!(
        columns("event_pull_request"),
        [
            "data__size DOUBLE",
            "id BIGINT",
            "number BIGINT",
            "type VARCHAR"
        ]
    );
    assert_eq!(
        columns("event_17"),
        ["id BIGINT", "number VARCHAR", "type BIGINT"]
    );
    let joined = world.query(
        "select e.id || c.sha as j from shop.event_push e join shop.event_push__commits c on c._apiduct_parent_id = e._apiduct_id order by 1",
    );
    assert_eq!(joined, ["1a", "1b", "3c"]);
}

#[tokio::test]
async fn replace_empties_the_tables_that_get_no_rows_any_more() {
    let (served, world) = changing(events());
    let text = BY_TYPE.replace("primary_key: id", "write_disposition: replace");
    world.run(&text).await.unwrap();
    *served.lock().unwrap() = json!([{"id": 9, "type": "push"}]);
    world.run(&text).await.unwrap();
    let count =
        |table: &str| world.query(&format!("select count(*)::varchar as n from shop.{table}"));
    assert_eq!(count("event_push"), ["1"]);
    for emptied in ["event_push__commits", "event_pull_request", "event_17"] {
        assert_eq!(count(emptied), ["0"], "{emptied}");
    }
}

#[tokio::test]
async fn each_table_is_merged_by_the_key_of_the_resource() {
    let (served, world) = changing(events());
    let text = BY_TYPE.replace(
        "primary_key: id",
        "primary_key: id, write_disposition: merge",
    );
    world.run(&text).await.unwrap();
    *served.lock().unwrap() =
        json!([{"id": 3, "type": "push", "forced": false}, {"id": 5, "type": "push"}]);
    world.run(&text).await.unwrap();
    let pushed = world.query(
        "select id || ':' || coalesce(forced::varchar, '-') as p from shop.event_push order by id",
    );
    assert_eq!(pushed, ["1:-", "3:false", "5:-"]);
    assert_eq!(
        world.query("select sha as s from shop.event_push__commits order by 1"),
        ["a", "b"]
    );
}

#[tokio::test]
async fn children_see_the_records_of_all_tables_in_their_order() {
    let served = MockApi::builder()
        .get("/events", |_| Reply::json(&events()))
        .get("/events/{id}/notes", |request| {
            Reply::json(&json!([{"of": request.segment("id").unwrap()}]))
        });
    let world = World::new(served.start());
    let text = format!(
        "{BY_TYPE}  - {{name: notes, include_from_parent: [type], endpoint: {{path: 'events/{{resources.events.id}}/notes', paginator: single_page, data_selector: $}}}}\n"
    );
    world.run(&text).await.unwrap();
    let notes = world.query("select \"of\" || _events_type as n from shop.notes order by rowid");
    assert_eq!(notes, ["1Push", "2pull request", "3push", "417"]);
}

#[tokio::test]
async fn a_child_with_tables_of_its_own_keeps_the_fields_of_its_parent() {
    let served = MockApi::builder()
        .get("/users", |_| Reply::json(&json!([{"id": 1}, {"id": 2}])))
        .get("/users/{id}/events", |_| {
            Reply::json(&json!([{"n": 1, "type": "a"}, {"n": 2, "type": "b"}]))
        });
    let world = World::new(served.start());
    let text = "
  - {name: users, endpoint: {path: users, paginator: single_page, data_selector: $}}
  - name: events
    table_name: '{type}s'
    include_from_parent: [id]
    endpoint: {path: 'users/{resources.users.id}/events', paginator: single_page, data_selector: $}
";
    world.run(text).await.unwrap();
    for (table, n) in [("as", 1), ("bs", 2)] {
        let rows = world.query(&format!(
            "select _users_id || '/' || n as r from shop.\"{table}\" order by 1"
        ));
        assert_eq!(rows, [format!("1/{n}"), format!("2/{n}")]);
    }
}

#[tokio::test]
async fn a_step_names_records_that_have_no_name() {
    let world = world(json!([{"id": 1}, {"id": 2, "type": "push"}]));
    let error = world.run(BY_TYPE).await.unwrap_err();
    let mut causes =
        std::iter::successors(Some(&error as &dyn std::error::Error), |one| one.source());
    assert!(
        causes.any(|one| one.to_string()
            == "record 0 of the page has no text or number at `type`, which its table is named by"),
        "{error:?}"
    );
    let hint = error.hint().unwrap();
    let step = hint.split('`').nth(1).unwrap();
    assert_eq!(step, "processing_steps: [{map: '.type //= \"other\"'}]");
    world
        .run(&BY_TYPE.replace("primary_key: id", step))
        .await
        .unwrap();
    assert_eq!(tables(&world), ["event_other", "event_push"]);
}

#[tokio::test]
async fn names_that_no_table_can_have_are_refused() {
    for (name, why) in [
        (
            "_apiduct_loads",
            "a record goes to table `_apiduct_loads`, a name that is empty or reserved",
        ),
        (
            "push__commits",
            "a record goes to table `push__commits`, which gets the elements of a list already",
        ),
    ] {
        let world = world(json!([{"type": "push", "commits": [1]}, {"type": name}]));
        let error = world
            .run(&BY_TYPE.replace("event_{type}", "{type}"))
            .await
            .unwrap_err();
        let mut causes =
            std::iter::successors(Some(&error as &dyn std::error::Error), |one| one.source());
        assert!(causes.any(|one| one.to_string() == why), "{error:?}");
    }
}

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The page of parents `1..=parents` that `request` asks for, where pages have these sizes over and over.
fn split(request: &Received, parents: i64, sizes: &[usize]) -> Reply {
    let ids: Vec<i64> = (1..=parents).collect();
    let mut rest = ids.as_slice();
    let mut pages = Vec::new();
    for size in sizes.iter().cycle() {
        let (page, others) = rest.split_at(rest.len().min(*size));
        pages.push(page);
        rest = others;
        if rest.is_empty() {
            break;
        }
    }
    let page = usize::try_from(request.number_param("page").unwrap_or(1)).unwrap();
    let ids = pages.get(page - 1).copied().unwrap_or_default();
    let data: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "at": "2024-01-01"}))
        .collect();
    Reply::json(&json!({"data": data, "page": page, "pages": pages.len()}))
}

fn tree(parents: i64, size: usize) -> MockApi {
    split_tree(parents, vec![size], 2)
}

/// Parents `1..=parents`, in pages of these sizes, each with five children, `children` a page, that qualify; child `c` of
/// parent `p` is `p*100+c`.
fn split_tree(parents: i64, sizes: Vec<usize>, children: usize) -> MockApi {
    let builder =
        MockApi::builder().get("/parents", move |request| split(request, parents, &sizes));
    let builder = builder.get("/parents/{id}/children", move |request| {
        let parent: i64 = request.segment("id").unwrap().parse().unwrap();
        // Cursors of different parents interleave, and those of one parent fall.
        let child = |at: i64| {
            event(
                parent * 100 + at,
                &format!("2024-02-{:02}T00:00:00Z", 1 + (parent * 7 + at * 5) % 28),
            )
        };
        let all = Rows::default();
        all.set((0..5).map(child));
        all.page(request, children)
    });
    builder.start()
}

fn tree_file(concurrency: u64, notation: &str) -> String {
    let pages = "data_selector: data, paginator: {type: page_number, total_path: pages}";
    format!(
        "  - {{name: parents, selected: false, endpoint: {{{pages}}}}}\n  - {{name: events, endpoint: {{path: 'parents/{{resources.parents.id}}/children', {pages}, {notation}}}}}\nruntime: {{concurrency: {concurrency}}}\n"
    )
}

async fn pull(api: MockApi, text: &str) -> (Vec<String>, Value) {
    let world = World::new(api);
    let head = format!(
        "name: shop\nclient: {{base_url: '{}'}}\nresources:\n{text}",
        world.api.base_url()
    );
    let plan = Plan::parse(&head, Format::Yaml, "shop.yaml").unwrap();
    let builder = Pipeline::builder(plan, Arc::new(SystemSource::in_folder(world.folder.path())));
    let pipeline = builder
        .working_dir(world.folder.path())
        .destination(world.destination())
        .build();
    pipeline.run().await.unwrap();
    let rows = world.query("select id::varchar as id from shop.events order by rowid");
    (rows, remembered(&world)["incremental"].clone())
}

#[tokio::test]
async fn all_children_of_all_parents_come_whatever_the_pages() {
    let notations = [
        "incremental: {cursor_path: at}",
        "incremental: {cursor_path: at, start_param: since}",
        "incremental: {cursor_path: at}, params: {since: '{incremental.start_value}'}",
        "params: {since: {type: incremental, cursor_path: at}}",
        "incremental: {cursor_path: at, scope: parent}, params: {since: '{incremental.start_value}'}",
    ];
    for notation in notations {
        let (rows, _) = pull(tree(25, 5), &tree_file(8, notation)).await;
        assert_eq!(rows.len(), 125, "{notation}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Any split of the parents into pages, pages of 1 to 100 rows at both levels, and any concurrency give the same rows
    /// in the same order and the same state.
    #[test]
    fn any_split_of_parents_gives_the_same_rows(
        sizes in proptest::collection::vec(1_usize..=100, 1..6),
        children in 1_usize..=100,
        concurrency in 1_u64..=64,
        per_parent: bool,
    ) {
        let scope = if per_parent { "parent" } else { "resource" };
        let notation = format!(
            "incremental: {{cursor_path: at, initial_value: '2024-02-03', scope: {scope}}}, params: {{since: '{{incremental.start_value}}'}}"
        );
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (rows, state) = runtime.block_on(pull(split_tree(110, sizes, children), &tree_file(concurrency, &notation)));
        let expected: Vec<String> = (1..=110_i64)
            .flat_map(|parent| (0..5).map(move |at| (parent, at)))
            .filter(|(parent, at)| (parent * 7 + at * 5) % 28 >= 2)
            .map(|(parent, at)| (parent * 100 + at).to_string())
            .collect();
        prop_assert_eq!(rows, expected);
        if per_parent {
            prop_assert_eq!(state["parents"].as_object().unwrap().len(), 110);
        } else {
            prop_assert_eq!(&state["last_value"], "2024-02-28T00:00:00Z");
        }
    }
}

/// Parents with rows that change between runs, by the parent's number.
#[derive(Clone, Default)]
struct Family(Arc<Mutex<BTreeMap<i64, Rows>>>);

impl Family {
    fn child(&self, parent: i64) -> Rows {
        self.0.lock().unwrap().entry(parent).or_default().clone()
    }

    fn serve(&self) -> World {
        let (list, single) = (self.clone(), self.clone());
        let builder = MockApi::builder().get("/parents", move |_| {
            let parents: Vec<Value> = list
                .0
                .lock()
                .unwrap()
                .keys()
                .map(|id| json!({"id": id, "title": format!("t{id}")}))
                .collect();
            Reply::json(&json!({"data": parents, "page": 1, "pages": 1}))
        });
        let builder = builder.get("/parents/{id}/children", move |request| {
            single
                .child(request.segment("id").unwrap().parse().unwrap())
                .page(request, 2)
        });
        World::new(builder.start())
    }
}

#[tokio::test]
async fn late_rows_of_a_quiet_parent_are_loaded_with_a_cursor_for_each_parent() {
    for (scope, expected) in [("resource", 3), ("parent", 4)] {
        let family = Family::default();
        family.child(1).set(days(9..=9));
        family.child(2).set(days(1..=1));
        let world = family.serve();
        let text = tree_file(
            4,
            &format!(
                "incremental: {{cursor_path: at, scope: {scope}}}, params: {{since: '{{incremental.start_value}}'}}"
            ),
        );
        let text = text.split("runtime").next().unwrap();
        world.run(text).await.unwrap();
        family.child(1).add(days(10..=10));
        family.child(2).add(days(2..=2));
        world.run(text).await.unwrap();
        assert_eq!(ids(&world).len(), expected, "{scope}");
    }
}

#[tokio::test]
async fn each_parent_is_asked_from_its_own_cursor() {
    let family = Family::default();
    family.child(1).set(days(9..=9));
    family.child(2).set(days(1..=1));
    let world = family.serve();
    let text = tree_file(
        4,
        "incremental: {cursor_path: at, scope: parent, lag: 1d, initial_value: '2024-01-01T00:00:00Z'}, params: {since: '{incremental.start_value}'}",
    );
    let text = text.split("runtime").next().unwrap();
    world.run(text).await.unwrap();
    world.api.forget();
    family.child(3).set(days(1..=1));
    world.run(text).await.unwrap();
    let mut asked: Vec<String> = world
        .api
        .recorded()
        .iter()
        .filter_map(|one| one.param("since").map(str::to_owned))
        .collect();
    asked.sort();
    assert_eq!(
        asked,
        [
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00Z",
            "2024-01-08T00:00:00Z"
        ]
    );
}

#[tokio::test]
async fn a_parent_that_is_gone_is_forgotten_after_a_complete_pull() {
    let family = Family::default();
    for parent in 1..=3 {
        family.child(parent).set(days(1..=1));
    }
    let world = family.serve();
    let text = tree_file(4, "incremental: {cursor_path: at, scope: parent}");
    let text = text.split("runtime").next().unwrap();
    let receipt = world.run(text).await.unwrap();
    assert_eq!(
        receipt.resources["events"].cursor.clone().unwrap().parents,
        Some(3)
    );
    family.0.lock().unwrap().remove(&2);
    world
        .run(
            &text
                .replace(
                    "{name: parents,",
                    "{name: parents, endpoint: {max_pages: 1}, ",
                )
                .replace(
                    "endpoint: {max_pages: 1},  selected: false, endpoint: {",
                    "selected: false, endpoint: {max_records: 1, ",
                ),
        )
        .await
        .unwrap();
    assert_eq!(
        remembered(&world)["incremental"]["parents"]
            .as_object()
            .unwrap()
            .len(),
        3,
        "not all parents were met"
    );
    world.run(text).await.unwrap();
    assert_eq!(
        remembered(&world)["incremental"]["parents"]
            .as_object()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_field_that_only_goes_into_columns_does_not_make_another_parent() {
    let family = Family::default();
    family.child(1).set(days(1..=1));
    let world = family.serve();
    let text = tree_file(1, "incremental: {cursor_path: at, scope: parent}");
    let text = text.split("runtime").next().unwrap().to_owned();
    world.run(&text).await.unwrap();
    let with_title = text.replace(
        "{name: events,",
        "{name: events, include_from_parent: [title],",
    );
    world.run(&with_title).await.unwrap();
    assert_eq!(ids(&world), ["1"], "the cursor of the parent still holds");
}

#[tokio::test]
async fn rows_that_a_parent_leaves_out_have_no_children() {
    let world = World::new(tree(4, 2));
    let text = tree_file(2, "incremental: {cursor_path: at}");
    let text = text.split("runtime").next().unwrap();
    let text = text.replace(
        "{name: parents, selected: false, endpoint: {",
        "{name: parents, selected: false, endpoint: {incremental: {cursor_path: id, initial_value: 3}, ",
    );
    world.run(&text).await.unwrap();
    assert_eq!(ids(&world).len(), 10, "those of parents 3 and 4");
    world.run(&text).await.unwrap();
    let asked = world
        .api
        .recorded()
        .iter()
        .filter(|one| one.path.contains("/children"))
        .count();
    assert_eq!(asked, 6, "no parent is new in the second run");
}

/// Parents that load what is new, and their children, all with this write disposition.
fn new_parents(disposition: &str) -> String {
    let file = tree_file(2, "max_pages: 9");
    let file = file.split("runtime").next().unwrap();
    let file = file.replace(
        "{name: parents, selected: false, endpoint: {",
        "{name: parents, primary_key: id, endpoint: {incremental: {cursor_path: id}, ",
    );
    format!("{file}resource_defaults: {{write_disposition: {disposition}}}\n")
        .replace("name: events,", "name: events, primary_key: id,")
}

fn only(name: &str) -> RunOptions {
    RunOptions {
        select: vec![name.to_owned()],
        ..RunOptions::default()
    }
}

#[tokio::test]
async fn a_part_of_what_loads_incrementally_is_refused_where_rows_would_be_lost_or_doubled() {
    let world = World::new(tree(4, 2));
    let text = new_parents("append");
    for (selected, other) in [("parents", "events"), ("events", "parents")] {
        use apiduct_model::Hint as _;

        let error = world.run_with(&text, only(selected)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "resource `parents` loads what is new, and `{other}` would not get the rows that belong to it"
            )
        );
        assert!(error.hint().unwrap().starts_with(&format!(
            "select `{other}` as well, or load `{selected}` with"
        )));
    }
    assert_eq!(world.api.recorded().len(), 0);
    world.run(&text).await.unwrap();
}

#[tokio::test]
async fn a_part_of_what_is_merged_leaves_the_cursor_for_the_rest() {
    let world = World::new(tree(4, 2));
    let text = new_parents("merge");
    world.run_with(&text, only("parents")).await.unwrap();
    let receipt = world.run(&text).await.unwrap();
    assert_eq!(receipt.resources["parents"].rows, 4, "they come again");
    assert_eq!(ids(&world).len(), 20);
    assert_eq!(
        world.query("select count(*)::varchar as n from shop.parents"),
        ["4"]
    );
    let receipt = world.run(&text).await.unwrap();
    assert_eq!(
        receipt.tables.values().sum::<u64>(),
        0,
        "and now the cursor has moved"
    );
}

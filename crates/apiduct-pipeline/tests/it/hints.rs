//! Hints for tables, from the file to the database.

use super::*;

fn orders() -> MockApi {
    let order = |id: i64| json!({"id": id, "user": {"name": "ada", "key": {"no": id * 10}}, "items": [{"n": "7", "parts": [{"p": 1}]}]});
    MockApi::builder()
        .collection("orders", (1..=3).map(order).collect::<Vec<_>>())
        .get("/users/{no}", |request| {
            apiduct_testkit::Reply::json(&json!({"no": request.segment("no")}))
        })
        .start()
}

#[tokio::test]
async fn what_is_deeper_than_the_levels_is_loaded_as_json() {
    let world = World::new(orders());
    let file = "  - {name: orders, max_table_nesting: 1}\n";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.tables.len(), 2);
    let rows =
        world.query("select user__name as n, user__key->>'no' as k from shop.orders where id = 2");
    assert_eq!(rows, ["ada|20"]);
    let parts = world.query("select parts->>'$[0].p' as p from shop.orders__items limit 1");
    assert_eq!(parts, ["1"]);
}

#[tokio::test]
async fn children_find_their_parents_values_inside_of_json() {
    let world = World::new(orders());
    let file = "  - {name: orders, max_table_nesting: 0}
  - {name: users, endpoint: 'users/{resources.orders.user.key.no}'}
";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.tables["users"], 3);
    assert_eq!(world.api.requests_to("/users/30").len(), 1);
}

#[tokio::test]
async fn nested_tables_have_the_names_and_types_of_their_hints() {
    let world = World::new(orders());
    let file = "  - {name: orders, nested_hints: {items: {table_name: Order Lines, columns: {n: {data_type: bigint}}}}}\n";
    world.run(file).await.unwrap();
    let rows = world.query("select n + 1 as n from shop.order_lines limit 1");
    assert_eq!(rows, ["8"]);
    assert_eq!(world.count("order_lines__parts"), "3");
}

#[tokio::test]
async fn hints_that_no_destination_heeds_load_as_without_them() {
    let world = World::new(orders());
    let file = "  - {name: orders, table_format: iceberg, file_format: parquet, parallelized: true, schema_contract: evolve, columns: [{name: id, data_type: bigint, partition: true, primary_key: true}]}\n";
    world.run(file).await.unwrap();
    assert_eq!(world.count("orders"), "3");
}

use apiduct_json::ScanPlan;
use apiduct_json::Selector;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Any JSON value over a small set of keys, so that shapes clash. Numbers are such that text and double agree.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "[a-z \"\\\\é]{0,12}".prop_map(Value::from),
        Just(Value::from("2024-05-06T07:08:09Z")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-e]", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn data(tables: &Tables) -> Vec<(String, Vec<Row>)> {
    let sorted = |mut row: Row| {
        row.sort();
        row
    };
    let rows = |name: &str| {
        tables
            .data(name)
            .into_iter()
            .map(sorted)
            .collect::<Vec<_>>()
    };
    let mut all: Vec<_> = tables
        .schema
        .tables
        .keys()
        .map(|name| (name.to_string(), rows(name)))
        .collect();
    all.sort();
    all
}

proptest! {
    #[test]
    fn the_walk_gives_what_the_rules_say(records in proptest::collection::vec(value(), 1..8), batch_rows in 1_usize..5) {
        let texts: Vec<String> = records.iter().map(Value::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let tables = normalize_with(Options { batch_rows, ..options() }, &[&texts], &[]).unwrap();
        let expected: Vec<_> = oracle::shred("things", &records).into_iter().collect();
        prop_assert_eq!(data(&tables), expected);
    }

    #[test]
    fn both_roads_give_the_same_tables(records in proptest::collection::vec(value(), 0..6)) {
        let page = Bytes::from(serde_json::json!({"meta": {"n": 1}, "data": records}).to_string());
        let normalize = |selector: &str| {
            let plan = ScanPlan::new(Selector::parse(selector).unwrap(), Vec::new());
            let scanned = plan.scan(&page).unwrap();
            let mut normalizer = Normalizer::try_new(options()).unwrap();
            normalizer.push(&scanned.records, &[]).unwrap();
            let (batches, schema) = normalizer.finish();
            (format!("{:?}", plan.road()), Tables { schema, batches })
        };
        let (scan, compiled) = normalize("data[*]");
        let (value, filtered) = normalize("data[?(1 == 1)]");
        prop_assert_ne!(scan, value, "the two selectors must take different roads");
        prop_assert_eq!(&compiled.schema, &filtered.schema);
        for table in compiled.schema.tables.keys() {
            prop_assert_eq!(compiled.rows(table), filtered.rows(table));
        }
    }
}

use std::collections::HashSet;

use apiduct_json::{Captured, Selector};
use apiduct_model::{DataType, Hint};
use apiduct_normalize::Tap;

use super::*;

#[test]
fn objects_are_flattened_and_names_normalized() {
    let tables =
        normalize(&[r#"{"userID": 7, "Home Address": {"zipCode": "01234", "geo": {"lat": 1.5}}}"#]);
    let expected = row(&[
        ("user_id", "7"),
        ("home_address__zip_code", "01234"),
        ("home_address__geo__lat", "1.5"),
    ]);
    assert_eq!(tables.data("things"), [expected]);
}

#[test]
fn lists_become_nested_tables_that_point_to_their_parents() {
    let tables = normalize(&[
        r#"{"id": 1, "tags": ["a", "b"]}"#,
        r#"{"id": 2}"#,
        r#"{"id": 3, "tags": ["c"]}"#,
    ]);
    let id = |row: &Row, name: &str| {
        row.iter()
            .find(|(one, _)| one == name)
            .map(|(_, value)| value.clone())
            .unwrap()
    };
    let parents: Vec<String> = tables
        .rows("things")
        .iter()
        .map(|row| id(row, "_apiduct_id"))
        .collect();
    let nested = tables.rows("things__tags");
    let links: Vec<(String, String, String)> = nested
        .iter()
        .map(|row| {
            (
                id(row, "_apiduct_parent_id"),
                id(row, "_apiduct_list_idx"),
                id(row, "value"),
            )
        })
        .collect();
    let link = |parent: usize, position: &str, value: &str| {
        (parents[parent].clone(), position.into(), value.into())
    };
    assert_eq!(
        links,
        [link(0, "0", "a"), link(0, "1", "b"), link(2, "0", "c")]
    );
    assert_eq!(
        tables
            .schema
            .table("things__tags")
            .unwrap()
            .parent
            .as_deref(),
        Some("things")
    );
}

#[test]
fn lists_of_lists_pass_through_a_table_called_list() {
    let tables = normalize(&[r#"{"m": [[1, 2], [3]]}"#]);
    assert_eq!(tables.rows("things__m").len(), 2);
    let values: Vec<Row> = tables.data("things__m__list");
    assert_eq!(
        values,
        [
            row(&[("value", "1")]),
            row(&[("value", "2")]),
            row(&[("value", "3")])
        ]
    );
}

#[test]
fn empty_lists_and_objects_leave_no_trace() {
    let tables = normalize(&[r#"{"id": 1, "a": [], "b": {}, "c": null}"#]);
    assert_eq!(tables.data("things"), [row(&[("id", "1")])]);
    assert_eq!(tables.schema.tables.len(), 1);
}

#[test]
fn records_that_are_no_objects_are_kept() {
    let tables = normalize(&["5", "\"x\"", "null", "[1]"]);
    assert_eq!(
        tables.data("things"),
        [
            row(&[("value", "5")]),
            row(&[("value", "x")]),
            row(&[]),
            row(&[])
        ]
    );
    assert_eq!(tables.data("things__list"), [row(&[("value", "1")])]);
}

#[test]
fn a_scalar_where_an_object_was_gets_a_column_of_its_own() {
    let tables = normalize(&[r#"{"c": {"z": 1}}"#, r#"{"c": 2}"#, r#"{"c": [3]}"#]);
    assert_eq!(
        tables.data("things"),
        [row(&[("c__z", "1")]), row(&[("c", "2")]), row(&[])]
    );
    assert_eq!(tables.data("things__c"), [row(&[("value", "3")])]);
}

#[test]
fn types_widen_over_the_batches_of_a_load() {
    let small = Options {
        batch_rows: 1,
        ..options()
    };
    let pages: &[&[&str]] = &[
        &[r#"{"n": 1, "t": "2024-01-01T00:00:00Z"}"#],
        &[r#"{"n": 1.5, "t": "soon"}"#],
    ];
    let tables = normalize_with(small, pages, &[]).unwrap();
    assert_eq!(tables.batches.len(), 2);
    assert_eq!(tables.type_of("things", "n"), "double");
    assert_eq!(tables.type_of("things", "t"), "text");
    let texts: Vec<String> = tables
        .rows("things")
        .iter()
        .map(|row| row[1].1.clone())
        .collect();
    assert_eq!(
        texts,
        ["2024-01-01T00:00:00Z", "soon"],
        "the first value is as it was sent"
    );
}

#[test]
fn identities_do_not_depend_on_pages_or_batches() {
    let records: Vec<String> = (0..20)
        .map(|id| format!(r#"{{"id": {id}, "l": [{id}, {{"x": 1}}]}}"#))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let whole = normalize(&records);
    let (first, second) = records.split_at(7);
    let parts = normalize_with(
        Options {
            batch_rows: 3,
            ..options()
        },
        &[first, second],
        &[],
    )
    .unwrap();
    for table in ["things", "things__l"] {
        assert_eq!(whole.rows(table), parts.rows(table));
    }
    let ids: HashSet<String> = whole
        .rows("things__l")
        .into_iter()
        .flatten()
        .filter(|(name, _)| name == "_apiduct_id")
        .map(|(_, id)| id)
        .collect();
    assert_eq!(ids.len(), 40);
}

#[test]
fn two_keys_that_become_one_name_are_an_error_that_names_both() {
    for (record, first, second) in [
        (r#"{"A": 1, "a": 2}"#, "A", "a"),
        (r#"{"a": {"b": 1}, "a__b": 2}"#, "a.b", "a__b"),
        (r#"{"x": {"Ids": [1]}, "x__ids": [2]}"#, "x.Ids", "x__ids"),
    ] {
        let error = normalize_with(options(), &[&[record]], &[]).err().unwrap();
        let NormalizeError::Collision(collision) = &error else {
            panic!("{error}")
        };
        assert_eq!(
            (collision.first.as_str(), collision.second.as_str()),
            (first, second)
        );
        assert!(error.hint().is_some());
    }
}

#[test]
fn reserved_names_are_refused() {
    let error = normalize_with(options(), &[&[r#"{"_apiduct_id": 1}"#]], &[])
        .err()
        .unwrap();
    assert!(matches!(error, NormalizeError::Reserved { .. }), "{error}");
}

#[test]
fn values_used_as_keys_hit_a_limit_with_advice() {
    let record: String = format!(
        "{{{}}}",
        (0..20)
            .map(|n| format!("\"k{n}\": 1"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let error = normalize_with(
        Options {
            max_columns: 10,
            ..options()
        },
        &[&[&record]],
        &[],
    )
    .err()
    .unwrap();
    assert_eq!(
        error.to_string(),
        "table `things` gets more than 10 columns, the last one from key `k10`"
    );
    assert!(error.hint().unwrap().contains("data_type: json"));
    let record = r#"{"a": [1], "b": [1], "c": [1]}"#;
    let error = normalize_with(
        Options {
            max_tables: 3,
            ..options()
        },
        &[&[record]],
        &[],
    )
    .err()
    .unwrap();
    assert!(
        matches!(error, NormalizeError::TooManyTables { limit: 3, .. }),
        "{error}"
    );
}

#[test]
fn the_last_of_two_equal_keys_wins() {
    let tables = normalize(&[
        r#"{"a": 1, "l": [1, 2], "a": 2, "l": [3]}"#,
        r#"{"a": 3, "\u0061": 4}"#,
    ]);
    assert_eq!(
        tables.data("things"),
        [row(&[("a", "2")]), row(&[("a", "4")])]
    );
    assert_eq!(tables.data("things__l"), [row(&[("value", "3")])]);
}

#[test]
fn escaped_keys_and_values_are_read_as_what_they_mean() {
    let tables = normalize(&[
        r#"{"n\u0061me": "a\nb", "\ud83d\ude80x": "\"q\""}"#,
        r#"{"name": "c"}"#,
    ]);
    assert_eq!(
        tables.data("things"),
        [
            row(&[("name", "a\nb"), ("_x", "\"q\"")]),
            row(&[("name", "c")])
        ]
    );
}

#[test]
fn a_record_that_breaks_leaves_the_rows_before_it() {
    let mut normalizer = tapped(&["id"]);
    let broken = Records::from_texts([
        r#"{"id": 1, "l": [1]}"#,
        r#"{"id": 2, "l": [2, 3], "x": 01}"#,
    ])
    .unwrap();
    let error = normalizer.push(&broken, &[]).unwrap_err();
    assert!(
        matches!(error, NormalizeError::Syntax { record: 1, .. }),
        "{error}"
    );
    assert_eq!(normalizer.take_taps().len(), 1);
    let (batches, schema) = normalizer.finish();
    let tables = Tables { schema, batches };
    assert_eq!(tables.data("things"), [row(&[("id", "1")])]);
    assert_eq!(tables.data("things__l"), [row(&[("value", "1")])]);
}

#[test]
fn taps_copy_values_as_they_were_written() {
    let scalar = |value: Scalar| Captured::Scalar(value);
    let mut normalizer = tapped(&["id", "user.login", "gone", "user", "tags[-1].n"]);
    let page = [
        r#"{"id": 1.50, "user": {"login": "a\u0062", "id": 3}, "tags": [{"n": 1}, {"n": 2}]}"#,
        r#"{"user": {"id": 4}, "id": null}"#,
    ];
    normalizer
        .push(&Records::from_texts(page).unwrap(), &[])
        .unwrap();
    let taps = normalizer.take_taps();
    let user = Captured::Json(r#"{"login": "a\u0062", "id": 3}"#.into());
    let id = scalar(Scalar::Number("1.50".into()));
    let tag = scalar(Scalar::Number("2".into()));
    assert_eq!(
        taps[0],
        [id, scalar("ab".into()), Captured::Absent, user, tag]
    );
    let user = Captured::Json(r#"{"id": 4}"#.into());
    assert_eq!(
        taps[1],
        [
            scalar(Scalar::Null),
            Captured::Absent,
            Captured::Absent,
            user,
            Captured::Absent
        ]
    );
    assert!(normalizer.take_taps().is_empty());
}

fn tapped(paths: &[&str]) -> Normalizer {
    let taps = paths
        .iter()
        .map(|path| Tap::new(Selector::parse(path).unwrap()))
        .collect();
    Normalizer::try_new(Options { taps, ..options() }).unwrap()
}

#[test]
fn constants_of_the_parent_stand_in_every_row() {
    let options = Options {
        constants: vec!["_posts_id".into(), "_posts_title".into()],
        ..options()
    };
    let constants = [Scalar::from(7), Scalar::from("2024-01-01T00:00:00Z")];
    let tables = normalize_with(options, &[&[r#"{"id": 1}"#, r#"{"id": 2}"#]], &constants).unwrap();
    assert_eq!(tables.type_of("things", "_posts_id"), "bigint");
    assert_eq!(tables.type_of("things", "_posts_title"), "timestamp");
    assert_eq!(
        tables.data("things")[1],
        row(&[
            ("_posts_id", "7"),
            ("_posts_title", "2024-01-01T00:00:00Z"),
            ("id", "2")
        ])
    );
}

#[test]
fn two_constants_of_one_name_are_refused() {
    let options = Options {
        constants: vec!["a".into(), "_apiduct_id".into()],
        ..options()
    };
    assert!(matches!(
        Normalizer::try_new(options),
        Err(NormalizeError::Reserved { .. })
    ));
}

#[test]
fn a_column_declared_as_json_keeps_the_document() {
    let mut options = options();
    options.declared.insert("raw".into(), DataType::Json);
    let records = [
        r#"{"raw": {"a": [1, 2.50]}}"#,
        r#"{"raw": [1]}"#,
        r#"{"raw": "x"}"#,
    ];
    let tables = normalize_with(options, &[&records], &[]).unwrap();
    let raws: Vec<Row> = tables.data("things");
    assert_eq!(
        raws,
        [
            row(&[("raw", r#"{"a": [1, 2.50]}"#)]),
            row(&[("raw", "[1]")]),
            row(&[("raw", "\"x\"")])
        ]
    );
    assert_eq!(tables.type_of("things", "raw"), "json");
    assert_eq!(tables.schema.tables.len(), 1);
}

#[test]
fn columns_without_any_value_are_reported_and_left_out() {
    let mut normalizer = Normalizer::try_new(options()).unwrap();
    normalizer
        .push(
            &Records::from_texts([
                r#"{"id": 1, "a": {"b": null}}"#,
                r#"{"id": "x", "l": [{"c": null}]}"#,
            ])
            .unwrap(),
            &[],
        )
        .unwrap();
    assert!(
        normalizer.untyped().is_empty(),
        "a key that was only null has no column at all"
    );
    assert_eq!(
        normalizer.schema().table("things").unwrap().columns.len(),
        3
    );
}

#[test]
fn deep_nesting_is_read_without_exhausting_the_stack() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let record = format!(r#"{{"d": {deep}}}"#);
    let tables = std::thread::Builder::new()
        .stack_size(8 << 20)
        .spawn(move || normalize(&[&record]).schema.tables.len())
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(tables, 301);
}

#[test]
fn few_heavy_records_make_a_batch_as_many_light_ones_do() {
    let heavy = format!(r#"{{"body": "{}"}}"#, "x".repeat(100_000));
    let records = vec![heavy.as_str(); 50];
    let tables = normalize_with(
        Options {
            batch_bytes: 1 << 20,
            ..options()
        },
        &[&records],
        &[],
    )
    .unwrap();
    let rows: Vec<usize> = tables
        .batches
        .iter()
        .map(|batch| batch.batch.num_rows())
        .collect();
    assert_eq!(rows.iter().sum::<usize>(), 50);
    assert!(rows.iter().all(|rows| *rows <= 12), "{rows:?}");
}

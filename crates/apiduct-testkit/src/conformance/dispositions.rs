//! What happens with the rows that are there already.

use std::collections::BTreeSet;

use apiduct_load::DestinationError;
use apiduct_model::{DataType, Schema, WriteDisposition};

use super::stage::{Rows, Stage, appended, replaced, root, texts};

pub(super) fn appended_rows_join_earlier_ones(stage: &mut Stage) {
    let rows = |numbers: &[i64]| {
        let table = appended("t");
        [
            Rows::numbers(table.clone(), numbers),
            Rows::numbers(table.nested("t__list"), numbers),
        ]
    };
    stage.load(&rows(&[1, 2]));
    let loaded = stage.load(&rows(&[2, 3]));
    assert_eq!(loaded.tables["t"], 2);
    assert!(loaded.delta.is_empty(), "{:?}", loaded.delta);
    assert_eq!(stage.rows("t"), ["n=1", "n=2", "n=2", "n=3"]);
    assert_eq!(stage.rows("t__list"), ["n=1", "n=2", "n=2", "n=3"]);
}

pub(super) fn replaced_rows_are_gone(stage: &mut Stage) {
    stage.load(&[Rows::numbers(replaced("t"), &[1, 2])]);
    stage.load(&[Rows::numbers(replaced("t"), &[3])]);
    assert_eq!(stage.rows("t"), ["n=3"]);
    stage.load(&[Rows::numbers(appended("t"), &[4])]);
    assert_eq!(stage.rows("t"), ["n=3", "n=4"]);
    stage.load(&[Rows::numbers(replaced("t"), &[5])]);
    assert_eq!(stage.rows("t"), ["n=5"]);
}

pub(super) fn replacing_empties_nested_tables_without_rows(stage: &mut Stage) {
    let table = replaced("t");
    let list = table.nested("t__list");
    let deep = list.nested("t__list__deep");
    stage.load(&[
        Rows::numbers(table.clone(), &[1]),
        Rows::numbers(list.clone(), &[2]),
        Rows::numbers(deep, &[3]),
    ]);
    stage.load(&[Rows::numbers(table, &[4]), Rows::none(list)]);
    assert_eq!(stage.rows("t"), ["n=4"]);
    assert!(stage.rows("t__list").is_empty());
    assert!(stage.rows("t__list__deep").is_empty());
    let schema = stage.open().schema().expect("the schema is stored");
    assert!(
        schema.table("t__list__deep").is_some(),
        "empty is not dropped"
    );
}

pub(super) fn replacing_by_nothing_leaves_an_empty_table(stage: &mut Stage) {
    stage.load(&[Rows::numbers(replaced("t"), &[1])]);
    stage.load(&[Rows::none(replaced("t"))]);
    assert!(stage.rows("t").is_empty());
    let schema = stage.open().schema().expect("the schema is stored");
    assert!(schema.table("t").expect("it stays").column("n").is_some());
    stage.load(&[Rows::numbers(replaced("t"), &[2])]);
    assert_eq!(stage.rows("t"), ["n=2"]);
}

pub(super) fn replacing_leaves_other_resources_alone(stage: &mut Stage) {
    stage.load(&[
        Rows::numbers(replaced("t"), &[1]),
        Rows::numbers(replaced("other"), &[2]),
        Rows::numbers(appended("log"), &[3]),
    ]);
    stage.load(&[Rows::numbers(replaced("t"), &[4])]);
    assert_eq!(stage.rows("other"), ["n=2"]);
    assert_eq!(stage.rows("log"), ["n=3"]);
    let package = stage.package_with(&[Rows::numbers(replaced("other"), &[5])], |seal| {
        seal.replace = BTreeSet::new();
    });
    stage
        .try_load(&package)
        .expect("the second part of a resource is loaded");
    assert_eq!(
        stage.rows("other"),
        ["n=2", "n=5"],
        "it was not to be replaced again"
    );
}

pub(super) fn replaced_tables_take_new_types(stage: &mut Stage) {
    stage.load(&[Rows::numbers(replaced("t"), &[1])]);
    let rows = Rows::new(
        replaced("t"),
        &[("n", DataType::Text)],
        vec![texts(&["one"])],
    );
    stage.load(&[rows]);
    assert_eq!(stage.rows("t"), ["n=one"]);
}

pub(super) fn unsupported_dispositions_are_not_claimed(stage: &mut Stage) {
    let capabilities = stage.destination().capabilities();
    assert!(
        capabilities
            .dispositions
            .contains(&WriteDisposition::Append)
    );
    for disposition in [WriteDisposition::Replace, WriteDisposition::Merge] {
        let mut schema = Schema::default();
        let mut table = root("t", disposition);
        table.primary_key = vec!["n".into()];
        schema.insert(table);
        let result = capabilities.check(&stage.destination().name(), &schema);
        if capabilities.dispositions.contains(&disposition) {
            result.expect("what is claimed is allowed");
        } else {
            let error = result.expect_err("what is not claimed is refused");
            assert!(
                matches!(error, DestinationError::Disposition { .. }),
                "{error}"
            );
            assert_refused(stage, disposition);
        }
    }
}

/// A package with a disposition that the destination does not have is refused, and nothing of it is there.
fn assert_refused(stage: &mut Stage, disposition: WriteDisposition) {
    let package = stage.package(&[Rows::numbers(root("refused", disposition), &[1])]);
    assert!(
        stage.try_load(&package).is_err(),
        "{disposition} is not claimed"
    );
    assert!(stage.rows("refused").is_empty());
}

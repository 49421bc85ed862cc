//! Rows that take the place of earlier rows with the same key. A destination that cannot merge passes.

use std::collections::BTreeSet;

use apiduct_model::{
    Column, DataType, DedupSort, MergeStrategy, SortOrder, TableSchema, WriteDisposition,
};

use super::documents::{Document, document, found, rows, text_of};
use super::stage::{Rows, Stage, appended, integers, root, texts};
use crate::random::Random;

/// A table that is merged by `k`.
fn merged(strategy: MergeStrategy) -> TableSchema {
    let mut table = root("t", WriteDisposition::Merge);
    table.primary_key = vec!["k".into()];
    table.merge.strategy = strategy;
    table
}

fn can_merge(stage: &Stage) -> bool {
    let capabilities = stage.destination().capabilities();
    capabilities.dispositions.contains(&WriteDisposition::Merge)
}

/// Loads the documents and gives what is there then.
fn load(stage: &mut Stage, table: &TableSchema, load: &str, documents: &[Document]) -> Vec<String> {
    stage.load(&rows(table, load, documents));
    found(stage, &table.name)
}

pub(super) fn merged_rows_take_the_place_of_their_key(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    for (at, strategy) in [MergeStrategy::DeleteInsert, MergeStrategy::Upsert]
        .into_iter()
        .enumerate()
    {
        let mut table = merged(strategy);
        table.name = format!("t{at}").into();
        let first = [
            document(1, "old").list(&["a:xy", "b:z", "c"]),
            document(2, "kept").list(&["d:w"]),
        ];
        assert_eq!(
            load(stage, &table, "first", &first),
            ["1 - old [a:xy b:z c]", "2 - kept [d:w]"]
        );
        let second = [document(1, "new").list(&["a:x"]), document(3, "more")];
        assert_eq!(
            load(stage, &table, "second", &second),
            ["1 - new [a:x]", "2 - kept [d:w]", "3 - more []"]
        );
        let third = [document(1, "bare"), document(2, "bare")];
        assert_eq!(
            load(stage, &table, "third", &third),
            ["1 - bare []", "2 - bare []", "3 - more []"]
        );
    }
}

pub(super) fn the_last_of_several_rows_of_a_key_wins(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let table = merged(MergeStrategy::DeleteInsert);
    let twice = [
        document(1, "early").list(&["a:x"]),
        document(2, "only").list(&["b"]),
        document(1, "late").list(&["c:y"]),
    ];
    let expected = ["1 - late [c:y]", "2 - only [b]"];
    assert_eq!(load(stage, &table, "first", &twice), expected);
    assert_eq!(load(stage, &table, "second", &twice), expected);
}

pub(super) fn upserted_rows_keep_their_identity(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let identities = |stage: &Stage| {
        let batches = stage.read("t");
        let ids = batches
            .iter()
            .flat_map(|batch| text_of(batch, "_apiduct_id"));
        ids.collect::<BTreeSet<_>>()
    };
    for (strategy, kept) in [
        (MergeStrategy::Upsert, "first.0"),
        (MergeStrategy::DeleteInsert, "third.0"),
    ] {
        let table = merged(strategy);
        if strategy == MergeStrategy::Upsert {
            load(stage, &table, "first", &[document(1, "a")]);
            load(
                stage,
                &table,
                "second",
                &[document(2, "b"), document(1, "c")],
            );
            assert!(identities(stage).contains("first.0"));
        }
        load(stage, &table, "third", &[document(1, "d").list(&["x:y"])]);
        assert_eq!(found(stage, "t"), ["1 - d [x:y]", "2 - b []"]);
        assert!(
            identities(stage).contains(kept),
            "{strategy}: {:?}",
            identities(stage)
        );
    }
}

pub(super) fn insert_only_leaves_known_rows_and_their_lists_alone(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let table = merged(MergeStrategy::InsertOnly);
    load(
        stage,
        &table,
        "first",
        &[document(1, "first").list(&["a:x"])],
    );
    let second = [
        document(1, "changed").list(&["a:x", "b:y"]),
        document(2, "new").list(&["c:z"]),
        document(3, "early"),
        document(3, "late"),
    ];
    assert_eq!(
        load(stage, &table, "second", &second),
        ["1 - first [a:x]", "2 - new [c:z]", "3 - late []"]
    );
}

pub(super) fn a_merge_key_replaces_the_parts_that_come(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let mut table = merged(MergeStrategy::DeleteInsert);
    table.primary_key.clear();
    table.merge.key = vec!["part".into()];
    let first = [
        document(1, "a").part("mon").list(&["x:y"]),
        document(1, "b").part("mon"),
        document(2, "c").part("tue").list(&["z"]),
    ];
    load(stage, &table, "first", &first);
    let second = [document(9, "d").part("mon"), document(9, "d").part("mon")];
    assert_eq!(
        load(stage, &table, "second", &second),
        ["2 tue c [z]", "9 mon d []", "9 mon d []"],
        "rows of a part are not held to be one"
    );
}

pub(super) fn with_both_keys_rows_of_either_go(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let mut table = merged(MergeStrategy::DeleteInsert);
    table.merge.key = vec!["part".into()];
    let first = [
        document(1, "a").part("mon"),
        document(2, "b").part("mon"),
        document(3, "c").part("tue"),
        document(4, "d").part("wed"),
    ];
    load(stage, &table, "first", &first);
    let second = [document(3, "e").part("mon"), document(3, "f").part("mon")];
    assert_eq!(
        load(stage, &table, "second", &second),
        ["3 mon f []", "4 wed d []"]
    );
}

pub(super) fn composite_keys_compare_all_columns_and_nulls_too(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let mut table = merged(MergeStrategy::DeleteInsert);
    table.primary_key = vec!["part".into(), "k".into()];
    let nothing = |v: &str| Document {
        v: v.to_owned(),
        ..Document::default()
    };
    let first = [
        document(1, "a").part("x"),
        document(2, "b").part("x"),
        document(1, "c"),
        nothing("d").part("x").list(&["e"]),
    ];
    load(stage, &table, "first", &first);
    let second = [
        document(2, "B").part("x"),
        document(1, "C"),
        nothing("D").part("x"),
        document(1, "new").part("y"),
    ];
    assert_eq!(
        load(stage, &table, "second", &second),
        ["- x D []", "1 - C []", "1 x a []", "1 y new []", "2 x B []"]
    );
}

pub(super) fn keys_of_another_type_are_other_keys(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let table = || merged(MergeStrategy::DeleteInsert);
    let words = |keys: &[&str], values: &[&str]| {
        let types = [("k", DataType::Text), ("v", DataType::Text)];
        Rows::new(table(), &types, vec![texts(keys), texts(values)])
    };
    let types = [("k", DataType::Bigint), ("v", DataType::Text)];
    let numbers = Rows::new(table(), &types, vec![integers(&[1, 2]), texts(&["a", "b"])]);
    stage.load(&[numbers]);
    stage.load(&[words(&["x", "y"], &["c", "d"])]);
    stage.load(&[words(&["y"], &["e"])]);
    assert_eq!(
        stage.rows("t"),
        [
            "k=- | v=c | k__v_text=x",
            "k=- | v=e | k__v_text=y",
            "k=1 | v=a | k__v_text=-",
            "k=2 | v=b | k__v_text=-",
        ]
    );
}

pub(super) fn rows_marked_as_deleted_go_with_their_lists(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let mut table = merged(MergeStrategy::DeleteInsert);
    table.merge.hard_delete = Some("gone".into());
    let first = [
        document(1, "a").list(&["x:y"]),
        document(2, "b").list(&["z"]),
        document(3, "never").gone().list(&["w"]),
    ];
    assert_eq!(
        load(stage, &table, "first", &first),
        ["1 - a [x:y]", "2 - b [z]"]
    );
    let second = [
        document(1, "bye").gone().list(&["x:y"]),
        document(2, "bye").gone(),
        document(2, "back").list(&["q"]),
        document(4, "unknown").gone(),
    ];
    assert_eq!(
        load(stage, &table, "second", &second),
        ["2 - back [q]"],
        "the last row of a key decides"
    );
    table.merge.hard_delete = Some("part".into());
    let third = [document(2, "bye").part("any value")];
    assert!(load(stage, &table, "third", &third).is_empty());
}

pub(super) fn dedup_sort_decides_within_a_load_and_against_earlier_rows(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    for (order, newest, oldest) in [(SortOrder::Desc, 9, 1), (SortOrder::Asc, 1, 9)] {
        let mut table = merged(MergeStrategy::DeleteInsert);
        table.name = format!("t_{}", order.word()).into();
        table.merge.dedup_sort = Some(DedupSort {
            column: "at".into(),
            order,
        });
        let first = [
            document(1, "best").at(newest).list(&["a:b"]),
            document(1, "worse").at(oldest).list(&["c"]),
            document(1, "timeless"),
            document(2, "timeless"),
            document(3, "same").at(5),
        ];
        load(stage, &table, "first", &first);
        let second = [
            document(1, "late page").at(oldest).list(&["d:e"]),
            document(2, "dated").at(5),
            document(3, "again").at(5),
        ];
        assert_eq!(
            load(stage, &table, "second", &second),
            ["1 - best [a:b]", "2 - dated []", "3 - again []"]
        );
        let third = [document(1, "timeless"), document(2, "timeless")];
        assert_eq!(
            load(stage, &table, "third", &third),
            ["1 - best [a:b]", "2 - dated []", "3 - again []"]
        );
    }
}

pub(super) fn a_newer_row_is_not_lost_with_its_part(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let mut table = merged(MergeStrategy::DeleteInsert);
    table.merge.key = vec!["part".into()];
    table.merge.dedup_sort = Some(DedupSort {
        column: "at".into(),
        order: SortOrder::Desc,
    });
    load(
        stage,
        &table,
        "first",
        &[document(1, "new").part("mon").at(9)],
    );
    let second = [
        document(1, "old").part("mon").at(1),
        document(2, "other").part("mon").at(1),
    ];
    assert_eq!(
        load(stage, &table, "second", &second),
        ["1 mon new []", "2 mon other []"]
    );
}

pub(super) fn appended_tables_can_be_merged_later(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let add = appended("t");
    load(stage, &add, "first", &[document(1, "a").list(&["x:y"])]);
    load(
        stage,
        &add,
        "second",
        &[document(1, "b").list(&["x:z"]), document(2, "c")],
    );
    for strategy in [MergeStrategy::Upsert, MergeStrategy::DeleteInsert] {
        let documents = [document(1, "one").list(&["w:v"])];
        assert_eq!(
            load(stage, &merged(strategy), strategy.word(), &documents),
            ["1 - one [w:v]", "2 - c []"]
        );
    }
    load(stage, &add, "last", &[document(1, "again")]);
    assert_eq!(
        found(stage, "t"),
        ["1 - again []", "1 - one [w:v]", "2 - c []"]
    );
}

pub(super) fn a_merged_table_can_be_filled_anew(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let table = merged(MergeStrategy::DeleteInsert);
    load(
        stage,
        &table,
        "first",
        &[document(1, "a").list(&["x:y"]), document(2, "b")],
    );
    let documents = [document(3, "c"), document(3, "d").list(&["z"])];
    let package = stage.package_with(&rows(&table, "second", &documents), |seal| {
        seal.replace = ["t".into()].into();
    });
    stage.try_load(&package).expect("the package is loaded");
    assert_eq!(
        found(stage, "t"),
        ["3 - d [z]"],
        "and is merged all the same"
    );
}

pub(super) fn an_empty_merge_changes_nothing(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    for strategy in MergeStrategy::ALL {
        let mut table = merged(strategy);
        table.name = strategy.word().into();
        assert!(load(stage, &table, "none", &[]).is_empty());
        load(stage, &table, "first", &[document(1, "a").list(&["x:y"])]);
        assert_eq!(load(stage, &table, "none", &[]), ["1 - a [x:y]"]);
    }
}

pub(super) fn merging_a_package_twice_changes_nothing(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    for strategy in MergeStrategy::ALL {
        let mut table = merged(strategy);
        table.name = strategy.word().into();
        load(stage, &table, "first", &[document(1, "a").list(&["x:y"])]);
        let package = stage.package(&rows(
            &table,
            "second",
            &[document(1, "b"), document(2, "c")],
        ));
        stage.try_load(&package).expect("it is loaded");
        let after = found(stage, &table.name);
        assert!(stage.try_load(&package).expect("it is there").was_there);
        assert_eq!(found(stage, &table.name), after);
        let again = stage.package(&rows(
            &table,
            "third",
            &[document(1, "b"), document(2, "c")],
        ));
        stage.try_load(&again).expect("the same rows are loaded");
        assert_eq!(found(stage, &table.name), after, "{strategy}");
    }
}

pub(super) fn a_merge_brings_new_columns_and_takes_away_no_others(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    let table = merged(MergeStrategy::Upsert);
    load(
        stage,
        &table,
        "first",
        &[document(1, "a"), document(2, "b")],
    );
    let mut grown = rows(&table, "second", &[document(2, "c"), document(3, "d")]);
    let column = Column::new("名前", DataType::Text);
    grown[0].table.columns.push(column);
    grown[0].batches = grown[0]
        .batches
        .iter()
        .map(|batch| {
            let mut columns: Vec<_> = std::iter::zip(batch.schema().fields(), batch.columns())
                .map(|(field, array)| (field.name().clone(), array.clone()))
                .collect();
            columns.push(("名前".to_owned(), texts(&["x", "y"])));
            arrow_array::RecordBatch::try_from_iter(columns).expect("the arrays are equally long")
        })
        .collect();
    stage.load(&grown);
    let lines = stage.rows("t");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].contains("k=1 ") && lines[0].ends_with("名前=-"),
        "{lines:?}"
    );
    assert!(
        lines[1].contains("v=c ") && lines[1].ends_with("名前=x"),
        "{lines:?}"
    );
    assert!(
        lines[2].contains("v=d ") && lines[2].ends_with("名前=y"),
        "{lines:?}"
    );
}

/// Loads of random documents, against a list of documents that is merged by hand.
pub(super) fn random_merges_end_as_they_do_by_hand(stage: &mut Stage) {
    if !can_merge(stage) {
        return;
    }
    for (seed, strategy) in (0..9).zip(MergeStrategy::ALL.into_iter().cycle()) {
        let mut random = Random::new(seed);
        let mut table = merged(strategy);
        table.name = format!("t{seed}").into();
        if below(&mut random, 2) == 0 {
            table.merge.hard_delete = Some("gone".into());
        }
        if below(&mut random, 2) == 0 {
            table.merge.dedup_sort = Some(DedupSort {
                column: "at".into(),
                order: [SortOrder::Asc, SortOrder::Desc][below(&mut random, 2)],
            });
        }
        if strategy == MergeStrategy::DeleteInsert && below(&mut random, 2) == 0 {
            table.merge.key = vec!["part".into()];
        }
        let mut expected: Vec<Document> = Vec::new();
        for round in 0..4 {
            let documents: Vec<Document> = (0..below(&mut random, 12))
                .map(|_| any(&mut random))
                .collect();
            by_hand(&mut expected, &table, &documents);
            let mut texts: Vec<String> = expected.iter().map(Document::text).collect();
            texts.sort();
            let is = load(stage, &table, &format!("{seed}.{round}"), &documents);
            assert_eq!(
                is, texts,
                "seed {seed}, round {round}: {table:?} {documents:?}"
            );
        }
    }
}

fn below(random: &mut Random, bound: u64) -> usize {
    usize::try_from(random.below(bound)).expect("a small number fits")
}

fn any(random: &mut Random) -> Document {
    let mut one = document(i64::try_from(below(random, 5)).unwrap_or(0), "");
    one.v = below(random, 1_000).to_string();
    one.part = Some(["mon", "tue", "wed"][below(random, 3)].to_owned());
    one.at = (below(random, 4) > 0).then(|| i64::try_from(below(random, 5)).unwrap_or(0));
    one.gone = [None, Some(false), Some(true), None][below(random, 4)];
    for at in 0..below(random, 4) {
        let below = (0..below(random, 3)).map(|at| at.to_string()).collect();
        one.list.push((format!("e{at}"), below));
    }
    one
}

/// What a merge means, one document after the other.
fn by_hand(there: &mut Vec<Document>, table: &TableSchema, documents: &[Document]) {
    let rank = |one: &Document| {
        let sort = table.merge.dedup_sort.as_ref()?;
        let at = one.at?;
        Some(if sort.order == SortOrder::Asc {
            -at
        } else {
            at
        })
    };
    // Of the documents of a key, the best is the last of those that rank highest.
    let mut winners: Vec<Document> = Vec::new();
    for one in documents {
        match winners.iter_mut().find(|winner| winner.k == one.k) {
            Some(winner) if rank(winner) > rank(one) => {}
            Some(winner) => *winner = one.clone(),
            None => winners.push(one.clone()),
        }
    }
    let is_deleted = |one: &Document| table.merge.hard_delete.is_some() && one.gone == Some(true);
    if table.merge.strategy == MergeStrategy::InsertOnly {
        winners.retain(|one| there.iter().all(|earlier| earlier.k != one.k));
    } else {
        let mut newer: Vec<Document> = Vec::new();
        winners.retain(|one| {
            let better = there
                .iter()
                .find(|earlier| earlier.k == one.k && rank(earlier) > rank(one));
            newer.extend(better.cloned());
            better.is_none()
        });
        there.retain(|earlier| {
            let goes = winners.iter().any(|one| {
                one.k == earlier.k || !table.merge.key.is_empty() && one.part == earlier.part
            });
            !goes || newer.contains(earlier)
        });
    }
    winners.retain(|one| !is_deleted(one));
    there.extend(winners);
}

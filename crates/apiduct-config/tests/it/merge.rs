//! Rows that take the place of earlier ones, from the text to what is planned.

use apiduct_config::plan::MergePlan;
use apiduct_config::{Format, Plan, Spec};
use apiduct_model::{MergeStrategy, SortOrder, WriteDisposition};

use crate::broken::resources as broken;

fn plan(head: &str, resources: &str) -> Plan {
    let text = format!("client: {{base_url: 'https://h'}}\n{head}\nresources:\n{resources}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn merge(plan: &Plan, at: usize) -> (WriteDisposition, &MergePlan) {
    let resource = &plan.resources[at];
    (resource.write_disposition, &resource.merge)
}

#[test]
fn a_word_and_a_mapping_are_read() {
    let disposition = |text: &str| {
        let file = format!(
            "client: {{base_url: 'https://h'}}\nresources:\n  - {{name: a, primary_key: id, write_disposition: {text}}}\n"
        );
        let spec =
            Spec::parse(&file, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"));
        let read = &spec.resources[0];
        (
            read.write_disposition.value().copied(),
            read.merge_strategy.value().copied(),
        )
    };
    assert_eq!(disposition("merge"), (Some(WriteDisposition::Merge), None));
    assert_eq!(
        disposition("{disposition: skip}"),
        (Some(WriteDisposition::Skip), None)
    );
    for strategy in MergeStrategy::ALL {
        assert_eq!(
            disposition(&format!("{{disposition: merge, strategy: {strategy}}}")),
            (Some(WriteDisposition::Merge), Some(strategy))
        );
    }
}

#[test]
fn keys_and_hints_are_planned() {
    let plan = plan(
        "",
        "  - name: a
    write_disposition: merge
    primary_key: [id, region]
    merge_key: day
    columns:
      region: {nullable: true}
      gone: {hard_delete: true}
      kept: {hard_delete: false}
      updatedAt: {dedup_sort: desc}
",
    );
    let (disposition, merge) = merge(&plan, 0);
    assert_eq!(disposition, WriteDisposition::Merge);
    assert_eq!(merge.strategy, MergeStrategy::DeleteInsert);
    assert_eq!(merge.key, ["day"]);
    assert_eq!(merge.required, ["id", "day"], "a row may lack `region`");
    assert_eq!(merge.hard_delete.as_deref(), Some("gone"));
    let expected = ("updatedAt".to_owned(), SortOrder::Desc);
    assert_eq!(merge.dedup_sort, Some(expected));
    assert_eq!(
        plan.describe().resources[0].merge.as_deref(),
        Some("delete-insert, merge key day, deletes by gone, highest updatedAt wins")
    );
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn the_strategy_comes_with_the_disposition_and_not_without_it() {
    let head = "resource_defaults: {primary_key: id, merge_key: day, write_disposition: {disposition: merge, strategy: delete-insert}}";
    let plan = plan(
        head,
        "  - a
  - {name: b, merge_key: null, write_disposition: {disposition: merge, strategy: upsert}}
  - {name: c, write_disposition: replace}
  - {name: d, write_disposition: null}
",
    );
    assert_eq!(merge(&plan, 0).1.key, ["day"]);
    assert_eq!(merge(&plan, 1).1.strategy, MergeStrategy::Upsert);
    assert!(merge(&plan, 1).1.key.is_empty());
    assert_eq!(
        merge(&plan, 2),
        (WriteDisposition::Replace, &MergePlan::default())
    );
    assert_eq!(merge(&plan, 3).0, WriteDisposition::Append);
    assert_eq!(plan.describe().resources[2].merge, None);
}

#[test]
fn what_cannot_be_merged_is_told_with_its_place() {
    let text = r"
  - {name: a, write_disposition: {disposition: merge, strategy: upsert}}
  - {name: b, primary_key: id, write_disposition: {disposition: append, strategy: upsert}}
  - {name: c, primary_key: id, write_disposition: {disposition: merge, strategy: scd2}}
  - {name: d, primary_key: id, write_disposition: {strategy: insert_only, deduplicated: true}}
  - {name: e, primary_key: id, write_disposition: {disposition: merge, primary_key: id}}
  - name: f
    primary_key: id
    merge_key: 3
    write_disposition: merge
  - name: g
    primary_key: id
    write_disposition: merge
    columns:
      x: {hard_delete: true}
      y: {hard_delete: true, dedup_sort: asc}
      z: {hard_delete: 1, dedup_sort: up}
  - name: h
    primary_key: id
    write_disposition: merge
    columns:
      x: {hard_delete: true, dedup_sort: asc}
      y: {hard_delete: true, dedup_sort: desc}
  - {name: i, write_disposition: [merge]}
";
    insta::assert_snapshot!(broken(text), @"");
}

#[test]
fn merges_that_will_not_do_what_was_meant_are_warned_of() {
    let plan = plan(
        "destination: parquet:out",
        "  - {name: keyless, write_disposition: merge}
  - {name: files, primary_key: id, write_disposition: merge}
  - {name: both, primary_key: id, merge_key: day, write_disposition: {disposition: merge, strategy: insert-only}}
",
    );
    assert_eq!(merge(&plan, 0).0, WriteDisposition::Append);
    let warnings: Vec<String> = plan.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"");
}

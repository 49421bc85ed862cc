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
    insta::assert_snapshot!(broken(text), @r"
    source.yaml:4:65: resources[0].write_disposition.strategy: `upsert` goes by the primary key, and resource `a` has none
      hint: add `primary_key`: the field or fields that identify a row
    source.yaml:5:83: resources[1].write_disposition.strategy: `append` has no strategy
      hint: remove `strategy`, or write `disposition: merge`
    source.yaml:6:82: resources[2].write_disposition.strategy: strategy `scd2` is not supported by this version
      hint: use `upsert` to keep the newest version of each row, or `append` to keep all
    source.yaml:7:51: resources[3].write_disposition: required key `disposition` is missing
      hint: add `disposition`: what happens with the rows that are already in the table
    source.yaml:7:62: resources[3].write_disposition.strategy: unknown strategy `insert_only`
      hint: did you mean `insert-only`? valid are `delete-insert`, `upsert`, `insert-only`
    source.yaml:7:75: resources[3].write_disposition.deduplicated: `deduplicated` is not supported by this version
      hint: remove it: looking for rows of one key takes little time
    source.yaml:8:72: resources[4].write_disposition: key `primary_key` does not belong to a write disposition
      hint: it belongs to `the resource`
    source.yaml:11:16: resources[5].merge_key: expected a text, found a number
      hint: put it into quotes, if that is what is meant
    source.yaml:19:24: resources[6].columns.z.hard_delete: expected `true` or `false`, found a number
      hint: write one of the two, without quotes
    source.yaml:19:39: resources[6].columns.z.dedup_sort: unknown order `up`
      hint: valid are `asc`, `desc`
    source.yaml:25:7: resources[7].columns.y: columns `x` and `y` both have `hard_delete`
      hint: keep it at one of them
    source.yaml:25:7: resources[7].columns.y: columns `x` and `y` both have `dedup_sort`
      hint: keep it at one of them
    source.yaml:26:34: resources[8].write_disposition: expected a text or a mapping, found a list
      hint: write a text, or `{KEY: VALUE}`
    ");
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
    insta::assert_snapshot!(warnings.join("\n"), @r"
    t.yaml:4:40: resources[0].write_disposition: resource `keyless` is merged without a key, so its rows are appended
    t.yaml:5:55: resources[1].write_disposition: resource `files` is merged, and `parquet` cannot merge: a run will refuse
    t.yaml:6:70: resources[2].write_disposition: resource `both` is merged, and `parquet` cannot merge: a run will refuse
    t.yaml:6:70: resources[2].write_disposition: `insert-only` of resource `both` goes by the primary key and not by `merge_key`
    ");
}

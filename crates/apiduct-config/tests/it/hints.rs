//! What is known about tables and columns beforehand.

use apiduct_config::plan::ResourcePlan;
use apiduct_config::{Format, Plan};
use apiduct_model::DataType;

fn plan(text: &str) -> Plan {
    let text = format!("client: {{base_url: 'https://h'}}\n{text}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn names(resource: &ResourcePlan) -> Vec<&str> {
    resource
        .columns
        .iter()
        .map(|one| one.name.as_str())
        .collect()
}

#[test]
fn columns_are_a_mapping_or_a_list() {
    let plan = plan(
        r"
resources:
  - {name: a, columns: {id: {data_type: bigint, name: id}, t: {description: x}}}
  - {name: b, columns: [{name: id, data_type: bigint}, {name: t, description: x}]}
",
    );
    assert_eq!(plan.resources[0].columns, plan.resources[1].columns);
    assert_eq!(
        plan.resources[1].columns[0].data_type,
        Some(DataType::Bigint)
    );
}

#[test]
fn merged_columns_with_a_type_come_first() {
    let plan = plan(
        r"
resource_defaults:
  columns: [{name: late, nullable: false}, {name: open, nullable: false}, {name: id, data_type: bigint}]
resources:
  - {name: a, columns: {new: {data_type: text}, late: {data_type: date}, id: {nullable: false}, rest: {nullable: false}}}
",
    );
    assert_eq!(
        names(&plan.resources[0]),
        ["id", "new", "late", "open", "rest"]
    );
    let late = &plan.resources[0].columns[2];
    assert_eq!(
        (late.data_type, late.nullable),
        (Some(DataType::Date), false)
    );
    assert_eq!(
        plan.resources[0].columns[0].data_type,
        Some(DataType::Bigint)
    );
}

#[test]
fn columns_make_the_key_where_the_resource_names_none() {
    let plan = plan(
        r"
resources:
  - {name: a, columns: {x: {primary_key: true}, y: {}, z: {primary_key: true}}}
  - {name: b, primary_key: y, columns: {x: {primary_key: true}}}
",
    );
    assert_eq!(plan.resources[0].primary_key, ["x", "z"]);
    assert_eq!(plan.resources[1].primary_key, ["y"]);
}

#[test]
fn a_table_may_be_named_by_the_records() {
    use apiduct_config::plan::TablePart;

    let plan = plan(
        r"
resource_defaults: {table_name: 'x_{type}'}
resources:
  - a
  - {name: b, table_name: '{{{ data.kind }}}-{n}'}
  - {name: c, table_name: '{{plain}}'}
",
    );
    let tables = |at: usize| plan.resources[at].tables.as_ref();
    let shown = |at: usize| {
        let part = |part: &TablePart| match part {
            TablePart::Text(text) => text.clone(),
            TablePart::Field(field) => format!("<{}>", field.as_str()),
        };
        tables(at).map(|one| one.parts.iter().map(part).collect::<Vec<_>>())
    };
    assert_eq!(shown(0).unwrap(), ["x_", "<type>"]);
    assert_eq!(shown(1).unwrap(), ["{", "<data.kind>", "}-", "<n>"]);
    assert_eq!(shown(2), None);
    assert_eq!(plan.resources[0].table, *"a");
    assert_eq!(plan.resources[2].table, *"_plainx");
    assert_eq!(
        plan.describe().resources[0].table.as_deref(),
        Some("x_{type}")
    );
}

#[test]
fn levels_of_a_resource_win_over_those_of_its_defaults_and_of_the_source() {
    let levels = |head: &str| {
        let plan = plan(&format!(
            "{head}\nresources: [a, {{name: b, max_table_nesting: 2}}, {{name: c, max_table_nesting: null}}]"
        ));
        plan.resources
            .iter()
            .map(|one| one.max_table_nesting)
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(""), [None, Some(2), None]);
    assert_eq!(levels("max_table_nesting: 0"), [Some(0), Some(2), None]);
    assert_eq!(
        levels("max_table_nesting: 0\nresource_defaults: {max_table_nesting: 1}"),
        [Some(1), Some(2), None]
    );
}

#[test]
fn nested_tables_are_known_by_the_paths_of_their_lists() {
    let plan = plan(
        "resources: [{name: a, nested_hints: {'items[*].parts': {table_name: Spare Parts, columns: [{name: p, data_type: double}]}}}]",
    );
    let nested = &plan.resources[0].nested[0];
    assert_eq!(nested.keys, ["items", "parts"]);
    assert_eq!(nested.table.as_deref(), Some("spare_parts"));
    assert_eq!(nested.columns[0].data_type, Some(DataType::Double));
}

const KEPT: &str = r"
root_key: true
schema_contract: {tables: evolve, columns: evolve, data_type: evolve}
parallelized: true
resources:
  - name: a
    schema_contract: evolve
    parallelized: false
    table_format: delta
    file_format: parquet
    parent_table_name: x
    references: [{columns: [u], referenced_table: users, referenced_columns: [id]}]
    columns: {c: {precision: 10, unique: true, timezone: false, description: d, partition: true, cluster: true, sort: false}}
";

#[test]
fn hints_that_change_nothing_are_kept_and_shown() {
    let plan = plan(KEPT);
    let shown = &plan.describe().resources[0].hints;
    for hint in [
        "parallelized: false",
        "table_format: \"delta\"",
        "columns.c.precision: 10",
        "columns.c.description: \"d\"",
    ] {
        assert!(shown.contains(&hint.to_owned()), "{shown:?}");
    }
    assert_eq!(shown.len(), 12);
}

#[test]
fn hints_that_look_as_if_they_did_something_are_warned_of() {
    let plan = plan(KEPT);
    let warned: Vec<&str> = plan.warnings.iter().map(|one| one.path.as_str()).collect();
    let expected = [
        "resources[0].parallelized",
        "resources[0].table_format",
        "resources[0].file_format",
        "resources[0].parent_table_name",
        "root_key",
        "resources[0].columns.c.unique",
        "resources[0].columns.c.partition",
        "resources[0].columns.c.cluster",
    ];
    assert_eq!(warned, expected);
    assert_eq!(
        plan.warnings[1].to_string(),
        "t.yaml:10:19: resources[0].table_format: `table_format` is kept as a hint: no destination of this version heeds it"
    );
}

#[test]
fn a_file_without_such_hints_has_no_warnings() {
    assert!(
        plan("resources: [{name: a, parallelized: true, schema_contract: evolve}]")
            .warnings
            .is_empty()
    );
}

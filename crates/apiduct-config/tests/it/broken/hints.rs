//! Hints for tables and columns that cannot be read.

use super::resources;

#[test]
fn hints_of_wrong_types_are_named_with_their_places() {
    let text = r"
  - name: a
    max_table_nesting: -1
    columns: [{data_type: text}, {name: b, data_type: integer}, c]
    nested_hints: {'x[0]': {}, y: {columns: {z: {data_type: wei}}, primary_key: id, tablename: t}}
    references: [{columns: a, referenced_table: b}]
    parallelized: yes please
  - {name: b, columns: {x: {name: y, merge_key: true, precision: 0}}, table_format: [delta]}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:24: resources[0].max_table_nesting: `-1` is not a whole number from 0
      hint: write it like `0`
    source.yaml:6:15: resources[0].columns[0]: required key `name` is missing
      hint: add `name`: the field as the API names it
    source.yaml:6:55: resources[0].columns[1].data_type: unknown data type `integer`
      hint: valid are `text`, `bigint`, `double`, `bool`, `timestamp`, `date`, `decimal`, `json`
    source.yaml:6:65: resources[0].columns[2]: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    source.yaml:7:20: resources[0].nested_hints.x[0]: `x[0]` is not the path of a field
      hint: write it like `email`, `user.email`, `items[*].price` or `['odd.key']`
    source.yaml:7:61: resources[0].nested_hints.y.columns.z.data_type: data type `wei` is not supported by this version
      hint: use `decimal`
    source.yaml:7:68: resources[0].nested_hints.y.primary_key: `primary_key` is not supported by this version
      hint: rows of nested tables belong to the rows of their parents
    source.yaml:7:85: resources[0].nested_hints.y: unknown key `tablename`
      hint: did you mean `table_name`?
    source.yaml:8:18: resources[0].references[0]: required key `referenced_columns` is missing
      hint: add `referenced_columns`: its columns
    source.yaml:9:19: resources[0].parallelized: expected `true` or `false`, found a text
      hint: write one of the two, without quotes
    source.yaml:10:35: resources[1].columns.x.name: column `x` is called `y` here
      hint: remove `name`: the key above it is the name
    source.yaml:10:66: resources[1].columns.x.precision: `0` is not a whole number from 1
      hint: write it like `1`
    source.yaml:10:85: resources[1].table_format: expected a text, found a list
      hint: write one text in its place
    ");
}

#[test]
fn contracts_other_than_evolve_are_refused_with_what_to_do() {
    let text = r"
  - {name: a, schema_contract: freeze}
  - {name: b, schema_contract: {columns: discard_row, data_type: evolve, rows: evolve}}
  - {name: c, schema_contract: evolves}
  - {name: d, schema_contract: [evolve]}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:32: resources[0].schema_contract: schema contract `freeze` is not supported by this version
      hint: use `evolve`: new tables, columns and types are taken in
    source.yaml:5:42: resources[1].schema_contract.columns: schema contract `discard_row` is not supported by this version
      hint: use `evolve`, and `processing_steps` to drop records
    source.yaml:5:74: resources[1].schema_contract: unknown key `rows`
      hint: known keys are `tables`, `columns`, `data_type`
    source.yaml:6:32: resources[2].schema_contract: unknown schema contract `evolves`
      hint: did you mean `evolve`? valid are `evolve`
    source.yaml:7:32: resources[3].schema_contract: expected a text or a mapping, found a list
      hint: write a text, or `{KEY: VALUE}`
    ");
}

#[test]
fn a_table_name_with_wrong_placeholders_is_told_with_its_place() {
    let text = "  - {name: a, table_name: '{type'}\n  - {name: b, table_name: 'x}'}\n  - {name: c, table_name: 'x_{items[*]}'}\n";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:3:27: resources[0].table_name: `{type` has a `{` of its own
      hint: write it like `event_{type}` or `{data.kind}`
    source.yaml:4:27: resources[1].table_name: `x}` has a `}` of its own
      hint: write it like `event_{type}` or `{data.kind}`
    source.yaml:5:27: resources[2].table_name: `{items[*]}` is not the path of a field of the record
      hint: write it like `event_{type}` or `{data.kind}`
    ");
}

use proptest::prelude::*;

use super::*;

fn table(name: &str, disposition: WriteDisposition, columns: &[(&str, DataType)]) -> TableSchema {
    let mut table = TableSchema::root(name, name, disposition);
    for (name, data_type) in columns {
        table.push(Column::new(*name, *data_type));
    }
    table
}

fn schema(tables: &[TableSchema]) -> Schema {
    let mut schema = Schema::default();
    for table in tables {
        schema.insert(table.clone());
    }
    schema
}

fn appended(columns: &[(&str, DataType)]) -> Schema {
    schema(&[table("t", WriteDisposition::Append, columns)])
}

fn append(stored: &Schema, incoming: &Schema) -> SchemaDelta {
    SchemaDelta::between(stored, incoming, &BTreeSet::new(), |_| true)
}

const DECIMAL: DataType = DataType::Decimal { scale: 0 };

#[test]
fn the_same_schema_changes_nothing() {
    let stored = appended(&[("a", DataType::Text), ("b", DECIMAL)]);
    let delta = append(&stored, &stored);
    assert!(delta.is_empty());
    assert_eq!(delta.schema, stored);
}

#[test]
fn a_new_table_is_made_unless_it_has_no_columns() {
    let incoming = schema(&[
        table("t", WriteDisposition::Append, &[("a", DataType::Text)]),
        table("blank", WriteDisposition::Append, &[]),
        table("skipped", WriteDisposition::Skip, &[("a", DataType::Text)]),
    ]);
    let delta = append(&Schema::default(), &incoming);
    assert_eq!(
        delta.changes,
        [TableChange::Create(incoming.tables["t"].clone())]
    );
    assert_eq!(delta.schema.tables.len(), 1);
}

#[test]
fn each_pair_of_types_fits_widens_or_splits() {
    use DataType::{Bigint, Bool, Date, Double, Json, Text, Timestamp};

    let cents = DataType::Decimal { scale: 2 };
    let fits = [
        (Text, Bigint),
        (Text, Json),
        (Json, Bool),
        (DECIMAL, Bigint),
        (Double, Bigint),
    ];
    let widens = [(Bigint, DECIMAL), (Bigint, Double)];
    let splits = [
        (Bigint, Text),
        (Bigint, Bool),
        (Bigint, cents),
        (Double, DECIMAL),
        (Double, Text),
        (Bool, Text),
        (Timestamp, Text),
        (Timestamp, Bigint),
        (Date, Timestamp),
        (DECIMAL, Double),
        (DECIMAL, cents),
        (Bool, Json),
    ];
    for (from, to) in fits {
        let delta = append(&appended(&[("v", from)]), &appended(&[("v", to)]));
        assert!(delta.is_empty(), "{from} takes {to}: {:?}", delta.changes);
    }
    for (from, to) in widens {
        let delta = append(&appended(&[("v", from)]), &appended(&[("v", to)]));
        let widening = Widening {
            column: "v".into(),
            from,
            to,
        };
        let alter = TableChange::Alter {
            table: "t".into(),
            add: vec![],
            widen: vec![widening],
        };
        assert_eq!(delta.changes, [alter]);
        assert_eq!(delta.schema, appended(&[("v", to)]));
    }
    for (from, to) in splits {
        let delta = append(&appended(&[("v", from)]), &appended(&[("v", to)]));
        let name = variant_name("v", to);
        assert_eq!(
            delta.schema,
            appended(&[("v", from), (&name, to)]),
            "{from}, {to}"
        );
        assert!(
            append(&delta.schema, &appended(&[("v", to)])).is_empty(),
            "{from}, {to}"
        );
    }
}

#[test]
fn integers_that_no_double_holds_do_not_become_doubles() {
    let mut big = appended(&[("v", DataType::Bigint)]);
    big.tables["t"].columns[0].beyond_double = true;
    let doubles = appended(&[("v", DataType::Double)]);
    let split = append(&big, &doubles).schema;
    assert_eq!(split.tables["t"].columns[0], big.tables["t"].columns[0]);
    assert_eq!(
        split.tables["t"].columns[1],
        Column::new("v__v_double", DataType::Double)
    );
    let split = append(&doubles, &big).schema;
    let variant = split.tables["t"].column("v__v_bigint").unwrap();
    assert!(variant.beyond_double);
    let small = appended(&[("v", DataType::Bigint)]);
    let grown = append(&small, &big);
    assert!(grown.is_empty(), "the destination need not change");
    assert!(
        grown.schema.tables["t"].columns[0].beyond_double,
        "but it must be remembered"
    );
}

#[test]
fn what_a_later_load_lacks_is_no_longer_required() {
    let mut stored = appended(&[("a", DataType::Text)]);
    stored.tables["t"].columns[0].nullable = false;
    let mut incoming = appended(&[("b", DataType::Text)]);
    incoming.tables["t"].columns[0].nullable = false;
    let delta = append(&stored, &incoming);
    assert!(
        delta.schema.tables["t"]
            .columns
            .iter()
            .all(|column| column.nullable)
    );
}

#[test]
fn a_variant_that_the_package_names_itself_is_added_once() {
    let stored = appended(&[("v", DataType::Bigint)]);
    let named = [
        ("v", DataType::Text),
        ("w", DataType::Text),
        ("v__v_text", DataType::Text),
    ];
    let delta = append(&stored, &appended(&named));
    let expected = [
        ("v", DataType::Bigint),
        ("v__v_text", DataType::Text),
        ("w", DataType::Text),
    ];
    assert_eq!(delta.schema, appended(&expected));
}

#[test]
fn replaced_tables_are_made_anew_and_orphans_become_empty() {
    let root = table("t", WriteDisposition::Replace, &[("a", DataType::Bigint)]);
    let mut list = root.nested("t__list");
    list.push(Column::new("x", DataType::Text));
    let other = table(
        "other",
        WriteDisposition::Replace,
        &[("a", DataType::Bigint)],
    );
    let stored = schema(&[root, list.clone(), other]);
    let new = table("t", WriteDisposition::Replace, &[("b", DataType::Text)]);
    let replace = BTreeSet::from([ResourceName::from("t")]);

    let delta = SchemaDelta::between(
        &stored,
        &schema(std::slice::from_ref(&new)),
        &replace,
        |_| true,
    );
    assert_eq!(
        delta.changes,
        [
            TableChange::Recreate(new.clone()),
            TableChange::Recreate(list)
        ]
    );
    assert_eq!(delta.schema.tables["t"], new);
    assert_eq!(delta.schema.tables.len(), 3);

    let delta = SchemaDelta::between(
        &stored,
        &schema(std::slice::from_ref(&new)),
        &replace,
        |_| false,
    );
    assert_eq!(
        delta.changes[0],
        TableChange::Recreate(stored.tables["t"].clone())
    );

    let delta = append(&stored, &schema(&[new]));
    assert!(
        matches!(delta.changes[..], [TableChange::Alter { .. }]),
        "not named in `replace`"
    );
}

fn any_type() -> impl Strategy<Value = DataType> {
    prop_oneof![
        Just(DataType::Text),
        Just(DataType::Bigint),
        Just(DataType::Double),
        Just(DataType::Bool),
        Just(DataType::Timestamp),
        Just(DataType::Date),
        Just(DECIMAL),
        Just(DataType::Json),
    ]
}

fn any_table() -> impl Strategy<Value = Schema> {
    let column = (0..6_u8, any_type(), any::<bool>());
    prop::collection::vec(column, 1..6).prop_map(|columns| {
        let mut table = table("t", WriteDisposition::Append, &[]);
        for (number, data_type, beyond_double) in columns {
            let name = format!("c{number}");
            if table.column(&name).is_none() {
                let beyond_double = beyond_double && data_type == DataType::Bigint;
                table.push(Column {
                    beyond_double,
                    ..Column::new(name, data_type)
                });
            }
        }
        schema(&[table])
    })
}

proptest! {
    #[test]
    fn making_room_twice_is_making_room_once(stored in any_table(), incoming in any_table()) {
        let once = append(&stored, &incoming);
        let twice = append(&once.schema, &incoming);
        prop_assert!(twice.is_empty(), "{:?}", twice.changes);
        prop_assert_eq!(twice.schema, once.schema);
    }

    #[test]
    fn no_column_is_ever_dropped_and_none_is_there_twice(stored in any_table(), incoming in any_table()) {
        let after = &append(&stored, &incoming).schema.tables["t"];
        for column in stored.tables["t"].columns.iter().chain(&incoming.tables["t"].columns) {
            prop_assert!(after.column(&column.name).is_some());
        }
        let names: HashSet<&str> = after.columns.iter().map(|column| column.name.as_str()).collect();
        prop_assert_eq!(names.len(), after.columns.len());
    }
}

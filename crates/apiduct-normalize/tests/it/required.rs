//! Keys that no record may lack.

use apiduct_model::{Merge, MergeStrategy, WriteDisposition};

use super::*;

fn merged(required: &[&str]) -> Options {
    Options {
        write_disposition: WriteDisposition::Merge,
        primary_key: vec!["Id".to_owned()],
        required: required.iter().map(|key| (*key).to_owned()).collect(),
        ..options()
    }
}

#[test]
fn a_record_without_a_key_is_named_and_leaves_no_row() {
    let options = merged(&["Id", "meta__region"]);
    let good = r#"{"Id": 1, "meta": {"region": "x"}, "tags": ["a"]}"#;
    let tables = normalize_with(options.clone(), &[&[good, good]], &[]).unwrap();
    assert_eq!(tables.data("things").len(), 2);
    for (bad, key) in [
        (r#"{"meta": {"region": "x"}, "tags": ["b"]}"#, "Id"),
        (r#"{"Id": null, "meta": {"region": "x"}}"#, "Id"),
        (r#"{"Id": [1], "meta": {"region": "x"}}"#, "Id"),
        (r#"{"Id": 2, "meta": {}}"#, "meta__region"),
    ] {
        let mut normalizer = Normalizer::try_new(options.clone()).unwrap();
        let page = Records::from_texts([good, good, bad].iter()).unwrap();
        let error = normalizer.push(&page, &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("record 2 of the page has no value for key `{key}`")
        );
        let hint = apiduct_model::Hint::hint(&error).unwrap();
        assert!(
            hint.contains(&format!("{key}: {{nullable: true}}")),
            "{hint}"
        );
        let (batches, _) = normalizer.finish();
        let rows = |table: &str| {
            let batches = batches.iter().filter(|one| one.table == *table);
            batches.map(|one| one.batch.num_rows()).sum::<usize>()
        };
        assert_eq!((rows("things"), rows("things__tags")), (2, 2), "{bad}");
    }
}

#[test]
fn a_value_of_the_parent_can_be_a_key() {
    let mut options = merged(&["_posts_id"]);
    options.constants = vec!["_posts_id".to_owned()];
    let page: &[&[&str]] = &[&[r#"{"text": "a"}"#]];
    assert!(normalize_with(options.clone(), page, &[Scalar::Number("7".into())]).is_ok());
    let error = normalize_with(options, page, &[Scalar::Null])
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(error, NormalizeError::NoKey { record: 0, .. }),
        "{error}"
    );
}

#[test]
fn the_root_table_says_how_it_is_merged() {
    let mut options = merged(&[]);
    options.merge = Merge {
        strategy: MergeStrategy::Upsert,
        key: vec!["day".into()],
        ..Merge::default()
    };
    let merge = options.merge.clone();
    let tables = normalize_with(options, &[&[r#"{"Id": 1, "tags": [1]}"#]], &[]).unwrap();
    let root = tables.schema.table("things").unwrap();
    assert_eq!(
        (&root.primary_key, &root.merge),
        (&vec!["id".into()], &merge)
    );
    assert!(root.is_merged());
    let nested = tables.schema.table("things__tags").unwrap();
    assert_eq!(nested.merge, Merge::default());
}

//! Digests of records at the boundary.

use std::collections::BTreeMap;

use apiduct_json::{Captured, Kind, Parser, ScanPlan, Selector, SyntaxError};
use apiduct_model::Scalar;
use bytes::Bytes;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::GateKey;

/// Makes digests of records.
#[derive(Debug)]
pub(super) struct Digests {
    keys: Vec<GateKey>,
    plan: Option<ScanPlan>,
    /// Columns that all records of a page share.
    constants: Vec<String>,
}

impl Digests {
    pub(super) fn new(keys: Vec<GateKey>, constants: Vec<String>) -> Self {
        let selectors: Vec<Selector> = keys.iter().map(|key| key.selector.clone()).collect();
        let plan = (!keys.is_empty()).then(|| ScanPlan::new(Selector::root(), selectors));
        Self {
            keys,
            plan,
            constants,
        }
    }

    /// The digest of `record`, which belongs to the walk `walk`: of its key, or of all of it where the key is not
    /// complete. The order of keys in objects makes no difference.
    pub(super) fn of(&self, record: &str, constants: &[Scalar], walk: u64) -> u64 {
        let text = self
            .key(record, constants)
            .or_else(|| canonical(record).ok())
            .unwrap_or_else(|| record.to_owned());
        xxh3_64_with_seed(text.as_bytes(), walk)
    }

    fn key(&self, record: &str, constants: &[Scalar]) -> Option<String> {
        let plan = self.plan.as_ref()?;
        let scanned = plan.scan(&Bytes::copy_from_slice(record.as_bytes())).ok()?;
        let mut text = String::from("[");
        for (key, found) in self.keys.iter().zip(scanned.captures) {
            match found {
                Captured::Scalar(value) => text.push_str(&value.to_json()),
                Captured::Json(json) => text.push_str(&canonical(&json).ok()?),
                Captured::Absent => text.push_str(&self.constant(&key.name, constants)?.to_json()),
            }
            text.push(',');
        }
        Some(text)
    }

    fn constant<'c>(&self, name: &str, constants: &'c [Scalar]) -> Option<&'c Scalar> {
        let name = apiduct_model::SnakeCase::path(name);
        let at = self.constants.iter().position(|one| *one == name)?;
        constants.get(at)
    }
}

/// The same value with the keys of each object in order and without spaces.
fn canonical(text: &str) -> Result<String, SyntaxError> {
    let mut out = String::with_capacity(text.len());
    write(&mut Parser::new(text), &mut out)?;
    Ok(out)
}

fn write(parser: &mut Parser<'_>, out: &mut String) -> Result<(), SyntaxError> {
    match parser.kind()? {
        Kind::Object => {
            let mut members: BTreeMap<String, String> = BTreeMap::new();
            parser.begin_object()?;
            while let Some(key) = parser.next_key()? {
                let key = key.unescape(&mut String::new())?.to_owned();
                let mut value = String::new();
                write(parser, &mut value)?;
                members.insert(key, value);
            }
            out.push('{');
            for (key, value) in members {
                out.push_str(&Value::from(key).to_string());
                out.push(':');
                out.push_str(&value);
                out.push(',');
            }
            out.push('}');
        }
        Kind::List => {
            out.push('[');
            parser.begin_list()?;
            while parser.next_element()? {
                write(parser, out)?;
                out.push(',');
            }
            out.push(']');
        }
        Kind::String => {
            let text = parser.string()?.unescape(&mut String::new())?.to_owned();
            out.push_str(&Value::from(text).to_string());
        }
        _ => out.push_str(parser.skip()?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> GateKey {
        GateKey {
            name: name.to_owned(),
            selector: Selector::parse(name).unwrap(),
        }
    }

    #[test]
    fn a_whole_record_is_the_same_whatever_the_order_of_its_keys() {
        let digests = Digests::new(Vec::new(), Vec::new());
        let one = digests.of(r#"{"a": 1, "b": [{"d": 2, "c": "ü"}]}"#, &[], 0);
        let same = digests.of(r#" {"b":[{"c":"\u00fc","d":2}],"a":1}"#, &[], 0);
        assert_eq!(one, same);
        for other in [r#"{"a":1}"#, r#"{"a":1,"b":[{"c":"ü","d":2.0}]}"#] {
            assert_ne!(one, digests.of(other, &[], 0), "{other}");
        }
    }

    #[test]
    fn a_key_looks_at_its_fields_only() {
        let digests = Digests::new(vec![key("id"), key("user.id")], Vec::new());
        let one = digests.of(r#"{"id": 1, "user": {"id": "x"}, "n": 1}"#, &[], 0);
        assert_eq!(
            one,
            digests.of(r#"{"n": 2, "user": {"id": "x"}, "id": 1}"#, &[], 0)
        );
        assert_ne!(
            one,
            digests.of(r#"{"id": "1", "user": {"id": "x"}}"#, &[], 0)
        );
    }

    #[test]
    fn a_field_of_the_parent_may_be_part_of_the_key() {
        let digests = Digests::new(vec![key("id"), key("_p_id")], vec!["_p_id".to_owned()]);
        let of = |parent: i64| digests.of(r#"{"id": 1, "n": 1}"#, &[Scalar::from(parent)], 0);
        assert_eq!(
            of(1),
            digests.of(r#"{"id": 1, "n": 2}"#, &[Scalar::from(1)], 0)
        );
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_key_that_is_not_complete_means_the_whole_record() {
        let digests = Digests::new(vec![key("id")], Vec::new());
        assert_ne!(
            digests.of(r#"{"n": 1}"#, &[], 0),
            digests.of(r#"{"n": 2}"#, &[], 0)
        );
    }

    #[test]
    fn equal_records_of_two_parents_are_two() {
        let digests = Digests::new(Vec::new(), Vec::new());
        assert_ne!(digests.of("{}", &[], 1), digests.of("{}", &[], 2));
    }
}

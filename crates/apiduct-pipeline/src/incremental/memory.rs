//! What a resource remembers of its incremental load, as it stands in the state.

use std::collections::BTreeMap;

use apiduct_load::State;
use apiduct_model::cursor::CursorType;
use apiduct_model::{ResourceName, Scalar};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The key in the state of a resource.
pub(crate) const KEY: &str = "incremental";
/// The key for a backfill that is not finished.
pub(crate) const BACKFILL: &str = "backfill";

/// The memory of one resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// What the cursor was compared as.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor_type: Option<CursorType>,
    /// How far the resource as a whole came.
    #[serde(flatten)]
    pub(crate) own: Mark,
    /// How far it came for each row of its parent, with `scope: parent`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parents: BTreeMap<Digest, Mark>,
}

/// How far records came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The farthest cursor, as the API wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_value: Option<Cursor>,
    /// The records that stand there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seen: Vec<Digest>,
}

impl Mark {
    pub(crate) fn new(last: Option<Scalar>, seen: &[u64]) -> Self {
        Self {
            last_value: last.map(Cursor),
            seen: seen.iter().copied().map(Digest).collect(),
        }
    }

    pub(crate) fn last(&self) -> Option<&Scalar> {
        self.last_value.as_ref().map(|cursor| &cursor.0)
    }
}

/// A digest as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Digest(pub(crate) u64);

impl TryFrom<String> for Digest {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        format!("{:016x}", digest.0)
    }
}

/// A cursor in JSON: a text, or a number. One with more digits than JSON carries is written `{"number": "..."}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub(crate) struct Cursor(pub(crate) Scalar);

impl From<Cursor> for Value {
    fn from(cursor: Cursor) -> Self {
        match cursor.0 {
            Scalar::Text(text) => Self::from(&*text),
            Scalar::Number(text) => {
                let exact: Option<Self> = serde_json::from_str(&text).ok();
                match exact {
                    Some(Self::Number(number)) if number.to_string() == *text => {
                        Self::Number(number)
                    }
                    _ => serde_json::json!({ "number": &*text }),
                }
            }
            Scalar::Bool(value) => Self::from(value),
            Scalar::Null => Self::Null,
        }
    }
}

impl TryFrom<Value> for Cursor {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Ok(Self(match &value {
            Value::String(text) => Scalar::Text(text.as_str().into()),
            Value::Number(number) => Scalar::Number(number.to_string().into()),
            Value::Object(_) => match value["number"].as_str() {
                Some(digits) => Scalar::Number(digits.into()),
                None => return Err("a cursor is a text or a number"),
            },
            _ => return Err("a cursor is a text or a number"),
        }))
    }
}

/// A backfill that has come to a window and is not finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unfinished {
    pub(crate) from: String,
    pub(crate) to: String,
    /// All before this is loaded.
    pub(crate) done: Cursor,
}

/// What `resource` remembers under `key`; nothing if it remembers nothing.
pub(crate) fn recall<T: for<'d> Deserialize<'d>>(
    state: &State,
    resource: &ResourceName,
    key: &str,
) -> Result<Option<T>, serde_json::Error> {
    let memory = state.resource(resource).and_then(|map| map.get(key));
    memory.cloned().map(serde_json::from_value).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_memory_reads_back_as_it_was_written() {
        let memory = Memory {
            cursor_type: Some(CursorType::Timestamp),
            own: Mark::new(Some(Scalar::from("2024-01-01")), &[1, u64::MAX]),
            parents: BTreeMap::from([(Digest(7), Mark::new(Some(Scalar::from(3)), &[]))]),
        };
        let json = serde_json::to_value(&memory).unwrap();
        assert_eq!(
            json,
            json!({
                "type": "timestamp", "last_value": "2024-01-01",
                "seen": ["0000000000000001", "ffffffffffffffff"],
                "parents": {"0000000000000007": {"last_value": 3}},
            })
        );
        assert_eq!(serde_json::from_value::<Memory>(json).unwrap(), memory);
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        for digits in ["12", "1.50", "123456789012345678901234567890", "-7"] {
            let cursor = Cursor(Scalar::Number(digits.into()));
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(
                serde_json::from_str::<Cursor>(&json).unwrap(),
                cursor,
                "{json}"
            );
        }
        assert!(serde_json::from_value::<Cursor>(json!([1])).is_err());
    }
}

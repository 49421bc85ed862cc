use std::collections::BTreeMap;

use apiduct_model::ResourceName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::LoadId;

/// What a pipeline remembers between runs: one JSON object for each resource.
///
/// A state never moves without the rows it stands for: a package carries the state before and after it, and the
/// destination stores the latter in the transaction that brings the rows.
///
/// ```
/// use apiduct_load::{LoadIds, State};
/// use apiduct_model::{ResourceName, SystemClock};
/// use serde_json::json;
///
/// let before = State::default();
/// let load_id = LoadIds::new(1).next(&SystemClock::new());
/// let mut after = before.advance(load_id);
/// let issues = ResourceName::from("issues");
/// after.resource_mut(&issues).insert("cursor".to_owned(), json!("2026-01-01"));
///
/// assert_eq!(after.version, 1);
/// assert_eq!(after.resource("issues").unwrap()["cursor"], "2026-01-01");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// How many loads have moved this state; 0 for a pipeline that never loaded.
    pub version: u64,
    /// The load that this state came with; `None` for a pipeline that never loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_id: Option<LoadId>,
    /// What each resource keeps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<ResourceName, Map<String, Value>>,
}

impl State {
    /// The same memory, one version on, as it will come with `load_id`.
    #[must_use]
    pub fn advance(&self, load_id: LoadId) -> Self {
        Self {
            version: self.version + 1,
            load_id: Some(load_id),
            resources: self.resources.clone(),
        }
    }

    /// What `resource` keeps; `None` when it keeps nothing.
    pub fn resource(&self, resource: &str) -> Option<&Map<String, Value>> {
        self.resources.get(resource)
    }

    /// What `resource` keeps, to be changed.
    pub fn resource_mut(&mut self, resource: &ResourceName) -> &mut Map<String, Value> {
        self.resources.entry(resource.clone()).or_default()
    }

    /// Whether `self` and `other` are the same point of one history.
    pub fn is_same_point(&self, other: &Self) -> bool {
        self.version == other.version && self.load_id == other.load_id
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::SystemClock;
    use serde_json::json;

    use super::*;
    use crate::LoadIds;

    #[test]
    fn a_state_keeps_its_resources_when_it_advances() {
        let mut before = State::default();
        before
            .resource_mut(&"issues".into())
            .insert("cursor".to_owned(), json!(12_345_678_901_234_567_u64));
        let after = before.advance(LoadIds::new(1).next(&SystemClock::new()));
        assert_eq!(after.resources, before.resources);
        assert!(!after.is_same_point(&before));
        assert_eq!((before.version, after.version), (0, 1));
    }

    #[test]
    fn a_state_survives_a_round_trip_through_json() {
        let mut state = State::default().advance(LoadIds::new(1).next(&SystemClock::new()));
        state
            .resource_mut(&"名前".into())
            .insert("seen".to_owned(), json!(["a", 1, null, {"b": 2.5}]));
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
        assert_eq!(
            serde_json::from_str::<State>(r#"{"version":0}"#).unwrap(),
            State::default()
        );
    }
}

use apiduct_json::{Captured, JsonError, Kind, Parser, ScanPlan, Selector, SyntaxError};
use bytes::Bytes;

use crate::options::Options;

/// A value of each record that others need as it was written: a child's parameter, a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tap {
    /// Where it stands in the record.
    pub selector: Selector,
}

impl Tap {
    /// A tap at `selector`.
    pub fn new(selector: Selector) -> Self {
        Self { selector }
    }

    /// The keys along the path, when the walk can follow it.
    pub(crate) fn keys(&self) -> Option<Vec<String>> {
        let keys = self.selector.keys()?;
        (!keys.is_empty()).then(|| keys.into_iter().map(str::to_owned).collect())
    }
}

/// The tapped values of one record, in the order of the taps.
pub type TapRow = Vec<Captured>;

/// What was there instead, in the first record in which a tap found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapGap {
    /// Where nothing was found.
    pub selector: Selector,
    /// The fields of the innermost object on the way there, as paths; at most [`GAP_FIELDS`] of them.
    pub fields: Vec<String>,
}

/// Fields that a [`TapGap`] lists at most.
pub const GAP_FIELDS: usize = 1000;

/// Taps as they are served: by the walk where the path consists of names, and else by a look of its own at the record.
#[derive(Debug)]
pub(crate) struct Taps {
    /// For each tap, the keys that the walk follows, or nothing.
    pub(crate) keys: Vec<Vec<String>>,
    /// The other taps: which one, and how to find it.
    scanned: Vec<(usize, ScanPlan)>,
    /// For each tap, the keys along its path, as long as it was never missing.
    unmissed: Vec<Option<Vec<String>>>,
    /// What was there instead, since this was last taken.
    pub(crate) gaps: Vec<TapGap>,
}

impl Taps {
    pub(crate) fn new(taps: &[Tap], options: &Options) -> Self {
        let keys: Vec<Vec<String>> = taps
            .iter()
            .map(|tap| tap.keys().filter(|keys| options.is_walked(keys)))
            .map(Option::unwrap_or_default)
            .collect();
        let plan = |tap: &Tap| ScanPlan::new(Selector::root(), vec![tap.selector.clone()]);
        let scanned = taps
            .iter()
            .enumerate()
            .filter(|(at, _)| keys[*at].is_empty());
        let scanned = scanned.map(|(at, tap)| (at, plan(tap))).collect();
        let unmissed = taps.iter().map(|tap| Some(tap.keys().unwrap_or_default()));
        Self {
            keys,
            scanned,
            unmissed: unmissed.collect(),
            gaps: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether some taps need the text of the record.
    pub(crate) fn needs_text(&self) -> bool {
        !self.scanned.is_empty()
    }

    /// Fills the taps that the walk cannot serve.
    pub(crate) fn look(&self, record: &str, row: &mut TapRow) -> Result<(), JsonError> {
        let record = Bytes::copy_from_slice(record.as_bytes());
        for (at, plan) in &self.scanned {
            if let Some(found) = plan.scan(&record)?.captures.pop() {
                row[*at] = found;
            }
        }
        Ok(())
    }

    /// Notes what `record` has where the taps of `row` found nothing, for the first time that each of them does.
    pub(crate) fn note_gaps(&mut self, record: &str, row: &TapRow, taps: &[Tap]) {
        for ((value, unmissed), tap) in row.iter().zip(&mut self.unmissed).zip(taps) {
            if *value == Captured::Absent
                && let Some(path) = unmissed.take()
            {
                self.gaps.push(TapGap {
                    selector: tap.selector.clone(),
                    fields: fields(record, &path),
                });
            }
        }
    }
}

/// The fields of the innermost object on the way along `path`, as paths.
fn fields(record: &str, path: &[String]) -> Vec<String> {
    let (mut object, mut prefix, mut names) = (record, String::new(), Vec::new());
    for depth in 0.. {
        let step = path.get(depth).filter(|_| depth + 1 < path.len());
        // The walk has read the record: it is an object, and its text is valid.
        let Ok((found, inner)) = keys(object, &prefix, step) else {
            break;
        };
        names = found;
        let (Some(inner), Some(step)) = (inner, step) else {
            break;
        };
        object = inner;
        prefix = format!("{prefix}{step}.");
    }
    names
}

/// The keys of `object` behind `prefix`, and the object at its key `step`.
fn keys<'r>(
    object: &'r str,
    prefix: &str,
    step: Option<&String>,
) -> Result<(Vec<String>, Option<&'r str>), SyntaxError> {
    let (mut names, mut inner, mut scratch) = (Vec::new(), None, String::new());
    let mut parser = Parser::new(object);
    parser.begin_object()?;
    while let Some(key) = parser.next_key()? {
        let key = key.unescape(&mut scratch)?;
        let is_step = step.is_some_and(|step| step == key) && parser.kind()? == Kind::Object;
        if names.len() < GAP_FIELDS {
            names.push(format!("{prefix}{key}"));
        }
        let value = parser.skip()?;
        if is_step {
            inner = Some(value);
        }
    }
    Ok((names, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(record: &str, path: &str) -> Vec<String> {
        let tap = Tap::new(Selector::parse(path).unwrap());
        fields(record, &tap.keys().unwrap_or_default())
    }

    #[test]
    fn the_fields_are_those_of_the_innermost_object_on_the_way() {
        let record = r#"{"id": 1, "user": {"name": "x", "team": {"a": []}}, "u\u0074c": null}"#;
        assert_eq!(of(record, "uid"), ["id", "user", "utc"]);
        assert_eq!(of(record, "user.login"), ["user.name", "user.team"]);
        assert_eq!(of(record, "user.team.b.c"), ["user.team.a"]);
        assert_eq!(of(record, "id.x"), ["id", "user", "utc"]);
        assert_eq!(of(record, "user[?@.a].x"), ["id", "user", "utc"]);
        assert_eq!(of("{}", "uid"), [""; 0]);
    }

    #[test]
    fn an_object_with_ids_for_keys_is_not_listed_without_end() {
        let keys: Vec<String> = (0..5000).map(|id| format!("\"{id}\":0")).collect();
        let record = format!("{{{}}}", keys.join(","));
        assert_eq!(of(&record, "x").len(), GAP_FIELDS);
    }
}

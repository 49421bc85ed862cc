//! Which list of a response is the list of records.

use apiduct_json::Selector;
use serde_json::{Map, Value};

use super::SelectorFinding;
use super::names::{self, RecordName};

/// Lists of plain values deeper than this are details of something.
const DEEPEST_PLAIN: usize = 3;
/// No list is looked for deeper than this.
const DEEPEST: usize = 6;

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Objects,
    Plain,
    Empty,
    /// Null under a record name: an empty list, written oddly.
    Null,
}

/// A list that may be the one.
#[derive(Debug)]
struct Candidate<'v> {
    keys: Vec<&'v str>,
    container: &'v Map<String, Value>,
    content: Content,
    len: usize,
    name: RecordName,
    /// About the response, or below something that is.
    is_last_resort: bool,
}

/// How good a candidate is; the best come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Named,
    PerhapsNamed,
    Objects,
    NamedDetails,
    NamedEmpty,
    Plain,
    Empty,
}

impl<'v> Candidate<'v> {
    fn new(
        keys: Vec<&'v str>,
        container: &'v Map<String, Value>,
        value: &'v Value,
    ) -> Option<Self> {
        let key = *keys.last()?;
        let name = names::record_name(key);
        let (content, len) = match value {
            Value::Array(list) => (content(list), list.len()),
            Value::Null if name == RecordName::Yes => (Content::Null, 0),
            _ => return None,
        };
        if content != Content::Objects && keys.len() > DEEPEST_PLAIN {
            return None;
        }
        let is_last_resort = keys.iter().any(|key| names::is_about_response(key));
        Some(Self {
            keys,
            container,
            content,
            len,
            name,
            is_last_resort,
        })
    }

    fn class(&self) -> Class {
        let is_detail = self.content == Content::Plain && self.keys.len() > 1;
        match (self.content, self.name) {
            (Content::Empty, RecordName::No) => Class::Empty,
            (Content::Empty | Content::Null, _) => Class::NamedEmpty,
            (Content::Objects, RecordName::No) => Class::Objects,
            (Content::Plain, RecordName::No) => Class::Plain,
            _ if is_detail => Class::NamedDetails,
            (_, RecordName::Yes) => Class::Named,
            (_, RecordName::Perhaps) => Class::PerhapsNamed,
        }
    }

    fn rank(&self) -> (bool, Class, usize, Content) {
        (
            self.is_last_resort,
            self.class(),
            self.keys.len(),
            self.content,
        )
    }

    fn selector(&self) -> Selector {
        Selector::from_keys(&self.keys)
    }

    fn reason(&self) -> String {
        let selector = self.selector();
        let what = match self.content {
            Content::Objects => format!("a list of {} objects", self.len),
            Content::Plain => format!("a list of {} plain values", self.len),
            Content::Empty => "an empty list".to_owned(),
            Content::Null => "null, taken for an empty list".to_owned(),
        };
        match (self.is_last_resort, self.name) {
            (true, _) => format!("`{selector}` is {what}, and no better list is there"),
            (false, RecordName::Yes) => format!("`{selector}` is {what} under a usual name"),
            (false, _) => format!("`{selector}` is {what}"),
        }
    }

    /// The field that makes the object around this list a record rather than an envelope.
    fn entity_field(&self) -> Option<&'v str> {
        if self.name != RecordName::No && !self.is_last_resort {
            return None;
        }
        let has_own_field = |(key, value): &(&'v String, &'v Value)| {
            is_scalar(value) && !value.is_null() && !names::is_envelope(key)
        };
        let mut own = self.container.iter().filter(has_own_field);
        let is_paged = self
            .container
            .keys()
            .any(|key| names::speaks_of_paging(key));
        if self.content == Content::Objects && !self.is_last_resort {
            own.find(|(key, _)| names::is_identity(key) && !is_paged)
        } else {
            own.next()
        }
        .map(|(key, _)| key.as_str())
    }

    fn score(&self, others: &[Candidate<'_>]) -> f32 {
        let rivals = others.iter().filter(|other| !other.is_last_resort);
        if self.is_last_resort {
            return 0.2;
        }
        match self.class() {
            Class::Named => 1.0,
            Class::PerhapsNamed => 0.9,
            Class::Objects => match rivals.map(Candidate::class).min() {
                None => 0.9,
                Some(Class::NamedEmpty) => 0.3,
                Some(Class::Objects) => 0.4,
                Some(_) => 0.7,
            },
            Class::NamedDetails | Class::Plain => 0.5,
            Class::NamedEmpty => 0.8,
            Class::Empty => 0.4,
        }
    }
}

fn content(list: &[Value]) -> Content {
    if list.is_empty() {
        Content::Empty
    } else if list.iter().any(Value::is_object) {
        Content::Objects
    } else {
        Content::Plain
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// Finds the record list in `value`, the body of a first response.
///
/// Lists are ranked: those under a usual name (`data`, `items`, `results`, ...) first, then lists of objects, then
/// empty and plain ones; near the top before deep; what describes the response (`meta`, `errors`, `links`, ...) last.
/// An object whose only lists are details of its own is one record.
///
/// ```
/// use apiduct_client::detect;
/// use serde_json::json;
///
/// let finding = detect::selector(&json!({"errors": [], "users": [{"id": 1}]}));
/// assert_eq!(finding.selector.as_str(), "users");
/// assert!(finding.is_list);
/// ```
pub fn selector(value: &Value) -> SelectorFinding {
    let object = match value {
        Value::Object(object) => object,
        Value::Array(list) => {
            let reason = format!("the response is a list of {}", list.len());
            return whole(true, 1.0, reason, Vec::new());
        }
        _ => {
            let reason = "the response is neither an object nor a list".to_owned();
            return whole(false, 0.5, reason, Vec::new());
        }
    };
    let mut candidates = Vec::new();
    collect(object, &mut Vec::new(), &mut candidates);
    candidates.sort_by_key(Candidate::rank);
    let mut candidates = candidates.into_iter();
    let Some(best) = candidates.next() else {
        return whole(
            false,
            0.8,
            "there is no list in the response".to_owned(),
            Vec::new(),
        );
    };
    let others: Vec<_> = candidates.collect();
    let mut alternatives: Vec<_> = others.iter().map(Candidate::selector).collect();
    if let Some(field) = best.entity_field() {
        let reason = format!(
            "`{}` stands beside `{field}` in what looks like a record",
            best.selector()
        );
        alternatives.insert(0, best.selector());
        return whole(false, 0.6, reason, alternatives);
    }
    SelectorFinding {
        selector: best.selector(),
        is_list: true,
        score: best.score(&others),
        reasons: vec![best.reason()],
        alternatives,
    }
}

fn whole(
    is_list: bool,
    score: f32,
    reason: String,
    alternatives: Vec<Selector>,
) -> SelectorFinding {
    SelectorFinding {
        selector: Selector::root(),
        is_list,
        score,
        reasons: vec![reason],
        alternatives,
    }
}

/// All candidates below `object`, in the order of the document.
fn collect<'v>(
    object: &'v Map<String, Value>,
    keys: &mut Vec<&'v str>,
    candidates: &mut Vec<Candidate<'v>>,
) {
    for (key, value) in object {
        keys.push(key);
        match value {
            Value::Object(inner) if keys.len() < DEEPEST => collect(inner, keys, candidates),
            _ => candidates.extend(Candidate::new(keys.clone(), object, value)),
        }
        keys.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(value: &Value) -> String {
        selector(value).selector.to_string()
    }

    #[test]
    fn the_whole_response_is_taken_when_it_is_a_list_or_has_none() {
        for (value, is_list) in [
            (json!([{"id": 1}]), true),
            (json!([]), true),
            (json!({}), false),
            (json!(null), false),
            (json!("text"), false),
            (json!({"id": 1, "product_name": "x"}), false),
            (json!({"a": {"b": {"c": {"d": [1]}}}}), false),
        ] {
            let finding = selector(&value);
            assert_eq!(finding.selector, Selector::root(), "{value}");
            assert_eq!(finding.is_list, is_list, "{value}");
        }
    }

    #[test]
    fn lists_are_ranked_by_name_content_depth_and_order() {
        for (value, expected) in [
            (json!({"errors": [], "users": [1]}), "users"),
            (json!({"meta": {"tags": ["t"]}, "things": [1]}), "things"),
            (json!({"user": {"items": [9]}, "data": [1]}), "data"),
            (json!({"links": [1], "rows": [2]}), "rows"),
            (json!({"metadata": {"data": [1]}, "z": [2]}), "z"),
            (json!({"items": {"data": [1]}}), "items.data"),
            (json!({"warnings": [{"w": 1}], "users": []}), "users"),
            (
                json!({"included": [{"i": 1}], "things": [{"t": 1}]}),
                "things",
            ),
            (json!({"a": ["x"], "b": [{"y": 1}]}), "b"),
            (json!({"a": [], "b": ["y"]}), "b"),
            (json!({"a": {"deep": [{"x": 1}]}, "b": [{"y": 1}]}), "b"),
            (json!({"a": [{"x": 1}], "b": [{"y": 1}]}), "a"),
            (json!({"Data": [{"x": 1}], "a": [{"y": 1}]}), "Data"),
            (
                json!({"filter": {"values": [1]}, "products": [{"x": 1}]}),
                "products",
            ),
            (json!({"items": [], "users": [{"x": 1}]}), "users"),
            (
                json!({"d": {"results": [{"x": 1}], "__next": "u"}}),
                "d.results",
            ),
            (json!({"@odata.context": "c", "value": [{"x": 1}]}), "value"),
            (
                json!({"data": {"repo": {"issues": {"nodes": [{"n": 1}]}}}}),
                "data.repo.issues.nodes",
            ),
            (json!({"count": 2, "names": ["a", "b"]}), "names"),
            (json!({"errors": [{"message": "m"}]}), "errors"),
        ] {
            assert_eq!(found(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_record_with_lists_of_its_own_is_one_record() {
        for value in [
            json!({"id": 1, "tags": ["a"]}),
            json!({"name": "x", "tags": []}),
            json!({"id": 1, "name": "x", "orders": [{"no": 1}]}),
            json!({"title": "t", "links": [{"rel": "self", "href": "u"}]}),
            json!({"user": {"name": "x", "tags": ["a"]}}),
        ] {
            let finding = selector(&value);
            assert_eq!(finding.selector, Selector::root(), "{value}");
            assert!(!finding.is_list);
            assert_eq!(finding.alternatives.len(), 1, "{value}");
        }
    }

    #[test]
    fn an_id_in_an_envelope_does_not_make_it_a_record() {
        let value = json!({"id": "request-1", "total": 9, "users": [{"id": 1}]});
        assert_eq!(found(&value), "users");
        assert_eq!(found(&json!({"id": 5, "data": [{"id": 1}]})), "data");
    }

    #[test]
    fn null_under_a_record_name_is_an_empty_list() {
        let finding = selector(&json!({"data": null, "total": 0}));
        assert_eq!(finding.selector.as_str(), "data");
        assert!(finding.is_list);
        assert_eq!(found(&json!({"data": null, "rows": [1]})), "rows");
    }

    #[test]
    fn keys_of_any_kind_make_selectors_that_work() {
        for key in [
            "a b",
            "a:b",
            "naïve",
            "where",
            "x.y",
            "@odata.list",
            "a'b\"c\\",
            "$",
        ] {
            let value = json!({ key: [{"id": 1}] });
            let finding = selector(&value);
            assert_eq!(
                finding.selector.query(&value),
                [&json!([{"id": 1}])],
                "{key}"
            );
            let again = Selector::parse(finding.selector.as_str()).unwrap();
            assert_eq!(again, finding.selector, "{key}");
        }
    }

    #[test]
    fn the_score_says_how_clear_the_choice_was() {
        let clear = selector(&json!({"data": [{"a": 1}], "errors": []}));
        let fair = selector(&json!({"users": [{"a": 1}]}));
        let unclear = selector(&json!({"users": [{"a": 1}], "groups": [{"a": 1}]}));
        let poor = selector(&json!({"errors": [{"a": 1}]}));
        let scores = [clear, fair, unclear, poor].map(|finding| finding.score);
        assert!(scores.is_sorted_by(|a, b| a > b), "{scores:?}");
    }

    #[test]
    fn alternatives_and_reasons_are_told() {
        let finding = selector(&json!({"meta": {"tags": ["t"]}, "users": [{"a": 1}], "rows": []}));
        assert_eq!(finding.reasons, ["`users` is a list of 1 objects"]);
        let alternatives: Vec<_> = finding.alternatives.iter().map(Selector::as_str).collect();
        assert_eq!(alternatives, ["rows", "meta.tags"]);
    }
}

//! What a response says about paging, besides its records.

use std::collections::HashSet;

use apiduct_json::Selector;
use apiduct_model::Scalar;
use serde_json::{Map, Value};

use super::names;
use crate::paginate::to_whole_number;

/// Keys for the total number of pages, most telling first.
const TOTAL_PAGES: [&str; 6] = [
    "totalpages",
    "pages",
    "pagecount",
    "numpages",
    "lastpage",
    "totalpage",
];
/// Keys for the total number of records.
const TOTAL_RECORDS: [&str; 8] = [
    "total",
    "totalcount",
    "totalitems",
    "totalresults",
    "totalrecords",
    "totalelements",
    "recordstotal",
    "count",
];
/// Keys for the offset of this page.
pub(super) const OFFSET: [&str; 6] = ["offset", "skip", "startat", "startindex", "start", "from"];
/// Keys for the number of this page.
const CURRENT_PAGE: [&str; 4] = ["page", "currentpage", "pagenumber", "pageindex"];
/// Keys for the number of this page that count only beside a total.
const CURRENT_PAGE_BESIDE_TOTAL: [&str; 6] = [
    "page",
    "currentpage",
    "pagenumber",
    "pageindex",
    "number",
    "index",
];
/// Keys for a truth about there being more.
const HAS_MORE: [&str; 7] = [
    "hasmore",
    "hasnext",
    "hasnextpage",
    "hasmoreitems",
    "hasmorepages",
    "moreavailable",
    "more",
];
/// Keys inside an object called `next` or in the element of a list of links.
const LINK_KEYS: [&str; 4] = ["href", "url", "uri", "link"];
/// Keys inside an object called `next`.
const TOKEN_KEYS: [&str; 6] = ["after", "cursor", "token", "page", "offset", "start"];

/// Whether a number under `key` tells which page of a list this is.
pub(crate) fn is_place_of_page(key: &str) -> bool {
    let name = names::plain(key);
    let name = name.as_str();
    CURRENT_PAGE_BESIDE_TOTAL.contains(&name) || OFFSET.contains(&name)
}

/// An object of the response that may speak about paging: the outermost, those around the records, and those whose
/// keys say so.
#[derive(Debug, Clone)]
pub(super) struct Scope<'v> {
    pub(super) keys: Vec<&'v str>,
    pub(super) object: &'v Map<String, Value>,
}

/// A whole number that the response has.
#[derive(Debug, Clone)]
pub(super) struct Field<'v> {
    pub(super) key: &'v str,
    pub(super) selector: Selector,
    pub(super) number: u64,
    /// The scope it is in.
    pub(super) scope: usize,
}

/// A reference to the next page.
#[derive(Debug, Clone)]
pub(super) struct NextRef<'v> {
    /// The key that names it.
    pub(super) key: &'v str,
    pub(super) selector: Selector,
    /// The words behind `next` in the key.
    pub(super) words: Vec<&'static str>,
    pub(super) target: Target,
}

/// What a reference to the next page holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// A link, and how surely it is one, from 0 to 1.
    Link(f32),
    /// A text that is no link.
    Token,
    Number(u64),
    /// Null: there is no next page.
    Nothing,
}

/// What a response says besides its records.
#[derive(Debug)]
pub(super) struct Envelope<'v> {
    pub(super) scopes: Vec<Scope<'v>>,
    records: HashSet<*const Value>,
}

impl<'v> Envelope<'v> {
    /// The objects around the records that `selector` finds in `value`. None, if the records are the whole document.
    pub(super) fn new(value: &'v Value, selector: &Selector) -> Self {
        let records: HashSet<*const Value> = selector
            .query(value)
            .into_iter()
            .map(std::ptr::from_ref)
            .collect();
        let mut scopes = Vec::new();
        if let Value::Object(object) = value
            && !records.contains(&std::ptr::from_ref(value))
        {
            collect(object, &records, &mut Vec::new(), &mut scopes);
        }
        Self { scopes, records }
    }

    /// The keys and values of all scopes.
    fn entries(&self) -> impl Iterator<Item = (usize, &'v str, &'v Value)> {
        self.scopes.iter().enumerate().flat_map(|(index, scope)| {
            let object: &'v Map<String, Value> = scope.object;
            object
                .iter()
                .map(move |(key, value)| (index, key.as_str(), value))
        })
    }

    fn selector(&self, scope: usize, key: &str) -> Selector {
        let mut keys = self.scopes[scope].keys.clone();
        keys.push(key);
        Selector::from_keys(&keys)
    }

    /// The whole number under the best of `wanted` in the scopes that `is_open` lets through.
    pub(super) fn number(
        &self,
        wanted: &[&str],
        is_open: impl Fn(usize) -> bool,
    ) -> Option<Field<'v>> {
        let rank = |key: &str| wanted.iter().position(|one| *one == names::plain(key));
        self.entries()
            .filter(|(scope, ..)| is_open(*scope))
            .filter_map(|(scope, key, value)| Some((rank(key)?, scope, key, whole_number(value)?)))
            .min_by_key(|(rank, scope, ..)| (*rank, *scope))
            .map(|(_, scope, key, number)| Field {
                key,
                selector: self.selector(scope, key),
                number,
                scope,
            })
    }

    /// The total number of pages.
    pub(super) fn total_pages(&self) -> Option<Field<'v>> {
        self.number(&TOTAL_PAGES, |_| true)
    }

    /// The total number of records.
    pub(super) fn total_records(&self) -> Option<Field<'v>> {
        self.number(&TOTAL_RECORDS, |_| true)
    }

    /// The total number of records, as a number around the records or in an object about pages there.
    pub(super) fn count_of_records(&self) -> Option<Field<'v>> {
        let is_open = |scope: usize| {
            let (keys, object) = (&self.scopes[scope].keys, self.scopes[scope].object);
            let speaks = |key: &&str| {
                let name = names::plain(key);
                name.contains("pag") || name.contains("meta")
            };
            object
                .values()
                .any(|value| is_or_holds(value, &self.records))
                || keys.last().is_some_and(speaks)
        };
        let total = self.number(&TOTAL_RECORDS, is_open)?;
        let is_number = self.scopes[total.scope].object[total.key].is_u64();
        is_number.then_some(total)
    }

    /// The number of this page, beside `total` or one level up.
    pub(super) fn current_page_beside(&self, total: &Field<'_>) -> Option<Field<'v>> {
        let home = self.scopes[total.scope].keys.as_slice();
        let above = home.split_last().map(|(_, above)| above);
        self.number(&CURRENT_PAGE_BESIDE_TOTAL, |scope| scope == total.scope)
            .or_else(|| {
                self.number(&CURRENT_PAGE, |scope| {
                    Some(self.scopes[scope].keys.as_slice()) == above
                })
            })
    }

    /// The number of this page, anywhere.
    pub(super) fn current_page(&self) -> Option<Field<'v>> {
        self.number(&CURRENT_PAGE, |_| true)
    }

    /// Whether an object around the records has a member whose plain name is `name`.
    pub(super) fn has_key(&self, name: &str) -> bool {
        self.entries().any(|(_, key, _)| names::plain(key) == name)
    }

    /// Whether there is more, and where that is said.
    pub(super) fn has_more(&self) -> Option<(Selector, bool)> {
        self.entries().find_map(|(scope, key, value)| {
            let is_named = HAS_MORE.contains(&names::plain(key).as_str());
            let truth = value.as_bool().filter(|_| is_named)?;
            Some((self.selector(scope, key), truth))
        })
    }

    /// All references to the next page, in the order of the document.
    pub(super) fn next_refs(&self) -> Vec<NextRef<'v>> {
        let mut refs = Vec::new();
        for (scope, key, value) in self.entries() {
            match value {
                Value::Array(links) => refs.extend(self.link_in_list(scope, key, links)),
                Value::Object(inner) if names::words_after_next(key).is_some() => {
                    refs.extend(self.inside_next(scope, key, inner));
                }
                other => refs.extend(self.direct(scope, key, other)),
            }
        }
        refs
    }

    /// `"next": "/r?page=2"`, `"nextPageToken": "abc"`, `"endCursor": "abc"`.
    fn direct(&self, scope: usize, key: &'v str, value: &Value) -> Option<NextRef<'v>> {
        let words = match names::words_after_next(key) {
            Some(words) => words,
            None if self.is_cursor_key(scope, key, value) => vec!["cursor"],
            None => return None,
        };
        Some(NextRef {
            key,
            selector: self.selector(scope, key),
            target: target(value, &words)?,
            words,
        })
    }

    fn is_cursor_key(&self, scope: usize, key: &str, value: &Value) -> bool {
        let is_among_cursors = || {
            let home = self.scopes[scope].keys.last().map(|key| names::plain(key));
            home.is_some_and(|home| home.contains("cursor"))
        };
        match names::plain(key).as_str() {
            "endcursor" | "continuationtoken" => true,
            "after" => is_among_cursors(),
            // Airtable hands out a text where others have a number.
            "offset" => value
                .as_str()
                .is_some_and(|text| text.trim().parse::<f64>().is_err()),
            _ => false,
        }
    }

    /// `"next": {"href": "/r?page=2"}`, `"next": {"after": "abc"}`.
    fn inside_next(
        &self,
        scope: usize,
        key: &'v str,
        inner: &'v Map<String, Value>,
    ) -> Option<NextRef<'v>> {
        let found = |wanted: &[&'static str]| {
            inner.iter().find_map(|(inside, value)| {
                let word = wanted.iter().find(|word| names::plain(inside) == **word)?;
                let target = target(value, &[word]).filter(|target| *target != Target::Nothing)?;
                Some((inside.as_str(), *word, target))
            })
        };
        let (inside, word, target) = found(&LINK_KEYS).or_else(|| found(&TOKEN_KEYS))?;
        let mut keys = self.scopes[scope].keys.clone();
        keys.extend([key, inside]);
        Some(NextRef {
            key: inside,
            selector: Selector::from_keys(&keys),
            words: vec![word],
            target,
        })
    }

    /// `"links": [{"rel": "next", "href": "/r?page=2"}]`.
    fn link_in_list(&self, scope: usize, key: &'v str, links: &'v [Value]) -> Option<NextRef<'v>> {
        if !matches!(names::plain(key).as_str(), "link" | "links") {
            return None;
        }
        links.iter().filter_map(Value::as_object).find_map(|link| {
            let is_next = |text: &str| text.eq_ignore_ascii_case("next");
            let (rel, relation) = ["rel", "relation"].iter().find_map(|rel| {
                Some((*rel, link.get(*rel)?.as_str().filter(|text| is_next(text))?))
            })?;
            let href = LINK_KEYS.iter().find(|href| link.contains_key(**href))?;
            let list = self.selector(scope, key);
            let path = format!("{list}[?(@['{rel}']=='{relation}')]['{href}']");
            Some(NextRef {
                key,
                selector: Selector::parse(&path).ok()?,
                words: vec!["link"],
                target: target(link.get(*href)?, &["link"])?,
            })
        })
    }
}

fn collect<'v>(
    object: &'v Map<String, Value>,
    records: &HashSet<*const Value>,
    keys: &mut Vec<&'v str>,
    scopes: &mut Vec<Scope<'v>>,
) {
    scopes.push(Scope {
        keys: keys.clone(),
        object,
    });
    for (key, value) in object {
        let Value::Object(inner) = value else {
            continue;
        };
        let is_record = records.contains(&std::ptr::from_ref(value));
        if !is_record && (names::is_about_paging(key) || holds(value, records)) {
            keys.push(key);
            collect(inner, records, keys, scopes);
            keys.pop();
        }
    }
}

/// Whether a record is somewhere in `value`.
fn holds(value: &Value, records: &HashSet<*const Value>) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|value| is_or_holds(value, records)),
        Value::Object(object) => object.values().any(|value| is_or_holds(value, records)),
        _ => false,
    }
}

fn is_or_holds(value: &Value, records: &HashSet<*const Value>) -> bool {
    records.contains(&std::ptr::from_ref(value)) || holds(value, records)
}

fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => to_whole_number(&Scalar::Number(number.to_string().into())),
        Value::String(text) => to_whole_number(&Scalar::from(text.as_str())),
        _ => None,
    }
}

/// What the value of a reference is good for; nothing, if it is a date, a boolean, empty or zero.
fn target(value: &Value, words: &[&str]) -> Option<Target> {
    match value {
        Value::Null => Some(Target::Nothing),
        Value::Number(number) => number
            .as_u64()
            .filter(|number| *number > 0)
            .map(Target::Number),
        Value::String(text) => text_target(text.trim(), words),
        _ => None,
    }
}

fn text_target(text: &str, words: &[&str]) -> Option<Target> {
    let is_any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let is_token = is_any(&["cursor", "token", "after", "key", "marker", "id"]);
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    if text.is_empty() {
        None
    } else if lower.starts_with("http://")
        || lower.starts_with("https://")
        || (!is_token && text.starts_with(['/', '?']))
    {
        Some(Target::Link(1.0))
    } else if is_any(&["link", "url", "uri", "href", "path"]) {
        Some(Target::Link(0.8))
    } else if !is_token && text.contains('?') && text.contains('=') && !text.contains(' ') {
        Some(Target::Link(0.7))
    } else if is_date(text) && !is_token {
        None
    } else {
        Some(Target::Token)
    }
}

/// Whether `text` begins like `2024-05-01`.
fn is_date(text: &str) -> bool {
    let pattern = b"dddd-dd-dd";
    text.len() >= pattern.len()
        && text
            .bytes()
            .zip(pattern)
            .all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                other => byte == *other,
            })
}

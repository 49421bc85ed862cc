use std::fmt;

use jaq_json::{Map, Val};

use crate::value;

/// Where a field stands in a record: keys from the outside in. A list on the way stands for each of its elements.
///
/// Keys are separated by dots (`user.email`); one with dots or other signs in it is quoted in brackets
/// (`user['e.mail']`). `[*]` may be written where a list stands (`items[*].price`) and changes nothing, and so does
/// `$.` at the beginning.
///
/// ```
/// use apiduct_steps::FieldPath;
///
/// let path = FieldPath::parse("$.items[*]['unit.price']")?;
/// assert_eq!(path.keys(), ["items", "unit.price"]);
/// assert!(FieldPath::parse("items[0]").is_err());
/// # Ok::<(), apiduct_steps::FieldPathError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldPath {
    text: Box<str>,
    keys: Vec<String>,
}

/// A text that is no path of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the path of a field")]
pub struct FieldPathError {
    /// The text.
    pub text: String,
}

impl FieldPath {
    /// Reads `text`.
    ///
    /// # Errors
    /// When it is empty, has an empty key, or has anything in brackets but `*` or a quoted key.
    pub fn parse(text: &str) -> Result<Self, FieldPathError> {
        let keys = parse(text).ok_or_else(|| FieldPathError {
            text: text.to_owned(),
        })?;
        Ok(Self {
            text: text.into(),
            keys,
        })
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys from the outside in; at least one.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The keys of the object that holds the field, and the field's own.
    pub(crate) fn split(&self) -> (&[String], &str) {
        self.keys
            .split_last()
            .map_or((&[], ""), |(last, before)| (before, last.as_str()))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = match text.strip_prefix('$') {
        Some(rest) if rest.starts_with(['.', '[']) => rest.strip_prefix('.').unwrap_or(rest),
        Some("") => return None,
        _ => text,
    };
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            rest = bracket(inside, &mut keys)?;
        } else {
            let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
            let (key, behind) = rest.split_at(end);
            if key.is_empty() || behind.starts_with(']') {
                return None;
            }
            keys.push(key.to_owned());
            rest = behind;
        }
        if let Some(behind) = rest.strip_prefix('.') {
            rest = Some(behind).filter(|behind| !behind.is_empty() && !behind.starts_with('['))?;
        } else if !rest.is_empty() && !rest.starts_with('[') {
            return None;
        }
    }
    (!keys.is_empty()).then_some(keys)
}

/// Reads up to the closing bracket and gives what is behind it.
fn bracket<'t>(inside: &'t str, keys: &mut Vec<String>) -> Option<&'t str> {
    if let Some(behind) = inside.strip_prefix("*]") {
        return (!keys.is_empty()).then_some(behind);
    }
    let quote = inside
        .chars()
        .next()
        .filter(|one| matches!(one, '\'' | '"'))?;
    let (key, behind) = inside[1..].split_once(quote)?;
    keys.push(key.to_owned());
    (!key.is_empty()).then_some(())?;
    behind.strip_prefix(']')
}

/// The place of `key` in `object`. Objects of records are small: looking is faster than hashing.
pub(crate) fn position(object: &Map, key: &str) -> Option<usize> {
    object
        .keys()
        .position(|one| matches!(one, Val::TStr(bytes) if ***bytes == *key.as_bytes()))
}

/// The value at `key` of an object.
pub(crate) fn get<'v>(object: &'v Map, key: &str) -> Option<&'v Val> {
    object
        .get_index(position(object, key)?)
        .map(|(_, value)| value)
}

/// Calls `change` with every object at `keys`. Nothing is copied where there is none.
pub(crate) fn for_objects<E>(
    value: &mut Val,
    keys: &[String],
    change: &mut impl FnMut(&mut Map) -> Result<(), E>,
) -> Result<(), E> {
    match value {
        Val::Arr(list) => jaq_json::Rc::make_mut(list)
            .iter_mut()
            .try_for_each(|one| for_objects(one, keys, change)),
        Val::Obj(object) => {
            let Some((key, rest)) = keys.split_first() else {
                return change(jaq_json::Rc::make_mut(object));
            };
            let Some(at) = position(object, key) else {
                return Ok(());
            };
            match jaq_json::Rc::make_mut(object).get_index_mut(at) {
                Some((_, inner)) => for_objects(inner, rest, change),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Calls `change` with every value at `path`; those of a list one by one.
pub(crate) fn for_values<E>(
    value: &mut Val,
    path: &FieldPath,
    change: &mut impl FnMut(&mut Val) -> Result<(), E>,
) -> Result<(), E> {
    let (keys, last) = path.split();
    for_objects(value, keys, &mut |object: &mut Map| {
        let at = position(object, last);
        match at.and_then(|at| object.get_index_mut(at)) {
            Some((_, found)) => for_elements(found, change),
            None => Ok(()),
        }
    })
}

fn for_elements<E>(
    value: &mut Val,
    change: &mut impl FnMut(&mut Val) -> Result<(), E>,
) -> Result<(), E> {
    match value {
        Val::Arr(list) => jaq_json::Rc::make_mut(list)
            .iter_mut()
            .try_for_each(|one| for_elements(one, change)),
        other => change(other),
    }
}

/// The first value at `keys`, without a look into lists.
pub(crate) fn find<'v>(value: &'v Val, keys: &[String]) -> Option<&'v Val> {
    keys.iter().try_fold(value, |value, key| match value {
        Val::Obj(object) => get(object, key),
        _ => None,
    })
}

/// Puts `new` at `keys`, with new objects on the way where nothing or null is. Gives the kind of what stands in the way.
pub(crate) fn put(value: &mut Val, keys: &[String], new: Val) -> Result<(), &'static str> {
    let Some((key, rest)) = keys.split_first() else {
        *value = new;
        return Ok(());
    };
    if matches!(value, Val::Null) {
        *value = Val::obj(Map::default());
    }
    match value {
        Val::Obj(object) => {
            let object = jaq_json::Rc::make_mut(object);
            let slot = object.entry(value::text(key)).or_insert(Val::Null);
            put(slot, rest, new)
        }
        other => Err(value::kind(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_keys_and_nothing_else() {
        let keys = |text: &str| FieldPath::parse(text).map(|path| path.keys.clone());
        assert_eq!(keys("a").unwrap(), ["a"]);
        assert_eq!(keys("a.b[*].c").unwrap(), ["a", "b", "c"]);
        assert_eq!(keys("$['a.b']").unwrap(), ["a.b"]);
        assert_eq!(keys("$x").unwrap(), ["$x"]);
        assert_eq!(keys("a[*]").unwrap(), ["a"]);
        for wrong in [
            "", "$", "$.", ".a", "a.", "a..b", "a[0]", "a[", "a]", "[*]", "['']", "a['b", "a.[*]",
            "a['b']c",
        ] {
            assert!(keys(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_on_the_way_stands_for_its_elements() {
        let mut record = value::read(r#"{"a":[{"b":1},[{"b":[2,3]}],4],"c":5}"#).unwrap();
        let path = FieldPath::parse("a.b").unwrap();
        let mut met = Vec::new();
        for_values(&mut record, &path, &mut |value: &mut Val| {
            met.push(value.to_string());
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(met, ["1", "2", "3"]);
    }

    #[test]
    fn objects_are_made_on_the_way_but_nothing_is_overrun() {
        let mut record = value::read(r#"{"a":null,"b":1}"#).unwrap();
        let keys = |text: &str| FieldPath::parse(text).unwrap().keys;
        put(&mut record, &keys("a.x.y"), Val::Bool(true)).unwrap();
        assert_eq!(
            value::to_json(&record).unwrap(),
            r#"{"a":{"x":{"y":true}},"b":1}"#
        );
        assert_eq!(put(&mut record, &keys("b.x"), Val::Null), Err("a number"));
    }
}

//! The files of a description, and references between them.

use std::collections::{HashMap, HashSet, VecDeque};

use indexmap::IndexSet;
use serde_json::Value;

use crate::error::OpenApiError;
use crate::yaml;

/// How many references may be followed in a row.
const MAX_HOPS: usize = 24;
/// How many files a description may have.
const MAX_FILES: usize = 5_000;
/// How many bytes they may have together.
const MAX_BYTES: usize = 256 << 20;
/// How many references to nothing are told one by one.
const MAX_DANGLING: usize = 20;

/// Gives the bytes of a file: the location is a path or a URL, references relative to another file are joined already.
pub type Load<'l> = &'l dyn Fn(&str) -> Result<Vec<u8>, String>;

/// A description with everything that it refers to.
#[derive(Debug)]
pub(crate) struct Documents {
    files: Vec<File>,
    by_location: HashMap<String, usize>,
    /// What could not be read, in the order found.
    pub(crate) problems: Vec<String>,
}

#[derive(Debug)]
struct File {
    location: String,
    root: Value,
    anchors: HashMap<String, String>,
}

/// A value inside a description.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'d> {
    pub(crate) file: usize,
    pub(crate) value: &'d Value,
    /// Whether this is an example, from whose shape a schema is inferred.
    pub(crate) is_example: bool,
}

impl<'d> Node<'d> {
    /// The address of the value, which is its identity.
    pub(crate) fn address(self) -> usize {
        std::ptr::from_ref(self.value) as usize
    }

    /// The text under `key`.
    pub(crate) fn text(self, key: &str) -> Option<&'d str> {
        self.value.get(key)?.as_str()
    }

    /// Whether the value under `key` is true.
    pub(crate) fn flag(self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool) == Some(true)
    }

    fn at(self, value: &'d Value) -> Self {
        Self { value, ..self }
    }
}

impl Documents {
    /// Reads `location` and every file it refers to, by `load`.
    ///
    /// # Errors
    ///
    /// The first file cannot be loaded, is neither JSON nor YAML, or describes no API. Files that are referred to
    /// become a diagnostic instead.
    pub(crate) fn read(location: &str, load: Load<'_>) -> Result<Self, OpenApiError> {
        let bytes = load(location).map_err(|reason| OpenApiError::Unreadable {
            location: location.to_owned(),
            reason,
        })?;
        let mut bytes_left = MAX_BYTES.saturating_sub(bytes.len());
        let root = parse(&bytes).map_err(|reason| OpenApiError::Syntax {
            location: location.to_owned(),
            reason,
        })?;
        check_version(location, &root)?;
        let mut all = Self {
            files: Vec::new(),
            by_location: HashMap::new(),
            problems: Vec::new(),
        };
        let mut waiting: VecDeque<String> = VecDeque::new();
        let mut seen: HashSet<String> = HashSet::from([location.to_owned()]);
        all.add(location.to_owned(), root, &mut waiting);
        while let Some(next) = waiting.pop_front() {
            if !seen.insert(next.clone()) {
                continue;
            }
            if seen.len() > MAX_FILES {
                all.problems
                    .push(format!("more than {MAX_FILES} files are referred to"));
                break;
            }
            let read = load(&next).and_then(|bytes| {
                bytes_left = bytes_left
                    .checked_sub(bytes.len())
                    .ok_or_else(|| format!("the files have more than {MAX_BYTES} bytes"))?;
                parse(&bytes)
            });
            match read {
                Ok(root) => all.add(next, root, &mut waiting),
                Err(reason) => all.problems.push(format!("`{next}`: {reason}")),
            }
        }
        let dangling = all.dangling();
        all.problems.extend(dangling);
        Ok(all)
    }

    /// References into files that were read, to places that are not there; each once.
    fn dangling(&self) -> Vec<String> {
        let mut told: IndexSet<String> = IndexSet::new();
        for (at, file) in self.files.iter().enumerate() {
            collect(&file.root, &mut String::new(), &mut |key, text, _| {
                let (path, fragment) = text.split_once('#').unwrap_or_default();
                let is_read =
                    path.is_empty() || self.by_location.contains_key(&join(&file.location, path));
                if key == "$ref" && is_read && !fragment.is_empty() && self.find(at, text).is_none()
                {
                    told.insert(format!("`{text}` refers to nothing in `{}`", file.location));
                }
            });
        }
        let more = told.len().saturating_sub(MAX_DANGLING);
        let mut all: Vec<String> = told.into_iter().take(MAX_DANGLING).collect();
        if more > 0 {
            all.push(format!("{more} more references refer to nothing"));
        }
        all
    }

    fn add(&mut self, location: String, root: Value, waiting: &mut VecDeque<String>) {
        let mut anchors = HashMap::new();
        collect(&root, &mut String::new(), &mut |key, text, pointer| {
            if key == "$ref" {
                let file = text.split('#').next().unwrap_or_default();
                let is_prose = matches!(file.rsplit('.').next(), Some("md" | "txt"));
                if !file.is_empty() && !is_prose {
                    waiting.push_back(join(&location, file));
                }
            } else {
                anchors.insert(text.to_owned(), pointer.to_owned());
            }
        });
        self.by_location.insert(location.clone(), self.files.len());
        self.files.push(File {
            location,
            root,
            anchors,
        });
    }

    /// The root of the first file.
    pub(crate) fn root(&self) -> Node<'_> {
        Node {
            file: 0,
            value: &self.files[0].root,
            is_example: false,
        }
    }

    /// Where the first file came from.
    pub(crate) fn location(&self) -> &str {
        &self.files[0].location
    }

    /// Follows references until there is a value; `None` where one dangles or they go in circles.
    pub(crate) fn resolve<'d>(&'d self, node: Node<'d>) -> Option<Node<'d>> {
        let mut node = node;
        for _ in 0..MAX_HOPS {
            match self.target(node) {
                None => return Some(node),
                Some(next) => node = next?,
            }
        }
        None
    }

    /// One step of a reference; the outer `None` says that the value is no reference.
    #[expect(
        clippy::option_option,
        reason = "no reference, and a reference to nothing, differ"
    )]
    pub(crate) fn target<'d>(&'d self, node: Node<'d>) -> Option<Option<Node<'d>>> {
        if node.is_example {
            return None;
        }
        let text = node.value.get("$ref")?.as_str()?;
        Some(self.find(node.file, text))
    }

    fn find(&self, from: usize, reference: &str) -> Option<Node<'_>> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if file.is_empty() && fragment.is_empty() {
            return None;
        }
        let file = if file.is_empty() {
            from
        } else {
            *self
                .by_location
                .get(&join(&self.files[from].location, file))?
        };
        let holder = &self.files[file];
        let fragment = decode(fragment);
        let pointer = if fragment.is_empty() || fragment.starts_with('/') {
            &fragment
        } else {
            holder.anchors.get(&fragment)?
        };
        Some(Node {
            file,
            value: holder.root.pointer(pointer)?,
            is_example: false,
        })
    }

    /// The value under `key`, references followed.
    pub(crate) fn child<'d>(&'d self, node: Node<'d>, key: &str) -> Option<Node<'d>> {
        self.resolve(node.at(node.value.get(key)?))
    }

    /// The value under `key` as it stands.
    pub(crate) fn raw_child<'d>(node: Node<'d>, key: &str) -> Option<Node<'d>> {
        Some(node.at(node.value.get(key)?))
    }

    /// The entries of a mapping, references followed; what dangles is left out.
    pub(crate) fn entries<'d>(&'d self, node: Node<'d>) -> Vec<(&'d str, Node<'d>)> {
        let Some(map) = node.value.as_object() else {
            return Vec::new();
        };
        map.iter()
            .filter_map(|(key, value)| Some((key.as_str(), self.resolve(node.at(value))?)))
            .collect()
    }

    /// The elements of a list, references followed.
    pub(crate) fn elements<'d>(&'d self, node: Node<'d>) -> Vec<Node<'d>> {
        let Some(list) = node.value.as_array() else {
            return Vec::new();
        };
        list.iter()
            .filter_map(|value| self.resolve(node.at(value)))
            .collect()
    }
}

fn collect(value: &Value, pointer: &mut String, found: &mut dyn FnMut(&str, &str, &str)) {
    let length = pointer.len();
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let (true, Some(text)) = (key == "$ref" || key == "$anchor", value.as_str()) {
                    found(key, text, pointer);
                }
                if value.is_object() || value.is_array() {
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    collect(value, pointer, found);
                    pointer.truncate(length);
                }
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                if value.is_object() || value.is_array() {
                    pointer.push('/');
                    pointer.push_str(&at.to_string());
                    collect(value, pointer, found);
                    pointer.truncate(length);
                }
            }
        }
        _ => {}
    }
}

/// JSON or YAML, whatever the name says.
fn parse(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    if looks_like_json {
        match serde_json::from_str(&text) {
            Ok(value) => return Ok(value),
            Err(error) => {
                return yaml::read(&text).map_err(|_| error.to_string());
            }
        }
    }
    yaml::read(&text)
}

fn check_version(location: &str, root: &Value) -> Result<(), OpenApiError> {
    let version = |key: &str| match root.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let location = location.to_owned();
    match (
        version("openapi"),
        version("swagger").or(version("swaggerVersion")),
    ) {
        (Some(version), _) if version.starts_with('3') => Ok(()),
        (_, Some(version)) if version.starts_with('2') => Ok(()),
        (Some(version), _) | (_, Some(version)) => Err(OpenApiError::Version { location, version }),
        _ if root.get("paths").is_some() => Ok(()),
        _ => Err(OpenApiError::NotADescription { location }),
    }
}

/// `reference` as seen from `base`.
pub(crate) fn join(base: &str, reference: &str) -> String {
    if let Ok(absolute) = url::Url::parse(reference)
        && !absolute.cannot_be_a_base()
    {
        return reference.to_owned();
    }
    if let Some(joined) = url::Url::parse(base)
        .ok()
        .filter(|base| !base.cannot_be_a_base())
        .and_then(|base| base.join(reference).ok())
    {
        return joined.to_string();
    }
    let reference = decode(reference);
    if reference.starts_with('/') {
        return reference;
    }
    let is_absolute = base.starts_with('/');
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    parts.retain(|part| !part.is_empty() && *part != ".");
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    let path = parts.join("/");
    if is_absolute {
        format!("/{path}")
    } else {
        path
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Documents, OpenApiError> {
        Documents::read(files[0].0, &|location| {
            files
                .iter()
                .find(|(name, _)| *name == location)
                .map(|(_, text)| text.as_bytes().to_vec())
                .ok_or_else(|| "no such file".to_owned())
        })
    }

    #[test]
    fn references_lead_through_files_and_back() {
        let all = read(&[
            (
                "a/root.yaml",
                "openapi: 3.0.0\npaths: {/x: {$ref: 'sub/x.yaml#/get'}}\nthing: 7\n",
            ),
            ("a/sub/x.yaml", "get: {$ref: ../root.yaml#/thing}\n"),
        ])
        .unwrap();
        let paths = all.child(all.root(), "paths").unwrap();
        assert_eq!(all.child(paths, "/x").unwrap().value, 7);
    }

    #[test]
    fn circles_and_dangling_references_are_nothing() {
        let all = read(&[(
            "r.json",
            r##"{"openapi":"3.0.0","a":{"$ref":"#/b"},"b":{"$ref":"#/a"},"c":{"$ref":"#/d"},"e":{"$ref":""},"f":{"$ref":"gone.json"}}"##,
        )])
        .unwrap();
        for key in ["a", "b", "c", "e", "f"] {
            assert!(all.child(all.root(), key).is_none(), "{key}");
        }
        assert_eq!(
            all.problems,
            [
                "`gone.json`: no such file",
                "`#/d` refers to nothing in `r.json`"
            ]
        );
    }

    #[test]
    fn anchors_and_encoded_pointers_are_found() {
        let all = read(&[(
            "r.json",
            r##"{"openapi":"3.1.0","a":{"$ref":"#thing"},"b":{"$ref":"#/x%20y/~1z"},"x y":{"/z":{"$anchor":"thing","v":1}}}"##,
        )])
        .unwrap();
        for key in ["a", "b"] {
            assert_eq!(all.child(all.root(), key).unwrap().value["v"], 1, "{key}");
        }
    }

    #[test]
    fn what_describes_no_api_is_an_error() {
        for (text, part) in [
            ("{\"a\": 1}", "describes no API"),
            ("{\"swagger\": \"1.2\"}", "1.2"),
            ("a: [", "neither JSON nor YAML"),
        ] {
            let message = read(&[("x", text)]).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}

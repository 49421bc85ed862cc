//! Operations as they are described, in OpenAPI 3 and Swagger 2 alike.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::Value;

use crate::documents::{Documents, Node};
use crate::shape::{Shape, Shapes};
use crate::words;

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Param<'d> {
    pub(crate) name: &'d str,
    /// `query`, `path`, `header` or `cookie`.
    pub(crate) location: &'d str,
    pub(crate) is_required: bool,
    pub(crate) shape: Rc<Shape<'d>>,
    /// The description of the parameter, and of its schema.
    pub(crate) wording: String,
    /// The words of the name, joined by `_`.
    pub(crate) norm: String,
    /// The words of the name, joined by nothing.
    pub(crate) flat: String,
    pub(crate) default: Option<&'d Value>,
    pub(crate) example: Option<&'d Value>,
}

impl Param<'_> {
    pub(crate) fn is_query(&self) -> bool {
        self.location == "query"
    }

    /// Whether it may take a number: by type, or because nothing speaks against it.
    pub(crate) fn is_number(&self) -> bool {
        self.shape.is_integer() || self.shape.types.is_empty()
    }
}

/// What a successful request answers.
#[derive(Debug, Clone, Default)]
pub(crate) enum Answer<'d> {
    /// JSON of a known shape.
    Json(Rc<Shape<'d>>),
    /// Something that is not JSON, or nothing at all.
    NotData(&'static str),
    /// Not described.
    #[default]
    Unknown,
}

/// A GET operation.
#[derive(Debug)]
pub(crate) struct Endpoint<'d> {
    pub(crate) path: &'d str,
    pub(crate) node: Node<'d>,
    pub(crate) id: Option<&'d str>,
    pub(crate) tag: Option<&'d str>,
    pub(crate) tags: Vec<&'d str>,
    /// Summary and description.
    pub(crate) summary: Option<&'d str>,
    pub(crate) wording: String,
    pub(crate) params: Vec<Param<'d>>,
    pub(crate) answer: Answer<'d>,
    /// Names of the response headers, with what they say.
    pub(crate) headers: Vec<(&'d str, String)>,
    pub(crate) is_deprecated: bool,
    pub(crate) segments: Vec<Segment>,
}

/// A part of a path between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// As written, without a file ending.
    pub(crate) text: String,
    /// The variables in it.
    pub(crate) vars: Vec<String>,
}

impl Segment {
    pub(crate) fn is_var(&self) -> bool {
        !self.vars.is_empty()
    }
}

impl<'d> Endpoint<'d> {
    pub(crate) fn vars(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.segments
            .iter()
            .flat_map(|segment| segment.vars.iter().map(String::as_str))
    }

    pub(crate) fn ends_in_var(&self) -> bool {
        self.segments.last().is_some_and(Segment::is_var)
    }

    /// The last fixed segment.
    pub(crate) fn last_fixed(&self) -> Option<&str> {
        let fixed = self.segments.iter().rev().find(|one| !one.is_var())?;
        Some(&fixed.text)
    }

    pub(crate) fn param(&self, name: &str, location: &str) -> Option<&Param<'d>> {
        self.params
            .iter()
            .find(|one| one.name == name && one.location == location)
    }

    pub(crate) fn queries(&self) -> impl Iterator<Item = &Param<'d>> {
        self.params.iter().filter(|one| one.is_query())
    }

    pub(crate) fn body(&self) -> Option<&Rc<Shape<'d>>> {
        match &self.answer {
            Answer::Json(shape) => Some(shape),
            _ => None,
        }
    }
}

/// The parts of a path: `/a/{b}/c.json` has three.
pub(crate) fn segments(path: &str) -> Vec<Segment> {
    let parts = path.split(['?', '#']).next().unwrap_or_default().split('/');
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let mut vars = Vec::new();
            let mut rest = part;
            while let Some((_, behind)) = rest.split_once('{') {
                let Some((name, more)) = behind.split_once('}') else {
                    break;
                };
                vars.push(name.trim().to_owned());
                rest = more;
            }
            let text = match part.rsplit_once('.') {
                Some((stem, "json" | "xml")) if !stem.is_empty() => stem,
                _ => part,
            };
            Segment {
                text: text.to_owned(),
                vars,
            }
        })
        .collect()
}

/// Reads operations and tells how many of other methods there are.
pub(crate) fn endpoints<'d>(
    documents: &'d Documents,
    shapes: &Shapes<'d>,
    problems: &mut Vec<String>,
) -> (Vec<Endpoint<'d>>, usize) {
    let mut all = Vec::new();
    let mut operations = 0;
    let Some(paths) = documents.child(documents.root(), "paths") else {
        return (all, 0);
    };
    let mut seen = HashSet::new();
    for (path, item) in documents.entries(paths) {
        if !path.starts_with('/') && path.starts_with("x-") {
            continue;
        }
        for method in ["get", "post", "put", "patch", "delete"] {
            operations += usize::from(item.value.get(method).is_some());
        }
        let Some(operation) = documents.child(item, "get") else {
            continue;
        };
        if !operation.value.is_object() {
            problems.push(format!("`GET {path}` is not an operation"));
            continue;
        }
        if !seen.insert(path.trim_end_matches('/')) {
            problems.push(format!(
                "`{path}` is described twice, once with a slash at its end"
            ));
            continue;
        }
        all.push(endpoint(documents, shapes, path, item, operation));
    }
    (all, operations)
}

fn endpoint<'d>(
    documents: &'d Documents,
    shapes: &Shapes<'d>,
    path: &'d str,
    item: Node<'d>,
    operation: Node<'d>,
) -> Endpoint<'d> {
    let mut params: Vec<Param<'d>> = Vec::new();
    // What the operation says wins over what the path says.
    for holder in [operation, item] {
        let Some(list) = documents.child(holder, "parameters") else {
            continue;
        };
        for node in documents.elements(list) {
            if let Some(param) = param(documents, shapes, node)
                && !params
                    .iter()
                    .any(|one| one.name == param.name && one.location == param.location)
            {
                params.push(param);
            }
        }
    }
    let tags: Vec<&str> = operation
        .value
        .get("tags")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let summary = operation.text("summary").or(item.text("summary"));
    let description = operation.text("description").or(item.text("description"));
    let (answer, headers) = answer(documents, shapes, operation);
    Endpoint {
        path,
        node: operation,
        id: operation.text("operationId"),
        tag: tags.first().copied(),
        tags,
        summary: summary.or(description),
        wording: format!(
            "{} {}",
            summary.unwrap_or_default(),
            description.unwrap_or_default()
        ),
        params,
        answer,
        headers,
        is_deprecated: operation.flag("deprecated"),
        segments: segments(path),
    }
}

fn param<'d>(documents: &'d Documents, shapes: &Shapes<'d>, node: Node<'d>) -> Option<Param<'d>> {
    let name = node.text("name")?;
    let location = node.text("in")?;
    if location == "body" || location == "formData" {
        return None;
    }
    let in_content = || {
        let content = documents.child(node, "content")?;
        let (_, media) = documents.entries(content).into_iter().next()?;
        Documents::raw_child(media, "schema")
    };
    let schema = Documents::raw_child(node, "schema").or_else(in_content);
    let shape = shapes.of(schema.unwrap_or(node));
    let mut wording = node.text("description").unwrap_or_default().to_owned();
    if let Some(more) = shape.description.filter(|more| *more != wording) {
        wording.push(' ');
        wording.push_str(more);
    }
    let example = node.value.get("example").or_else(|| {
        let examples = node.value.get("examples")?.as_object()?;
        examples.values().next()?.get("value")
    });
    Some(Param {
        name,
        location,
        is_required: node.flag("required"),
        default: shape.default.or(node.value.get("default")),
        example: example.or(shape.example),
        shape,
        wording,
        norm: words::norm(name),
        flat: words::flat(name),
    })
}

/// The response that holds the data: 200 before others of 2xx, those before `2XX` and `default`.
fn answer<'d>(
    documents: &'d Documents,
    shapes: &Shapes<'d>,
    operation: Node<'d>,
) -> (Answer<'d>, Vec<(&'d str, String)>) {
    let Some(responses) = documents.child(operation, "responses") else {
        return (Answer::Unknown, Vec::new());
    };
    let all = documents.entries(responses);
    let rank = |code: &str| match code {
        "200" => 0,
        "201" | "203" | "206" => 1,
        "2XX" | "2xx" => 3,
        "default" => 5,
        "204" | "205" => 4,
        _ if code.starts_with('2') => 2,
        _ => 9,
    };
    let best = all
        .iter()
        .filter(|(code, _)| rank(code) < 9)
        .min_by_key(|(code, _)| rank(code));
    let Some((code, response)) = best else {
        return (Answer::Unknown, Vec::new());
    };
    let mut headers = Vec::new();
    if let Some(map) = documents.child(*response, "headers") {
        // A header whose reference dangles is declared all the same.
        for name in map.value.as_object().into_iter().flat_map(|map| map.keys()) {
            let node = documents.child(map, name);
            let wording = node.and_then(|node| node.text("description"));
            headers.push((name.as_str(), wording.unwrap_or_default().to_owned()));
        }
    }
    if *code == "204" || *code == "205" {
        return (Answer::NotData("it answers without a body"), headers);
    }
    (body(documents, shapes, operation, *response), headers)
}

fn body<'d>(
    documents: &'d Documents,
    shapes: &Shapes<'d>,
    operation: Node<'d>,
    response: Node<'d>,
) -> Answer<'d> {
    if let Some(content) = documents.child(response, "content") {
        let media = documents.entries(content);
        let Some((_, chosen)) = media
            .iter()
            .filter(|(name, _)| json_rank(name) < 9)
            .min_by_key(|(name, _)| json_rank(name))
        else {
            let why = "it answers something else than JSON";
            return if media.is_empty() {
                Answer::Unknown
            } else {
                Answer::NotData(why)
            };
        };
        let example = example_of(documents, *chosen);
        return shape_of(shapes, Documents::raw_child(*chosen, "schema"), example);
    }
    // Swagger 2
    let produces = operation
        .value
        .get("produces")
        .or_else(|| documents.root().value.get("produces"));
    if let Some(list) = produces.and_then(Value::as_array) {
        let mut names = list.iter().filter_map(Value::as_str).peekable();
        if names.peek().is_some() && names.all(|name| json_rank(name) == 9) {
            return Answer::NotData("it answers something else than JSON");
        }
    }
    let example = response
        .value
        .get("examples")
        .and_then(Value::as_object)
        .and_then(|map| map.iter().find(|(name, _)| json_rank(name) < 9))
        .map(|(_, value)| value);
    let schema = Documents::raw_child(response, "schema");
    if schema.is_some_and(|node| node.text("type") == Some("file")) {
        return Answer::NotData("it answers a file");
    }
    shape_of(shapes, schema, example)
}

fn example_of<'d>(documents: &'d Documents, media: Node<'d>) -> Option<&'d Value> {
    let examples = || {
        let map = documents.child(media, "examples")?;
        let (_, first) = documents.entries(map).into_iter().next()?;
        first.value.get("value")
    };
    media
        .value
        .get("example")
        .or_else(examples)
        .filter(|value| value.is_object() || value.is_array())
}

fn shape_of<'d>(
    shapes: &Shapes<'d>,
    schema: Option<Node<'d>>,
    example: Option<&'d Value>,
) -> Answer<'d> {
    let example = example.map(|value| Node {
        file: 0,
        value,
        is_example: true,
    });
    let Some(node) = schema else {
        return example.map_or(Answer::Unknown, |node| Answer::Json(shapes.of(node)));
    };
    let shape = shapes.of(node);
    if shape.format == Some("binary") || shape.is("file") {
        return Answer::NotData("it answers a file");
    }
    let is_bare = shape.properties.is_empty() && shape.items.is_empty() && !shape.is("string");
    match example {
        Some(example) if is_bare => Answer::Json(shapes.of(example)),
        _ if is_bare && shape.types.is_empty() && shape.additional.is_none() => Answer::Unknown,
        _ => Answer::Json(shape),
    }
}

fn json_rank(media: &str) -> u8 {
    let name = media.split(';').next().unwrap_or_default().trim();
    match name.to_ascii_lowercase().as_str() {
        "application/json" => 0,
        "text/json" => 1,
        name if name.ends_with("+json") || name.ends_with("/json") => 2,
        name if name.contains("json") && !name.contains("x-ndjson") => 3,
        "*/*" | "application/*" => 4,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_segments() {
        let all = segments("/v1/{a}/b.json");
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].vars, ["a"]);
        assert_eq!(all[2].text, "b");
        assert_eq!(segments("/x/{a}...{b}")[1].vars, ["a", "b"]);
        assert!(segments("/a{b")[0].vars.is_empty());
        assert!(segments("/").is_empty());
    }
}

//! Defaults into resources, what is left out filled in.

use apiduct_model::Place;

use super::value::{Item, Layer, Show, Shown};
use super::{ImpliedOf, ValueOrigin};
use crate::locate::{Entry, Format, Node};
use crate::spec::keys::{
    CLIENT, COLUMN, DEFAULTS, ENDPOINT, LISTED_COLUMN, RESOURCE, ROOT, RUNTIME,
};
use crate::spec::table::{Key, Kind, Object};

/// What a file is merged from.
pub(super) struct Merge<'m> {
    pub(super) file: &'m str,
    /// The name of the source.
    pub(super) name: &'m str,
    pub(super) root: &'m Node,
    pub(super) implied_of: ImpliedOf<'m>,
    /// Settings from outside the file.
    pub(super) settings: &'m [(&'static str, Item)],
}

type Members = Vec<(String, Item)>;

/// An object and the part of the file that it stands in.
#[derive(Clone, Copy)]
struct Part<'n> {
    node: Option<&'n Node>,
    object: &'static Object,
    layer: Layer,
}

/// What a part of the file has at a key.
#[derive(Clone, Copy)]
struct Found<'n> {
    node: &'n Node,
    layer: Layer,
}

/// The keys of a resource that make its rows without a request.
const SEEDS: [&str; 4] = ["values", "file", "range", "sql"];

/// Keys whose default depends on others, or which may not stand everywhere: the default is told in words.
const NOT_FILLED: [&str; 7] = [
    "on_error",
    "total_timeout",
    "overwrite_from_parent",
    "distinct",
    "max_url_length",
    "parallelized",
    "schema_contract",
];

fn built_in(_: Place) -> ValueOrigin {
    ValueOrigin::BuiltIn
}

impl<'m> Merge<'m> {
    pub(super) fn file(&self) -> Members {
        let part = self.part("", &ROOT, ValueOrigin::Written);
        let mut members = Members::new();
        for key in known(&ROOT) {
            let found = part.find(key.name);
            let item = match (key.name, found) {
                ("resource_defaults", _) => continue,
                ("client", Some(found)) => self.client(found),
                ("resources", Some(found)) => {
                    let resources = found.node.as_list().unwrap_or_default();
                    let resources = resources.iter().map(|one| self.resource(one)).collect();
                    self.show(found.layer)
                        .item(found.node, Shown::List(resources))
                }
                ("runtime", _) => self.runtime(),
                ("name" | "dataset", found) if is_left_out(found) => {
                    self.named(self.name.to_owned())
                }
                ("destination", found) if is_left_out(found) => {
                    self.named(format!("duckdb:{}.duckdb", self.name))
                }
                (_, found) => match self.or_default(key, found) {
                    Some(item) => item,
                    None => continue,
                },
            };
            members.push((key.name.to_owned(), item));
        }
        members
    }

    fn show(&self, layer: Layer) -> Show<'m> {
        Show {
            file: self.file,
            layer,
            is_secret: false,
        }
    }

    /// The part of the file at a key of its top, or the whole.
    fn part(&self, key: &str, object: &'static Object, layer: Layer) -> Part<'m> {
        let node = if key.is_empty() {
            Some(self.root)
        } else {
            self.root.value_of(key)
        };
        Part {
            node,
            object,
            layer,
        }
    }

    /// A text that follows from the name of the source.
    fn named(&self, text: String) -> Item {
        let node = self.root.value_of("name").unwrap_or(self.root);
        self.show(ValueOrigin::Name).item(node, Shown::Text(text))
    }

    fn value(&self, key: &Key, found: Found<'_>) -> Item {
        self.show(found.layer).value(found.node, &key.kind)
    }

    /// What was found, or else the default, if there is one.
    fn or_default(&self, key: &'static Key, found: Option<Found<'_>>) -> Option<Item> {
        match found {
            Some(found) if !found.node.is_null() => Some(self.value(key, found)),
            // A null that changes nothing gives way to the default.
            found => self
                .default(key)
                .or_else(|| found.map(|found| self.value(key, found))),
        }
    }

    /// The default: a value where it is one by itself, words elsewhere.
    fn default(&self, key: &'static Key) -> Option<Item> {
        if key.default.is_empty() {
            return None;
        }
        let is_value = match key.kind {
            Kind::Short(inner, _) | Kind::OneOrMany(inner) => is_simple(inner),
            kind => is_simple(&kind),
        };
        let node = Node::parse(key.default, Format::Yaml, self.file).ok();
        let item = node
            .filter(|_| is_value && !NOT_FILLED.contains(&key.name))
            .filter(|node| is_read_as(&key.kind, node))
            .map(|node| self.show(built_in).value(&node, &key.kind));
        Some(item.unwrap_or_else(|| implied(key.default)))
    }

    fn client(&self, found: Found<'_>) -> Item {
        let part = self.part("client", &CLIENT, ValueOrigin::Written);
        let members = known(&CLIENT).filter_map(|key| {
            let item = self.or_default(key, part.find(key.name))?;
            Some((key.name.to_owned(), item))
        });
        self.show(found.layer)
            .item(found.node, Shown::Map(members.collect()))
    }

    /// What the file says, then what stands outside it, then the defaults.
    fn runtime(&self) -> Item {
        let part = self.part("runtime", &RUNTIME, ValueOrigin::Written);
        let members = known(&RUNTIME).filter_map(|key| {
            let found = part.find(key.name);
            let is_unbounded = matches!(key.name, "timeout" | "total_timeout");
            let outside = self.settings.iter().find(|(name, _)| key.is_called(name));
            let item = match (found, outside) {
                (Some(found), _) if is_unbounded || !found.node.is_null() => self.value(key, found),
                (_, Some((_, item))) => item.clone(),
                (found, None) => self.or_default(key, found)?,
            };
            Some((key.name.to_owned(), item))
        });
        Item {
            shown: Shown::Map(members.collect()),
            origin: self
                .part("runtime", &RUNTIME, ValueOrigin::Written)
                .origin(self.file),
        }
    }

    fn resource(&self, node: &'m Node) -> Item {
        let own = Part {
            node: Some(node),
            object: &RESOURCE,
            layer: ValueOrigin::Written,
        };
        let show = self.show(ValueOrigin::Written);
        let name = own.find("name").map_or(node, |found| found.node);
        let is_seed = SEEDS.iter().any(|key| !is_left_out(own.find(key)));
        let defaults = self.part("resource_defaults", &DEFAULTS, ValueOrigin::Defaults);
        let mut members = Members::new();
        for key in known(&RESOURCE) {
            let (mine, theirs) = (own.find(key.name), defaults.find(key.name));
            let item = match key.name {
                "name" => Some(show.item(name, show.value(name, &key.kind).shown)),
                "selected" if is_seed => Some(mine.map_or_else(
                    || implied("false: its rows are there for other resources"),
                    |found| self.value(key, found),
                )),
                _ if is_seed => mine.map(|found| self.value(key, found)),
                "endpoint" => {
                    let parts = [
                        endpoint(mine, ValueOrigin::Written),
                        endpoint(theirs, ValueOrigin::Defaults),
                    ];
                    let shown = Shown::Map(self.endpoint(name, parts));
                    Some(show.item(mine.map_or(node, |found| found.node), shown))
                }
                "columns" => self.columns(key, mine, theirs),
                "max_table_nesting" => {
                    let top = self.part("", &ROOT, ValueOrigin::File).find(key.name);
                    self.or_default(key, mine.or(theirs).or(top))
                }
                _ => self.or_default(key, mine.or(theirs)),
            };
            members.extend(item.map(|item| (key.name.to_owned(), item)));
        }
        show.item(node, Shown::Map(members))
    }

    fn endpoint(&self, name: &Node, [own, defaults]: [Part<'_>; 2]) -> Members {
        let client = self.part("client", &CLIENT, ValueOrigin::Client);
        let resource = name.as_text().unwrap_or_default();
        let mut members = Members::new();
        for key in known(&ENDPOINT) {
            let (mine, theirs) = (own.find(key.name), defaults.find(key.name));
            let found = mine.or(theirs);
            let item = match key.name {
                "path" if is_left_out(mine) => {
                    let path = Shown::Text(escaped(resource));
                    Some(self.show(ValueOrigin::Name).item(name, path))
                }
                "path" => mine.map(|found| self.value(key, found)),
                "params" | "json" => self.merged(key, [None, theirs, mine], &str::eq),
                "headers" => {
                    let layers = [client.find(key.name), theirs, mine];
                    self.merged(key, layers, &str::eq_ignore_ascii_case)
                }
                // No rule here takes the client's; one there is for requests that say nothing.
                "auth" | "retry_if" => self.or_default(key, found.or(client.find(key.name))),
                "paginator" | "data_selector" if is_left_out(found) => {
                    match (self.implied_of)(resource, key.name) {
                        Some(words) => Some(implied(words)),
                        None => client.find(key.name).map(|found| self.value(key, found)),
                    }
                }
                _ => self.or_default(key, found),
            };
            members.extend(item.map(|item| (key.name.to_owned(), item)));
        }
        members
    }

    /// Mappings key by key, each over the one before it; anything else takes the place of what is before it.
    fn merged(
        &self,
        key: &'static Key,
        layers: [Option<Found<'_>>; 3],
        is_same: &dyn Fn(&str, &str) -> bool,
    ) -> Option<Item> {
        let [client, theirs, mine] = layers;
        // `null` takes nothing from the defaults.
        let theirs = theirs.filter(|_| mine.is_none_or(|mine| !mine.node.is_null()));
        let mut merged: Option<Item> = None;
        for (found, is_client) in [(client, true), (theirs, false), (mine, false)] {
            let Some(found) = found.filter(|found| !found.node.is_null()) else {
                continue;
            };
            let mut item = self.value(key, found);
            if let (true, Shown::Map(members)) = (is_client, &mut item.shown) {
                members.iter_mut().for_each(escape_member);
            }
            merged = Some(match (merged, item) {
                (
                    Some(Item {
                        shown: Shown::Map(below),
                        ..
                    }),
                    Item {
                        shown: Shown::Map(over),
                        origin,
                    },
                ) => Item {
                    shown: Shown::Map(laid_over(below, over, is_same)),
                    origin,
                },
                (_, item) => item,
            });
        }
        merged
    }

    /// Columns by name, and their properties one by one.
    fn columns(
        &self,
        key: &'static Key,
        mine: Option<Found<'_>>,
        theirs: Option<Found<'_>>,
    ) -> Option<Item> {
        let mine_has = mine.filter(|found| !found.node.is_null());
        let theirs_has = theirs.filter(|found| !found.node.is_null());
        let (Some(own), Some(defaults)) = (mine_has, theirs_has) else {
            return self.or_default(key, mine.or(theirs));
        };
        let mut columns = self.named_columns(defaults);
        for (name, column) in self.named_columns(own) {
            match columns.iter().position(|(one, _)| *one == name) {
                Some(at) => {
                    let (_, below) = columns.remove(at);
                    let has_type = below.iter().any(|(key, _)| key == "data_type");
                    let at = if has_type { at } else { columns.len() };
                    columns.insert(at, (name, laid_over(below, column, &str::eq)));
                }
                None => columns.push((name, column)),
            }
        }
        columns.sort_by_key(|(_, column)| !column.iter().any(|(key, _)| key == "data_type"));
        let show = self.show(own.layer);
        let columns = columns
            .into_iter()
            .map(|(name, column)| (name, show.item(own.node, Shown::Map(column))));
        Some(show.item(own.node, Shown::Map(columns.collect())))
    }

    fn named_columns(&self, found: Found<'_>) -> Vec<(String, Members)> {
        let show = self.show(found.layer);
        let of = |node: &Node, object| match show.value(node, &Kind::Object(object)).shown {
            Shown::Map(members) => members,
            _ => Members::new(),
        };
        if let Some(entries) = found.node.as_map() {
            let columns = entries.iter();
            return columns
                .map(|entry| (entry.key.to_string(), of(&entry.value, &COLUMN)))
                .collect();
        }
        let list = found.node.as_list().unwrap_or_default().iter();
        list.map(|node| {
            let name = node.value_of("name").and_then(Node::as_text);
            let members = of(node, &LISTED_COLUMN).into_iter();
            let members = members.filter(|(key, _)| key != "name").collect();
            (name.unwrap_or_default().to_owned(), members)
        })
        .collect()
    }
}

impl<'n> Part<'n> {
    /// The value of `key`, null included.
    fn find(&self, key: &str) -> Option<Found<'n>> {
        let (_, key) = self.object.key(key)?;
        let node = self.node?;
        // A text is the path of the request.
        if node.as_text().is_some() && key.name == "path" {
            return Some(Found {
                node,
                layer: self.layer,
            });
        }
        let entries = node.as_map()?.iter();
        let mut entries = entries.filter(|entry: &&Entry| key.is_called(&entry.key));
        entries.next().map(|entry| Found {
            node: &entry.value,
            layer: self.layer,
        })
    }

    fn origin(&self, file: &str) -> ValueOrigin {
        self.node.map_or(ValueOrigin::BuiltIn, |node| {
            (self.layer)(node.mark.in_file(file))
        })
    }
}

/// The endpoint of a resource; a text is its path.
fn endpoint(found: Option<Found<'_>>, layer: Layer) -> Part<'_> {
    Part {
        node: found.map(|found| found.node),
        object: &ENDPOINT,
        layer,
    }
}

fn known(object: &'static Object) -> impl Iterator<Item = &'static Key> {
    object.keys.iter().filter(|key| !key.is_later())
}

fn is_left_out(found: Option<Found<'_>>) -> bool {
    found.is_none_or(|found| found.node.is_null())
}

fn implied(words: &str) -> Item {
    Item {
        shown: Shown::Implied(words.to_owned()),
        origin: ValueOrigin::BuiltIn,
    }
}

/// Whether a default of this kind can be a value.
fn is_simple(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Word(_)
            | Kind::Bool
            | Kind::Integer { .. }
            | Kind::Number
            | Kind::Duration
            | Kind::Bytes
            | Kind::Status
    )
}

/// Whether `node` fits `kind`: some defaults are sentences.
fn is_read_as(kind: &Kind, node: &Node) -> bool {
    let mut problems = crate::error::Problems::new("".into());
    crate::spec::check::check(kind, node, crate::spec::check::KeyPath::Root, &mut problems);
    problems.count() == 0
}

/// `over` on top of `below`, in the place of members of the same name.
fn laid_over(below: Members, over: Members, is_same: &dyn Fn(&str, &str) -> bool) -> Members {
    let mut merged = below;
    for member in over {
        match merged.iter_mut().find(|one| is_same(&one.0, &member.0)) {
            Some(found) => *found = member,
            None => merged.push(member),
        }
    }
    merged
}

/// Headers of the client have no placeholders, those of a request have.
fn escape_member((name, item): &mut (String, Item)) {
    *name = escaped(name);
    if let Shown::Text(text) = &mut item.shown {
        *text = escaped(text);
    }
}

/// `text` with its braces doubled, but for references.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut left = text;
    while let Some(at) = left.find(['{', '}', '$']) {
        out.push_str(&left[..at]);
        left = &left[at..];
        let reference = left.starts_with("${").then(|| left.find('}')).flatten();
        let taken = reference.map_or(1, |end| end + 1);
        let is_brace = taken == 1 && !left.starts_with('$');
        out.push_str(&left[..taken]);
        if is_brace {
            out.push_str(&left[..taken]);
        }
        left = &left[taken..];
    }
    out + left
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn braces_are_doubled_but_for_references() {
        assert_eq!(escaped("a{b}"), "a{{b}}");
        assert_eq!(escaped("x ${env:T} {"), "x ${env:T} {{");
        assert_eq!(escaped("$5 plain"), "$5 plain");
    }
}

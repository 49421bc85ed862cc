use super::table::{Kind, Need, Object, Tagged};
use super::*;

/// Calls `visit` once with every object that can be reached from `object`.
fn each_object(object: &'static Object, visit: &mut dyn FnMut(&'static Object)) {
    Walk {
        visit,
        seen: Vec::new(),
    }
    .object(object);
}

struct Walk<'v> {
    visit: &'v mut dyn FnMut(&'static Object),
    /// The names of the objects so far: some hold others of their own kind.
    seen: Vec<&'static str>,
}

impl Walk<'_> {
    fn object(&mut self, object: &'static Object) {
        if self.seen.contains(&object.name) {
            return;
        }
        self.seen.push(object.name);
        (self.visit)(object);
        for key in object.keys {
            self.kind(&key.kind);
        }
    }

    fn kind(&mut self, kind: &'static Kind) {
        match kind {
            Kind::Object(object) | Kind::Short(_, object) => self.object(object),
            Kind::List(item) | Kind::OneOrMany(item) | Kind::Map(item) => self.kind(item),
            Kind::Tagged(tagged) => self.variants(tagged),
            Kind::Param => {
                self.variants(&keys::PARAM);
                self.object(&keys::STYLED);
            }
            _ => {}
        }
    }

    fn variants(&mut self, tagged: &'static Tagged) {
        for variant in tagged.variants {
            self.object(variant.object);
        }
    }
}

#[test]
fn no_spelling_means_two_keys_of_one_object() {
    each_object(&keys::ROOT, &mut |object| {
        let mut names: Vec<&str> = object
            .keys
            .iter()
            .flat_map(|key| std::iter::once(key.name).chain(key.also.iter().copied()))
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}", object.name);
    });
}

#[test]
fn every_key_is_documented_with_a_sentence() {
    each_object(&keys::ROOT, &mut |object| {
        for key in object.keys {
            let is_sentence = key.doc.ends_with('.') && key.doc.len() > 8;
            assert!(is_sentence, "{}.{}: {}", object.name, key.name, key.doc);
        }
    });
}

#[test]
fn misplaced_keys_are_not_keys_of_the_object_itself() {
    each_object(&keys::ROOT, &mut |object| {
        for (name, _) in object.misplaced {
            assert!(object.key(name).is_none(), "{}.{name}", object.name);
        }
    });
}

#[test]
fn required_keys_have_no_default() {
    each_object(&keys::ROOT, &mut |object| {
        for key in object.keys.iter().filter(|key| key.need == Need::Required) {
            assert_eq!(key.default, "", "{}.{}", object.name, key.name);
        }
    });
}

#[test]
fn the_default_name_is_the_stem_of_the_file() {
    assert_eq!(stem("a/b/tracker.prod.yaml"), "tracker.prod");
    assert_eq!(stem(""), "source");
}

#[test]
fn inline_parts_are_read_like_those_of_a_file() {
    let paginator = PaginatorSpec::parse("{type: cursor, cursor_path: meta.next}", "--paginator");
    let PaginatorSpec::Cursor(cursor) = paginator.unwrap().value else {
        panic!("not a cursor");
    };
    assert_eq!(cursor.cursor_path.to_string(), "meta.next");
    let auth = AuthSpec::parse("api_key:query:key:${env:K}", "--auth").unwrap();
    assert_eq!(auth.value.describe(), "API key in query `key`");
    let destination = DestinationSpec::parse("parquet:out", "--to").unwrap();
    assert_eq!(destination.value.to_string(), "parquet:out");
}

#[test]
fn mistakes_in_inline_parts_name_the_option() {
    let error = PaginatorSpec::parse("headr_link", "--paginator").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("--paginator:1:1: unknown paginator `headr_link`")
    );
    let error = AuthSpec::parse("{type: bearer", "--auth").unwrap_err();
    assert!(error.to_string().starts_with("--auth:"), "{error}");
    assert!(DestinationSpec::parse("duckdb:", "--to").is_err());
}

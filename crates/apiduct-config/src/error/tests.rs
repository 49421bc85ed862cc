use super::*;
use crate::locate::Mark;

fn problems() -> Problems {
    Problems::new(Arc::from("s.yaml"))
}

fn unknown(key: &str) -> ConfigErrorKind {
    ConfigErrorKind::UnknownKey {
        key: key.to_owned(),
        nearest: None,
        known: vec!["a", "b"],
    }
}

fn at(line: usize, column: usize) -> Mark {
    Mark { line, column }
}

#[test]
fn mistakes_come_in_the_order_of_the_file() {
    let mut problems = problems();
    problems.push("x", at(3, 1), unknown("late"));
    problems.push("x", at(1, 9), unknown("right"));
    problems.push("x", at(1, 2), unknown("left"));
    let errors = problems.into_result(Some(())).unwrap_err();
    let lines: Vec<(usize, usize)> = errors
        .iter()
        .map(|one| (one.place.line, one.place.column))
        .collect();
    assert_eq!(lines, [(1, 2), (1, 9), (3, 1)]);
}

#[test]
fn what_is_met_twice_is_said_once() {
    let mut problems = problems();
    for _ in 0..3 {
        problems.push("resource_defaults", at(1, 1), unknown("a"));
    }
    problems.push("resource_defaults", at(1, 1), unknown("b"));
    problems.push("other", at(1, 1), unknown("b"));
    assert_eq!(problems.into_result(Some(())).unwrap_err().len(), 3);
}

#[test]
fn nothing_wrong_gives_the_value() {
    assert_eq!(problems().into_result(Some(7)).unwrap(), 7);
}

#[test]
fn a_path_covers_what_is_below_it_and_not_its_neighbors() {
    let mut problems = problems();
    problems.push("resources[1].endpoint", at(1, 1), unknown("a"));
    for (path, expected) in [
        ("resources[1]", true),
        ("resources[1].endpoint", true),
        ("resources", true),
        ("resources[1].end", false),
        ("resources[10]", false),
        ("resources[0]", false),
    ] {
        assert_eq!(problems.has_under(path), expected, "{path}");
    }
}

#[test]
fn a_mistake_of_the_whole_file_has_no_line() {
    let mut problems = problems();
    problems.push("", Mark::WHOLE_FILE, ConfigErrorKind::UnknownFormat);
    let errors = problems.into_result(Some(())).unwrap_err();
    assert!(
        errors.to_string().starts_with("s.yaml: the extension"),
        "{errors}"
    );
}

#[test]
fn the_nearest_word_must_look_like_it() {
    let known = ["paginator", "params", "path", "headers", "data_selector"];
    for (word, expected) in [
        ("paginatr", Some("paginator")),
        ("Headers", Some("headers")),
        ("param", Some("params")),
        ("dataselector", Some("data_selector")),
        ("zzz", None),
        ("", None),
    ] {
        assert_eq!(nearest(word, &known), expected, "{word}");
    }
}

#[test]
fn hints_say_what_to_do_and_only_where_something_can_be_done() {
    let hint = |kind: ConfigErrorKind| kind.hint().unwrap_or_default();
    assert_eq!(hint(unknown("x")), "known keys are `a`, `b`");
    let missing = ConfigErrorKind::MissingKey {
        key: "limit",
        doc: "Records a page.",
    };
    assert_eq!(hint(missing), "add `limit`: records a page");
    let json_path = ConfigErrorKind::MissingKey {
        key: "field",
        doc: "JSONPath of the field.",
    };
    assert_eq!(hint(json_path), "add `field`: JSONPath of the field");
    let value = ConfigErrorKind::UnknownValue {
        what: "method",
        value: "PSOT".to_owned(),
        valid: vec!["GET", "POST"],
    };
    assert_eq!(hint(value), "did you mean `POST`? valid are `GET`, `POST`");
    let syntax = ConfigErrorKind::Syntax {
        reason: "expected a key".to_owned(),
        hint: "write one",
    };
    assert_eq!(hint(syntax), "write one");
}

#[test]
fn causes_stand_under_their_mistake() {
    let mut problems = problems();
    let source = std::io::Error::other("the disk is on fire");
    problems.push("", Mark::WHOLE_FILE, ConfigErrorKind::Read { source });
    let errors = problems.into_result(Some(())).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "s.yaml: cannot read the file\n  cause: the disk is on fire"
    );
}

#[test]
fn an_error_is_small_enough_to_be_passed_around() {
    assert!(size_of::<ConfigErrors>() <= 24);
}

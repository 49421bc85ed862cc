use apiduct_model::Scalar;
use apiduct_steps::{Kept, Runner, Step};

use super::{gives, program, steps, try_all};

const FILTER: fn(&str) -> Step = |text| Step::Filter(program(text));
const MAP: fn(&str) -> Step = |text| Step::Map(program(text));
const YIELD: fn(&str) -> Step = |text| Step::YieldMap(program(text));

#[test]
fn a_filter_keeps_what_is_truthy() {
    let records = [
        r#"{"a":0}"#,
        r#"{"a":""}"#,
        r#"{"a":false}"#,
        r#"{"a":null}"#,
        "{}",
        r#"{"a":[]}"#,
    ];
    gives(
        vec![FILTER(".a")],
        &records,
        &[r#"{"a":0}"#, r#"{"a":""}"#, r#"{"a":[]}"#],
    );
}

#[test]
fn a_filter_with_several_results_keeps_on_any_and_drops_on_none() {
    let records = [r#"{"t":["a","b"]}"#, r#"{"t":["c"]}"#, r#"{"t":[]}"#];
    gives(
        vec![FILTER(".t[] == \"b\"")],
        &records,
        &[r#"{"t":["a","b"]}"#],
    );
    gives(vec![FILTER("select(.t == [])")], &records, &[r#"{"t":[]}"#]);
}

#[test]
fn a_record_that_passes_filters_alone_keeps_its_bytes() {
    let record = "{ \"a\" : 1.0e0,\"a\":2 }";
    let mut runner = Runner::new(steps(vec![FILTER(".a")]));
    assert_eq!(runner.apply(record, &[]).unwrap(), Kept::AsItIs);
}

#[test]
fn a_map_gives_one_record_or_none() {
    gives(
        vec![MAP("select(.a > 1) | .b = .a * 2")],
        &[r#"{"a":1}"#, r#"{"a":2}"#],
        &[r#"{"a":2,"b":4}"#],
    );
    let error = try_all(vec![MAP("., .")], &["{}"]).unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "the program gives more than one result"
    );
}

#[test]
fn results_have_to_be_records() {
    for (result, kind) in [
        ("[.]", "a list"),
        ("null", "null"),
        (".a", "a number"),
        ("\"x\"", "a text"),
    ] {
        for step in [MAP(result), YIELD(result)] {
            let error = try_all(vec![step], &[r#"{"a":1}"#]).unwrap_err();
            assert_eq!(
                error.problem.to_string(),
                format!("a result is {kind}, and a record is an object")
            );
        }
    }
}

#[test]
fn a_yield_map_gives_any_number_of_records() {
    let records = [r#"{"id":1,"l":[{"x":1},{"x":2}]}"#, r#"{"id":2,"l":[]}"#];
    gives(
        vec![YIELD(".id as $id | .l[] | .id = $id")],
        &records,
        &[r#"{"x":1,"id":1}"#, r#"{"x":2,"id":1}"#],
    );
}

#[test]
fn the_order_of_steps_matters() {
    let records = [r#"{"a":1}"#];
    gives(
        vec![FILTER(".a == 1"), MAP(".a = 2")],
        &records,
        &[r#"{"a":2}"#],
    );
    gives(vec![MAP(".a = 2"), FILTER(".a == 1")], &records, &[]);
    gives(
        vec![YIELD("., .a = 2"), FILTER(".a == 2")],
        &records,
        &[r#"{"a":2}"#],
    );
}

#[test]
fn dropped_records_are_counted_by_step() {
    let mut runner = Runner::new(steps(vec![
        FILTER(".a > 1"),
        MAP("select(.a > 2)"),
        YIELD("select(.a > 3)"),
    ]));
    for a in 1..=5 {
        runner.apply(&format!(r#"{{"a":{a}}}"#), &[]).unwrap();
    }
    let dropped: Vec<_> = runner
        .dropped()
        .iter()
        .map(|(word, count)| (*word, *count))
        .collect();
    assert_eq!(dropped, [("filter", 1), ("map", 1), ("yield_map", 1)]);
}

#[test]
fn fields_from_outside_stand_in_front_and_win() {
    let mut runner = Runner::new(steps(vec![FILTER("._posts_id > 1")]));
    let fields = |id: &str| {
        let id = Scalar::Number(id.into());
        [
            ("_posts_id".to_owned(), id),
            ("t".to_owned(), Scalar::Text("x".into())),
        ]
    };
    assert_eq!(
        runner.apply(r#"{"a":1,"t":0}"#, &fields("1")).unwrap(),
        Kept::Changed(&[])
    );
    let kept = runner
        .apply(r#"{"a":1,"t":0}"#, &fields("12345678901234567890"))
        .unwrap();
    assert_eq!(
        kept,
        Kept::Changed(&[r#"{"_posts_id":12345678901234567890,"t":"x","a":1}"#.to_owned()])
    );
}

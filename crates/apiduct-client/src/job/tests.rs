use serde_json::json;

use super::run::fill;

#[test]
fn fields_of_a_path_are_filled_in_as_one_segment_each() {
    let body = json!({"id": "a/b c", "nested": {"n": 7}, "empty": "", "up": "..", "list": [1]});
    let filled = |path: &str| fill(path, Some(&body));
    assert_eq!(
        filled("r/{job.id}/f/{job.nested.n}?x=1").unwrap(),
        "r/a%2Fb%20c/f/7?x=1"
    );
    assert_eq!(filled("plain").unwrap(), "plain");
    for field in ["missing", "empty", "up", "list"] {
        assert_eq!(filled(&format!("r/{{job.{field}}}")), Err(field.to_owned()));
    }
    assert_eq!(fill("r/{job.id}", None), Err("id".to_owned()));
}

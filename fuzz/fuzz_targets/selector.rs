//! Selectors from any text: no panic, a stable spelling, and no answer from outside the document.

#![no_main]

use apiduct_json::Selector;
use libfuzzer_sys::fuzz_target;

const DOCUMENT: &str = r#"{"data":[{"id":1,"a":{"b":[1,2,{"c":null}]}},{"id":"2"}],"next":"x","":{"'":0}}"#;

fuzz_target!(|text: &str| {
    let Ok(selector) = Selector::parse(text) else {
        return;
    };
    let again = Selector::parse(selector.as_str()).expect("a selector reads its own text");
    assert_eq!(again.as_str(), selector.as_str());
    let value = serde_json::from_str(DOCUMENT).expect("JSON");
    assert_eq!(selector.query(&value).len(), again.query(&value).len());
    assert_eq!(selector.first(&value), selector.query(&value).first().copied());
});

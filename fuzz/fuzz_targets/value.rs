//! The parser beside another one: what both read is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Whether both are the same; a zero may have lost its sign, which no integer has.
fn same(own: &Value, other: &Value) -> bool {
    match (own, other) {
        (Value::Number(own), Value::Number(other)) => {
            own == other || own.as_f64() == other.as_f64()
        }
        (Value::Array(own), Value::Array(other)) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| same(own, other))
        }
        (Value::Object(own), Value::Object(other)) => {
            own.len() == other.len()
                && own
                    .iter()
                    .zip(other)
                    .all(|(own, other)| own.0 == other.0 && same(own.1, other.1))
        }
        (own, other) => own == other,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let own = apiduct_json::parse_value(bytes);
    let other = serde_json::from_slice::<Value>(bytes);
    match (own, other) {
        (Ok(own), Ok(other)) => assert!(same(&own, &other), "{own} is not {other}"),
        (Ok(_), Err(error)) => {
            let text = error.to_string();
            let is_known = text.contains("recursion")
                || text.contains("out of range")
                || text.contains("surrogate")
                || bytes.starts_with(b"\xef\xbb\xbf");
            assert!(is_known, "only our parser reads this: {text}");
        }
        // Ours refuses more: what nests too deep.
        (Err(error), Ok(_)) => assert!(error.to_string().contains("deep"), "{error}"),
        (Err(_), Err(_)) => {}
    }
});

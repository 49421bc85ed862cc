//! YAML into JSON values: the tolerant way, as descriptions are written by hand.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Number, Value};

/// Deeper nesting ends the reading.
const MAX_DEPTH: usize = 128;
/// How many values aliases may bring in.
const ALIAS_BUDGET: usize = 1_000_000;

/// Reads the first document of `text`.
///
/// # Errors
///
/// What is wrong, with line and column.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        budget: ALIAS_BUDGET,
    };
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(Value::Null),
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            other => return Ok(reader.node(other, 0)?.0),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, (Value, usize)>,
    budget: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => {
                let at = error.marker();
                Err(format!(
                    "line {}, column {}: {}",
                    at.line(),
                    at.col() + 1,
                    error.info()
                ))
            }
            None => Ok(Event::StreamEnd),
        }
    }

    fn node(&mut self, event: Event<'t>, depth: usize) -> Result<(Value, usize), String> {
        if depth > MAX_DEPTH {
            return Err(format!(
                "lists and mappings nest deeper than {MAX_DEPTH} levels"
            ));
        }
        let (anchor, value, size) = match event {
            Event::Alias(anchor) => return self.alias(anchor),
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.suffix == "str");
                let value = if style == ScalarStyle::Plain && !is_text {
                    plain(&text)
                } else {
                    Value::String(text.into_owned())
                };
                (anchor, value, 1)
            }
            Event::SequenceStart(anchor, _) => {
                let mut list = Vec::new();
                let mut size = 1;
                loop {
                    let event = self.next()?;
                    if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                        break;
                    }
                    let (value, more) = self.node(event, depth + 1)?;
                    size += more;
                    list.push(value);
                }
                (anchor, Value::Array(list), size)
            }
            Event::MappingStart(anchor, _) => {
                let (map, size) = self.mapping(depth)?;
                (anchor, Value::Object(map), size)
            }
            _ => (0, Value::Null, 1),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok((value, size))
    }

    fn mapping(&mut self, depth: usize) -> Result<(Map<String, Value>, usize), String> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        let mut size = 1;
        loop {
            let event = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                break;
            }
            let key = match &event {
                Event::Scalar(text, ..) => text.to_string(),
                _ => String::new(),
            };
            // A key that is itself a list or mapping is read to its end and dropped.
            self.node(event, depth + 1)?;
            let event = self.next()?;
            let (value, more) = self.node(event, depth + 1)?;
            size += more + 1;
            if key == "<<" {
                merged.push(value);
            } else {
                map.entry(key).or_insert(value);
            }
        }
        for value in merged {
            let sources = match value {
                Value::Array(list) => list,
                one => vec![one],
            };
            for source in sources {
                if let Value::Object(more) = source {
                    for (key, value) in more {
                        map.entry(key).or_insert(value);
                    }
                }
            }
        }
        Ok((map, size))
    }

    fn alias(&mut self, anchor: usize) -> Result<(Value, usize), String> {
        // An alias inside its own anchor has no value yet.
        let Some((value, size)) = self.anchors.get(&anchor) else {
            return Ok((Value::Null, 1));
        };
        self.budget = self
            .budget
            .checked_sub(*size)
            .ok_or_else(|| format!("aliases unfold into more than {ALIAS_BUDGET} values"))?;
        Ok((value.clone(), *size))
    }
}

/// A plain scalar by YAML 1.2's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.trim_start_matches(['-', '+']);
    let is_number = digits.starts_with(|one: char| one.is_ascii_digit() || one == '.')
        && (digits == "0"
            || !digits.starts_with('0')
            || digits.starts_with("0.")
            || digits.starts_with("0e"));
    if is_number {
        if let Ok(whole) = text.parse::<i64>() {
            return Value::Number(whole.into());
        }
        if let Some(number) = text.parse().ok().and_then(Number::from_f64) {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_keep_their_types() {
        let value =
            read("a: 1\nb: 007\nc: ~\nd: 'true'\ne: true\nf: 1.5\ng: 2024-01-01\n").unwrap();
        assert_eq!(
            value,
            json!({"a": 1, "b": "007", "c": null, "d": "true", "e": true, "f": 1.5, "g": "2024-01-01"})
        );
    }

    #[test]
    fn anchors_merge_keys_and_number_keys_are_read() {
        let value = read("x: &x {a: 1}\ny: {<<: *x, b: 2}\n200: *x\n").unwrap();
        assert_eq!(
            value,
            json!({"x": {"a": 1}, "y": {"b": 2, "a": 1}, "200": {"a": 1}})
        );
    }

    #[test]
    fn a_mistake_has_its_place() {
        let message = read("a: [1\nb: 2\n").unwrap_err();
        assert!(message.starts_with("line "), "{message}");
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for level in 1..9 {
            let before = format!("*a{},", level - 1).repeat(10);
            writeln!(text, "a{level}: &a{level} [{before}]").unwrap();
        }
        assert!(read(&text).unwrap_err().contains("aliases"));
    }
}

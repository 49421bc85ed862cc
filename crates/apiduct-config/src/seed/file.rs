use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::Problems;
use crate::locate::{Format, Node, NodeValue};

/// The rows in `text`, each as JSON, by the extension of its file `path`.
///
/// # Errors
/// What is wrong and where in the file, in words.
pub(crate) fn rows_of_file(path: &str, text: &str) -> Result<Vec<Box<str>>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "csv" => csv(text),
        "json" => json(text),
        "jsonl" | "ndjson" => json_lines(text),
        "yaml" | "yml" => yaml(path, text),
        _ => Err(
            "its extension is none of `.csv`, `.json`, `.jsonl`, `.ndjson`, `.yaml`, `.yml`"
                .to_owned(),
        ),
    }
}

/// Rows under a line of names. All values are texts, and empty ones null.
fn csv(text: &str) -> Result<Vec<Box<str>>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| error.to_string())?;
        let value = |text: &str| match text {
            "" => Value::Null,
            text => Value::from(text),
        };
        let pairs = names.iter().zip(&record);
        let row: Map<String, Value> = pairs
            .map(|(name, text)| (name.to_owned(), value(text)))
            .collect();
        Ok(Value::Object(row).to_string().into())
    };
    reader.records().map(row).collect()
}

fn json(text: &str) -> Result<Vec<Box<str>>, String> {
    let list: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => format!("it is not a list: {error}"),
            _ => error.to_string(),
        })?;
    let rows = list.into_iter().enumerate();
    rows.map(|(at, row)| row_of(row.get(), &format!("value {}", at + 1)))
        .collect()
}

fn json_lines(text: &str) -> Result<Vec<Box<str>>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let place = format!("line {}", at + 1);
            let row: &RawValue =
                serde_json::from_str(line).map_err(|error| format!("{place}: {error}"))?;
            row_of(row.get(), &place)
        })
        .collect()
}

/// A scalar or an object, as it is.
fn row_of(json: &str, place: &str) -> Result<Box<str>, String> {
    let json = json.trim();
    if json == "null" || json.starts_with('[') {
        return Err(format!("{place} is not a text, number, boolean or object"));
    }
    Ok(json.into())
}

fn yaml(path: &str, text: &str) -> Result<Vec<Box<str>>, String> {
    let mut problems = Problems::new(path.into());
    let root = Node::read(text, Format::Yaml, &mut problems);
    let root = problems
        .into_result(root)
        .map_err(|errors| errors.to_string())?;
    let NodeValue::List(list) = root.value else {
        return Err("it is not a list".to_owned());
    };
    let rows = list.iter().map(|row| {
        row_of(
            &row.to_json().to_string(),
            &format!("the value in line {}", row.mark.line),
        )
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(path: &str, text: &str) -> Vec<String> {
        rows_of_file(path, text)
            .unwrap()
            .into_iter()
            .map(String::from)
            .collect()
    }

    #[test]
    fn each_format_gives_the_same_rows() {
        let expected = [
            r#"{"name":"a","size":"1"}"#,
            r#"{"name":"b c","size":null}"#,
        ];
        assert_eq!(
            rows("r.CSV", "\u{feff}name, size\na,1\n\"b c\",\n"),
            expected
        );
        assert_eq!(
            rows(
                "r.json",
                "[{\"name\":\"a\",\"size\":\"1\"},\n {\"name\":\"b c\",\"size\":null}]"
            ),
            expected
        );
        assert_eq!(
            rows(
                "r.jsonl",
                "{\"name\":\"a\",\"size\":\"1\"}\n\n{\"name\":\"b c\",\"size\":null}"
            ),
            expected
        );
        assert_eq!(
            rows(
                "r.yaml",
                "- {name: a, size: '1'}\n- {name: b c, size: null}\n"
            ),
            expected
        );
    }

    #[test]
    fn scalars_are_rows_and_numbers_keep_their_digits() {
        assert_eq!(
            rows("r.json", "[1.50, \"a\", true]"),
            ["1.50", "\"a\"", "true"]
        );
        assert_eq!(
            rows("r.ndjson", "12345678901234567890123\n"),
            ["12345678901234567890123"]
        );
        assert_eq!(rows("r.yml", "[7, x]"), ["7", "\"x\""]);
        assert!(rows("r.csv", "name\n").is_empty());
    }

    #[test]
    fn what_is_wrong_says_where() {
        for (path, text, expected) in [
            (
                "r.txt",
                "",
                "its extension is none of `.csv`, `.json`, `.jsonl`, `.ndjson`, `.yaml`, `.yml`",
            ),
            (
                "r.csv",
                "a,b\n1\n",
                "CSV error: record 1 (line: 2, byte: 4): found record with 1 fields, but the previous record has 2 fields",
            ),
            (
                "r.json",
                "{\"a\": 1}",
                "it is not a list: invalid type: map, expected a sequence at line 1 column 0",
            ),
            (
                "r.json",
                "[1,\n2",
                "EOF while parsing a list at line 2 column 1",
            ),
            (
                "r.json",
                "[1, null]",
                "value 2 is not a text, number, boolean or object",
            ),
            (
                "r.jsonl",
                "1\n{\n",
                "line 2: EOF while parsing an object at line 1 column 1",
            ),
            (
                "r.jsonl",
                "1\n[2]\n",
                "line 2 is not a text, number, boolean or object",
            ),
            ("r.yaml", "a: 1", "it is not a list"),
            (
                "r.yaml",
                "- 1\n- [2]",
                "the value in line 2 is not a text, number, boolean or object",
            ),
        ] {
            assert_eq!(
                rows_of_file(path, text).unwrap_err(),
                expected,
                "{path} {text}"
            );
        }
    }
}

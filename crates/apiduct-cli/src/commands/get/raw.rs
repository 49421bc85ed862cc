//! Records as the API sent them: their own bytes, without newlines inside, in memory that does not grow.

use std::io::{self, Write};

use apiduct::json::Records;

use super::Sink;
use super::output::Output;
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Writes records one a line, or as one list.
#[derive(Debug)]
pub(super) struct RawSink {
    out: Output,
    is_list: bool,
    is_empty: bool,
    compact: Vec<u8>,
}

impl RawSink {
    /// One record a line.
    pub(super) fn lines(out: Output) -> Self {
        Self {
            out,
            is_list: false,
            is_empty: true,
            compact: Vec::new(),
        }
    }

    /// One JSON list.
    pub(super) fn list(out: Output) -> Self {
        Self {
            is_list: true,
            ..Self::lines(out)
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        match (self.is_list, self.is_empty) {
            (true, true) => self.out.write_all(b"[\n")?,
            (true, false) => self.out.write_all(b",\n")?,
            (false, _) => {}
        }
        self.is_empty = false;
        let bytes = text.as_bytes();
        if memchr::memchr2(b'\n', b'\r', bytes).is_none() {
            self.out.write_all(bytes)?;
        } else {
            self.compact.clear();
            compact(bytes, &mut self.compact);
            self.out.write_all(&self.compact)?;
        }
        if self.is_list {
            Ok(())
        } else {
            self.out.write_all(b"\n")
        }
    }
}

impl Sink for RawSink {
    fn take(&mut self, records: &Records, limit: u64) -> Result<(), Failure> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        for text in records.texts().take(limit) {
            let text = text.map_err(|error| Failure::new(ExitCode::Data, &error))?;
            self.write(text).map_err(|error| self.out.failure(&error))?;
        }
        // A reader that waits for lines gets each page when it is there.
        self.out
            .page_is_done()
            .map_err(|error| self.out.failure(&error))
    }

    fn finish(mut self: Box<Self>, _: &Printer) -> Result<(), Failure> {
        let end: &[u8] = match (self.is_list, self.is_empty) {
            (true, true) => b"[]\n",
            (true, false) => b"\n]\n",
            (false, _) => b"",
        };
        self.out
            .write_all(end)
            .map_err(|error| self.out.failure(&error))?;
        self.out.finish()
    }
}

/// `json` without the white space between its parts.
fn compact(json: &[u8], out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' => {
                let end = text_end(rest);
                out.push(byte);
                out.extend_from_slice(&rest[..end]);
                rest = &rest[end..];
            }
            _ => out.push(byte),
        }
    }
}

/// Where the text ends that begins here, its quote included.
fn text_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at = (at + 2).min(bytes.len());
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compacted(json: &str) -> String {
        let mut out = Vec::new();
        compact(json.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn white_space_goes_and_texts_stay() {
        assert_eq!(
            compacted("{\n \"a \\\" \\\\\": [ 1.0 ,\r\n\t2e5 ], \"b\": \"c  d\" }"),
            r#"{"a \" \\":[1.0,2e5],"b":"c  d"}"#
        );
        assert_eq!(compacted("\"unclosed \\"), "\"unclosed \\");
    }

    #[test]
    fn what_is_compact_is_the_same_document() {
        let text = serde_json::to_string_pretty(
            &serde_json::json!({"k": ["\n\"", {"é\\": null}], "n": -0.5}),
        )
        .unwrap();
        let before: serde_json::Value = serde_json::from_str(&text).unwrap();
        let after: serde_json::Value = serde_json::from_str(&compacted(&text)).unwrap();
        assert_eq!(before, after);
        assert!(!compacted(&text).contains('\n'));
    }

    fn written(is_list: bool, pages: &[&[&str]], limit: u64) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let out = Output::open(Some(&path)).unwrap();
        let mut sink = Box::new(if is_list {
            RawSink::list(out)
        } else {
            RawSink::lines(out)
        });
        for page in pages {
            sink.take(&Records::from_texts(page.iter()).unwrap(), limit)
                .unwrap();
        }
        let printer = Printer::new(
            crate::printer::Wishes::default(),
            apiduct::model::Redactor::default(),
        );
        sink.finish(&printer).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn records_keep_their_digits_and_fit_a_line() {
        let pages: [&[&str]; 2] = [
            &["{\"id\": 1.10}", "{\n\"id\": 12345678901234567890\n}"],
            &["null"],
        ];
        assert_eq!(
            written(false, &pages, 9),
            "{\"id\": 1.10}\n{\"id\":12345678901234567890}\nnull\n"
        );
        assert_eq!(written(true, &pages, 1), "[\n{\"id\": 1.10},\nnull\n]\n");
    }

    #[test]
    fn nothing_is_an_empty_list_and_no_line() {
        assert_eq!(written(true, &[&[]], 9), "[]\n");
        assert_eq!(written(false, &[&[]], 9), "");
    }
}

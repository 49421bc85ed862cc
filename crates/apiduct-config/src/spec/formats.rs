//! The keys `response_format` and `job`.

use std::time::Duration;

use apiduct_client::OnForeignOrigin;
use apiduct_client::format::{BodyFormat, CellTypes, Csv, Xml};
use apiduct_client::job::{Job, JobPlace};

use super::fields::{Fields, Located, Written, template};
use super::keys::{JOB, JOB_PLACE, RESPONSE_FORMAT};
use crate::locate::{Node, NodeValue};
use crate::template::Mode;

/// Reads `response_format`, which the check has gone over.
pub(super) fn response_format(fields: &Fields<'_>) -> Written<BodyFormat> {
    fields.read("response_format", |node, _| {
        let name = match node.as_text() {
            Some(text) => text,
            None => node.value_of("type")?.as_text()?,
        };
        let variant = RESPONSE_FORMAT.variant(name)?;
        let own = Fields::new(variant.object, node, "");
        Some(match variant.name {
            "json" => BodyFormat::Json,
            "jsonl" => BodyFormat::JsonLines,
            "csv" => BodyFormat::Csv(csv(&own)),
            "xml" => BodyFormat::Xml(Xml {
                lists: texts(own.plain_list("lists")),
                types: types(&own),
            }),
            "arrow" => BodyFormat::Named("arrow"),
            "parquet" => BodyFormat::Named("parquet"),
            _ => BodyFormat::Auto,
        })
    })
}

fn csv(fields: &Fields<'_>) -> Csv {
    let defaults = Csv::default();
    let byte = |name| {
        fields
            .plain(name)
            .value()
            .and_then(|text| single_byte(text))
    };
    let null_values = fields.read("null_values", |node, _| {
        let text = |node: &Node| Some(template(node, Mode::References)?.as_literal()?.to_owned());
        Some(node.as_list()?.iter().filter_map(text).collect::<Vec<_>>())
    });
    Csv {
        delimiter: byte("delimiter"),
        quote: byte("quote").unwrap_or(defaults.quote),
        header: fields.bool("header").value().copied().unwrap_or(true),
        columns: texts(fields.plain_list("columns")),
        null_values: null_values.value().cloned().unwrap_or(defaults.null_values),
        types: types(fields),
    }
}

fn types(fields: &Fields<'_>) -> CellTypes {
    match fields.word("types").value() {
        Some(&"infer") => CellTypes::Infer,
        _ => CellTypes::Text,
    }
}

fn texts(written: Written<Vec<Located<String>>>) -> Vec<String> {
    match written {
        Written::Value(list) => list.value.into_iter().map(|one| one.value).collect(),
        Written::Absent | Written::Null => Vec::new(),
    }
}

/// The character that a delimiter is, if it is one that CSV can have.
pub(super) fn single_byte(text: &str) -> Option<u8> {
    match text {
        "\\t" | "tab" => Some(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n') => Some(*byte),
            _ => None,
        },
    }
}

/// Reads `job`.
pub(super) fn job(fields: &Fields<'_>) -> Written<Job> {
    fields.read("job", |node, path| {
        let fields = Fields::new(&JOB, node, path);
        let mut job = Job::new(place(&fields, "poll")?);
        let states = |name| texts(fields.plain_list(name));
        let seconds =
            |name, default: Duration| fields.duration(name).value().copied().unwrap_or(default);
        job.status = fields.selector("status").value().cloned();
        job.done = states("done");
        job.failed = states("failed");
        job.running = states("running");
        job.message = fields.selector("message").value().cloned();
        job.download = place(&fields, "download");
        job.on_foreign_origin = foreign(&fields);
        job.interval = seconds("interval", job.interval);
        job.max_interval = seconds("max_interval", job.max_interval);
        job.deadline = seconds("deadline", job.deadline);
        job.backoff = fields
            .number("backoff")
            .value()
            .copied()
            .unwrap_or(job.backoff);
        Some(job)
    })
}

fn place(fields: &Fields<'_>, name: &str) -> Option<JobPlace> {
    let node = &fields.entry(name)?.value;
    if !matches!(node.value, NodeValue::Map(_)) {
        return fields.plain(name).value().cloned().map(JobPlace::Path);
    }
    let own = Fields::new(&JOB_PLACE, node, "");
    if let Some(path) = own.plain("path").value() {
        return Some(JobPlace::Path(path.clone()));
    }
    if let Some(selector) = own.selector("selector").value() {
        return Some(JobPlace::Body(selector.clone()));
    }
    let header = own.plain("header").value()?.parse().ok()?;
    Some(JobPlace::Header(header))
}

fn foreign(fields: &Fields<'_>) -> Option<OnForeignOrigin> {
    let node = &fields.entry("download")?.value;
    let own = Fields::new(&JOB_PLACE, node, "");
    Some(match *own.word("on_foreign_origin").value()? {
        "strip" => OnForeignOrigin::Strip,
        _ => OnForeignOrigin::Refuse,
    })
}

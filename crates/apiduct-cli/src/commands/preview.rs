//! `apiduct preview`: rows as they would be loaded.

use std::io::Write;

use apiduct::model::{Column, ResourceName, TableName};
use apiduct::pipeline::{Pipeline, Preview, PreviewTable};
use clap::Args;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::{SourceArgs, WorkingDirArgs};
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::report::Failure;
use crate::rows::write_json_rows;
use crate::source::Source;
use crate::table;
use crate::traffic::TrafficArgs;

/// Show rows as they would be loaded, with the inferred tables; writes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct preview tracker.yaml
  apiduct preview tracker.yaml issues --limit 3
  apiduct preview tracker.yaml --replay tracker.jsonl
  apiduct preview tracker.yaml issues --format json | jq '.tables[0].columns'")]
pub(crate) struct PreviewArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The resource; all of them when left out.
    #[arg(value_name = "RESOURCE")]
    resource: Option<String>,
    /// Rows of each table.
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    traffic: TrafficArgs,
    #[command(flatten)]
    working_dir: WorkingDirArgs,
}

/// Fetches one page of each resource and shows its rows.
///
/// # Errors
///
/// Whatever keeps the first page from becoming rows.
pub(crate) async fn execute(args: &PreviewArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let source = Source::read(&args.source.file, printer)?;
    let target = source.target(printer.redactor())?;
    let traffic = args.traffic.open(printer.redactor())?;
    let builder = Pipeline::builder(source.plan, traffic.secrets(source.secrets));
    let pipeline = traffic
        .apply(builder)
        .destination(target.destination)
        .redactor(printer.redactor().clone())
        .working_dir(traffic.working_dir(&args.working_dir.working_dir))
        .build();
    let looking = pipeline.preview(args.resource.as_deref(), args.limit);
    let looked = Interrupt::listen(printer).unless(looking).await;
    traffic.finish(printer)?;
    let preview = looked??;
    let told = if printer.is_json() {
        tell_json(&preview, printer)
    } else {
        tell_text(&preview, printer)
    };
    told.map_err(|error| Failure::output(&error))?;
    Ok(ExitCode::Complete)
}

fn tell_text(preview: &Preview, printer: &Printer) -> std::io::Result<()> {
    for (resource, findings) in &preview.findings {
        for finding in findings {
            printer.message(&format!("{resource}: {finding}"));
        }
    }
    for (at, one) in preview.tables.iter().enumerate() {
        let mut out = Vec::new();
        if at > 0 {
            out.push(b'\n');
        }
        writeln!(out, "{}", printer.strong(one.schema.name.as_str()))?;
        for column in &one.schema.columns {
            let note = if column.nullable {
                ""
            } else {
                ", always there"
            };
            writeln!(out, "  {}: {}{note}", column.name, column.data_type)?;
        }
        if one.batch.num_rows() > 0 {
            out.push(b'\n');
            let batches = std::slice::from_ref(&one.batch);
            table::write(
                &mut out,
                &one.batch.schema(),
                batches,
                usize::MAX,
                printer.table_width(),
            )?;
        }
        printer.text(&String::from_utf8_lossy(&out))?;
    }
    Ok(())
}

fn tell_json(preview: &Preview, printer: &Printer) -> std::io::Result<()> {
    let tables = preview
        .tables
        .iter()
        .map(Table::new)
        .collect::<std::io::Result<_>>()?;
    printer.json(&Document {
        findings: &preview.findings,
        tables,
    })
}

/// The preview for programs.
#[derive(Serialize)]
struct Document<'a> {
    findings: &'a IndexMap<ResourceName, Vec<String>>,
    tables: Vec<Table<'a>>,
}

/// One table of it; its rows are raw, so that every digit stays.
#[derive(Serialize)]
struct Table<'a> {
    name: &'a TableName,
    parent: Option<&'a TableName>,
    resource: &'a ResourceName,
    columns: &'a [Column],
    rows: Box<RawValue>,
}

impl<'a> Table<'a> {
    fn new(one: &'a PreviewTable) -> std::io::Result<Self> {
        let schema = &one.schema;
        let mut rows = Vec::from(b"[");
        let mut is_first = true;
        write_json_rows(&mut rows, &one.batch, |rows| {
            if std::mem::take(&mut is_first) {
                Ok(())
            } else {
                rows.write_all(b",")
            }
        })?;
        rows.push(b']');
        Ok(Self {
            name: &schema.name,
            parent: schema.parent.as_ref(),
            resource: &schema.resource,
            columns: &schema.columns,
            rows: RawValue::from_string(String::from_utf8_lossy(&rows).into_owned())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use apiduct::model::{DataType, TableSchema, WriteDisposition};
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;

    #[test]
    fn rows_for_programs_keep_their_digits() {
        let mut schema = TableSchema::root("issues", "issues", WriteDisposition::Append);
        schema.push(Column::new("id", DataType::Bigint));
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1]));
        let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let one = PreviewTable { schema, batch };
        let text = serde_json::to_string(&Table::new(&one).unwrap()).unwrap();
        assert!(
            text.ends_with(r#""rows":[{"id":9223372036854775807},{"id":1}]}"#),
            "{text}"
        );
    }
}

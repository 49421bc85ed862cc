//! `apiduct sql`: a query on what was loaded.

use std::io::Write;
use std::path::PathBuf;

use apiduct::load::{DestinationError, Loader, QueryResult};
use clap::{Args, ValueEnum};

use crate::cli::{DestinationArgs, SourceArgs};
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;
use crate::rows::{self, CsvWriter, write_json_rows};
use crate::source::{Source, destination_failure};
use crate::table;

/// Query what was loaded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct sql tracker.yaml 'SELECT state, count(*) FROM issues GROUP BY ALL'
  apiduct sql tracker.yaml 'FROM issues' --output-format csv > issues.csv
  apiduct sql tracker.yaml - < report.sql")]
pub(crate) struct SqlArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The query; `-` reads it from stdin.
    #[arg(value_name = "QUERY")]
    query: String,
    /// The form of the answer. Default: table, and json with `--format json`.
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<RowFormat>,
    #[command(flatten)]
    destination: DestinationArgs,
}

/// Forms of a query's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// For people.
    Table,
    /// With a head.
    Csv,
    /// One list of objects.
    Json,
    /// One object a line.
    Jsonl,
}

/// Runs the query and prints its answer.
///
/// # Errors
///
/// Mistakes in the file, a destination that cannot be read, a query that it refuses.
pub(crate) fn execute(args: &SqlArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let source = Source::read(&args.source.file, printer)?.into_destination(&args.destination)?;
    let target = source.target(printer.redactor())?;
    let query = query_text(&args.query)?;
    let mut loader = target
        .destination
        .open_to_read(&target.dataset)
        .map_err(|error| destination_failure(&error))?;
    let result = ask(loader.as_mut(), &query)?;
    let default = if printer.is_json() {
        RowFormat::Json
    } else {
        RowFormat::Table
    };
    print(&result, args.output_format.unwrap_or(default), printer)?;
    Ok(ExitCode::Complete)
}

fn query_text(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let path = PathBuf::from("stdin");
    std::io::read_to_string(std::io::stdin())
        .map_err(|error| Failure::file("read", &path.display().to_string(), &error))
}

/// The answer to `query`, with instants in UTC; a query that is refused is the user's mistake.
pub(crate) fn ask(loader: &mut dyn Loader, query: &str) -> Result<QueryResult, Failure> {
    let result = loader.query(query).map_err(|error| match error {
        DestinationError::Query { .. } => Failure::new(ExitCode::Usage, &error),
        error => destination_failure(&error),
    })?;
    let batches: Result<Vec<_>, _> = result.batches.iter().map(rows::in_utc).collect();
    let batches = batches.map_err(|error| Failure::plain(ExitCode::Destination, &error))?;
    Ok(QueryResult {
        schema: rows::schema_in_utc(&result.schema),
        batches,
    })
}

/// Prints the answer in the form `format`.
pub(crate) fn print(
    result: &QueryResult,
    format: RowFormat,
    printer: &Printer,
) -> Result<(), Failure> {
    let mut out = printer.data();
    let written = match format {
        RowFormat::Table => table::write(
            &mut out,
            &result.schema,
            &result.batches,
            usize::MAX,
            printer.table_width(),
        ),
        RowFormat::Csv => CsvWriter::try_new(&mut out, &result.schema).and_then(|mut writer| {
            result
                .batches
                .iter()
                .try_for_each(|batch| writer.write(batch))
        }),
        RowFormat::Json => print_json(&mut out, result),
        RowFormat::Jsonl => print_json_lines(&mut out, result),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

fn print_json(out: &mut impl Write, result: &QueryResult) -> std::io::Result<()> {
    let mut separator: &[u8] = b"[";
    for batch in &result.batches {
        write_json_rows(out, batch, |out| {
            out.write_all(std::mem::replace(&mut separator, b",\n"))
        })?;
    }
    if separator == b"[" {
        out.write_all(b"[")?;
    }
    out.write_all(b"]\n")
}

fn print_json_lines(out: &mut impl Write, result: &QueryResult) -> std::io::Result<()> {
    let mut separator: &[u8] = b"";
    for batch in &result.batches {
        write_json_rows(out, batch, |out| {
            out.write_all(std::mem::replace(&mut separator, b"\n"))
        })?;
    }
    if separator.is_empty() {
        Ok(())
    } else {
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;

    fn result(batches: &[&[i64]]) -> QueryResult {
        let batch = |values: &&[i64]| {
            let column: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
            RecordBatch::try_from_iter([("n", column)]).unwrap()
        };
        let batches: Vec<RecordBatch> = batches.iter().map(batch).collect();
        QueryResult {
            schema: batch(&&[][..]).schema(),
            batches,
        }
    }

    #[test]
    fn json_is_one_list_over_all_batches() {
        for (batches, expected) in [
            (
                vec![&[1, 2][..], &[3]],
                "[{\"n\":1},\n{\"n\":2},\n{\"n\":3}]\n",
            ),
            (vec![], "[]\n"),
        ] {
            let mut out = Vec::new();
            print_json(&mut out, &result(&batches)).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn json_lines_are_lines() {
        for (batches, expected) in [
            (vec![&[1][..], &[2]], "{\"n\":1}\n{\"n\":2}\n"),
            (vec![], ""),
        ] {
            let mut out = Vec::new();
            print_json_lines(&mut out, &result(&batches)).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}

//! Records as typed columns: shredded page by page into a load package, so that types are final and memory is flat
//! when it is written out.

use std::path::{Path, PathBuf};

use apiduct::json::Records;
use apiduct::load::{LoadIds, LoadPackage, PackageWriter, Packages, Seal, State};
use apiduct::model::{SystemClock, SystemNames, TableSchema};
use apiduct::normalize::{Normalizer, Options};
use apiduct::parquet::{FileOptions, nested_path, write_package};
use arrow_array::RecordBatch;
use tempfile::TempDir;

use super::Sink;
use super::output::Output;
use crate::commands::run::seed;
use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;
use crate::rows::CsvWriter;
use crate::source::destination_failure;
use crate::table;

/// Rows, and bytes, after which a batch goes to the disk.
const BATCH_ROWS: usize = 16_384;
const BATCH_BYTES: usize = 2 << 20;

/// Rows of a table for people.
const TABLE_ROWS: usize = 1000;

/// What becomes of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Table,
    Parquet,
}

/// Turns records into columns on disk and, at the end, into a table or files.
#[derive(Debug)]
pub(super) struct ColumnSink {
    form: Form,
    path: Option<PathBuf>,
    normalizer: Normalizer,
    writer: PackageWriter,
    /// Holds the package; goes last.
    folder: TempDir,
}

impl ColumnSink {
    /// A sink for the records of the endpoint `url`, into the file `path` or to stdout.
    ///
    /// # Errors
    ///
    /// When there is no place for the intermediate files.
    pub(super) fn try_new(url: &str, form: Form, path: Option<&Path>) -> Result<Self, Failure> {
        let folder = scratch_folder(path)?;
        let load_id = LoadIds::new(seed()).next(&SystemClock::new());
        let packages = Packages::new(folder.path());
        let writer = packages
            .create(load_id)
            .map_err(|error| destination_failure(&error))?;
        let mut options = Options::new(resource_name(url), &load_id.to_string());
        options.batch_rows = BATCH_ROWS;
        options.batch_bytes = BATCH_BYTES;
        let normalizer =
            Normalizer::try_new(options).map_err(|error| Failure::new(ExitCode::Data, &error))?;
        Ok(Self {
            form,
            path: path.map(Path::to_owned),
            normalizer,
            writer,
            folder,
        })
    }

    fn seal(self) -> Result<(LoadPackage, TempDir), Failure> {
        let Self {
            normalizer,
            mut writer,
            folder,
            ..
        } = self;
        let (batches, schema) = normalizer.finish();
        for batch in &batches {
            writer
                .write(batch)
                .map_err(|error| destination_failure(&error))?;
        }
        let before = State::default();
        let after = before.advance(writer.load_id());
        let sealed = writer.seal(Seal::new("get", schema, before, after));
        Ok((sealed.map_err(|error| destination_failure(&error))?, folder))
    }
}

impl Sink for ColumnSink {
    fn take(&mut self, records: &Records, limit: u64) -> Result<(), Failure> {
        let data = |error| Failure::new(ExitCode::Data, &error);
        match usize::try_from(limit) {
            Ok(limit) if limit < records.len() => {
                let texts: Result<Vec<&str>, _> = records.texts().take(limit).collect();
                let first = texts.and_then(Records::from_texts);
                let first = first.map_err(|error| Failure::new(ExitCode::Data, &error))?;
                self.normalizer.push(&first, &[]).map_err(data)?;
            }
            _ => self.normalizer.push(records, &[]).map_err(data)?,
        }
        for batch in self.normalizer.take_batches() {
            self.writer
                .write(&batch)
                .map_err(|error| destination_failure(&error))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, printer: &Printer) -> Result<(), Failure> {
        let (form, path) = (self.form, self.path.clone());
        let (package, folder) = self.seal()?;
        let tables = Tables::new(&package);
        match (form, path) {
            (Form::Parquet, Some(path)) => tables.write_parquet(&path, printer),
            (Form::Csv, Some(path)) => tables.write_csv_files(&path, printer),
            (Form::Csv | Form::Parquet, None) => tables.print_csv(printer),
            (Form::Table, path) => tables.print_table(path.as_deref(), printer),
        }?;
        drop(folder);
        Ok(())
    }
}

/// A folder on the disk that the output goes to anyway, or where the system wants it.
fn scratch_folder(path: Option<&Path>) -> Result<TempDir, Failure> {
    let beside = path.and_then(Path::parent).map(|folder| {
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });
    let folder = beside.map_or_else(std::env::temp_dir, Path::to_owned);
    tempfile::Builder::new()
        .prefix(".apiduct-get-")
        .tempdir_in(&folder)
        .map_err(|error| Failure::file("write into", &folder.display().to_string(), &error))
}

/// The last word of the path: `issues` of `https://h/v1/issues?state=all`.
fn resource_name(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let words = path.split('/').skip(1);
    words
        .filter(|word| word.chars().any(char::is_alphabetic))
        .last()
        .unwrap_or("records")
}

/// The tables of a package without what only a destination needs.
struct Tables<'a> {
    package: &'a LoadPackage,
    all: Vec<&'a TableSchema>,
    names: SystemNames,
}

impl<'a> Tables<'a> {
    fn new(package: &'a LoadPackage) -> Self {
        let tables = package.schema().tables.values();
        let tables = tables.filter(|table| {
            table
                .columns
                .iter()
                .any(|column| !SystemNames::default().is_system(&column.name))
        });
        Self {
            package,
            all: tables.collect(),
            names: SystemNames::default(),
        }
    }

    /// The load is an invention of this program, and identities matter only to link tables.
    fn is_kept(&self, column: &str, with_links: bool) -> bool {
        !self.names.is_system(column) || (with_links && column != self.names.load_id())
    }

    fn has_nested(&self) -> bool {
        self.all.len() > 1
    }

    fn write_parquet(&self, path: &Path, printer: &Printer) -> Result<(), Failure> {
        if self.all.is_empty() {
            return Err(no_records());
        }
        let with_links = self.has_nested();
        let files = write_package(self.package, path, &FileOptions::default(), |_, column| {
            self.is_kept(column, with_links)
        })
        .map_err(|error| destination_failure(&error))?;
        for file in files {
            tell_file(printer, &file.path, file.rows);
        }
        Ok(())
    }

    fn write_csv_files(&self, path: &Path, printer: &Printer) -> Result<(), Failure> {
        let Some(root) = self.all.first() else {
            return Output::open(Some(path))?.finish();
        };
        for table in &self.all {
            let place = nested_path(path, &root.name, &table.name);
            let output = self.write_csv(table, Output::open(Some(&place))?, self.has_nested())?;
            output.finish()?;
            tell_file(printer, &place, self.package.rows(&table.name));
        }
        Ok(())
    }

    fn print_csv(&self, printer: &Printer) -> Result<(), Failure> {
        if let Some(root) = self.all.first() {
            self.write_csv(root, Output::open(None)?, false)?.finish()?;
        }
        self.tell_nested(printer);
        Ok(())
    }

    fn write_csv(
        &self,
        table: &TableSchema,
        mut output: Output,
        with_links: bool,
    ) -> Result<Output, Failure> {
        let mut written = Ok(());
        let mut rows = self.rows(table, with_links)?;
        match CsvWriter::try_new(&mut output, &rows.schema) {
            Err(error) => written = Err(error),
            Ok(mut writer) => {
                while let Some(batch) = rows.next().transpose()? {
                    written = writer.write(&batch);
                    if written.is_err() {
                        break;
                    }
                }
            }
        }
        written.map_err(|error| output.failure(&error))?;
        Ok(output)
    }

    fn print_table(&self, path: Option<&Path>, printer: &Printer) -> Result<(), Failure> {
        let mut output = Output::open(path)?;
        let Some(root) = self.all.first() else {
            return output.finish();
        };
        let mut batches = Vec::new();
        let mut shown = 0;
        let mut rows = self.rows(root, false)?;
        let schema = rows.schema.clone();
        while let Some(batch) = rows.next().transpose()?.filter(|_| shown < TABLE_ROWS) {
            let batch = batch.slice(0, batch.num_rows().min(TABLE_ROWS - shown));
            shown += batch.num_rows();
            batches.push(batch);
        }
        let width = path.is_none().then(|| printer.table_width()).flatten();
        let written = table::write(&mut output, &schema, &batches, TABLE_ROWS, width);
        written.map_err(|error| output.failure(&error))?;
        output.finish()?;
        let all = self.package.rows(&root.name);
        if all > shown as u64 {
            printer.message(&format!(
                "{shown} of {all} rows shown; `--output-format csv` writes all"
            ));
        }
        self.tell_nested(printer);
        Ok(())
    }

    fn tell_nested(&self, printer: &Printer) {
        for table in self.all.iter().skip(1) {
            let rows = self.package.rows(&table.name);
            printer.message(&format!(
                "not shown: nested table `{}` with {rows} rows; `-o FILE` writes it too",
                table.name
            ));
        }
    }

    fn rows(&self, table: &TableSchema, with_links: bool) -> Result<Rows<'a>, Failure> {
        let batches = self
            .package
            .batches(table)
            .map_err(|error| destination_failure(&error))?;
        let fields = batches.schema().fields().iter().enumerate();
        let kept: Vec<usize> = fields
            .filter(|(_, field)| self.is_kept(field.name(), with_links))
            .map(|(at, _)| at)
            .collect();
        let schema = batches
            .schema()
            .project(&kept)
            .map_err(|error| Failure::plain(ExitCode::Data, &error))?;
        Ok(Rows {
            schema: schema.into(),
            kept,
            batches: Box::new(batches),
        })
    }
}

/// The rows of one table with the columns that are kept.
struct Rows<'a> {
    schema: arrow_schema::SchemaRef,
    kept: Vec<usize>,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, apiduct::load::PackageError>> + 'a>,
}

impl Iterator for Rows<'_> {
    type Item = Result<RecordBatch, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(
            batch
                .map_err(|error| destination_failure(&error))
                .and_then(|batch| {
                    batch
                        .project(&self.kept)
                        .map_err(|error| Failure::plain(ExitCode::Data, &error))
                }),
        )
    }
}

fn no_records() -> Failure {
    Failure::message(
        ExitCode::Data,
        "there are no records, and so no columns for a Parquet file",
        None,
    )
}

fn tell_file(printer: &Printer, path: &Path, rows: u64) {
    let many = if rows == 1 { "row" } else { "rows" };
    printer.message(&format!("wrote {} ({rows} {many})", path.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_is_the_last_word_of_the_path() {
        for (url, name) in [
            ("https://h/v1/issues?state=all", "issues"),
            ("https://h/repos/7/", "repos"),
            ("https://h", "records"),
            ("https://h/7", "records"),
        ] {
            assert_eq!(resource_name(url), name);
        }
    }

    fn sink(form: Form, path: Option<&Path>) -> Box<ColumnSink> {
        let mut sink = Box::new(ColumnSink::try_new("https://h/issues", form, path).unwrap());
        let pages: [&[&str]; 2] = [
            &[
                r#"{"id": 1, "labels": [{"name": "bug"}, {"name": "new"}]}"#,
                r#"{"id": 2}"#,
            ],
            &[
                r#"{"id": 3, "at": "2024-01-01T00:00:00Z", "price": 1.10}"#,
                r#"{"id": 4}"#,
            ],
        ];
        for page in pages {
            sink.take(&Records::from_texts(page.iter()).unwrap(), 9)
                .unwrap();
        }
        sink
    }

    fn printer() -> Printer {
        let wishes = crate::printer::Wishes {
            is_quiet: true,
            ..Default::default()
        };
        Printer::new(wishes, apiduct::model::Redactor::default())
    }

    #[test]
    fn csv_files_link_nested_rows_and_leave_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        sink(Form::Csv, Some(&path)).finish(&printer()).unwrap();
        let root = std::fs::read_to_string(&path).unwrap();
        let head: Vec<&str> = root.lines().next().unwrap().split(',').collect();
        assert!(
            head.starts_with(&["id"]) && head.contains(&"_apiduct_id"),
            "{root}"
        );
        assert!(!head.contains(&"_apiduct_load_id"), "{root}");
        assert_eq!(root.lines().count(), 5);
        let nested = std::fs::read_to_string(folder.path().join("out__labels.csv")).unwrap();
        assert_eq!(nested.lines().count(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_limit_cuts_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let mut sink =
            Box::new(ColumnSink::try_new("https://h/issues", Form::Csv, Some(&path)).unwrap());
        sink.take(
            &Records::from_texts(["{\"id\":1}", "{\"id\":2}"]).unwrap(),
            1,
        )
        .unwrap();
        sink.finish(&printer()).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "id\n1\n");
    }

    #[test]
    fn a_parquet_file_without_records_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.parquet");
        let empty =
            Box::new(ColumnSink::try_new("https://h/issues", Form::Parquet, Some(&path)).unwrap());
        assert!(empty.finish(&printer()).is_err());
        sink(Form::Parquet, Some(&path)).finish(&printer()).unwrap();
        assert!(path.exists() && folder.path().join("out__labels.parquet").exists());
    }
}

use std::path::{Path, PathBuf};

use apiduct_load::LoadPackage;
use apiduct_model::TableSchema;
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};

use crate::table_file::SealedFile;
use crate::{FileOptions, ParquetError, TableFile, WrittenFile};

/// Writes every table of `package` that has columns: the first root table to `path`, any other to the path that
/// [`nested_path`] gives. Columns for which `is_kept` is false are left out.
///
/// All files are complete on disk before the first of them gets its name.
///
/// # Errors
///
/// [`ParquetError::Package`] when the package is damaged, otherwise as [`TableFile::create`], [`TableFile::write`] and
/// [`TableFile::finish`].
pub fn write_package(
    package: &LoadPackage,
    path: &Path,
    options: &FileOptions,
    is_kept: impl Fn(&TableSchema, &str) -> bool,
) -> Result<Vec<WrittenFile>, ParquetError> {
    let tables: Vec<&TableSchema> = package
        .schema()
        .tables
        .values()
        .filter(|table| !table.columns.is_empty())
        .collect();
    let root = tables.first().map_or("", |table| table.name.as_str());
    let mut files = Vec::with_capacity(tables.len());
    for table in &tables {
        let place = nested_path(path, root, &table.name);
        files.push(write_table(package, table, &place, options, &is_kept)?);
    }
    files.into_iter().map(SealedFile::publish).collect()
}

/// Where the rows of `table` go when those of `root` go to `path`: `issues.parquet` has `issues__labels.parquet`
/// beside it.
///
/// ```
/// use std::path::Path;
///
/// let path = Path::new("out/all.parquet");
/// assert_eq!(apiduct_parquet::nested_path(path, "issues", "issues"), path);
/// assert_eq!(apiduct_parquet::nested_path(path, "issues", "issues__labels"), Path::new("out/all__labels.parquet"));
/// ```
pub fn nested_path(path: &Path, root: &str, table: &str) -> PathBuf {
    if table == root {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path
        .extension()
        .map(|extension| format!(".{}", extension.to_string_lossy()));
    let rest = match table.strip_prefix(root) {
        Some(rest) if rest.starts_with('_') => rest.to_owned(),
        _ => format!("__{table}"),
    };
    path.with_file_name(format!("{stem}{rest}{}", extension.unwrap_or_default()))
}

fn write_table(
    package: &LoadPackage,
    table: &TableSchema,
    path: &Path,
    options: &FileOptions,
    is_kept: &impl Fn(&TableSchema, &str) -> bool,
) -> Result<SealedFile, ParquetError> {
    let failed = |source| ParquetError::Package {
        table: table.name.clone(),
        source,
    };
    let batches = package.batches(table).map_err(failed)?;
    let kept = Kept::new(batches.schema(), |name| is_kept(table, name)).map_err(|source| {
        ParquetError::Encode {
            path: path.to_owned(),
            source: source.into(),
        }
    })?;
    let mut file = TableFile::create(path, &kept.schema, options)?;
    for batch in batches {
        let batch = kept
            .of(&batch.map_err(failed)?)
            .map_err(|source| ParquetError::Encode {
                path: path.to_owned(),
                source: source.into(),
            })?;
        file.write(&batch)?;
    }
    file.seal()
}

/// The columns that are kept.
struct Kept {
    places: Vec<usize>,
    schema: SchemaRef,
}

impl Kept {
    fn new(schema: &SchemaRef, is_kept: impl Fn(&str) -> bool) -> Result<Self, ArrowError> {
        let fields = schema.fields().iter().enumerate();
        let places: Vec<usize> = fields
            .filter(|(_, field)| is_kept(field.name()))
            .map(|(at, _)| at)
            .collect();
        let schema = schema.project(&places)?.into();
        Ok(Self { places, schema })
    }

    fn of(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        batch.project(&self.places)
    }
}

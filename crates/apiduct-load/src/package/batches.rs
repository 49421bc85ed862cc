//! From the rows on disk to rows in the columns of their table.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct_model::arrow::{Converted, arrow_type, convert};
use apiduct_model::{DataType, TableName, TableSchema};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{DataType as ArrowType, Field, Schema as ArrowSchema, SchemaRef};

use super::hashing::Hashing;
use super::manifest::{Manifest, Segment, damaged};
use super::reader::{check, open_segment};
use crate::{LoadId, PackageError, variant_name};

/// Reads the segments of one table one after another; at most one batch is in memory.
pub(super) struct TableBatches {
    dir: PathBuf,
    load_id: LoadId,
    waiting: VecDeque<Segment>,
    current: Option<OpenSegment>,
    shape: Shape,
}

struct OpenSegment {
    path: PathBuf,
    segment: Segment,
    stream: StreamReader<BufReader<Hashing>>,
    rows: u64,
}

/// The columns of the table and where each gets its values.
struct Shape {
    table: TableName,
    schema: SchemaRef,
    columns: Vec<Source>,
    /// The load id, as often as the longest batch so far has rows.
    load_id: (String, StringArray),
}

struct Source {
    /// The column in the table.
    name: String,
    /// Its type in the table.
    data_type: DataType,
    /// Its type in the package, if the package has it.
    packaged: Option<DataType>,
    /// Where its values of another type go.
    variant: Option<(usize, DataType)>,
    is_load_id: bool,
}

impl TableBatches {
    pub(super) fn new(
        dir: &Path,
        manifest: &Manifest,
        target: &TableSchema,
    ) -> Result<Self, PackageError> {
        let waiting = manifest
            .table(&target.name)
            .map(|table| table.segments.clone().into())
            .unwrap_or_default();
        Ok(Self {
            dir: dir.to_owned(),
            load_id: manifest.load_id,
            waiting,
            current: None,
            shape: Shape::new(manifest, target)?,
        })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.shape.schema)
    }

    fn open_next(&mut self) -> Result<bool, PackageError> {
        let Some(segment) = self.waiting.pop_front() else {
            return Ok(false);
        };
        let path = self.dir.join(&segment.file);
        let file = open_segment(&path, self.load_id)?;
        let stream = StreamReader::try_new(BufReader::new(Hashing::new(file)), None)
            .map_err(|error| damaged(self.load_id, &path, format!("cannot be decoded: {error}")))?;
        self.current = Some(OpenSegment {
            path,
            segment,
            stream,
            rows: 0,
        });
        Ok(true)
    }

    fn read(&mut self) -> Result<Option<RecordBatch>, PackageError> {
        loop {
            let Some(open) = &mut self.current else {
                if self.open_next()? {
                    continue;
                }
                return Ok(None);
            };
            match open.stream.next() {
                Some(Ok(batch)) => {
                    open.rows += batch.num_rows() as u64;
                    return self.shape.fill(&batch).map(Some);
                }
                Some(Err(error)) => {
                    let what = format!("cannot be decoded: {error}");
                    return Err(damaged(self.load_id, &open.path, what));
                }
                None => {
                    open.finish(self.load_id)?;
                    self.current = None;
                }
            }
        }
    }
}

impl OpenSegment {
    /// Checks that all that was sealed came, and nothing else.
    fn finish(&mut self, load_id: LoadId) -> Result<(), PackageError> {
        io::copy(&mut self.stream.get_mut().by_ref(), &mut io::sink())
            .map_err(|source| PackageError::io("read", &self.path, source))?;
        check(
            self.stream.get_ref().get_ref(),
            &self.segment,
            &self.path,
            load_id,
        )?;
        if self.rows != self.segment.rows {
            let what = format!("has {} rows of {}", self.rows, self.segment.rows);
            return Err(damaged(load_id, &self.path, what));
        }
        Ok(())
    }
}

impl Iterator for TableBatches {
    type Item = Result<RecordBatch, PackageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.read();
        if result.is_err() {
            self.waiting.clear();
            self.current = None;
        }
        result.transpose()
    }
}

impl Shape {
    fn new(manifest: &Manifest, target: &TableSchema) -> Result<Self, PackageError> {
        let packaged = manifest.schema.table(&target.name);
        if let Some(missing) = packaged
            .iter()
            .flat_map(|table| &table.columns)
            .find(|column| target.column(&column.name).is_none())
        {
            return Err(PackageError::UnknownColumn {
                table: target.name.clone(),
                column: missing.name.to_string(),
            });
        }
        let load_id = manifest.names.load_id();
        let columns = target.columns.iter().map(|column| {
            let known = packaged.and_then(|table| table.column(&column.name));
            let packaged = known.map(|known| known.data_type);
            Source {
                name: column.name.to_string(),
                data_type: column.data_type,
                packaged,
                variant: packaged.and_then(|from| variant_of(target, &column.name, from)),
                is_load_id: target.parent.is_none() && column.name == *load_id,
            }
        });
        let fields: Vec<Field> = target
            .columns
            .iter()
            .map(|column| Field::new(column.name.as_str(), arrow_type(column.data_type), true))
            .collect();
        Ok(Self {
            table: target.name.clone(),
            columns: columns.collect(),
            schema: Arc::new(ArrowSchema::new(fields)),
            load_id: (manifest.load_id.to_string(), StringArray::new_null(0)),
        })
    }

    /// The rows of `batch` in the columns of the table.
    fn fill(&mut self, batch: &RecordBatch) -> Result<RecordBatch, PackageError> {
        self.check_columns(batch)?;
        let rows = batch.num_rows();
        let mut filled: Vec<Option<ArrayRef>> = vec![None; self.columns.len()];
        for place in 0..self.columns.len() {
            let source = &self.columns[place];
            let Some(array) = batch.column_by_name(&source.name) else {
                if source.is_load_id {
                    filled[place] = Some(self.load_ids(rows));
                }
                continue;
            };
            let from = source.packaged.unwrap_or(source.data_type);
            let Converted { array, leftover } = to_column(array, from, source.data_type);
            self.put(&mut filled, place, array)?;
            if let Some(leftover) = leftover {
                let unfit = || self.unfit(place);
                let (variant, to) = self.columns[place].variant.ok_or_else(unfit)?;
                let Converted { array, leftover } = to_column(&leftover, from, to);
                if leftover.is_some() {
                    return Err(unfit());
                }
                self.put(&mut filled, variant, array)?;
            }
        }
        let arrays = std::iter::zip(filled, self.schema.fields())
            .map(|(array, field)| array.unwrap_or_else(|| new_null_array(field.data_type(), rows)))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(SchemaRef::clone(&self.schema), arrays, &options).map_err(
            |source| PackageError::Arrow {
                action: "convert",
                table: self.table.clone(),
                source,
            },
        )
    }

    fn check_columns(&self, batch: &RecordBatch) -> Result<(), PackageError> {
        let schema = batch.schema_ref();
        let unknown = schema
            .fields()
            .iter()
            .find(|field| !self.columns.iter().any(|one| one.name == **field.name()));
        match unknown {
            None => Ok(()),
            Some(field) => Err(PackageError::UnknownColumn {
                table: self.table.clone(),
                column: field.name().clone(),
            }),
        }
    }

    /// Gives a column its values. A variant column that the package fills itself must not also take leftovers.
    fn put(
        &self,
        filled: &mut [Option<ArrayRef>],
        place: usize,
        array: ArrayRef,
    ) -> Result<(), PackageError> {
        let is_blank = |array: &ArrayRef| array.null_count() == array.len();
        match &filled[place] {
            Some(there) if !is_blank(there) && !is_blank(&array) => Err(self.unfit(place)),
            Some(there) if !is_blank(there) => Ok(()),
            _ => {
                filled[place] = Some(array);
                Ok(())
            }
        }
    }

    fn unfit(&self, place: usize) -> PackageError {
        PackageError::Unfit {
            table: self.table.clone(),
            column: self.columns[place].name.clone(),
            data_type: self.columns[place].data_type,
        }
    }

    fn load_ids(&mut self, rows: usize) -> ArrayRef {
        let (text, array) = &mut self.load_id;
        if array.len() < rows {
            *array = StringArray::from_iter_values(std::iter::repeat_n(text.as_str(), rows));
        }
        Arc::new(array.slice(0, rows))
    }
}

fn variant_of(target: &TableSchema, column: &str, from: DataType) -> Option<(usize, DataType)> {
    let name = variant_name(column, from);
    let place = target.columns.iter().position(|one| one.name == *name)?;
    Some((place, target.columns[place].data_type))
}

/// Converts values that the package calls `from`. JSON that is text on disk is a document already.
fn to_column(array: &ArrayRef, from: DataType, to: DataType) -> Converted {
    let is_document = from == DataType::Json && array.data_type() == &ArrowType::Utf8;
    if is_document && matches!(to, DataType::Json | DataType::Text) {
        return Converted {
            array: Arc::clone(array),
            leftover: None,
        };
    }
    convert(array, to)
}

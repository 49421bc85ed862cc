use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct_model::arrow::TableBatch;
use apiduct_model::{
    Column, DataType, ResourceName, Schema, SystemNames, TableName, WriteDisposition,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};

use super::files;
use super::hashing::Hashing;
use super::manifest::{FILE_NAME, FORMAT, Manifest, PackagedTable, Segment};
use super::reader::LoadPackage;
use crate::error::is_disk_full;
use crate::{LoadId, PackageError, State, batch_bytes};

/// Segments that are open, or closed but not yet durable, at one time; it bounds open files.
const OPEN_FILES: usize = 64;

/// Takes the rows of one load and seals them into a [`LoadPackage`].
///
/// Until [`PackageWriter::seal`] returns, nothing of it counts: dropping the writer removes what was written, and what
/// a killed process left is removed by [`crate::Packages::pending`].
pub struct PackageWriter {
    dir: PathBuf,
    scratch: Scratch,
    sealed: PathBuf,
    load_id: LoadId,
    tables: HashMap<TableName, usize>,
    written: Vec<TableWriter>,
    undurable: Vec<(PathBuf, File)>,
    segments: usize,
}

/// A folder that vanishes unless it is kept.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

struct TableWriter {
    table: PackagedTable,
    open: Option<OpenSegment>,
}

struct OpenSegment {
    schema: SchemaRef,
    stream: StreamWriter<BufWriter<Hashing>>,
    path: PathBuf,
    rows: u64,
}

/// What goes into a package beside its rows.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The pipeline whose state the package moves.
    pub pipeline: String,
    /// The dataset it is meant for; the pipeline's name unless set.
    pub dataset: String,
    /// The destination it is meant for, by its name; empty, which is any, unless set.
    pub destination: String,
    /// The prefix of system columns and tables; `_apiduct` unless set.
    pub names: SystemNames,
    /// The tables of the resources that this package brings, and of no other resource.
    pub schema: Schema,
    /// Resources whose tables get new content: those in `schema` with disposition `replace` unless set. A resource
    /// that is spread over several packages is named in the first only.
    pub replace: BTreeSet<ResourceName>,
    /// The state that the rows build on.
    pub state_before: State,
    /// The state that comes with the rows.
    pub state_after: State,
}

impl Seal {
    /// What `pipeline` brings, with the defaults of the fields that are not given.
    pub fn new(
        pipeline: impl Into<String>,
        schema: Schema,
        state_before: State,
        state_after: State,
    ) -> Self {
        let pipeline = pipeline.into();
        let is_replaced = |one: &WriteDisposition| *one == WriteDisposition::Replace;
        Self {
            dataset: pipeline.clone(),
            destination: String::new(),
            pipeline,
            names: SystemNames::default(),
            replace: schema
                .tables
                .values()
                .filter(|table| is_replaced(&table.write_disposition))
                .map(|table| table.resource.clone())
                .collect(),
            schema,
            state_before,
            state_after,
        }
    }
}

impl fmt::Debug for PackageWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageWriter")
            .field("load_id", &self.load_id)
            .field("rows", &self.rows())
            .finish_non_exhaustive()
    }
}

impl PackageWriter {
    /// A writer for the package `load_id` in the folder `dir`, which is made if it is not there.
    pub(super) fn create(dir: &Path, load_id: LoadId) -> Result<Self, PackageError> {
        files::create_dir_all(dir).map_err(|source| PackageError::io("create", dir, source))?;
        let sealed = dir.join(load_id.to_string());
        if sealed.exists() {
            return Err(PackageError::Exists { load_id });
        }
        let path = dir.join(super::folder::scratch_name(load_id));
        files::create_dir(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => PackageError::Exists { load_id },
            _ => PackageError::io("create", &path, source),
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            scratch: Scratch {
                path,
                is_kept: false,
            },
            sealed,
            load_id,
            tables: HashMap::new(),
            written: Vec::new(),
            undurable: Vec::new(),
            segments: 0,
        })
    }

    /// The load that is being written.
    pub fn load_id(&self) -> LoadId {
        self.load_id
    }

    /// Rows of all tables so far.
    pub fn rows(&self) -> u64 {
        self.written.iter().map(|one| one.table.rows).sum()
    }

    /// Adds rows to a table. Columns and their types may differ from those of earlier batches.
    ///
    /// # Errors
    ///
    /// [`PackageError::DiskFull`], [`PackageError::Io`] or [`PackageError::Arrow`]; the package cannot be sealed then.
    pub fn write(&mut self, rows: &TableBatch) -> Result<(), PackageError> {
        if rows.batch.num_rows() == 0 {
            return Ok(());
        }
        let place = self.place_of(&rows.table);
        let schema = rows.batch.schema();
        let mut open = match self.written[place].open.take() {
            Some(open) if open.schema == schema => open,
            other => {
                self.written[place].open = other;
                self.close(place)?;
                self.open(&rows.table, schema)?
            }
        };
        open.stream
            .write(&rows.batch)
            .map_err(|source| arrow_error(&open.path, &rows.table, source))?;
        let added = rows.batch.num_rows() as u64;
        open.rows += added;
        let writer = &mut self.written[place];
        writer.open = Some(open);
        writer.table.rows += added;
        let bytes = batch_bytes(&rows.batch);
        writer.table.largest_batch = writer.table.largest_batch.max(bytes);
        Ok(())
    }

    /// Makes everything durable and turns the scratch folder into a package by one rename.
    ///
    /// Root tables whose schema lacks the load id column get it; the loader fills it.
    ///
    /// # Errors
    ///
    /// [`PackageError::UnknownTable`] when rows came for a table that `seal.schema` does not have, otherwise as
    /// [`PackageWriter::write`]. Nothing is left then.
    pub fn seal(mut self, seal: Seal) -> Result<LoadPackage, PackageError> {
        for place in 0..self.written.len() {
            self.close(place)?;
        }
        self.make_durable()?;
        let manifest = self.manifest(seal)?;
        let path = self.scratch.path.join(FILE_NAME);
        let failed = |source| PackageError::io("write", &path, source);
        let mut file = files::create_new(&path).map_err(failed)?;
        let text = serde_json::to_vec(&manifest).map_err(|error| failed(error.into()))?;
        file.write_all(&text).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let scratch = &self.scratch.path;
        let unsealed = |source| PackageError::io("seal", &self.sealed, source);
        files::sync_dir(scratch).map_err(unsealed)?;
        std::fs::rename(scratch, &self.sealed).map_err(unsealed)?;
        self.scratch.is_kept = true;
        files::sync_dir(&self.dir).map_err(unsealed)?;
        Ok(LoadPackage::sealed(self.sealed, Arc::new(manifest)))
    }

    fn manifest(&mut self, seal: Seal) -> Result<Manifest, PackageError> {
        let Seal {
            pipeline,
            dataset,
            destination,
            names,
            mut schema,
            replace,
            state_before,
            state_after,
        } = seal;
        let tables: Vec<PackagedTable> = self.written.drain(..).map(|one| one.table).collect();
        if let Some(table) = tables.iter().find(|one| schema.table(&one.name).is_none()) {
            return Err(PackageError::UnknownTable {
                table: table.name.clone(),
            });
        }
        let load_id = names.load_id();
        for table in schema.tables.values_mut() {
            let is_empty = table.columns.is_empty();
            if table.parent.is_none() && !is_empty && table.column(&load_id).is_none() {
                table.push(Column::required(load_id.as_str(), DataType::Text));
            }
        }
        Ok(Manifest {
            format: FORMAT,
            load_id: self.load_id,
            pipeline,
            dataset,
            destination,
            names,
            replace,
            tables,
            schema,
            state_before,
            state_after,
        })
    }

    fn place_of(&mut self, table: &TableName) -> usize {
        if let Some(place) = self.tables.get(table) {
            return *place;
        }
        self.tables.insert(table.clone(), self.written.len());
        self.written.push(TableWriter {
            table: PackagedTable {
                name: table.clone(),
                rows: 0,
                largest_batch: 0,
                segments: Vec::new(),
            },
            open: None,
        });
        self.written.len() - 1
    }

    fn open(&mut self, table: &TableName, schema: SchemaRef) -> Result<OpenSegment, PackageError> {
        let open = self.written.iter().filter(|one| one.open.is_some());
        if open.count() >= OPEN_FILES {
            for other in 0..self.written.len() {
                self.close(other)?;
            }
        }
        self.segments += 1;
        let path = self
            .scratch
            .path
            .join(format!("{:06}.arrow", self.segments));
        let file =
            files::create_new(&path).map_err(|source| PackageError::io("create", &path, source))?;
        let stream = StreamWriter::try_new(BufWriter::new(Hashing::new(file)), &schema)
            .map_err(|source| arrow_error(&path, table, source))?;
        Ok(OpenSegment {
            schema,
            stream,
            path,
            rows: 0,
        })
    }

    /// Ends the open segment of a table, if it has one.
    fn close(&mut self, place: usize) -> Result<(), PackageError> {
        let writer = &mut self.written[place];
        let Some(OpenSegment {
            stream, path, rows, ..
        }) = writer.open.take()
        else {
            return Ok(());
        };
        let buffered = stream
            .into_inner()
            .map_err(|source| arrow_error(&path, &writer.table.name, source))?;
        let hashing = buffered
            .into_inner()
            .map_err(|error| PackageError::io("write", &path, error.into_error()))?;
        writer.table.segments.push(Segment {
            file: file_name(&path),
            rows,
            bytes: hashing.bytes(),
            xxh3: hashing.digest(),
        });
        self.undurable.push((path, hashing.into_file()));
        if self.undurable.len() >= OPEN_FILES {
            self.make_durable()?;
        }
        Ok(())
    }

    fn make_durable(&mut self) -> Result<(), PackageError> {
        for (path, file) in self.undurable.drain(..) {
            file.sync_all()
                .map_err(|source| PackageError::io("write", path, source))?;
        }
        Ok(())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn arrow_error(path: &Path, table: &TableName, source: ArrowError) -> PackageError {
    match source {
        ArrowError::IoError(_, source) if is_disk_full(&source) => PackageError::DiskFull {
            path: path.to_owned(),
            source,
        },
        source => PackageError::Arrow {
            action: "write",
            table: table.clone(),
            source,
        },
    }
}

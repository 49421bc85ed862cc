use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;

use crate::{FileOptions, ParquetError};

/// Rows that are encoded before the size of the row group is looked at again.
const STEP_ROWS: usize = 4096;

/// Takes the rows of one table into one Parquet file, which appears under its name when it is complete.
///
/// Dropping it before [`TableFile::finish`] leaves nothing behind.
#[derive(Debug)]
pub struct TableFile {
    path: PathBuf,
    scratch: Scratch,
    writer: ArrowWriter<File>,
    row_group_bytes: usize,
    rows: u64,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A file that vanishes unless it gets its name.
#[derive(Debug)]
struct Scratch {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl TableFile {
    /// Begins the file `path` for rows with the columns of `schema`. A file that is there stays until
    /// [`TableFile::finish`] replaces it.
    ///
    /// # Errors
    ///
    /// [`ParquetError::Io`] when the folder cannot be written, [`ParquetError::Encode`] when Parquet has no form for a
    /// column.
    pub fn create(
        path: &Path,
        schema: &SchemaRef,
        options: &FileOptions,
    ) -> Result<Self, ParquetError> {
        let scratch_path = scratch_path(path);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&scratch_path)
            .map_err(|source| ParquetError::io("create", path, source))?;
        let scratch = Scratch {
            path: scratch_path,
            is_kept: false,
        };
        let writer = ArrowWriter::try_new_with_options(
            file,
            SchemaRef::clone(schema),
            options.writer_options(),
        )
        .map_err(|source| ParquetError::encode(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            scratch,
            writer,
            row_group_bytes: options.row_group_bytes,
            rows: 0,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// [`ParquetError::DiskFull`], [`ParquetError::Io`] or [`ParquetError::Encode`]; the file cannot be finished then.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = STEP_ROWS.min(batch.num_rows() - from);
            let written = self.writer.write(&batch.slice(from, rows));
            written.map_err(|source| ParquetError::encode(&self.path, source))?;
            from += rows;
            if self.writer.memory_size() >= self.row_group_bytes {
                let flushed = self.writer.flush();
                flushed.map_err(|source| ParquetError::encode(&self.path, source))?;
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    ///
    /// [`ParquetError::DiskFull`], [`ParquetError::Io`] or [`ParquetError::Encode`]; nothing is left of it then.
    pub fn finish(self) -> Result<WrittenFile, ParquetError> {
        self.seal()?.publish()
    }

    /// Makes the file durable under its scratch name.
    pub(crate) fn seal(self) -> Result<SealedFile, ParquetError> {
        let Self {
            path,
            scratch,
            writer,
            rows,
            ..
        } = self;
        let file = writer
            .into_inner()
            .map_err(|source| ParquetError::encode(&path, source))?;
        let sealed = file.sync_all().and_then(|()| file.metadata());
        let bytes = sealed
            .map_err(|source| ParquetError::io("write", &path, source))?
            .len();
        Ok(SealedFile {
            scratch,
            written: WrittenFile { path, rows, bytes },
        })
    }
}

/// A file that is complete on disk and has no name yet.
#[derive(Debug)]
pub(crate) struct SealedFile {
    scratch: Scratch,
    written: WrittenFile,
}

impl SealedFile {
    /// Gives the file its name.
    pub(crate) fn publish(mut self) -> Result<WrittenFile, ParquetError> {
        let path = &self.written.path;
        std::fs::rename(&self.scratch.path, path)
            .and_then(|()| {
                self.scratch.is_kept = true;
                sync_folder(path)
            })
            .map_err(|source| ParquetError::io("write", path, source))?;
        Ok(self.written)
    }
}

/// A name beside `path`, hidden, that another process does not use.
fn scratch_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Makes the entry of `path` in its folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

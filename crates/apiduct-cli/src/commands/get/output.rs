//! Where records are written: stdout, or a file that appears when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use crate::report::Failure;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 << 10;

/// Takes bytes.
#[derive(Debug)]
pub(super) struct Output {
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout(BufWriter<Stdout>),
    /// Something that is no regular file, such as a named pipe: it cannot be replaced.
    Direct {
        path: PathBuf,
        file: BufWriter<File>,
    },
    Replaced {
        path: PathBuf,
        scratch: Scratch,
        file: BufWriter<File>,
    },
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

impl Output {
    /// The file `path`, or stdout.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self {
                target: Target::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())),
            });
        };
        let refused = |error| Failure::file("create", &path.display().to_string(), &error);
        let is_special = std::fs::metadata(path).is_ok_and(|there| !there.is_file());
        let owned = path.to_owned();
        if is_special {
            let file = File::options().write(true).open(path).map_err(refused)?;
            return Ok(Self {
                target: Target::Direct {
                    path: owned,
                    file: BufWriter::with_capacity(BUFFER, file),
                },
            });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let scratch = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = File::create(&scratch).map_err(refused)?;
        let scratch = Scratch {
            path: scratch,
            is_kept: false,
        };
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Self {
            target: Target::Replaced {
                path: owned,
                scratch,
                file,
            },
        })
    }

    /// Lets a reader of stdout see what there is so far.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn page_is_done(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Stdout(out) => out.flush(),
            Target::Direct { file, .. } => file.flush(),
            Target::Replaced { .. } => Ok(()),
        }
    }

    /// The failure of a write to here.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        match &self.target {
            Target::Stdout(_) => Failure::output(error),
            Target::Direct { .. } if error.kind() == io::ErrorKind::BrokenPipe => {
                Failure::ClosedPipe
            }
            Target::Direct { path, .. } | Target::Replaced { path, .. } => {
                Failure::file("write", &path.display().to_string(), error)
            }
        }
    }

    /// Writes what is left and gives the file its name.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.flush().map_err(|error| self.failure(&error))?;
        let Target::Replaced {
            path,
            scratch,
            file,
        } = &mut self.target
        else {
            return Ok(());
        };
        file.get_ref()
            .sync_all()
            .and_then(|()| std::fs::rename(&scratch.path, &*path))
            .map_err(|error| Failure::file("write", &path.display().to_string(), &error))?;
        scratch.is_kept = true;
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Stdout(out) => out.write(bytes),
            Target::Direct { file, .. } | Target::Replaced { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Stdout(out) => out.flush(),
            Target::Direct { file, .. } | Target::Replaced { file, .. } => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, "old").unwrap();
        let mut output = Output::open(Some(&path)).unwrap();
        output.write_all(b"new").unwrap();
        output.page_is_done().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_output_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::open(Some(&folder.path().join("out.jsonl"))).unwrap();
        output.write_all(b"new").unwrap();
        drop(output);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let Err(Failure::Reported(report)) =
            Output::open(Some(Path::new("no/such/folder/out.jsonl")))
        else {
            panic!("a refusal was expected");
        };
        assert_eq!(report.message, "cannot create `no/such/folder/out.jsonl`");
        assert_eq!(report.exit_code, 5);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_written_and_not_replaced() {
        let mut output = Output::open(Some(Path::new("/dev/null"))).unwrap();
        output.write_all(b"gone").unwrap();
        output.finish().unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}

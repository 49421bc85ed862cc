use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// Where values outside the file come from: the environment and files, as an argument.
pub trait SecretSource: Debug + Send + Sync {
    /// The environment variable `name`.
    fn env(&self, name: &str) -> Option<String>;

    /// The text of the file at `path`, which is relative to the configuration's folder unless absolute; `None` if
    /// there is no such file.
    ///
    /// # Errors
    /// When there is one and it cannot be read.
    fn file(&self, path: &str) -> io::Result<Option<String>>;

    /// The path as messages show it. Default: as it is.
    fn shown_path(&self, path: &str) -> String {
        path.to_owned()
    }

    /// What stands for a reference, such as `${env:TOKEN}`, that has no value. Default: nothing, which is an error.
    fn stand_in(&self, reference: &str) -> Option<String> {
        let _ = reference;
        None
    }
}

/// The environment of this process, and files beside a configuration.
#[derive(Debug, Clone)]
pub struct SystemSource {
    folder: PathBuf,
}

impl SystemSource {
    /// Relative paths count from `folder`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Relative paths count from the folder of the configuration `file`.
    pub fn beside(file: impl AsRef<Path>) -> Self {
        Self::in_folder(file.as_ref().parent().unwrap_or(Path::new("")))
    }
}

impl SecretSource for SystemSource {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> io::Result<Option<String>> {
        match std::fs::read_to_string(self.folder.join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn shown_path(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_beside_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "abc\n").unwrap();
        let source = SystemSource::beside(folder.path().join("source.yaml"));
        assert_eq!(source.file("token").unwrap().as_deref(), Some("abc\n"));
        assert_eq!(source.file("missing").unwrap(), None);
        assert!(source.file(".").is_err());
        assert!(source.shown_path("token").ends_with("token"));
    }

    #[test]
    fn the_environment_is_that_of_the_process() {
        let source = SystemSource::in_folder("");
        assert!(source.env("PATH").is_some());
        assert_eq!(source.env("APIDUCT_NO_SUCH_VARIABLE"), None);
    }
}

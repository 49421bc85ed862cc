use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The real program in an empty folder of its own.
#[derive(Debug)]
pub(crate) struct Program {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder can be made"),
            variables: Vec::new(),
        }
    }

    /// Sets a variable for all later calls.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.variables.push((name, value));
    }

    /// Writes a file into the folder and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the temporary folder can be written");
        path
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a call that succeeds prints on stdout.
    pub(crate) fn call(&self, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apiduct"));
        for name in [
            "http_proxy",
            "HTTP_PROXY",
            "all_proxy",
            "ALL_PROXY",
            "APIDUCT_FORMAT",
        ] {
            command.env_remove(name);
        }
        let output = command
            .args(arguments)
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .current_dir(self.folder.path())
            .output()
            .expect("the program starts");
        assert!(
            output.status.success(),
            "apiduct {} ended with {}:\n{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// The same, read as one JSON document.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.call(arguments)).expect("the program prints one JSON document")
    }

    /// The rows of a query on what the file has loaded.
    pub(crate) fn query(&self, file: &Path, query: &str) -> Vec<Value> {
        let file = file.to_str().expect("the path is UTF-8");
        match self.json(&["sql", file, query, "--format", "json"]) {
            Value::Array(rows) => rows,
            other => panic!("not a list of rows: {other}"),
        }
    }
}

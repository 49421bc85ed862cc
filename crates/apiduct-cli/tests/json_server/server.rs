use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What the tests take from outside, as `cargo xtask test` fetches it.
#[derive(Debug)]
pub(crate) struct Inputs {
    json_server: PathBuf,
    datasets: PathBuf,
}

impl Inputs {
    /// Reads where they lie from the environment. `None`, with the reason on stderr, where nobody fetched them; on CI
    /// that is a failure.
    pub(crate) fn find() -> Option<Self> {
        let inputs = env::var_os("APIDUCT_JSON_SERVER").zip(env::var_os("APIDUCT_VEGA_DATASETS"));
        if let Some((json_server, datasets)) = inputs {
            return Some(Self {
                json_server: json_server.into(),
                datasets: datasets.into(),
            });
        }
        assert!(
            env::var_os("CI").is_none(),
            "APIDUCT_JSON_SERVER and APIDUCT_VEGA_DATASETS are not set; `cargo xtask test` sets them"
        );
        eprintln!(
            "skipped: json-server and its data were not fetched; `cargo xtask test` does that"
        );
        None
    }

    /// The bytes of one file of real data.
    pub(crate) fn dataset(&self, name: &str) -> Vec<u8> {
        let path = self.datasets.join(format!("{name}.json"));
        std::fs::read(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Starts json-server on a free port with the collections of a JSON file.
    pub(crate) fn serve(&self, file: &Path) -> Server {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/json_server/serve.cjs");
        let mut process = Command::new("node")
            .arg(script)
            .args([self.json_server.as_path(), file])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("stdout is piped"))
            .read_line(&mut line)
            .expect("json-server prints text");
        // Whoever cannot read the file prints no port: the number is the sign that it listens.
        let port: u16 = line.trim().parse().expect("json-server prints its port");
        Server { process, port }
    }
}

/// A running json-server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// The address of a path on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use apiduct_testkit::MockApi;
use apiduct_testkit::leak::{MARKER, holds};
use tempfile::TempDir;

/// Files from this size on are databases, in which nothing is encoded.
const LARGE: usize = 128 << 10;

/// The real program in an empty folder of its own, with an environment that holds nothing but what a test sets.
#[derive(Debug)]
pub(crate) struct Program {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    masks: Vec<(String, &'static str)>,
    /// Files that the test wrote, which may hold its secrets.
    written: RefCell<Vec<PathBuf>>,
}

/// What a call did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    shown: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let this = std::env::current_exe().unwrap();
        let masks = vec![
            (folder.path().display().to_string(), "[FOLDER]"),
            (this.display().to_string(), "[TEST]"),
        ];
        Self {
            folder,
            variables: Vec::new(),
            masks,
            written: RefCell::default(),
        }
    }

    /// A program that shows the address of `api` as `[API]`.
    pub(crate) fn with_api(api: &MockApi) -> Self {
        let mut program = Self::new();
        program.masks.push((api.base_url().to_owned(), "[API]"));
        program
            .masks
            .push((format!("127.0.0.1:{}", api.port()), "[HOST]"));
        program
    }

    /// Sets a variable for all later calls.
    pub(crate) fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        self.written.borrow_mut().push(path.clone());
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Names of the files in the folder, hidden ones included, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The command, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apiduct"));
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// Gives `command` the folder and the environment of this program.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        for name in [
            "PATH",
            "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH",
            "SystemRoot",
            "LLVM_PROFILE_FILE",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
    }

    pub(crate) fn call(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().unwrap();
        self.outcome(arguments, output)
    }

    /// A call that must succeed; what it prints on stdout.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let outcome = self.call(arguments);
        assert_eq!(outcome.code, 0, "{outcome}");
        outcome.stdout
    }

    /// A call with `input` on its stdin.
    pub(crate) fn call_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        self.outcome(arguments, output)
    }

    pub(crate) fn outcome(&self, arguments: &[&str], output: std::process::Output) -> Outcome {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let code = output.status.code().unwrap_or(-1);
        for part in [&stdout, &stderr] {
            assert!(!holds(part.as_bytes(), MARKER), "a secret shows: {part}");
        }
        let mut shown = format!("$ apiduct {}\n", arguments.join(" "));
        for (title, part) in [("stdout", &stdout), ("stderr", &stderr)] {
            if !part.is_empty() {
                writeln!(shown, "--- {title}\n{}", part.trim_end()).unwrap();
            }
        }
        writeln!(shown, "--- exit code {code}").unwrap();
        Outcome {
            code,
            shown: self.masked(&shown),
            stdout,
            stderr,
        }
    }

    fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, mask) in &self.masks {
            text = text.replace(secret, mask);
        }
        masked_words(&text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"))
    }
}

/// Whatever a test was about, the program leaves no secret behind.
impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for path in files_below(self.folder.path()) {
            let Ok(bytes) = std::fs::read(&path) else {
                continue;
            };
            let is_small = bytes.len() < LARGE;
            let found = if is_small {
                holds(&bytes, MARKER)
            } else {
                contains(&bytes, MARKER.as_bytes())
            };
            let may = self.written.borrow().contains(&path);
            assert!(!found || may, "a secret is in `{}`", path.display());
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    // A pipe would wait for somebody who writes.
    let files = paths.flat_map(|path| {
        if path.is_dir() {
            files_below(&path)
        } else {
            vec![path]
        }
    });
    files.filter(|path| path.is_file()).collect()
}

/// The call as snapshots show it: what differs from run to run is masked.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Masks load ids, measured seconds, moments, processes and machines.
fn masked_words(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(masked_line).collect();
    lines.join("\n")
}

fn masked_line(line: &str) -> String {
    let is_mark = |letter: char| !letter.is_alphanumeric();
    let words: Vec<&str> = line.split(' ').collect();
    let masked = words.iter().enumerate().map(|(at, word)| {
        let before = if at > 0 {
            words[at - 1].trim_start_matches(is_mark)
        } else {
            ""
        };
        let is_unit = words
            .get(at + 1)
            .is_some_and(|next| next.trim_matches(is_mark) == "s");
        let is_size = words
            .get(at + 1)
            .is_some_and(|next| matches!(*next, "B" | "KiB" | "MiB"));
        let has_digits = word.contains(|letter: char| letter.is_ascii_digit());
        match before {
            _ if is_unit && word.parse::<f64>().is_ok() => "[SECONDS]".to_owned(),
            "process" | "PID" if has_digits => "[PROCESS]".to_owned(),
            _ if is_size => word.replace(|letter: char| letter.is_ascii_digit(), "#"),
            "on" if word.starts_with('`') => "`[MACHINE]`,".to_owned(),
            _ => masked_word(word),
        }
    });
    masked.collect::<Vec<_>>().join(" ")
}

fn masked_word(word: &str) -> String {
    let core = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let is_load_id = core.len() == 26
        && core.starts_with("01")
        && core.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_moment = core.len() > 19
        && core.starts_with("20")
        && core.as_bytes()[10] == b'T'
        && core.ends_with('Z');
    match (is_load_id, is_moment) {
        (true, _) => word.replace(core, "[LOAD]"),
        (_, true) => word.replace(core, "[MOMENT]"),
        _ => word.to_owned(),
    }
}

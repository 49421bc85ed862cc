use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::download::lock_file;
use crate::duckdb::Library;
use crate::failure::{Context, Result};
use crate::inputs::Inputs;
use crate::places::Places;
use crate::tool::{self, quoted, say};

/// The target directory is emptied when it has grown past this.
const TARGET_LIMIT_BYTES: u64 = 15_000_000_000;

/// Cargo as every command of ours calls it: the same target directory, library and settings each time, so that nothing
/// is compiled twice.
#[derive(Debug)]
pub(crate) struct Cargo {
    root: PathBuf,
    variables: Vec<(&'static str, OsString)>,
    _in_use: File,
}

impl Cargo {
    /// Fetches DuckDB's library if needed, prunes the target directory, and marks it as in use until dropped.
    ///
    /// # Errors
    ///
    /// When the library is not to be had or the target directory cannot be made.
    pub(crate) fn open(places: &Places) -> Result<Self> {
        let library = Library::setup(places)?;
        let in_use = reserve(&places.target, TARGET_LIMIT_BYTES)?;
        Ok(Self {
            root: places.root.clone(),
            variables: variables(places, &library),
            _in_use: in_use,
        })
    }

    /// Adds the variables by which the tests find the server and the data that are not ours.
    #[must_use]
    pub(crate) fn with_inputs(mut self, inputs: &Inputs) -> Self {
        for (name, value) in inputs.variables() {
            self.variables.push((name, value.into_os_string()));
        }
        self
    }

    /// A call of cargo in the workspace's folder.
    pub(crate) fn call(&self, arguments: &[&str]) -> Command {
        let mut command = self.call_here(arguments);
        command.current_dir(&self.root);
        command
    }

    /// A call of cargo in the folder where the user is.
    pub(crate) fn call_here(&self, arguments: &[&str]) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        for (name, _) in
            env::vars_os().filter(|(name, _)| is_of_the_outer_call(&name.to_string_lossy()))
        {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env_remove("DUCKDB_DOWNLOAD_LIB")
            .envs(self.variables.iter().cloned());
        command
    }

    /// Whether cargo-nextest is installed.
    pub(crate) fn has_nextest(&self) -> bool {
        tool::answers(&mut self.call(&["nextest", "--version"]))
    }
}

/// Lines for a shell that build and run as the commands here do.
pub(crate) fn exports(places: &Places, library: &Library, inputs: Option<&Inputs>) -> String {
    let inputs = inputs.map_or_else(Vec::new, |inputs| inputs.variables().to_vec());
    let inputs = inputs
        .into_iter()
        .map(|(name, value)| (name, value.into_os_string()));
    let plain = variables(places, library)
        .into_iter()
        .filter(|(name, _)| *name != "LD_LIBRARY_PATH")
        .chain(inputs)
        .map(|(name, value)| format!("export {name}={}\n", quoted(&value.to_string_lossy())));
    let folder = quoted(&library.folder.to_string_lossy());
    let search =
        format!("export LD_LIBRARY_PATH={folder}\"${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\"\n");
    plain.chain([search]).collect()
}

fn variables(places: &Places, library: &Library) -> Vec<(&'static str, OsString)> {
    let search = library.search_path(env::var_os("LD_LIBRARY_PATH").as_deref());
    vec![
        ("CARGO_TARGET_DIR", places.target.clone().into_os_string()),
        ("CARGO_INCREMENTAL", "0".into()),
        ("DUCKDB_LIB_DIR", library.folder.clone().into_os_string()),
        ("LD_LIBRARY_PATH", search),
    ]
}

/// Whether a variable describes this package to this program. Build scripts that watch such variables would run again
/// with every change from a call through xtask to one without.
fn is_of_the_outer_call(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// Takes a shared lock on the target directory, after emptying it when it is too large and nobody else uses it.
fn reserve(target: &Path, limit_bytes: u64) -> Result<File> {
    fs::create_dir_all(target)
        .context(|| format!("cannot make the folder `{}`", target.display()))?;
    let lock = lock_file(&target.with_extension("lock"))?;
    if size_of(target) > limit_bytes && lock.try_lock().is_ok() {
        say(&format!(
            "emptying {}, which has grown past {} GB",
            target.display(),
            limit_bytes / 1_000_000_000
        ));
        fs::remove_dir_all(target)
            .context(|| format!("cannot empty the folder `{}`", target.display()))?;
        lock.unlock()
            .context(|| format!("cannot unlock the folder `{}`", target.display()))?;
    }
    lock.lock_shared()
        .context(|| format!("cannot lock the folder `{}`", target.display()))?;
    Ok(lock)
}

/// Bytes of all files below a folder; what vanishes or cannot be read meanwhile counts nothing.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => size_of(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            root: PathBuf::from("/w"),
            cache: PathBuf::from("/c"),
            target: PathBuf::from("/t dir"),
        }
    }

    fn library() -> Library {
        Library {
            folder: PathBuf::from("/lib"),
        }
    }

    #[test]
    fn a_shell_can_read_the_exports() {
        let script = format!(
            "LD_LIBRARY_PATH=/old\n{}echo \"$CARGO_TARGET_DIR|$DUCKDB_LIB_DIR|$LD_LIBRARY_PATH|$CARGO_INCREMENTAL\"",
            exports(&places(), &library(), None)
        );

        let printed = tool::output(Command::new("sh").args(["-c", &script])).unwrap();

        assert_eq!(printed, "/t dir|/lib|/lib:/old|0\n");
    }

    #[test]
    fn a_first_search_path_has_no_empty_part() {
        let script = format!(
            "unset LD_LIBRARY_PATH\n{}echo \"$LD_LIBRARY_PATH\"",
            exports(&places(), &library(), None)
        );

        assert_eq!(
            tool::output(Command::new("sh").args(["-c", &script])).unwrap(),
            "/lib\n"
        );
    }

    #[test]
    fn what_cargo_said_about_xtask_is_not_handed_on() {
        for name in [
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "CARGO_PRIMARY_PACKAGE",
        ] {
            assert!(is_of_the_outer_call(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_TERM_COLOR",
            "PATH",
            "CARGO",
        ] {
            assert!(!is_of_the_outer_call(name), "{name}");
        }
    }

    fn cargo() -> Cargo {
        let path = env::temp_dir().join(format!("xtask-{}-cargo.lock", std::process::id()));
        let lock = lock_file(&path).unwrap();
        let _ = fs::remove_file(path);
        Cargo {
            root: PathBuf::from("/w"),
            variables: variables(&places(), &library()),
            _in_use: lock,
        }
    }

    /// The variables that a call sets, and with no value those that it takes away.
    fn changes(command: &Command) -> Vec<(String, Option<String>)> {
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        command
            .get_envs()
            .map(|(name, value)| (text(name), value.map(text)))
            .collect()
    }

    #[test]
    fn every_call_has_the_same_target_directory_and_library() {
        let inputs = Inputs::setup_in_tests();
        let call = cargo().with_inputs(&inputs).call(&["build", "--locked"]);

        for (name, value) in [
            ("CARGO_TARGET_DIR", "/t dir"),
            ("CARGO_INCREMENTAL", "0"),
            ("DUCKDB_LIB_DIR", "/lib"),
            ("APIDUCT_VEGA_DATASETS", "/c/npm/vega-datasets-3.2.1"),
        ] {
            let change = (name.to_owned(), Some(value.to_owned()));
            assert!(changes(&call).contains(&change), "{change:?}");
        }
        assert_eq!(call.get_current_dir(), Some(Path::new("/w")));
    }

    #[test]
    fn no_call_lets_a_build_script_download_a_library() {
        let removal = ("DUCKDB_DOWNLOAD_LIB".to_owned(), None);

        assert!(changes(&cargo().call(&[])).contains(&removal));
    }

    #[test]
    fn a_call_can_stay_in_the_folder_of_the_user() {
        assert_eq!(cargo().call_here(&["run"]).get_current_dir(), None);
    }

    /// A target directory with 20 bytes in it, removed with the value.
    struct Target(PathBuf);

    impl Target {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
            fs::create_dir_all(folder.join("debug")).unwrap();
            fs::write(folder.join("debug/libfat.rlib"), [0; 20]).unwrap();
            Self(folder)
        }

        fn is_full(&self) -> bool {
            self.0.join("debug/libfat.rlib").exists()
        }
    }

    impl Drop for Target {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
            let _ = fs::remove_file(self.0.with_extension("lock"));
        }
    }

    #[test]
    fn two_may_use_the_target_directory_at_once() {
        let target = Target::new("shared");

        let first = reserve(&target.0, 100).unwrap();
        let second = reserve(&target.0, 100).unwrap();

        assert!(target.is_full());
        drop((first, second));
    }

    #[test]
    fn a_target_directory_that_has_grown_too_large_is_emptied() {
        let target = Target::new("large");

        reserve(&target.0, 20).unwrap();
        assert!(target.is_full(), "not past the limit");
        reserve(&target.0, 19).unwrap();
        assert!(!target.is_full());
    }

    #[test]
    fn a_target_directory_in_use_is_left_alone() {
        let target = Target::new("used");
        let in_use = reserve(&target.0, 100).unwrap();

        reserve(&target.0, 1).unwrap();

        assert!(target.is_full());
        drop(in_use);
    }

    #[test]
    fn a_folder_is_as_large_as_its_files() {
        let folder = env::temp_dir().join(format!("xtask-{}-size", std::process::id()));
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("a"), [0; 10]).unwrap();
        fs::write(folder.join("inner/b"), [0; 7]).unwrap();

        assert_eq!(size_of(&folder), 17);
        assert_eq!(size_of(Path::new("/no/such/folder")), 0);
        fs::remove_dir_all(&folder).unwrap();
    }
}

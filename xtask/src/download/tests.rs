use std::thread;

use super::*;

/// SHA-256 of "library".
const LIBRARY: Pinned = Pinned {
    path: "lib/library.so",
    sha256: "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c",
};

/// A folder of its own for each test, removed with the test.
struct Room(PathBuf);

impl Room {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    fn downloads(&self) -> Downloads {
        Downloads::with_npm(&self.cache(), &fake_npm()).unwrap()
    }

    fn call_count(&self) -> usize {
        fs::read_to_string(self.cache().join("calls")).map_or(0, |text| text.lines().count())
    }
}

fn fake_npm() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/download/fake-npm")
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_fetched_file_is_checked_and_kept() {
    let room = Room::new("kept");
    let to = room.cache().join("thing-1");

    for _ in 0..2 {
        let downloads = room.downloads();
        downloads.files("library@1", &[LIBRARY], &to).unwrap();
    }

    assert_eq!(
        fs::read_to_string(to.join("library.so")).unwrap(),
        "library"
    );
    assert_eq!(room.call_count(), 1, "the second time finds it there");
    assert!(!room.cache().join("staging").exists());
}

#[test]
fn a_file_with_another_hash_is_refused_and_nothing_is_installed() {
    let room = Room::new("refused");
    let to = room.cache().join("thing-1");

    let downloads = room.downloads();
    let failure = downloads
        .files("something-else@1", &[LIBRARY], &to)
        .unwrap_err();

    assert!(
        failure.report().contains("not the expected b718f1"),
        "{}",
        failure.report()
    );
    assert!(!to.exists());
}

#[test]
fn a_damaged_file_is_fetched_again() {
    let room = Room::new("damaged");
    let to = room.cache().join("thing-1");
    fs::create_dir_all(&to).unwrap();
    fs::write(to.join("library.so"), "libr").unwrap();

    let downloads = room.downloads();
    downloads.files("library@1", &[LIBRARY], &to).unwrap();

    assert_eq!(
        fs::read_to_string(to.join("library.so")).unwrap(),
        "library"
    );
}

#[test]
fn several_at_once_fetch_once() {
    let room = Room::new("several");
    let to = room.cache().join("thing-1");

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let downloads = room.downloads();
                downloads.files("library@1", &[LIBRARY], &to).unwrap();
            });
        }
    });

    assert_eq!(room.call_count(), 1);
    assert_eq!(
        fs::read_to_string(to.join("library.so")).unwrap(),
        "library"
    );
}

#[test]
fn what_a_killed_fetch_left_does_not_get_in_the_way() {
    let room = Room::new("killed");
    fs::create_dir_all(room.cache().join("staging/package/lib")).unwrap();
    fs::write(room.cache().join("staging/package/lib/library.so"), "half").unwrap();

    let to = room.cache().join("thing-1");
    let downloads = room.downloads();
    downloads.files("library@1", &[LIBRARY], &to).unwrap();

    assert_eq!(
        fs::read_to_string(to.join("library.so")).unwrap(),
        "library"
    );
}

#[test]
fn an_installation_appears_whole_and_once() {
    let room = Room::new("installation");
    let to = room.cache().join("npm/thing-1");

    let downloads = room.downloads();
    downloads.installation("library@1", &to).unwrap();
    downloads.installation("library@1", &to).unwrap();

    assert!(to.join("node_modules/library").is_dir());
    assert_eq!(room.call_count(), 1);
}

#[test]
fn a_missing_npm_is_named() {
    let room = Room::new("no-npm");
    let downloads = Downloads::with_npm(&room.cache(), &room.0.join("nowhere/npm")).unwrap();

    let failure = downloads
        .files("library@1", &[LIBRARY], &room.cache().join("thing-1"))
        .unwrap_err();

    assert!(
        failure.report().contains("npm is needed"),
        "{}",
        failure.report()
    );
}

use std::path::PathBuf;

use apiduct_load::{LoadPackage, PackageError, Packages};
use apiduct_model::Hint;
use proptest::prelude::*;

use crate::{load_id, numbers};

struct Victim {
    folder: tempfile::TempDir,
    package: LoadPackage,
}

impl Victim {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let package = numbers(folder.path(), 0);
        Self { folder, package }
    }

    fn segment(&self) -> PathBuf {
        self.package.dir().join("000001.arrow")
    }

    fn manifest(&self) -> PathBuf {
        self.package.dir().join("manifest.json")
    }

    fn open(&self) -> Result<LoadPackage, PackageError> {
        Packages::new(self.folder.path()).open(load_id(0))
    }

    /// What a loader sees that began before the damage.
    fn read(&self) -> Result<usize, PackageError> {
        let target = self.package.schema().table("t").unwrap();
        let mut rows = 0;
        for batch in self.package.batches(target)? {
            rows += batch?.num_rows();
        }
        Ok(rows)
    }
}

fn assert_damaged<T: std::fmt::Debug>(result: Result<T, PackageError>, words: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, PackageError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn an_undamaged_package_opens() {
    let victim = Victim::new();
    assert_eq!(victim.open().unwrap().manifest().rows(), 3);
    assert_eq!(victim.read().unwrap(), 3);
}

#[test]
fn a_cut_segment_is_damage() {
    let victim = Victim::new();
    let bytes = std::fs::read(victim.segment()).unwrap();
    for length in [0, 1, bytes.len() / 2, bytes.len() - 8, bytes.len() - 1] {
        std::fs::write(victim.segment(), &bytes[..length]).unwrap();
        assert_damaged(
            victim.open(),
            &format!("has {length} bytes of {}", bytes.len()),
        );
        assert_damaged(victim.read(), "000001.arrow");
    }
}

#[test]
fn a_missing_segment_is_damage() {
    let victim = Victim::new();
    std::fs::remove_file(victim.segment()).unwrap();
    assert_damaged(victim.open(), "is missing");
    assert_damaged(victim.read(), "is missing");
}

#[test]
fn bytes_after_the_end_are_damage() {
    let victim = Victim::new();
    let mut bytes = std::fs::read(victim.segment()).unwrap();
    bytes.push(0);
    std::fs::write(victim.segment(), bytes).unwrap();
    assert_damaged(victim.open(), "bytes of");
    assert_damaged(victim.read(), "bytes of");
}

#[test]
fn a_cut_or_missing_manifest_is_damage() {
    let victim = Victim::new();
    let text = std::fs::read(victim.manifest()).unwrap();
    for length in [0, 1, text.len() / 2, text.len() - 1] {
        std::fs::write(victim.manifest(), &text[..length]).unwrap();
        assert_damaged(victim.open(), "cannot be read");
    }
    std::fs::remove_file(victim.manifest()).unwrap();
    assert_damaged(victim.open(), "is missing");
}

#[test]
fn the_manifest_of_another_package_is_damage() {
    let victim = Victim::new();
    let other = numbers(victim.folder.path(), 1);
    std::fs::copy(other.dir().join("manifest.json"), victim.manifest()).unwrap();
    assert_damaged(victim.open(), "belongs to another package");
}

#[test]
fn a_manifest_cannot_point_out_of_its_package() {
    let victim = Victim::new();
    let text = std::fs::read_to_string(victim.manifest()).unwrap();
    let text = text.replace("000001.arrow", "../../../etc/passwd");
    std::fs::write(victim.manifest(), text).unwrap();
    assert_damaged(victim.open(), "outside of the package");
}

#[test]
fn a_later_format_is_not_damage_but_refused() {
    let victim = Victim::new();
    let text = std::fs::read_to_string(victim.manifest()).unwrap();
    let text = text.replace("\"format\":1", "\"shape\":\"new\",\"format\":2");
    std::fs::write(victim.manifest(), text).unwrap();
    let error = victim.open().unwrap_err();
    assert!(
        matches!(
            error,
            PackageError::Format {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("later"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No flipped bit is overlooked, and none makes a reader panic.
    #[test]
    fn a_flipped_bit_is_damage(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let victim = Victim::new();
        let mut bytes = std::fs::read(victim.segment()).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        std::fs::write(victim.segment(), bytes).unwrap();
        let is_damage = matches!(victim.open(), Err(PackageError::Damaged { .. }));
        prop_assert!(is_damage);
    }
}

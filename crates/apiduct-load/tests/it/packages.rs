use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use apiduct_load::{PackageError, Packages, Seal, State};
use apiduct_model::{DataType, WriteDisposition};

use crate::{batch, integers, load_id, numbers, schema, seal, table, texts};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_the_owner_can_read_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("deep").join("packages");
    let package = numbers(&dir, 0);
    for path in [&folder.path().join("deep"), &dir, package.dir()] {
        assert_eq!(mode(path), 0o700, "{}", path.display());
    }
    for entry in std::fs::read_dir(package.dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn names_of_tables_do_not_become_names_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    let long = "名".repeat(2_000);
    let names = ["../../escape", "a/b", &long, "", "\u{0}"];
    let tables = names.map(|name| table(name, &[("n", DataType::Bigint)]));
    for name in names {
        writer
            .write(&batch(name, vec![("n", integers(&[1]))]))
            .unwrap();
    }
    let package = seal(writer, &tables);
    for target in package.schema().tables.values() {
        assert_eq!(
            package
                .batches(target)
                .unwrap()
                .map(|one| one.unwrap().num_rows())
                .sum::<usize>(),
            1
        );
    }
    let mut files: Vec<_> = std::fs::read_dir(package.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "000001.arrow",
            "000002.arrow",
            "000003.arrow",
            "000004.arrow",
            "000005.arrow",
            "manifest.json"
        ]
    );
}

#[test]
fn pending_packages_come_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    for number in [2, 0, 1] {
        numbers(folder.path(), number);
    }
    let packages = Packages::new(folder.path());
    assert_eq!(
        packages.pending().unwrap(),
        [load_id(0), load_id(1), load_id(2)]
    );
    packages.remove(load_id(1)).unwrap();
    assert_eq!(packages.pending().unwrap(), [load_id(0), load_id(2)]);
    assert!(matches!(
        packages.remove(load_id(1)),
        Err(PackageError::Missing { .. })
    ));
}

#[test]
fn no_folder_means_no_packages() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        Packages::new(folder.path().join("none"))
            .pending()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_a_crash_left_is_removed_and_what_others_put_there_is_not() {
    let folder = tempfile::tempdir().unwrap();
    numbers(folder.path(), 0);
    let leftovers = [
        format!(".{}.scratch", load_id(1)),
        format!(".{}.removed", load_id(2)),
    ];
    for name in &leftovers {
        let dir = folder.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("000001.arrow"), "half").unwrap();
    }
    let others = ["notes.txt", ".mine.scratch", ".hidden"];
    for name in others {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    assert_eq!(
        Packages::new(folder.path()).pending().unwrap(),
        [load_id(0)]
    );
    for name in leftovers {
        assert!(!folder.path().join(&name).exists(), "{name}");
    }
    for name in others {
        assert!(folder.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let packages = Packages::new(folder.path());
    let mut writer = packages.create(load_id(0)).unwrap();
    writer
        .write(&batch("t", vec![("n", integers(&[1]))]))
        .unwrap();
    assert_eq!(writer.rows(), 1);
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_writer_killed_before_the_seal_leaves_no_package() {
    let folder = tempfile::tempdir().unwrap();
    let packages = Packages::new(folder.path());
    let mut writer = packages.create(load_id(0)).unwrap();
    writer
        .write(&batch("t", vec![("n", integers(&[1]))]))
        .unwrap();
    std::mem::forget(writer);
    assert!(packages.pending().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    numbers(folder.path(), 0);
}

#[test]
fn an_id_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let packages = Packages::new(folder.path());
    let writer = packages.create(load_id(0)).unwrap();
    assert!(matches!(
        packages.create(load_id(0)),
        Err(PackageError::Exists { .. })
    ));
    drop(writer);
    numbers(folder.path(), 0);
    assert!(matches!(
        packages.create(load_id(0)),
        Err(PackageError::Exists { .. })
    ));
}

#[test]
fn a_package_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = numbers(folder.path(), 0);
    let opened = Packages::new(folder.path()).open(load_id(0)).unwrap();
    assert_eq!(opened.manifest(), sealed.manifest());
    assert_eq!(opened.rows("t"), 3);
    assert_eq!(opened.rows("none"), 0);
    assert_eq!(opened.state_after().load_id, Some(load_id(0)));
}

#[test]
fn quarantined_packages_are_kept_and_no_longer_pending() {
    let folder = tempfile::tempdir().unwrap();
    numbers(folder.path(), 0);
    numbers(folder.path(), 1);
    let packages = Packages::new(folder.path());
    let aside = packages.quarantine(load_id(0)).unwrap();
    assert_eq!(packages.pending().unwrap(), [load_id(1)]);
    assert!(aside.join("manifest.json").exists());
    assert!(matches!(
        packages.open(load_id(0)),
        Err(PackageError::Missing { .. })
    ));
}

#[test]
fn rows_of_a_table_without_a_schema_cannot_be_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    writer
        .write(&batch("stray", vec![("n", integers(&[1]))]))
        .unwrap();
    let seal = Seal::new("pipeline", schema(&[]), State::default(), State::default());
    let error = writer.seal(seal).unwrap_err();
    assert!(
        matches!(error, PackageError::UnknownTable { .. }),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn resources_with_disposition_replace_are_replaced_unless_told_otherwise() {
    let mut replaced = table("r", &[("n", DataType::Bigint)]);
    replaced.write_disposition = WriteDisposition::Replace;
    let seal = Seal::new(
        "p",
        schema(&[replaced, table("t", &[])]),
        State::default(),
        State::default(),
    );
    assert_eq!(
        seal.replace
            .into_iter()
            .map(|name| name.to_string())
            .collect::<Vec<_>>(),
        ["r"]
    );
    assert_eq!(seal.dataset, "p");
}

#[test]
fn a_segment_ends_where_the_columns_change() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    for rows in [
        batch("t", vec![("n", integers(&[1]))]),
        batch("t", vec![("n", integers(&[2]))]),
        batch("t", vec![("n", texts(&["three"]))]),
        batch("t", vec![("n", integers(&[]))]),
        batch("t", vec![("n", texts(&["four"]))]),
    ] {
        writer.write(&rows).unwrap();
    }
    let package = seal(writer, &[table("t", &[("n", DataType::Text)])]);
    let rows: Vec<u64> = package
        .manifest()
        .table("t")
        .unwrap()
        .segments
        .iter()
        .map(|one| one.rows)
        .collect();
    assert_eq!(rows, [2, 2]);
    assert_eq!(package.manifest().rows(), 4);
}

fn open_files_in(folder: &Path) -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|path| path.starts_with(folder))
        .count()
}

#[test]
fn hundreds_of_tables_need_few_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    let names: Vec<String> = (0..300).map(|number| format!("t{number}")).collect();
    let mut most = 0;
    for round in 0..2 {
        for name in &names {
            writer
                .write(&batch(name, vec![("n", integers(&[round]))]))
                .unwrap();
            most = most.max(open_files_in(folder.path()));
        }
    }
    assert!((1..=130).contains(&most), "{most} files were open");
    let tables: Vec<_> = names
        .iter()
        .map(|name| table(name, &[("n", DataType::Bigint)]))
        .collect();
    let package = seal(writer, &tables);
    for target in package.schema().tables.values() {
        let rows: usize = package
            .batches(target)
            .unwrap()
            .map(|one| one.unwrap().num_rows())
            .sum();
        assert_eq!(rows, 2, "{}", target.name);
    }
}

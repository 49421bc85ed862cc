//! Crashes, repetitions and state.

use apiduct_load::{Commit, LoadError, LoadPackage, Loader, SchemaDelta};
use apiduct_model::{DataType, ResourceName};
use serde_json::json;

use super::stage::{DATASET, PIPELINE, Rows, Stage, appended, replaced, texts};

pub(super) fn loading_a_package_twice_changes_nothing(stage: &mut Stage) {
    let first = stage.package(&[Rows::numbers(appended("t"), &[1])]);
    assert!(!stage.try_load(&first).expect("it is loaded").was_there);
    let second = stage.package(&[Rows::numbers(appended("t"), &[2])]);
    stage.try_load(&second).expect("it is loaded");
    let state = stage.state.clone();
    for package in [&first, &second, &first] {
        assert!(stage.try_load(package).expect("it is there").was_there);
    }
    assert_eq!(stage.rows("t"), ["n=1", "n=2"]);
    let stored = stage.open().state(PIPELINE).expect("the state is stored");
    assert_eq!(
        stored,
        Some(state),
        "an old package must not bring its old state back"
    );
}

/// The steps of a load, of which only the last makes anything visible.
fn run_steps(loader: &mut dyn Loader, package: &LoadPackage, steps: usize) {
    let manifest = package.manifest();
    let stored = loader.schema().expect("the schema is read");
    let delta = SchemaDelta::between(&stored, &manifest.schema, &manifest.replace, |_| true);
    if steps > 0 {
        loader.begin().expect("a transaction begins");
    }
    if steps > 1 {
        loader.migrate(&delta).expect("the schema is changed");
    }
    for table in delta.schema.tables.values().take(steps.saturating_sub(2)) {
        let batches = package.batches(table).expect("the rows are read");
        loader.write(table, batches).expect("the rows are written");
    }
    if steps > 4 {
        let commit = Commit {
            load_id: package.load_id(),
            pipeline: &manifest.pipeline,
            schema: &delta.schema,
            state: package.state_after(),
            rows: 2,
            inserted_at: 0,
        };
        loader.commit(commit).expect("it is committed");
    }
}

pub(super) fn a_load_dropped_at_any_step_leaves_nothing(stage: &mut Stage) {
    stage.load(&[
        Rows::numbers(appended("a"), &[1]),
        Rows::numbers(replaced("r"), &[1]),
    ]);
    let state = stage.state.clone();
    let grown = Rows::new(
        appended("a"),
        &[("word", DataType::Text)],
        vec![texts(&["two"])],
    );
    let package = stage.package(&[grown, Rows::numbers(replaced("r"), &[2])]);
    for steps in 0..5 {
        let mut loader = stage.open();
        run_steps(&mut *loader, &package, steps);
        drop(loader);
        assert_eq!(stage.rows("a"), ["n=1"], "after {steps} steps");
        assert_eq!(stage.rows("r"), ["n=1"], "after {steps} steps");
        let mut loader = stage.open();
        assert!(
            !loader
                .is_loaded(package.load_id())
                .expect("the loads are read")
        );
        let stored = loader.state(PIPELINE).expect("the state is read");
        assert_eq!(stored.as_ref(), Some(&state), "after {steps} steps");
    }
    run_steps(&mut *stage.open(), &package, 5);
    assert_eq!(stage.rows("a"), ["n=- | word=two", "n=1 | word=-"]);
    assert_eq!(stage.rows("r"), ["n=2"]);
}

pub(super) fn a_load_rolled_back_can_be_repeated(stage: &mut Stage) {
    let package = stage.package(&[
        Rows::numbers(appended("t"), &[1]),
        Rows::numbers(appended("u"), &[2]),
    ]);
    let mut loader = stage.open();
    loader.rollback().expect("nothing is open, nothing happens");
    run_steps(&mut *loader, &package, 4);
    loader.rollback().expect("everything is undone");
    run_steps(&mut *loader, &package, 5);
    drop(loader);
    assert_eq!(stage.rows("t"), ["n=1"]);
    assert_eq!(stage.rows("u"), ["n=2"]);
}

pub(super) fn a_damaged_package_leaves_nothing(stage: &mut Stage) {
    let package = stage.package(&[
        Rows::numbers(appended("whole"), &[1]),
        Rows::numbers(appended("torn"), &[1, 2, 3]),
    ]);
    let torn = package.manifest().table("torn").expect("it has rows");
    let path = package.dir().join(&torn.segments[0].file);
    let bytes = std::fs::read(&path).expect("the segment is there");
    std::fs::write(&path, &bytes[..bytes.len() - 20]).expect("it can be torn");
    let error = stage.try_load(&package).expect_err("rows are missing");
    assert!(matches!(error, LoadError::Package { .. }), "{error:?}");
    assert!(stage.rows("whole").is_empty());
    assert!(stage.rows("torn").is_empty());
    std::fs::write(&path, &bytes).expect("it can be mended");
    stage.try_load(&package).expect("nothing stands in the way");
    assert_eq!(stage.rows("torn").len(), 3);
}

pub(super) fn the_state_moves_with_the_rows(stage: &mut Stage) {
    assert_eq!(
        stage.open().state(PIPELINE).expect("nothing is there"),
        None
    );
    let issues = ResourceName::from("issues");
    for cursor in [json!("2024-01-01"), json!({"seen": [1, "é", null]})] {
        let package = stage.package_with(&[Rows::numbers(appended("t"), &[1])], |seal| {
            let kept = seal.state_after.resource_mut(&issues);
            kept.insert("cursor".to_owned(), cursor.clone());
        });
        stage.try_load(&package).expect("it is loaded");
        let stored = stage.open().state(PIPELINE).expect("the state is stored");
        let stored = stored.expect("there is one");
        assert_eq!(stored, stage.state);
        assert_eq!(
            stored.resource("issues").expect("it is kept")["cursor"],
            cursor
        );
    }
}

pub(super) fn states_of_pipelines_are_apart(stage: &mut Stage) {
    stage.load(&[Rows::numbers(appended("t"), &[1])]);
    let first = std::mem::take(&mut stage.state);
    let package = stage.package_with(&[Rows::numbers(appended("t"), &[2])], |seal| {
        seal.pipeline = "other".into();
    });
    stage.try_load(&package).expect("it has a state of its own");
    let mut loader = stage.open();
    assert_eq!(loader.state(PIPELINE).expect("it is stored"), Some(first));
    assert_eq!(
        loader.state("other").expect("it is stored"),
        Some(stage.state.clone())
    );
}

pub(super) fn a_package_on_another_state_is_refused(stage: &mut Stage) {
    let first = stage.package(&[Rows::numbers(appended("t"), &[1])]);
    let rival = stage.package(&[Rows::numbers(appended("t"), &[2])]);
    stage.try_load(&first).expect("it is loaded");
    let error = stage
        .try_load(&rival)
        .expect_err("its rows were fetched from an older state");
    assert!(
        matches!(error, LoadError::StateConflict { .. }),
        "{error:?}"
    );
    assert_eq!(stage.rows("t"), ["n=1"]);
}

pub(super) fn datasets_are_apart(stage: &mut Stage) {
    stage.load(&[Rows::numbers(appended("t"), &[1])]);
    let package = stage.package(&[Rows::numbers(appended("t"), &[2])]);
    let mut loader = stage
        .destination()
        .open("Elsewhere \"2\"")
        .expect("it opens");
    apiduct_load::load_package(&mut *loader, &package, stage.clock()).expect("it is new there");
    drop(loader);
    assert_eq!(stage.rows_of(DATASET, "t"), ["n=1"]);
    assert_eq!(stage.rows_of("Elsewhere \"2\"", "t"), ["n=2"]);
}

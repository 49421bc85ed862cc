use apiduct_load::LockError;
use apiduct_model::Hint;
use apiduct_pipeline::ErrorClass;

use super::destination::Unreliable;
use super::*;

const FILE: &str = "  - posts\n  - {name: fresh, endpoint: posts, write_disposition: replace}\n";

async fn fail_once(world: &World) -> RunError {
    let destination = Arc::new(Unreliable::new(world.destination(), 1));
    world
        .builder(FILE)
        .destination(destination)
        .build()
        .run()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn what_could_not_be_loaded_is_delivered_by_the_next_run() {
    let world = World::new(api(12));
    let error = fail_once(&world).await;
    assert_eq!(error.class(), ErrorClass::Destination);
    assert!(
        error.hint().unwrap().contains("run again to deliver it"),
        "{:?}",
        error.hint()
    );
    assert_eq!(world.pipeline(FILE).pending().unwrap().len(), 1);
    let fetched = world.api.requests_to("/posts").len();
    let receipt = world.run(FILE).await.unwrap();
    assert_eq!(receipt.recovered.len(), 1);
    assert_eq!(
        (world.count("posts"), world.count("fresh")),
        ("12".into(), "12".into())
    );
    let again = world.api.requests_to("/posts").len() - fetched;
    assert_eq!(
        again,
        fetched / 2,
        "only the resource that replaces is fetched a second time"
    );
    assert!(world.pipeline(FILE).pending().unwrap().is_empty());
}

#[tokio::test]
async fn a_package_that_was_delivered_already_changes_nothing() {
    let world = World::new(api(5));
    fail_once(&world).await;
    let packages = world.folder.path().join(".apiduct/shop/packages");
    let copy = world.folder.path().join("copy");
    copy_folder(&packages, &copy);
    world.run(FILE).await.unwrap();
    copy_folder(&copy, &packages);
    let receipt = world.run(FILE).await.unwrap();
    assert_eq!(receipt.recovered.len(), 1);
    assert_eq!(
        (world.count("posts"), world.count("fresh")),
        ("5".into(), "5".into())
    );
}

#[tokio::test]
async fn a_damaged_package_is_set_aside_and_its_rows_fetched_again() {
    let world = World::new(api(5));
    fail_once(&world).await;
    let packages = world.folder.path().join(".apiduct/shop/packages");
    let package = std::fs::read_dir(&packages)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for file in std::fs::read_dir(&package).unwrap() {
        let file = file.unwrap().path();
        if file
            .extension()
            .is_some_and(|extension| extension == "arrow")
        {
            std::fs::write(file, b"broken").unwrap();
        }
    }
    let heard = Arc::new(Heard::default());
    let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
    let receipt = world
        .builder(FILE)
        .destination(world.destination())
        .events(events)
        .build()
        .run()
        .await
        .unwrap();
    assert!(receipt.recovered.is_empty());
    assert_eq!(world.count("posts"), "5");
    let is_told = |event: &Event| matches!(event, Event::Warning { message } if message.contains("fetched again"));
    assert!(heard.0.lock().unwrap().iter().any(is_told));
}

#[tokio::test]
async fn leftovers_of_a_run_that_died_while_fetching_are_cleared() {
    let world = World::new(api(5));
    let packages = world.folder.path().join(".apiduct/shop/packages");
    world.run(FILE).await.unwrap();
    std::fs::create_dir_all(packages.join(".01ARZ3NDEKTSV4RRFFQ69G5FAV.scratch")).unwrap();
    world.run(FILE).await.unwrap();
    assert_eq!(world.count("posts"), "10");
    assert_eq!(std::fs::read_dir(&packages).unwrap().count(), 0);
}

#[tokio::test]
async fn two_runs_of_one_pipeline_keep_apart() {
    let world = World::new(api(5));
    let folder = world.folder.path().join(".apiduct/shop");
    std::fs::create_dir_all(&folder).unwrap();
    let clock = apiduct_model::SystemClock::new();
    let _held = apiduct_load::PipelineLock::acquire(&folder.join("lock"), &clock).unwrap();
    let error = world.run(FILE).await.unwrap_err();
    assert!(
        matches!(error, RunError::Lock(LockError::Held { .. })),
        "{error:?}"
    );
    assert!(
        world.api.recorded().is_empty(),
        "nothing is fetched while another run is at work"
    );
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_package_waits_for_the_destination_that_it_is_meant_for() {
    let world = World::new(api(12));
    fail_once(&world).await;
    let elsewhere = world.folder.path().join("elsewhere.duckdb");
    let heard = Arc::new(Heard::default());
    let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
    let destination = Arc::new(DuckDb::new(&elsewhere));
    let receipt = world
        .builder(FILE)
        .destination(destination)
        .events(events)
        .build()
        .run()
        .await
        .unwrap();
    assert!(receipt.recovered.is_empty());
    assert_eq!(
        receipt.tables["posts"], 12,
        "the other destination gets rows of its own"
    );
    let is_told = |event: &Event| matches!(event, Event::Warning { message } if message.contains("waits for"));
    assert!(heard.0.lock().unwrap().iter().any(is_told));
    assert_eq!(world.run(FILE).await.unwrap().recovered.len(), 1);
    assert_eq!(world.count("posts"), "12");
}

#[tokio::test]
async fn a_receipt_says_what_was_not_fetched_once_more() {
    let world = World::new(api(3));
    fail_once(&world).await;
    let receipt = world.run(FILE).await.unwrap();
    assert_eq!(
        receipt.reason.unwrap(),
        "what an earlier run had fetched of `posts` was loaded, and not fetched once more"
    );
}

#[tokio::test]
async fn a_package_that_builds_on_an_older_state_is_set_aside_and_fetched_again() {
    let world = World::new(api(3));
    fail_once(&world).await;
    let packages = world.folder.path().join(".apiduct/shop/packages");
    let hidden = world.folder.path().join("hidden");
    std::fs::rename(&packages, &hidden).unwrap();
    world.run(FILE).await.unwrap();
    copy_folder(&hidden, &packages);
    let receipt = world.run(FILE).await.unwrap();
    assert!(receipt.recovered.is_empty());
    assert_eq!(
        (world.count("posts"), world.count("fresh")),
        ("6".into(), "3".into())
    );
    assert!(world.pipeline(FILE).pending().unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_package_that_had_arrived_is_not_fetched_again() {
    let world = World::new(api(3));
    fail_once(&world).await;
    let packages = world.folder.path().join(".apiduct/shop/packages");
    let hidden = world.folder.path().join("hidden");
    copy_folder(&packages, &hidden);
    world.run(FILE).await.unwrap();
    copy_folder(&hidden, &packages);
    let package = std::fs::read_dir(&packages)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(package.join("manifest.json"), "{").unwrap();
    world.run(FILE).await.unwrap();
    assert_eq!(world.count("posts"), "3");
}

use std::sync::Arc;
use std::time::SystemTime;

use apiduct_model::Hint;

use super::*;
use crate::TokioTimer;
use crate::auth::Token;

fn tokens(number: u32) -> StoredTokens {
    let issued = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    StoredTokens::new()
        .access(Token::new(format!("access-{number}")).lasting(issued, Duration::from_mins(10)))
        .refresh(format!("refresh-{number}"))
        .seed("seed")
}

fn timer() -> TokioTimer {
    TokioTimer::default()
}

#[tokio::test]
async fn tokens_come_back_as_they_were_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(directory.path().join("a/b/t.json"));
    let mut held = store.lock(&timer()).await.unwrap();
    assert_eq!(held.load().unwrap(), None);
    for kept in [tokens(1), StoredTokens::new(), tokens(2)] {
        held.save(&kept).unwrap();
        assert_eq!(held.load().unwrap(), Some(kept));
    }
    drop(held);
    let again = FileTokenStore::new(store.path());
    let mut held = again.lock(&timer()).await.unwrap();
    assert_eq!(held.load().unwrap(), Some(tokens(2)));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(directory.path().join("tokens/t.json"));
    // Left behind by a crash, readable by all.
    fs::create_dir(directory.path().join("tokens")).unwrap();
    fs::write(directory.path().join("tokens/t.json.new"), "half").unwrap();
    fs::write(store.path(), "{}").unwrap();
    let mut held = store.lock(&timer()).await.unwrap();
    held.save(&tokens(1)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(store.path()), 0o600);
    assert_eq!(mode(&beside(store.path(), ".lock")), 0o600);
    assert!(!beside(store.path(), ".new").exists());

    let made = FileTokenStore::new(directory.path().join("made/t.json"));
    drop(made.lock(&timer()).await.unwrap());
    assert_eq!(mode(&directory.path().join("made")), 0o700);
}

#[tokio::test]
async fn two_stores_of_one_file_exclude_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.json");
    let counting = |path: PathBuf| async move {
        let store = FileTokenStore::new(path);
        for _ in 0..5 {
            let mut held = store.lock(&timer()).await.unwrap();
            let before = held.load().unwrap().and_then(|tokens| tokens.seed);
            let count: u32 = before.map_or(0, |text| text.parse().unwrap());
            tokio::task::yield_now().await;
            let after = StoredTokens::new().seed((count + 1).to_string());
            held.save(&after).unwrap();
        }
    };
    tokio::join!(counting(path.clone()), counting(path.clone()));
    let mut held = FileTokenStore::new(path).lock(&timer()).await.unwrap();
    let count = held.load().unwrap().and_then(|tokens| tokens.seed);
    assert_eq!(count.as_deref(), Some("10"));
}

#[tokio::test]
async fn a_lock_that_nobody_lets_go_is_a_named_error() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(directory.path().join("t.json")).max_wait(Duration::ZERO);
    let held = store.lock(&timer()).await.unwrap();
    let Err(error) = store.lock(&timer()).await else {
        panic!("the store is held");
    };
    assert!(
        error.to_string().contains("is locked by another process"),
        "{error}"
    );
    assert!(error.hint().is_some());
    drop(held);
    assert!(store.lock(&timer()).await.is_ok());
}

#[tokio::test]
async fn a_file_with_something_else_is_an_error_that_shows_nothing_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(directory.path().join("t.json"));
    for text in [
        "s3cret",
        "{}",
        r#"{"version":1,"refresh_token":7}"#,
        r#"{"version":2,"x":"s3cret"}"#,
    ] {
        fs::write(store.path(), text).unwrap();
        let error = store.lock(&timer()).await.unwrap().load().unwrap_err();
        assert!(
            matches!(error, TokenStoreError::Malformed { .. }),
            "{error}"
        );
        let shown = format!("{error} {error:?} {:?}", error.hint());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_a_named_error() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let store = FileTokenStore::new(directory.path().join("file/t.json"));
    let Err(error) = store.lock(&timer()).await else {
        panic!("a file is no directory");
    };
    assert!(error.to_string().starts_with("cannot lock `"), "{error}");
}

#[tokio::test]
async fn debug_output_shows_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn TokenStore> = Arc::new(FileTokenStore::new(directory.path().join("t.json")));
    let shown = format!("{store:?} {:?}", tokens(1));
    assert!(
        !shown.contains("access-1") && !shown.contains("refresh-1"),
        "{shown}"
    );
}

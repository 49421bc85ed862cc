//! Secrets of the real environment and of real files.

use apiduct_config::Plan;
use apiduct_config::resolve::SystemSource;
use apiduct_model::Redactor;

#[test]
fn secrets_beside_the_file_are_found_and_masked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("secrets.toml", "[sources.tracker]\ntoken = 'toml-token'\n");
    write("password.txt", "file-password\r\n");
    write(
        "tracker.yaml",
        "client: {base_url: 'https://h', auth: 'basic:${secret:token}:${file:password.txt}', headers: {X: '${env:CARGO_PKG_NAME}'}}\nresources: [a]",
    );
    let file = folder.path().join("tracker.yaml");
    let plan = Plan::from_file(&file).unwrap();
    let redactor = Redactor::default();
    let resolved = plan
        .resolve(&SystemSource::beside(&file), &redactor)
        .unwrap();
    assert_eq!(resolved.headers["x"], "apiduct-config");
    assert_eq!(
        redactor.redact("toml-token file-password apiduct-config"),
        "*** *** ***"
    );
}

#[test]
fn a_secret_that_is_nowhere_names_the_files_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tracker.toml");
    std::fs::write(
        &file,
        "resources = []\n[client]\nbase_url = 'https://${secret:host}'\n",
    )
    .unwrap();
    let plan = Plan::from_file(&file).unwrap();
    let errors = plan
        .resolve(&SystemSource::beside(&file), &Redactor::default())
        .unwrap_err();
    let beside = folder.path().join("secrets.toml");
    assert!(
        errors.to_string().contains(&*beside.to_string_lossy()),
        "{errors}"
    );
    assert!(
        errors
            .to_string()
            .contains("tracker.toml:3:12: client.base_url"),
        "{errors}"
    );
}

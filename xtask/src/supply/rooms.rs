use super::metadata::{Metadata, Use};

/// What each crate may know: crates of ours that it may link, and words that no foreign crate it names may start with.
struct Room {
    name: &'static str,
    may_know: &'static [&'static str],
    must_not_name: &'static [&'static str],
}

const HTTP: &[&str] = &["http", "hyper", "reqwest", "tokio", "rustls"];
const HTTP_AND_TABLES: &[&str] = &[
    "http", "hyper", "reqwest", "tokio", "rustls", "arrow", "parquet", "duckdb",
];
const TABLES: &[&str] = &["arrow", "parquet", "duckdb"];
const TRANSPORT: &[&str] = &["reqwest", "hyper", "rustls"];

/// The arrows of ARCHITECTURE.md. A new crate gets a line here.
const ROOMS: &[Room] = &[
    room("apiduct-model", &[], HTTP),
    room("apiduct-json", &["model"], HTTP_AND_TABLES),
    room("apiduct-client", &["json", "model"], TABLES),
    room("apiduct-steps", &["json", "model"], HTTP_AND_TABLES),
    room(
        "apiduct-config",
        &["client", "json", "model", "steps"],
        &[
            "reqwest", "hyper", "rustls", "tokio", "arrow", "parquet", "duckdb",
        ],
    ),
    room("apiduct-openapi", &["model"], HTTP_AND_TABLES),
    room("apiduct-normalize", &["json", "model", "steps"], HTTP),
    room("apiduct-load", &["model"], HTTP),
    room("apiduct-duckdb", &["load", "model"], HTTP),
    room("apiduct-parquet", &["load", "model"], HTTP),
    room(
        "apiduct-pipeline",
        &[
            "client",
            "config",
            "json",
            "load",
            "model",
            "normalize",
            "steps",
        ],
        TRANSPORT,
    ),
    room(
        "apiduct",
        &[
            "client",
            "config",
            "duckdb",
            "json",
            "load",
            "model",
            "normalize",
            "openapi",
            "parquet",
            "pipeline",
            "steps",
        ],
        TRANSPORT,
    ),
    room("apiduct-cli", &["", "testkit"], TRANSPORT),
    room(
        "apiduct-testkit",
        &["client", "load", "model"],
        &["reqwest", "duckdb"],
    ),
    room("xtask", &[], HTTP_AND_TABLES),
];

const fn room(
    name: &'static str,
    may_know: &'static [&'static str],
    must_not_name: &'static [&'static str],
) -> Room {
    Room {
        name,
        may_know,
        must_not_name,
    }
}

/// Each crate links only what its room may know; tests may use more.
pub(super) fn borders(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for (_, package) in metadata.ours() {
        let Some(room) = ROOMS.iter().find(|room| room.name == package.name) else {
            findings.push(format!(
                "{} has no line in xtask/src/supply/rooms.rs",
                package.name
            ));
            continue;
        };
        for needed in metadata.direct(package, Use::Run) {
            if let Some(reason) = room.objection(needed) {
                findings.push(format!("{} must not know {needed}: {reason}", package.name));
            }
        }
    }
    findings
}

impl Room {
    fn objection(&self, needed: &str) -> Option<&'static str> {
        if needed == "apiduct" {
            return (!self.may_know.contains(&""))
                .then_some("the arrows of ARCHITECTURE.md point the other way");
        }
        if let Some(ours) = needed.strip_prefix("apiduct-") {
            return (!self.may_know.contains(&ours))
                .then_some("the arrows of ARCHITECTURE.md point the other way");
        }
        self.must_not_name
            .iter()
            .any(|word| {
                needed == *word
                    || needed
                        .strip_prefix(word)
                        .is_some_and(|rest| rest.starts_with('-'))
            })
            .then_some("that belongs to another room")
    }
}

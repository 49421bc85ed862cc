use std::collections::{BTreeMap, BTreeSet};

use super::license;
use super::metadata::{Metadata, Package, Use};

/// Crates that must not be built at all, in versions below the second entry (none: in any), and why.
const BANNED: [(&str, Option<[u64; 3]>, &str); 11] = [
    (
        "reqwest",
        Some([0, 13, 0]),
        "two HTTP stacks in one program",
    ),
    ("quick-xml", Some([0, 41, 0]), "RUSTSEC-2026-0194 and -0195"),
    ("tokio-postgres", Some([0, 7, 18]), "RUSTSEC-2026-0178"),
    ("pyo3", Some([0, 29, 0]), "RUSTSEC-2026-0176 and -0177"),
    ("openssl", None, "one TLS stack: rustls with aws-lc-rs"),
    ("openssl-sys", None, "one TLS stack: rustls with aws-lc-rs"),
    ("native-tls", None, "one TLS stack: rustls with aws-lc-rs"),
    ("rsa", None, "RUSTSEC-2023-0071"),
    ("serde_yaml", None, "archived, and loses line and column"),
    ("serde_yml", None, "RUSTSEC-2025-0068"),
    ("unsafe-libyaml", None, "unsafe, and loses line and column"),
];

/// Crates that ours must not name themselves, and why. Others may bring them.
const BANNED_IN_OURS: [(&str, &str); 3] = [
    ("chrono", "dates and times are jiff's"),
    (
        "arrow",
        "the parts of Arrow that are used, not the umbrella",
    ),
    ("anyhow", "errors are types"),
];

/// Crates that must not be linked into what ships, and why. A build script may use them.
const BANNED_AT_RUN_TIME: [(&str, &str); 1] = [("ring", "one crypto library: aws-lc-rs")];

/// Features that change what a shared crate does for everybody.
const FORBIDDEN_FEATURES: [(&str, &str, &str); 2] = [
    (
        "serde_json",
        "arbitrary_precision",
        "it changes every visitor in the build",
    ),
    ("libduckdb-sys", "download-lib", "builds do not reach out"),
];

/// Each license expression can be met with the allowed licenses.
pub(super) fn licenses(metadata: &Metadata, allowed: &[String]) -> Vec<String> {
    findings(metadata, |package| match &package.license {
        None => Some(format!("{} names no license", title(package))),
        Some(license) if license::is_met(license, allowed) => None,
        Some(license) => Some(format!(
            "{} is under `{license}`, which deny.toml does not allow",
            title(package)
        )),
    })
}

/// Packages are ours or from crates.io: no git, no other place.
pub(super) fn sources(metadata: &Metadata) -> Vec<String> {
    findings(metadata, |package| match package.source.as_deref() {
        None => None,
        Some(source) if source.starts_with("registry+") && source.ends_with("/crates.io-index") => {
            None
        }
        Some(source) => Some(format!("{} comes from `{source}`", title(package))),
    })
}

/// See [`BANNED`].
pub(super) fn banned(metadata: &Metadata) -> Vec<String> {
    findings(metadata, |package| {
        let (_, below, why) = BANNED.iter().find(|(name, ..)| *name == package.name)?;
        let is_banned = below.is_none_or(|below| package.numbers() < below);
        is_banned.then(|| format!("{} is banned: {why}", title(package)))
    })
}

/// See [`BANNED_IN_OURS`].
pub(super) fn banned_in_ours(metadata: &Metadata) -> Vec<String> {
    findings(metadata, |package| {
        let direct = metadata.direct(package, Use::Run);
        let (name, why) = BANNED_IN_OURS
            .iter()
            .find(|(name, _)| direct.contains(name))?;
        package
            .is_ours()
            .then(|| format!("{} depends on {name} itself: {why}", package.name))
    })
}

/// See [`BANNED_AT_RUN_TIME`]. `linked` has one package a line, its name first, as `cargo tree` prints it: cargo's metadata
/// puts what build scripts need of a crate and what programs need of it together.
pub(super) fn banned_at_run_time(linked: &str) -> Vec<String> {
    let linked: BTreeSet<&str> = linked
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    BANNED_AT_RUN_TIME
        .iter()
        .filter(|(name, _)| linked.contains(name))
        .map(|(name, why)| format!("{name} is linked into what ships: {why}"))
        .collect()
}

/// See [`FORBIDDEN_FEATURES`].
pub(super) fn forbidden_features(metadata: &Metadata) -> Vec<String> {
    findings(metadata, |package| {
        let (_, feature, why) = FORBIDDEN_FEATURES.iter().find(|(name, feature, _)| {
            *name == package.name && package.features.contains(*feature)
        })?;
        Some(format!(
            "{} has its feature `{feature}` on: {why}",
            title(package)
        ))
    })
}

/// All of Arrow and Parquet is of one major version, so that a batch is one type everywhere.
pub(super) fn one_arrow(metadata: &Metadata) -> Vec<String> {
    let of_arrow = metadata.packages.values().filter(|package| {
        let is_part = package.name == "arrow"
            || package.name == "parquet"
            || package.name.starts_with("arrow-");
        is_part && package.source.is_some()
    });
    let majors: BTreeMap<u64, &str> = of_arrow
        .map(|package| (package.numbers()[0], package.name.as_str()))
        .collect();
    if majors.len() < 2 {
        return Vec::new();
    }
    let seen: Vec<String> = majors
        .iter()
        .map(|(major, name)| format!("{name} {major}"))
        .collect();
    vec![format!(
        "Arrow comes in several major versions: {}",
        seen.join(", ")
    )]
}

/// Crates in several versions are those that are listed, one name a line with the reason behind `#`; the list holds no
/// other.
pub(super) fn doubled(metadata: &Metadata, listed: &str) -> Vec<String> {
    let listed: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.split('#').next())
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata.packages.values() {
        versions
            .entry(&package.name)
            .or_default()
            .insert(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let new = versions
        .iter()
        .filter(|(name, _)| !listed.contains(*name))
        .map(|(name, versions)| {
            let versions: Vec<&str> = versions.iter().copied().collect();
            format!(
                "{name} is built in the versions {}; xtask/doubled.txt does not list it",
                versions.join(" and ")
            )
        });
    let stale = listed
        .iter()
        .filter(|name| !versions.contains_key(*name))
        .map(|name| format!("{name} is built once; take it out of xtask/doubled.txt"));
    new.chain(stale).collect()
}

fn findings(metadata: &Metadata, rule: impl Fn(&Package) -> Option<String>) -> Vec<String> {
    metadata.packages.values().filter_map(rule).collect()
}

fn title(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn cargo_deny_bans_the_same_crates_for_the_same_reasons() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml");
        let deny = fs::read_to_string(path).unwrap();
        let listed: Vec<&str> = deny
            .lines()
            .filter(|line| line.contains("{ crate = "))
            .map(str::trim)
            .collect();

        let ours: Vec<String> = BANNED
            .iter()
            .map(|(name, below, why)| {
                let below = below.map_or_else(String::new, |[major, minor, patch]| match patch {
                    0 => format!("@<{major}.{minor}"),
                    patch => format!("@<{major}.{minor}.{patch}"),
                });
                format!("{{ crate = \"{name}{below}\", reason = \"{why}\" }},")
            })
            .collect();

        assert_eq!(listed, ours);
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| {
            let package = Package {
                version: text.to_owned(),
                ..Package::default()
            };
            package.numbers()
        };

        assert!(version("0.9.34+deprecated") < version("0.13.0"));
        assert!(version("1.0.0-alpha.1") < version("1.0.1"));
        assert_eq!(version("58.4"), [58, 4, 0]);
    }
}

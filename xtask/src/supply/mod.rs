use std::env;
use std::fs;
use std::process::Command;

use crate::failure::{Context, Result};
use crate::places::Places;
use crate::tool;

mod license;
mod metadata;
mod rooms;
mod rules;

pub(crate) use metadata::Metadata;

/// The arguments of cargo for [`Metadata::read`].
pub(crate) const METADATA: [&str; 6] = [
    "metadata",
    "--locked",
    "--format-version",
    "1",
    "--filter-platform",
    "x86_64-unknown-linux-gnu",
];

/// The arguments of cargo that list what our crates link, tests and build scripts left out.
const LINKED: [&str; 8] = [
    "tree",
    "--locked",
    "--workspace",
    "--edges=normal,no-proc-macro",
    "--prefix=none",
    "--format={p}",
    "--target",
    "x86_64-unknown-linux-gnu",
];

/// What a look at dependencies and borders gave.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// How many packages were looked at.
    pub(crate) packages: usize,
    /// Rules that are broken, one sentence each.
    pub(crate) findings: Vec<String>,
}

/// Holds the workspace against its rules.
///
/// # Errors
///
/// When the workspace cannot be read; a broken rule is a finding, not an error.
pub(crate) fn check(places: &Places) -> Result<Report> {
    let cargo = || {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&places.root);
        cargo
    };
    let metadata = Metadata::read(cargo().args(METADATA))?;
    let linked = tool::output(cargo().args(LINKED))?;
    let deny = read(places, "deny.toml")?;
    let doubled = read(places, "xtask/doubled.txt")?;
    let allowed = license::allowed(&deny);
    let mut findings = rules::licenses(&metadata, &allowed);
    findings.extend(rules::sources(&metadata));
    findings.extend(rules::banned(&metadata));
    findings.extend(rules::banned_in_ours(&metadata));
    findings.extend(rules::banned_at_run_time(&linked));
    findings.extend(rules::forbidden_features(&metadata));
    findings.extend(rules::one_arrow(&metadata));
    findings.extend(rules::doubled(&metadata, &doubled));
    findings.extend(rooms::borders(&metadata));
    Ok(Report {
        packages: metadata.packages.len(),
        findings,
    })
}

fn read(places: &Places, file: &str) -> Result<String> {
    fs::read_to_string(places.root.join(file)).context(|| format!("cannot read `{file}`"))
}

#[cfg(test)]
mod tests;

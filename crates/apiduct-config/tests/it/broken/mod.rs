//! Documents with mistakes: each mistake is reported with its place, its reason and what to do.

mod files;
mod hints;
mod incremental;
mod languages;
mod meaning;
mod shape;
mod steps;
mod tree;

use apiduct_config::{Format, Plan};

/// The report for `text`, as a user sees it.
pub(crate) fn report(text: &str, format: Format) -> String {
    let file = match format {
        Format::Yaml => "source.yaml",
        Format::Toml => "source.toml",
        Format::Json => "source.json",
    };
    match Plan::parse(text, format, file) {
        Ok(plan) => panic!("accepted: {:?}", plan.describe()),
        Err(errors) => errors.to_string(),
    }
}

/// The report for a document whose `client` is in order.
pub(crate) fn resources(text: &str) -> String {
    let head = "client: {base_url: 'https://h'}\nresources:\n";
    report(&format!("{head}{text}"), Format::Yaml)
}

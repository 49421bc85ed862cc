//! `Link` headers from any text: no panic, and what was read is read again the same once it is written properly.

#![no_main]

// The file alone, so that the target builds without the rest of the client.
#[allow(dead_code)]
#[path = "../../crates/apiduct-client/src/link_header.rs"]
mod link_header;

use libfuzzer_sys::fuzz_target;
use link_header::{Link, parse};

fn written(link: &Link) -> String {
    let params = link.params.iter().map(|(name, value)| {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("; {name}=\"{escaped}\"")
    });
    format!("<{}>{}", link.target, params.collect::<String>())
}

fuzz_target!(|text: &str| {
    let links = parse(text);
    let again: Vec<String> = links.iter().map(written).collect();
    assert_eq!(parse(&again.join(", ")), links);
});

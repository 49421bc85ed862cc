//! Masking any text: no panic, and a secret that is in it does not come out.

#![no_main]

use apiduct_model::{Redactor, SecretText};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (secret, before, after) = input;
    let redactor = Redactor::default();
    redactor.register(&SecretText::from(secret));
    let text = format!("{before}{secret}{after}");
    let shown = redactor.redact(&text);
    // What stays, with the mask as a seam, can spell a secret again only if the mask is a part of it.
    if secret.len() >= 4 && !secret.contains('*') {
        assert!(redactor.contains_secret(&text));
        assert!(!shown.contains(secret), "{shown}");
    }
});

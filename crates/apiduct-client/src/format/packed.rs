//! Bodies that are gzip or zip files.

use std::io::{Cursor, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::DecodeError;
use super::sniff::{Named, is_packed};

const GZIP: &str = "gzip";
const ZIP: &str = "zip";

/// Files in a zip file beyond which it is refused.
const MAX_ENTRIES: usize = 10_000;

/// A file out of a packed body.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its name, if the packed file says it.
    name: Option<String>,
    pub(super) body: Bytes,
}

impl Entry {
    /// What is known about it; `outer` is what is known about the packed body.
    pub(super) fn named<'n>(&'n self, outer: &Named<'n>) -> Named<'n> {
        let media_type = outer.content_type.split(';').next().unwrap_or_default();
        let says_nothing = is_packed(&media_type.trim().to_ascii_lowercase());
        Named {
            content_type: if says_nothing { "" } else { outer.content_type },
            name: self.name.as_deref().unwrap_or(outer.name),
        }
    }
}

/// The files in `body`, if it is packed, all together no larger than `max_bytes`.
pub(super) fn entries(
    body: &Bytes,
    named: &Named<'_>,
    max_bytes: u64,
) -> Result<Option<Vec<Entry>>, DecodeError> {
    match body.as_ref() {
        [0x1f, 0x8b, ..] => {
            let unpacked = gunzip(body, max_bytes)?;
            // A zip file inside of a gzip file is rare; deeper nesting is refused by what reads it next.
            match unpacked.body.as_ref() {
                [b'P', b'K', 3 | 5, 4 | 6, ..] => unzip(&unpacked.body, max_bytes).map(Some),
                _ => Ok(Some(vec![unpacked])),
            }
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => unzip(body, max_bytes).map(Some),
        _ => {
            let _ = named;
            Ok(None)
        }
    }
}

fn gunzip(body: &Bytes, max_bytes: u64) -> Result<Entry, DecodeError> {
    let mut decoder = MultiGzDecoder::new(body.as_ref());
    let name = decoder
        .header()
        .and_then(|header| header.filename())
        .map(|name| String::from_utf8_lossy(name).into_owned());
    let body = read(&mut decoder, GZIP, max_bytes)?;
    Ok(Entry { name, body })
}

fn unzip(body: &Bytes, max_bytes: u64) -> Result<Vec<Entry>, DecodeError> {
    let broken = |error: zip::result::ZipError| DecodeError::new(ZIP, error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(body.as_ref())).map_err(broken)?;
    if archive.len() > MAX_ENTRIES {
        let problem = format!("{} files are in it, more than {MAX_ENTRIES}", archive.len());
        return Err(DecodeError {
            is_final: true,
            ..DecodeError::new(ZIP, problem)
        });
    }
    let mut left = max_bytes;
    let mut entries = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(broken)?;
        let name = file.name().map_err(broken)?.into_owned();
        if !file.is_file() || is_of_the_system(&name) {
            continue;
        }
        let body = read(&mut file, ZIP, left).map_err(|error| DecodeError {
            problem: error
                .problem
                .replace(&left.to_string(), &max_bytes.to_string()),
            ..error
        })?;
        left -= body.len() as u64;
        entries.push(Entry {
            name: Some(name),
            body,
        });
    }
    Ok(entries)
}

/// Files that a system adds for itself.
fn is_of_the_system(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/") || own.starts_with('.')
}

/// Reads all of `packed`, and stops as soon as it is more than `max_bytes`.
fn read(packed: &mut dyn Read, format: &'static str, max_bytes: u64) -> Result<Bytes, DecodeError> {
    let mut out = Vec::new();
    packed
        .take(max_bytes.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(|error| DecodeError::new(format, error.to_string()))?;
    if out.len() as u64 > max_bytes {
        return Err(DecodeError::too_large(format, max_bytes));
    }
    Ok(out.into())
}

/// One JSON text of several: one alone is itself, lists are joined, anything else is an element.
pub(super) fn join(texts: Vec<Bytes>) -> Bytes {
    if let [only] = texts.as_slice() {
        return only.clone();
    }
    let mut out = vec![b'['];
    for text in texts {
        let text = text.trim_ascii();
        let inside = match text {
            [b'[', inside @ .., b']'] => inside.trim_ascii(),
            other => other,
        };
        if inside.is_empty() {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(inside);
    }
    out.push(b']');
    out.into()
}

//! Where the pages of a journal are.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};

use apiduct_model::ResourceName;
use indexmap::IndexMap;

use super::frame::{Front, Key, Meta};
use super::head::Head;

/// Where one page is. Keys are cut to half: what is found is compared whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) walk: u64,
    pub(super) page: u64,
    /// Where its frame begins.
    pub(super) at: u64,
}

/// All pages of a journal, some 24 bytes for each.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// In the order of walks, keys and places.
    entries: Vec<Entry>,
}

/// What is in a journal, without what it holds.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) head: Head,
    pub(super) index: Index,
    /// Where the last whole frame ends.
    pub(super) end: u64,
    pub(super) counts: Counts,
}

/// How much a journal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Pages by resource.
    pub(crate) pages: IndexMap<ResourceName, u64>,
    pub(crate) bytes: u64,
}

impl Counts {
    pub(crate) fn pages(&self) -> u64 {
        self.pages.values().sum()
    }
}

impl Index {
    /// The pages of a walk, in the order in which they were kept.
    pub(super) fn walk(&self, walk: Key) -> Vec<Entry> {
        let walk = walk.short();
        let from = self.entries.partition_point(|entry| entry.walk < walk);
        let own = self.entries[from..].iter();
        let mut own: Vec<Entry> = own
            .take_while(|entry| entry.walk == walk)
            .copied()
            .collect();
        own.sort_unstable_by_key(|entry| entry.at);
        own
    }
}

/// Reads what `file` has, up to the first frame that is not whole; `None` when it has no head that we know. The bodies of
/// pages are not read: they are compared with their digests when their turn comes.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn scan(file: &File) -> io::Result<Option<Scanned>> {
    let length = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(64 << 10, file);
    reader.seek(SeekFrom::Start(0))?;
    let Some(Front {
        meta: Meta::Head(head),
        before_body: mut end,
        ..
    }) = Front::read(&mut reader)?
    else {
        return Ok(None);
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut forgotten: Vec<(ResourceName, Entry)> = Vec::new();
    let mut counts = Counts::default();
    while let Some(front) = Front::read(&mut reader)? {
        let whole = front.before_body.checked_add(front.body);
        let Some(next) = whole.and_then(|whole| end.checked_add(whole)) else {
            break;
        };
        if next > length {
            break;
        }
        let entry = |walk: Key, page: Key| Entry {
            walk: walk.short(),
            page: page.short(),
            at: end,
        };
        match front.meta {
            Meta::Page(page) => {
                entries.push(entry(page.walk, page.page));
                *counts.pages.entry(page.resource).or_default() += 1;
            }
            Meta::Forget {
                resource,
                walk,
                page,
            } => forgotten.push((resource, entry(walk, page))),
            Meta::Head(_) => break,
        }
        end = next;
        reader.seek_relative(i64::try_from(front.body).unwrap_or(i64::MAX))?;
    }
    counts.bytes = end;
    entries.sort_unstable();
    for (resource, gone) in forgotten {
        let before = entries.len();
        let is_gone = |entry: &Entry| {
            (entry.walk, entry.page) == (gone.walk, gone.page) && entry.at < gone.at
        };
        entries.retain(|entry| !is_gone(entry));
        if let Some(pages) = counts.pages.get_mut(&resource) {
            *pages = pages.saturating_sub((before - entries.len()) as u64);
        }
    }
    counts.pages.retain(|_, pages| *pages > 0);
    Ok(Some(Scanned {
        head: *head,
        index: Index { entries },
        end,
        counts,
    }))
}

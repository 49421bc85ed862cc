//! The pages of one walk in a journal.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use apiduct_client::{KeepError, KeptPage, PageKeeper, PageKey};
use apiduct_model::ResourceName;
use async_trait::async_trait;
use xxhash_rust::xxh3::Xxh3;

use super::frame::{Key, Meta, PageMeta};
use super::index::Entry;
use super::{Journal, Open};

/// Which walk over the pages of a resource: the only one, or one for each record of its parents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WalkId {
    /// The number of the walk in the order in which its pages are delivered, from 0.
    pub(crate) ordinal: u64,
    /// Digest of what its requests are made of: the values of the parent's record.
    pub(crate) digest: u64,
}

/// Keeps the pages of one walk.
#[derive(Debug)]
pub(crate) struct WalkPages {
    journal: Arc<Journal>,
    resource: ResourceName,
    key: Key,
    /// Pages of earlier runs that have not been asked for yet.
    left: Mutex<VecDeque<Entry>>,
    /// Tells the journal that the walk, or a page of it that is under way, is still there.
    _open: Option<Open>,
}

impl WalkPages {
    pub(super) fn new(journal: &Arc<Journal>, resource: &ResourceName, walk: WalkId) -> Self {
        let mut hasher = Xxh3::new();
        hasher.update(resource.as_bytes());
        hasher.update(&[0]);
        hasher.update(&walk.ordinal.to_le_bytes());
        hasher.update(&walk.digest.to_le_bytes());
        let key = Key(hasher.digest128());
        Self {
            journal: Arc::clone(journal),
            resource: resource.clone(),
            key,
            left: Mutex::new(journal.index.walk(key).into()),
            _open: journal.open_walk(),
        }
    }

    fn take(&self, page: Key) -> Option<Entry> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let at = left.iter().position(|entry| entry.page == page.short())?;
        left.remove(at)
    }
}

#[async_trait]
impl PageKeeper for WalkPages {
    async fn recall(&self, key: PageKey) -> Result<Option<KeptPage>, KeepError> {
        while let Some(entry) = self.take(Key(key.0)) {
            if let Some(page) = self.journal.read(entry.at, self.key, Key(key.0)).await? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    async fn keep(&self, key: PageKey, page: KeptPage) -> Result<(), KeepError> {
        let meta = PageMeta::new(self.resource.clone(), self.key, key, &page);
        self.journal.write(&Meta::Page(meta), page.body).await
    }

    async fn forget(&self, key: PageKey) -> Result<(), KeepError> {
        let meta = Meta::Forget {
            resource: self.resource.clone(),
            walk: self.key,
            page: Key(key.0),
        };
        self.journal.write(&meta, bytes::Bytes::new()).await
    }

    async fn given_up(&self) {
        self.journal.closing.cancelled().await;
    }
}

//! Places in flight that several walks share, below those of the origin.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Places in flight. Clones share them: all walks that were given one value have so many requests under way together, and
/// no more. The places of the origin ([`super::RateConfig::concurrency`]) bound them further. Requests that wait get their
/// places in the order in which they asked. Between two tries of a request its place is free for others.
///
/// ```
/// use apiduct_client::Client;
/// use apiduct_client::rate::Places;
///
/// let client = Client::builder("https://api.example.com").build()?;
/// let places = Places::new(2);
/// let authors = client.paginate("/authors").places(places.clone()).send();
/// let books = client.paginate("/books").places(places).send();
/// # Ok::<(), apiduct_client::Error>(())
/// ```
#[derive(Clone)]
pub struct Places(Arc<Semaphore>);

impl Places {
    /// `most` places, at least one.
    pub fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Waits for a place, which is free again when the permit is dropped.
    pub(crate) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        // `None` would be a semaphore that was closed, and nobody closes it.
        self.0.acquire().await.ok()
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places")
            .field("free", &self.0.available_permits())
            .finish()
    }
}

use tokio::sync::watch;

/// Ends a run from outside, for instance on Ctrl-C.
#[derive(Debug, Clone)]
pub struct Canceller(watch::Sender<bool>);

impl Canceller {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Asks the run to end. While it fetches, it ends at once, and data and state at the destination are as they were; while
    /// it loads, it ends when the load is done, which then counts.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody has asked.
    pub(crate) fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody cancels.
    pub(crate) async fn cancelled(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = receiver.wait_for(|is_cancelled| *is_cancelled).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_when_somebody_cancels_and_not_before() {
        let canceller = Canceller::new();
        let waiting = canceller.cancelled();
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        canceller.clone().cancel();
        waiting.await;
        canceller.cancelled().await;
    }
}

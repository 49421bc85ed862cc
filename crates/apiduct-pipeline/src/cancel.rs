use tokio::sync::watch;

/// Ends a run from outside, for instance on Ctrl-C.
#[derive(Debug, Clone)]
pub struct Canceller(watch::Sender<bool>);

impl Canceller {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Asks the run to end. It does so at once, and leaves data and state at the destination as they were.
    pub fn cancel(&self) {
        self.0.send_replace(true);
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

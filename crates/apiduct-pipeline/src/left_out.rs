//! What rules and hooks left out: counted, and told.

use apiduct_client::LeftOut;
use indexmap::IndexMap;

use crate::event::Event;
use crate::feed::Feed;

/// The counts as the receipt shows them.
pub(crate) fn by_reason(left_out: &LeftOut) -> IndexMap<String, u64> {
    let reasons = left_out.reasons();
    reasons
        .map(|(reason, count)| (reason.to_owned(), count))
        .collect()
}

impl Feed {
    /// Says so if pages were left out.
    pub(crate) fn warn_of_left_out(&self) {
        let left_out = self.counters.left_out();
        if left_out.is_none() {
            return;
        }
        let reasons: Vec<String> = left_out
            .reasons()
            .map(|(reason, count)| format!("{count} by `{reason}`"))
            .collect();
        let message = format!(
            "of `{}`, answers were left out: {}",
            self.resource,
            reasons.join(", ")
        );
        self.events.event(&Event::Warning { message });
    }
}

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest;

use crate::Response;

/// Tells credentials apart without being one: what a server counts requests against.
///
/// Rate budgets are kept by origin and credential, so two resources with the same token share one budget, and two
/// keys of a [`crate::auth::KeyPool`] have one each.
///
/// ```
/// use apiduct_client::auth::CredentialId;
///
/// assert_eq!(CredentialId::of(&["bearer", "t0ken"]), CredentialId::of(&["bearer", "t0ken"]));
/// assert_ne!(CredentialId::of(&["bearer", "t0ken"]), CredentialId::NONE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CredentialId(u64);

impl CredentialId {
    /// No credential, or one that is not told from others.
    pub const NONE: Self = Self(0);

    /// The id of the credential that `parts` make up: the scheme, and what makes it this one. The same parts always
    /// have the same id; the parts cannot be found from it.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in parts {
            hash.update(&part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
        let hash = hash.finish();
        let first = hash.as_ref().iter().take(8);
        Self(
            first
                .fold(0, |id, byte| (id << 8) | u64::from(*byte))
                .max(1),
        )
    }
}

/// Shows a part: enough to tell two in a log apart, too little to test guesses of a password with.
impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({:04x})", self.0 & 0xffff)
    }
}

/// A try that was answered 401 or 429: one credential is not accepted, or not now.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Refusal<'a> {
    /// The credential.
    pub credential: CredentialId,
    /// The answer.
    pub response: &'a Response,
    /// The wait that the server asked for, if it did.
    pub wait: Option<Duration>,
    /// When, on the clock of [`apiduct_model::Clock::monotonic`].
    pub now: Duration,
}

impl<'a> Refusal<'a> {
    pub(crate) fn new(
        credential: CredentialId,
        response: &'a Response,
        wait: Option<Duration>,
        now: Duration,
    ) -> Self {
        Self {
            credential,
            response,
            wait,
            now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_parts_counts() {
        assert_ne!(
            CredentialId::of(&["ab", "c"]),
            CredentialId::of(&["a", "bc"])
        );
    }

    #[test]
    fn debug_output_is_too_short_to_test_guesses_with() {
        let shown = format!("{:?}", CredentialId::of(&["basic", "ada", "password"]));
        assert_eq!(shown.len(), "CredentialId(0000)".len(), "{shown}");
    }
}

use super::{Fault, Received};
use crate::random::Random;

/// Faults that strike at random, the same for the same seed.
///
/// What happens to a request depends on the seed, the request (method, target, body) and on how often that very
/// request came before: not on the order in which concurrent requests arrive.
///
/// ```
/// use apiduct_testkit::{Chaos, Fault};
///
/// let chaos = Chaos::seed(7)
///     .rate(Fault::Status(503), 0.02)
///     .rate(Fault::Reset, 0.01)
///     .at_most_in_a_row(3);
/// ```
#[derive(Debug, Clone)]
pub struct Chaos {
    seed: u64,
    rates: Vec<(Fault, f64)>,
    longest_run: u32,
}

impl Chaos {
    /// No faults yet.
    pub fn seed(seed: u64) -> Self {
        Self {
            seed,
            rates: Vec::new(),
            longest_run: u32::MAX,
        }
    }

    /// Adds a fault that strikes this share (0 to 1) of the requests.
    #[must_use]
    pub fn rate(mut self, fault: Fault, share: f64) -> Self {
        self.rates.push((fault, share));
        self
    }

    /// Spares a request that came this often already, so that a client with more retries always gets through.
    #[must_use]
    pub fn at_most_in_a_row(mut self, times: u32) -> Self {
        self.longest_run = times;
        self
    }

    /// The fault of a request that came `before` times already.
    pub(super) fn strike(&self, request: &Received, before: u32) -> Option<&Fault> {
        if before >= self.longest_run {
            return None;
        }
        let key = identity(request);
        let mut draw = Random::new(self.seed ^ key.rotate_left(17) ^ u64::from(before)).share();
        for (fault, share) in &self.rates {
            if draw < *share {
                return Some(fault);
            }
            draw -= share;
        }
        None
    }
}

/// A hash of what the client asked (FNV-1a).
pub(super) fn identity(request: &Received) -> u64 {
    let parts = [
        request.method.as_str().as_bytes(),
        request.path.as_bytes(),
        request.raw_query.as_bytes(),
        &request.body,
    ];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.into_iter().flat_map(|part| part.iter().chain(b"\0")) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::received::received;
    use super::*;

    fn fates(chaos: &Chaos) -> Vec<Option<Fault>> {
        (0..2_000)
            .map(|page| {
                let request = received(&Method::GET, &format!("/x?page={page}"));
                chaos.strike(&request, 0).cloned()
            })
            .collect()
    }

    #[test]
    fn a_seed_decides_all_and_rates_are_kept() {
        let chaos = Chaos::seed(1)
            .rate(Fault::Reset, 0.1)
            .rate(Fault::Hang, 0.2);
        let first = fates(&chaos);
        assert_eq!(first, fates(&chaos));
        assert_ne!(first, fates(&Chaos { seed: 2, ..chaos }));
        let count = |fault: &Fault| first.iter().flatten().filter(|one| *one == fault).count();
        assert!(
            (120..280).contains(&count(&Fault::Reset)),
            "{}",
            count(&Fault::Reset)
        );
        assert!(
            (300..500).contains(&count(&Fault::Hang)),
            "{}",
            count(&Fault::Hang)
        );
    }

    #[test]
    fn a_request_is_spared_after_its_longest_run() {
        let chaos = Chaos::seed(1).rate(Fault::Reset, 1.0).at_most_in_a_row(2);
        let request = received(&Method::GET, "/x");
        let struck: Vec<bool> = (0..4)
            .map(|n| chaos.strike(&request, n).is_some())
            .collect();
        assert_eq!(struck, [true, true, false, false]);
    }
}

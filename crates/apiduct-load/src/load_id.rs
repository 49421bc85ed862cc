use std::fmt;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

use apiduct_model::Clock;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

/// The identity of a load: 26 letters and digits whose text order is the order of creation.
///
/// ```
/// use apiduct_load::LoadId;
///
/// let id: LoadId = "01JAR1S8Q0000000000000000A".parse()?;
/// assert_eq!(id.to_string(), "01JAR1S8Q0000000000000000A");
/// # Ok::<(), apiduct_load::ParseLoadIdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoadId(Ulid);

impl LoadId {
    /// Milliseconds since 1970 at which the id was made; later than the clock when that had gone back.
    pub fn created_millis(self) -> u64 {
        self.0.timestamp_ms()
    }
}

impl fmt::Display for LoadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for LoadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no load id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a load id")]
pub struct ParseLoadIdError {
    /// What was given.
    pub text: String,
}

impl FromStr for LoadId {
    type Err = ParseLoadIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ulid::from_string(text)
            .ok()
            .filter(|ulid| ulid.to_string() == text)
            .map(Self)
            .ok_or_else(|| ParseLoadIdError {
                text: text.to_owned(),
            })
    }
}

impl Serialize for LoadId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LoadId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes load ids, each greater than the one before, also when the clock goes back.
#[derive(Debug, Clone)]
pub struct LoadIds {
    seed: u64,
    last: Option<LoadId>,
}

impl LoadIds {
    /// Ids whose random part follows from `seed`. Two runs must not share a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, last: None }
    }

    /// Ids that are greater than `last` too, the newest id of earlier runs.
    #[must_use]
    pub fn after(self, last: Option<LoadId>) -> Self {
        Self {
            last: self.last.max(last),
            ..self
        }
    }

    /// The next id.
    pub fn next(&mut self, clock: &dyn Clock) -> LoadId {
        let since = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let random = (u128::from(self.random()) << 64) | u128::from(self.random());
        let fresh = LoadId(Ulid::from_parts(millis, random));
        let id = match self.last {
            Some(last) if fresh <= last => LoadId(Ulid::from(u128::from(last.0) + 1)),
            _ => fresh,
        };
        self.last = Some(id);
        id
    }

    /// One step of the splitmix64 generator.
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[derive(Debug)]
    struct At(u64);

    impl Clock for At {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_millis(self.0)
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn ids_grow_when_the_clock_goes_back() {
        let mut ids = LoadIds::new(1);
        let times = [5_000, 5_000, 4_000, 0, 5_001];
        let made: Vec<LoadId> = times.iter().map(|millis| ids.next(&At(*millis))).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]), "{made:?}");
        let texts: Vec<String> = made.iter().map(LoadId::to_string).collect();
        assert!(texts.is_sorted());
        assert!(texts.iter().all(|text| text.len() == 26));
    }

    #[test]
    fn ids_of_a_new_run_follow_those_of_the_last() {
        let last = LoadIds::new(1).next(&At(9_000));
        let next = LoadIds::new(2).after(Some(last)).next(&At(1_000));
        assert!(next > last);
    }

    #[test]
    fn the_same_seed_and_time_give_the_same_id() {
        assert_eq!(LoadIds::new(3).next(&At(1)), LoadIds::new(3).next(&At(1)));
        assert_ne!(LoadIds::new(3).next(&At(1)), LoadIds::new(4).next(&At(1)));
        assert_eq!(LoadIds::new(3).next(&At(77)).created_millis(), 77);
    }

    #[test]
    fn only_the_written_form_reads_back() {
        let id = LoadIds::new(3).next(&At(1));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(format!("{id:?}"), id.to_string());
        assert!(id.to_string().to_lowercase().parse::<LoadId>().is_err());
        assert!("..".parse::<LoadId>().is_err());
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<LoadId>(&json).unwrap(), id);
    }
}

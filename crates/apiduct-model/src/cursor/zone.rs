use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// A time zone: UTC, a fixed offset, or a place of the IANA database, which is part of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A name that stands for no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a time zone")]
pub struct UnknownZone {
    /// The name.
    pub name: String,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone called `name`: `UTC`, `Europe/Berlin`, or an offset such as `+02:00`.
    ///
    /// # Errors
    /// [`UnknownZone`] for any other text.
    ///
    /// ```
    /// use apiduct_model::cursor::Zone;
    ///
    /// assert!(Zone::parse("Europe/Berlin").is_ok());
    /// assert!(Zone::parse("Mars").is_err());
    /// ```
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone {
            name: name.to_owned(),
        };
        if matches!(name, "UTC" | "utc" | "Z") {
            return Ok(Self::utc());
        }
        if let Some(seconds) = offset_seconds(name) {
            let offset = Offset::from_seconds(seconds).map_err(|_| unknown())?;
            return Ok(Self(TimeZone::fixed(offset)));
        }
        let zone = TimeZoneDatabase::bundled().get(name);
        zone.map(Self).map_err(|_| unknown())
    }

    /// Whether it is UTC.
    pub fn is_utc(&self) -> bool {
        self.0 == TimeZone::UTC
    }

    /// Microseconds since 1970 of a wall clock here, given as if it were UTC. What a change of the clock skips or
    /// repeats is read as the clock before the change.
    pub(super) fn to_instant(&self, wall: i64) -> Option<i64> {
        if self.is_utc() {
            return Some(wall);
        }
        let civil = civil(wall)?;
        let zoned = self.0.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(zoned.as_microsecond())
    }

    /// The wall clock here at an instant, as if it were UTC.
    pub(super) fn to_wall(&self, instant: i64) -> i64 {
        if self.is_utc() {
            return instant;
        }
        Timestamp::from_microsecond(instant).map_or(instant, |timestamp| {
            instant + i64::from(self.0.to_offset(timestamp).seconds()) * 1_000_000
        })
    }

    /// The day here at an instant, counted from 1970.
    pub(super) fn day(&self, instant: i64) -> i64 {
        self.to_wall(instant).div_euclid(super::time::DAY)
    }

    /// The instant at which a day begins here.
    pub(super) fn midnight(&self, day: i64) -> Option<i64> {
        let wall = super::time::in_calendar(day.checked_mul(super::time::DAY)?)?;
        self.to_instant(wall)
    }

    pub(super) fn as_jiff(&self) -> &TimeZone {
        &self.0
    }
}

/// Date and time of microseconds since 1970.
fn civil(wall: i64) -> Option<DateTime> {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    epoch.checked_add(SignedDuration::from_micros(wall)).ok()
}

/// Seconds of `+02:00`, `-0530` or `+02`.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

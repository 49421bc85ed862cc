use proptest::prelude::*;

use super::*;

fn format(cursor_type: CursorType, format: &str, zone: &str) -> CursorFormat {
    CursorFormat {
        cursor_type,
        format: TimeFormat::parse(format),
        zone: Zone::parse(zone).unwrap(),
    }
}

fn text(text: &str) -> RawCursor<'_> {
    RawCursor::Text(text)
}

fn number(format: &CursorFormat, raw: RawCursor<'_>) -> i128 {
    match format.key(raw).unwrap() {
        CursorKey::Number(number) => number,
        CursorKey::Text(text) => panic!("{text} is a text"),
    }
}

#[test]
fn timestamps_are_compared_in_time_and_not_as_texts() {
    let format = CursorFormat::new(CursorType::Timestamp);
    let east = format.key(text("2024-01-01T10:00:00+02:00")).unwrap();
    let west = format.key(text("2024-01-01T09:00:00Z")).unwrap();
    assert!(east < west);
    assert_eq!(
        format.key(text("2024-01-01")).unwrap(),
        format.key(text("2024-01-01T00:00:00Z")).unwrap()
    );
}

#[test]
fn texts_without_a_zone_are_of_the_zone_of_the_file() {
    let berlin = format(CursorType::Timestamp, "", "Europe/Berlin");
    let utc = CursorFormat::new(CursorType::Timestamp);
    for (local, instant) in [
        ("2024-07-01 12:00:00", "2024-07-01T10:00:00Z"),
        ("2024-01-01T12:00", "2024-01-01T11:00:00Z"),
        ("2024-07-01", "2024-06-30T22:00:00Z"),
        ("2024-07-01T12:00:00Z", "2024-07-01T12:00:00Z"),
        ("2024-07-01T12:00:00-05:00", "2024-07-01T17:00:00Z"),
    ] {
        assert_eq!(
            number(&berlin, text(local)),
            number(&utc, text(instant)),
            "{local}"
        );
    }
}

#[test]
fn formats_read_what_they_write() {
    let at = number(
        &CursorFormat::new(CursorType::Timestamp),
        text("2024-07-01T10:00:00Z"),
    );
    for (name, zone, raw) in [
        ("unix", "UTC", RawCursor::Number("1719828000")),
        ("unix", "UTC", text("1719828000")),
        ("unix_ms", "UTC", RawCursor::Number("1719828000000")),
        ("iso8601", "UTC", text("2024-07-01T10:00:00Z")),
        ("%d.%m.%Y %H:%M", "Europe/Berlin", text("01.07.2024 12:00")),
        (
            "%Y-%m-%d %H:%M:%S %z",
            "UTC",
            text("2024-07-01 10:00:00 +0000"),
        ),
    ] {
        let format = format(CursorType::Timestamp, name, zone);
        assert_eq!(number(&format, raw), at, "{name}");
        assert_eq!(format.write(at, raw).unwrap(), raw.to_scalar(), "{name}");
    }
}

#[test]
fn values_are_written_in_the_manner_of_others() {
    let utc = CursorFormat::new(CursorType::Timestamp);
    let at = number(&utc, text("2024-07-01T10:00:00.5Z"));
    for (like, expected) in [
        ("2020-01-01", "2024-07-01"),
        ("2020-01-01T00:00:00", "2024-07-01T10:00:00.5"),
        ("2020-01-01 00:00:00", "2024-07-01 10:00:00.5"),
        ("2020-01-01T00:00:00+02:00", "2024-07-01T10:00:00.5Z"),
    ] {
        assert_eq!(
            utc.write(at, text(like)).unwrap(),
            Scalar::from(expected),
            "{like}"
        );
    }
    let date = format(CursorType::Date, "", "Europe/Berlin");
    let day = number(&date, text("2024-06-30T23:00:00Z"));
    assert_eq!(
        date.write(day, text("2020-01-01")).unwrap(),
        Scalar::from("2024-07-01")
    );
}

#[test]
fn requests_get_the_format_that_they_ask_for() {
    let iso = CursorFormat::new(CursorType::Timestamp);
    let value = Scalar::from("2024-07-01T10:00:00.75Z");
    for (name, expected) in [
        ("unix", Scalar::from(1_719_828_000)),
        ("unix_ms", Scalar::from(1_719_828_000_750)),
        ("date", Scalar::from("2024-07-01")),
        ("%d/%m/%y", Scalar::from("01/07/24")),
        ("iso8601", Scalar::from("2024-07-01T10:00:00.75Z")),
    ] {
        let to = TimeFormat::parse(name).unwrap();
        assert_eq!(iso.convert(&value, &to).unwrap(), expected, "{name}");
    }
    let unix = format(CursorType::Timestamp, "unix", "UTC");
    assert_eq!(
        unix.convert(&Scalar::from(1_719_828_000), &TimeFormat::Iso8601)
            .unwrap(),
        Scalar::from("2024-07-01T10:00:00Z")
    );
}

#[test]
fn types_are_inferred_from_what_is_there() {
    for (raw, expected) in [
        (RawCursor::Number("12"), CursorType::Decimal),
        (text("1700000000.000100"), CursorType::Decimal),
        (text("2024-01-01"), CursorType::Timestamp),
        (text("2024-01-01T00:00:00+01:00"), CursorType::Timestamp),
        (text("a-17"), CursorType::Text),
        (text(""), CursorType::Text),
    ] {
        assert_eq!(CursorType::infer(raw), expected, "{raw:?}");
    }
}

#[test]
fn steps_have_the_unit_of_the_type() {
    let timestamp = CursorFormat::new(CursorType::Timestamp);
    let at = text("2024-01-01T00:00:00Z");
    let (three, hour) = (
        CursorStep::number("3").unwrap(),
        CursorStep::Time(Duration::from_hours(1)),
    );
    assert_eq!(timestamp.step(three, at).unwrap(), 3_000_000);
    assert_eq!(
        timestamp.step(three, text("2024-01-01")).unwrap(),
        3 * 86_400_000_000
    );
    assert_eq!(timestamp.step(hour, at).unwrap(), 3_600_000_000);
    let date = CursorFormat::new(CursorType::Date);
    assert_eq!(date.step(three, at).unwrap(), 3);
    assert_eq!(
        date.step(hour, at).unwrap(),
        1,
        "a part of a day looks back a day"
    );
    let int = CursorFormat::new(CursorType::Int);
    assert_eq!(int.step(three, RawCursor::Number("7")).unwrap(), 3);
    assert!(matches!(
        int.step(hour, RawCursor::Number("7")),
        Err(CursorError::NoStep { .. })
    ));
    assert!(CursorFormat::new(CursorType::Text).step(three, at).is_err());
}

#[test]
fn steps_are_shown_as_they_are_written() {
    for (span, expected) in [
        (Duration::from_hours(168), "7d"),
        (Duration::from_mins(90), "1h30m"),
        (Duration::from_millis(1250), "1250ms"),
        (Duration::ZERO, "0s"),
    ] {
        assert_eq!(CursorStep::Time(span).to_string(), expected);
    }
    assert_eq!(CursorStep::number("2.50").unwrap().to_string(), "2.5");
}

#[test]
fn a_value_of_another_type_is_named_with_a_way_out() {
    let error = CursorFormat::new(CursorType::Timestamp)
        .key(text("yesterday"))
        .unwrap_err();
    assert_eq!(error.to_string(), "`yesterday` is not a timestamp");
    assert!(error.hint().unwrap().contains("incremental.type"));
    let error = CursorFormat::new(CursorType::Timestamp)
        .key(RawCursor::Number("17"))
        .unwrap_err();
    assert!(matches!(error, CursorError::NeedsFormat { .. }));
    assert!(error.hint().unwrap().contains("unix_ms"));
    assert!(
        CursorFormat::new(CursorType::Int)
            .key(RawCursor::Number("1.5"))
            .is_err()
    );
}

#[test]
fn zones_and_formats_that_do_not_exist_are_refused() {
    for name in ["Mars", "+25:00", "+1", ""] {
        assert!(Zone::parse(name).is_err(), "{name}");
    }
    assert!(Zone::parse("-0530").is_ok());
    for name in ["iso", "", "%!"] {
        assert_eq!(TimeFormat::parse(name), None, "{name}");
    }
}

proptest! {
    #[test]
    fn the_order_of_keys_is_the_order_of_time(
        one in 0_i64..4_000_000_000, other in 0_i64..4_000_000_000, offset in -14_i64..14
    ) {
        let format = CursorFormat::new(CursorType::Timestamp);
        let first = crate::format_timestamp(one * 1_000_000);
        let mut second = crate::format_timestamp((other + offset * 3600) * 1_000_000);
        second.pop();
        let sign = if offset < 0 { '-' } else { '+' };
        second = format!("{second}{sign}{:02}:00", offset.abs());
        let keys = (format.key(text(&first)).unwrap(), format.key(text(&second)).unwrap());
        prop_assert_eq!(keys.0.cmp(&keys.1), one.cmp(&other));
    }

    #[test]
    fn no_text_makes_a_reader_panic(value in "\\PC{0,24}") {
        for cursor_type in CursorType::WORDS {
            for name in ["unix", "unix_ms", "%d.%m.%Y %H:%M:%S", "%s"] {
                let format = format(cursor_type.parse().unwrap(), name, "Europe/Berlin");
                let _ = format.key(text(&value));
                let _ = format.key(RawCursor::Number(&value));
            }
        }
    }

    #[test]
    fn a_zone_goes_there_and_back(instant in 0_i64..2_000_000_000_000_000) {
        let zone = Zone::parse("America/New_York").unwrap();
        let wall = zone.to_wall(instant);
        let back = zone.to_instant(wall).unwrap();
        // The hour that a change of the clock repeats is read as the first of the two.
        prop_assert!(back == instant || back == instant - 3_600_000_000);
    }
}

use std::fmt;

use jiff::Span;
use jiff::civil::Date;

use crate::error::ConfigErrorKind;

/// Whole numbers or dates from one to the other, both included, with equal steps between them.
///
/// ```
/// use apiduct_config::seed::Range;
///
/// let months = Range::parse("2024-01-31", "2024-03-31", Some("1mo")).unwrap();
/// let rows: Vec<Box<str>> = months.rows().collect();
/// assert_eq!(&*rows[1], r#"{"value":"2024-02-29","next":"2024-03-31"}"#);
/// assert_eq!(rows.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Range(Ends);

#[derive(Debug, Clone, PartialEq)]
enum Ends {
    Whole { from: i64, to: i64, step: i64 },
    Dates { from: Date, to: Date, step: Step },
}

/// A number of calendar units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    count: i32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

impl Range {
    /// Reads the ends and the step; without one it is 1, or one day.
    ///
    /// # Errors
    /// The key that is wrong (`from`, `to` or `step`) and why.
    pub fn parse(
        from: &str,
        to: &str,
        step: Option<&str>,
    ) -> Result<Self, (&'static str, Box<ConfigErrorKind>)> {
        let ends = match (from.trim().parse::<i64>(), parse_date(from)) {
            (Ok(first), _) => Ends::Whole {
                from: first,
                to: to.trim().parse().map_err(|_| malformed("to", to, WHOLE))?,
                step: match step {
                    None => 1,
                    Some(text) => match text.trim().parse() {
                        Ok(0) | Err(_) => return Err(malformed("step", text, WHOLE_STEP)),
                        Ok(step) => step,
                    },
                },
            },
            (_, Some(first)) => Ends::Dates {
                from: first,
                to: parse_date(to).ok_or_else(|| malformed("to", to, DATE))?,
                step: match step {
                    None => Step {
                        count: 1,
                        unit: Unit::Day,
                    },
                    Some(text) => {
                        parse_step(text).ok_or_else(|| malformed("step", text, DATE_STEP))?
                    }
                },
            },
            _ => return Err(malformed("from", from, EITHER)),
        };
        let range = Self(ends);
        if range.rows().next().is_none() {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("no step leads from `{from}` to `{to}`"),
                hint: Some("exchange `from` and `to`, or turn the step around".to_owned()),
            };
            return Err(("to", Box::new(kind)));
        }
        Ok(range)
    }

    /// The rows in order, made one by one: objects with the number or date as `value`, and where the following one
    /// begins as `next`.
    pub fn rows(&self) -> Box<dyn Iterator<Item = Box<str>> + Send> {
        match self.0 {
            Ends::Whole { from, to, step } => {
                let values = std::iter::successors(Some(from), move |one| one.checked_add(step));
                let is_inside = move |one: &i64| if step > 0 { *one <= to } else { *one >= to };
                Box::new(values.take_while(is_inside).map(move |one| {
                    let next = i128::from(one) + i128::from(step);
                    format!("{{\"value\":{one},\"next\":{next}}}").into()
                }))
            }
            Ends::Dates { from, to, step } => {
                // Counted from the first date, so that the end of a short month does not shorten those behind it.
                let at = move |index: i32| from.checked_add(step.times(index)?).ok();
                let is_inside = move |one: &Date| {
                    if step.count > 0 {
                        *one <= to
                    } else {
                        *one >= to
                    }
                };
                let dates = (0..i32::MAX).map_while(move |index| {
                    let date = at(index).filter(is_inside)?;
                    let next = at(index + 1)
                        .map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
                    Some(format!("{{\"value\":\"{date}\",\"next\":{next}}}").into())
                });
                Box::new(dates)
            }
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ends::Whole { from, to, step } => write!(f, "{from} to {to} by {step}"),
            Ends::Dates { from, to, step } => {
                let unit = match step.unit {
                    Unit::Day => "d",
                    Unit::Week => "w",
                    Unit::Month => "mo",
                    Unit::Year => "y",
                };
                write!(f, "{from} to {to} by {}{unit}", step.count)
            }
        }
    }
}

impl Step {
    fn times(self, index: i32) -> Option<Span> {
        let count = i64::from(self.count).checked_mul(i64::from(index))?;
        // Spans have bounds of their own, which lie beyond the calendar's.
        let span = Span::new();
        match self.unit {
            Unit::Day => span.try_days(count),
            Unit::Week => span.try_weeks(count),
            Unit::Month => span.try_months(count),
            Unit::Year => span.try_years(count),
        }
        .ok()
    }
}

const EITHER: (&str, &str) = ("a whole number or a date", "`1` or `2024-01-31`");
const WHOLE: (&str, &str) = ("a whole number, as `from` is", "`100`");
const WHOLE_STEP: (&str, &str) = ("a whole number other than 0", "`10`");
const DATE: (&str, &str) = ("a date, as `from` is", "`2024-12-31`");
const DATE_STEP: (&str, &str) = (
    "a number of days, weeks, months or years",
    "`7d`, `1w`, `1mo` or `1y`",
);

fn malformed(
    key: &'static str,
    value: &str,
    (expected, example): (&'static str, &'static str),
) -> (&'static str, Box<ConfigErrorKind>) {
    let kind = ConfigErrorKind::Malformed {
        value: value.to_owned(),
        expected,
        example,
    };
    (key, Box::new(kind))
}

/// `2024-01-31` and nothing else.
fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    text.parse().ok().filter(|_| is_plain)
}

fn parse_step(text: &str) -> Option<Step> {
    let text = text.trim();
    let end = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let count = text[..end]
        .trim()
        .parse()
        .ok()
        .filter(|count| *count != 0)?;
    let unit = match &text[end..] {
        "d" | "day" | "days" => Unit::Day,
        "w" | "week" | "weeks" => Unit::Week,
        "mo" | "month" | "months" => Unit::Month,
        "y" | "year" | "years" => Unit::Year,
        _ => return None,
    };
    Some(Step { count, unit })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(from: &str, to: &str, step: Option<&str>) -> Vec<String> {
        let range = Range::parse(from, to, step).unwrap();
        let value = |row: Box<str>| {
            let row: serde_json::Value = serde_json::from_str(&row).unwrap();
            row["value"]
                .as_str()
                .map_or_else(|| row["value"].to_string(), str::to_owned)
        };
        range.rows().map(value).collect()
    }

    #[test]
    fn both_ends_are_part_of_a_range() {
        assert_eq!(values("1", "3", None), ["1", "2", "3"]);
        assert_eq!(values("0", "10", Some("4")), ["0", "4", "8"]);
        assert_eq!(values("3", "1", Some("-1")), ["3", "2", "1"]);
        assert_eq!(
            values("2024-02-28", "2024-03-01", None),
            ["2024-02-28", "2024-02-29", "2024-03-01"]
        );
        assert_eq!(
            values("2024-01-01", "2024-01-20", Some("1w")),
            ["2024-01-01", "2024-01-08", "2024-01-15"]
        );
        assert_eq!(
            values("2024-01-31", "2024-04-30", Some("1 month")),
            ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
        );
        assert_eq!(
            values("2024-01-02", "2024-01-01", Some("-1d")),
            ["2024-01-02", "2024-01-01"]
        );
        assert_eq!(values("9999-12-31", "9999-12-31", None), ["9999-12-31"]);
        assert_eq!(
            values("9223372036854775807", "9223372036854775807", None),
            ["9223372036854775807"]
        );
    }

    #[test]
    fn what_cannot_be_a_range_names_its_key() {
        for (from, to, step, key, reason) in [
            (
                "a",
                "3",
                None,
                "from",
                "`a` is not a whole number or a date",
            ),
            (
                "1",
                "2024-01-01",
                None,
                "to",
                "`2024-01-01` is not a whole number, as `from` is",
            ),
            (
                "2024-01-01",
                "3",
                None,
                "to",
                "`3` is not a date, as `from` is",
            ),
            (
                "2024-01-01T00:00:00",
                "2024-01-02",
                None,
                "from",
                "`2024-01-01T00:00:00` is not a whole number or a date",
            ),
            (
                "1",
                "3",
                Some("0"),
                "step",
                "`0` is not a whole number other than 0",
            ),
            (
                "1",
                "3",
                Some("1d"),
                "step",
                "`1d` is not a whole number other than 0",
            ),
            (
                "2024-01-01",
                "2024-01-02",
                Some("1"),
                "step",
                "`1` is not a number of days, weeks, months or years",
            ),
            (
                "2024-01-01",
                "2024-01-02",
                Some("0d"),
                "step",
                "`0d` is not a number of days, weeks, months or years",
            ),
            ("3", "1", None, "to", "no step leads from `3` to `1`"),
        ] {
            let (found, kind) = Range::parse(from, to, step).unwrap_err();
            assert_eq!((found, kind.to_string().as_str()), (key, reason));
        }
    }

    proptest! {
        #[test]
        fn a_range_of_numbers_has_equal_steps_inside_its_ends(from in -1000_i64..1000, count in 0_i64..50, step in 1_i64..20, rest in 0_i64..20) {
            let to = from + count * step + rest.min(step - 1);
            let found = values(&from.to_string(), &to.to_string(), Some(&step.to_string()));
            let expected: Vec<String> = (0..=count).map(|at| (from + at * step).to_string()).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_text_makes_the_reader_panic(from in "\\PC{0,12}|[0-9-]{0,12}", step in "\\PC{0,8}|-?[0-9]{0,20}(d|w|mo|y)") {
            let _ = Range::parse(&from, "2024-01-01", Some(&step)).map(|range| range.rows().take(3).count());
            let _ = Range::parse("2000-01-01", &from, Some(&step)).map(|range| range.rows().take(3).count());
        }
    }
}

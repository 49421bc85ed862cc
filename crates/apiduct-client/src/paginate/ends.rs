//! What page numbers and offsets have in common: the rules that end them.

use apiduct_json::{Captured, Selector};
use apiduct_model::Scalar;

use super::{PaginateError, Position, Reason, Setting, SetupError, Step};
use crate::Page;

/// Where the API says how much there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TotalPath {
    /// At `total`, where most APIs have it. When it is missing, or is no positive number, the other conditions decide.
    #[default]
    Usual,
    /// At this path. A page without it is an error.
    Required(Setting<Selector>),
    /// At this path. When it is missing, or is no positive number, the other conditions decide.
    Optional(Setting<Selector>),
    /// Nowhere: the other conditions decide.
    Unknown,
}

impl TotalPath {
    /// The selector to capture, or the mistake in it.
    fn check(&self) -> Result<Option<Selector>, SetupError> {
        match self {
            Self::Usual => Ok(Some(Selector::from_keys(&["total"]))),
            Self::Required(path) | Self::Optional(path) => {
                path.check("total_path").cloned().map(Some)
            }
            Self::Unknown => Ok(None),
        }
    }

    /// What to say about it in a description.
    fn describe(&self, unit: &str) -> Option<String> {
        match self {
            Self::Usual => Some(format!("total{unit} at `total` if given")),
            Self::Required(path) => Some(format!("total{unit} at `{path}`")),
            Self::Optional(path) => Some(format!("total{unit} at `{path}` if given")),
            Self::Unknown => None,
        }
    }
}

/// Empty text means that there is no total; any other is required from then on.
impl From<&str> for TotalPath {
    fn from(path: &str) -> Self {
        if path.trim().is_empty() {
            Self::Unknown
        } else {
            Self::Required(path.into())
        }
    }
}

impl From<Selector> for TotalPath {
    fn from(path: Selector) -> Self {
        Self::Required(path.into())
    }
}

/// `None` means that there is no total.
impl<T: Into<TotalPath>> From<Option<T>> for TotalPath {
    fn from(path: Option<T>) -> Self {
        path.map_or(Self::Unknown, T::into)
    }
}

/// The settings that end a numeric paginator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<'p> {
    pub(super) total_path: &'p TotalPath,
    pub(super) has_more_path: Option<&'p Setting<Selector>>,
    pub(super) stop_after_empty_page: bool,
    /// The bound as configured, and the first position behind it.
    pub(super) maximum: Option<(u64, u64)>,
    /// The name of the setting that gives the bound.
    pub(super) maximum_field: &'static str,
}

impl Ends<'_> {
    pub(super) fn validate(&self) -> Result<(), SetupError> {
        self.total_path.check()?;
        has_more_selector(self.has_more_path)?;
        let can_end = self.stop_after_empty_page
            || self.maximum.is_some()
            || self.has_more_path.is_some()
            || *self.total_path != TotalPath::Unknown;
        if can_end {
            Ok(())
        } else {
            Err(SetupError::NoEnd {
                maximum: self.maximum_field,
            })
        }
    }

    pub(super) fn needs(&self) -> Vec<Selector> {
        let total = self.total_path.check().ok().flatten();
        total
            .into_iter()
            .chain(
                has_more_selector(self.has_more_path)
                    .ok()
                    .flatten()
                    .cloned(),
            )
            .collect()
    }

    /// Whether the page at `next` is to be fetched after `page`; `base` is the position of the very first page.
    pub(super) fn step(&self, page: &Page, next: u64, base: u64) -> Result<Step, PaginateError> {
        let done = |reason| Ok(Step::Done(reason));
        if self.stop_after_empty_page && page.is_empty() {
            return done(Reason::EmptyPage);
        }
        let total = self.total(page)?;
        if let Some(total) = total
            && next >= total.saturating_add(base)
        {
            return done(Reason::TotalReached { total });
        }
        if let Some((maximum, bound)) = self.maximum
            && next >= bound
        {
            return done(Reason::MaximumReached { maximum });
        }
        if let Some(selector) = has_more_selector(self.has_more_path)?
            && !has_more(page, selector)?
        {
            return done(Reason::HasMoreFalse);
        }
        Ok(Step::Next(Position::Number(next)))
    }

    /// What is at `next`, as far as that can be told without a page.
    pub(super) fn beyond(&self, next: Option<u64>) -> Option<Step> {
        let next = next?;
        Some(match self.maximum {
            Some((maximum, bound)) if next >= bound => {
                Step::Done(Reason::MaximumReached { maximum })
            }
            _ => Step::Next(Position::Number(next)),
        })
    }

    /// `next` as a position, if `page` says that there is something and no bound is in the way.
    pub(super) fn ahead(&self, page: &Page, next: u64, base: u64) -> Option<Position> {
        let total = self.total(page).ok().flatten()?;
        let is_bounded = self.maximum.is_some_and(|(_, bound)| next >= bound);
        (next < total.saturating_add(base) && !is_bounded).then_some(Position::Number(next))
    }

    /// The total that `page` gives, in the paginator's unit.
    ///
    /// # Errors
    ///
    /// When the total is required and is missing or not a number; also when nothing else could end the pagination.
    pub(super) fn total(&self, page: &Page) -> Result<Option<u64>, PaginateError> {
        let Some(selector) = self.total_path.check()? else {
            return Ok(None);
        };
        let total = whole_number(page.captured(&selector), &selector);
        if matches!(self.total_path, TotalPath::Required(_)) {
            return total.map(Some);
        }
        let is_only_end =
            !self.stop_after_empty_page && self.maximum.is_none() && self.has_more_path.is_none();
        match total {
            Ok(0) if !page.is_empty() => Ok(None),
            Ok(total) => Ok(Some(total)),
            Err(error) if is_only_end => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The parts of a description that tell how it ends.
    pub(super) fn describe(&self, unit: &str) -> String {
        let maximum = self
            .maximum
            .map(|(maximum, _)| format!("`{}` {maximum}", self.maximum_field));
        let has_more = self
            .has_more_path
            .map(|path| format!("has-more at `{path}`"));
        let empty = self
            .stop_after_empty_page
            .then(|| "until an empty page".to_owned());
        let parts = [self.total_path.describe(unit), maximum, has_more, empty];
        let mut text = String::new();
        for part in parts.into_iter().flatten() {
            text.push_str(", ");
            text.push_str(&part);
        }
        text
    }
}

/// The selector of the setting `has_more_path`, if there is one.
pub(super) fn has_more_selector(
    path: Option<&Setting<Selector>>,
) -> Result<Option<&Selector>, SetupError> {
    path.map(|path| path.check("has_more_path")).transpose()
}

/// What `page` says at `selector` about there being more.
///
/// # Errors
///
/// When there is nothing, or something that is neither a boolean nor a word for one.
pub(super) fn has_more(page: &Page, selector: &Selector) -> Result<bool, PaginateError> {
    let captured = page.captured(selector);
    let truth = match captured {
        Captured::Absent | Captured::Scalar(Scalar::Null) => {
            return Err(PaginateError::Missing {
                what: "has_more",
                path: selector.to_string(),
            });
        }
        Captured::Scalar(Scalar::Bool(truth)) => Some(*truth),
        Captured::Scalar(Scalar::Text(text)) => truth_in_words(text),
        _ => None,
    };
    truth.ok_or_else(|| wrong("has_more", selector, "a boolean", captured))
}

fn truth_in_words(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "t" | "y" | "1" => Some(true),
        "no" | "false" | "f" | "n" | "0" => Some(false),
        _ => None,
    }
}

fn whole_number(captured: &Captured, selector: &Selector) -> Result<u64, PaginateError> {
    if captured.is_none() {
        return Err(PaginateError::Missing {
            what: "total",
            path: selector.to_string(),
        });
    }
    captured
        .scalar()
        .and_then(to_whole_number)
        .ok_or_else(|| wrong("total", selector, "a whole number", captured))
}

/// The scalar as a whole number: fractions are cut off, texts read, booleans are 1 and 0. What is below zero
/// counts as zero, what is too large as the largest.
pub(crate) fn to_whole_number(scalar: &Scalar) -> Option<u64> {
    match scalar {
        Scalar::Null => None,
        Scalar::Bool(truth) => Some(u64::from(*truth)),
        Scalar::Text(text) => digits(text.trim()),
        Scalar::Number(text) => digits(text).or_else(|| cut_off(text)),
    }
}

fn digits(text: &str) -> Option<u64> {
    let (is_negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let is_well_formed = digits
        .split('_')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_well_formed {
        return None;
    }
    if is_negative {
        return Some(0);
    }
    Some(digits.replace('_', "").parse().unwrap_or(u64::MAX))
}

fn cut_off(text: &str) -> Option<u64> {
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates at both ends, which is what is wanted"
    )]
    Some(number.trunc() as u64)
}

/// The error for a value that is of no use.
pub(super) fn wrong(
    what: &'static str,
    path: &impl ToString,
    expected: &'static str,
    found: &Captured,
) -> PaginateError {
    let found = match found {
        Captured::Absent => "nothing".to_owned(),
        Captured::Json(text) if text.starts_with('[') => "a list".to_owned(),
        Captured::Json(_) => "an object".to_owned(),
        Captured::Scalar(Scalar::Text(text)) if text.chars().count() > 40 => {
            "a long text".to_owned()
        }
        Captured::Scalar(scalar) => format!("`{}`", scalar.to_json()),
    };
    PaginateError::WrongValue {
        what,
        path: path.to_string(),
        expected,
        found,
    }
}

#[cfg(test)]
mod tests;

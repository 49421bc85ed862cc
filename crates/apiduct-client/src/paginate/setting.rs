//! Settings of paginators, and the mistakes that can be in them.

use std::fmt;
use std::str::FromStr;

use apiduct_json::Selector;
use apiduct_model::Scalar;

use super::PaginateError;
use crate::Request;
use crate::inject::{BodyPath, Inject};

/// A setting that is written as text: what it means, or why it means nothing.
///
/// Builders take texts without failing; the mistake is reported by [`validate`](super::Paginator::validate),
/// which runs before the first request.
///
/// ```
/// use apiduct_client::paginate::{JsonLink, Paginator};
///
/// assert!(JsonLink::new("links.next").validate().is_ok());
/// assert!(JsonLink::new("links..").validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting<T> {
    /// What was written makes sense.
    Valid(T),
    /// What was written does not.
    Invalid {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl<T> Setting<T> {
    /// The setting's meaning, if it has one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Valid(value) => Some(value),
            Self::Invalid { .. } => None,
        }
    }

    /// The setting's meaning, or the mistake in it under the name `field`.
    pub(super) fn check(&self, field: &'static str) -> Result<&T, SetupError> {
        match self {
            Self::Valid(value) => Ok(value),
            Self::Invalid { text, problem } => Err(SetupError::BadPath {
                field,
                text: text.clone(),
                problem: problem.clone(),
            }),
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> From<&str> for Setting<T> {
    fn from(text: &str) -> Self {
        match text.parse() {
            Ok(value) => Self::Valid(value),
            Err(error) => Self::Invalid {
                text: text.to_owned(),
                problem: error.to_string(),
            },
        }
    }
}

impl<T: FromStr<Err: fmt::Display>> From<String> for Setting<T> {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Selector> for Setting<Selector> {
    fn from(selector: Selector) -> Self {
        Self::Valid(selector)
    }
}

impl From<BodyPath> for Setting<BodyPath> {
    fn from(path: BodyPath) -> Self {
        Self::Valid(path)
    }
}

impl<T: fmt::Display> fmt::Display for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid(value) => value.fmt(f),
            Self::Invalid { text, .. } => f.write_str(text),
        }
    }
}

/// A setting of a paginator that cannot work, found before the first request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A value would go to two places.
    #[error("either `{param}` or `{body_path}` must be provided, not both")]
    TwoPlaces {
        /// The setting that names the one place, as a rule a query parameter.
        param: &'static str,
        /// The setting that names the other, as a rule a place in the body.
        body_path: &'static str,
    },
    /// A value would go nowhere.
    #[error("either `{param}` or `{body_path}` must be provided")]
    NoPlace {
        /// The setting that names a query parameter.
        param: &'static str,
        /// The setting that names a place in the body.
        body_path: &'static str,
    },
    /// A name is empty.
    #[error("`{field}` must not be empty")]
    Empty {
        /// The setting.
        field: &'static str,
    },
    /// Nothing could ever end the pagination.
    #[error(
        "one of `total_path`, `{maximum}`, `has_more_path` and `stop_after_empty_page` must be set"
    )]
    NoEnd {
        /// The setting that bounds this paginator.
        maximum: &'static str,
    },
    /// A number that must be at least one is zero.
    #[error("`{field}` must be at least 1")]
    Zero {
        /// The setting.
        field: &'static str,
    },
    /// A path cannot be read.
    #[error("`{field}` cannot be read: {problem}")]
    BadPath {
        /// The setting.
        field: &'static str,
        /// What was written.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A header name that no header can have.
    #[error("`{field}` is `{name}`, which cannot be the name of a header")]
    BadHeader {
        /// The setting.
        field: &'static str,
        /// What was written.
        name: String,
    },
}

impl From<SetupError> for PaginateError {
    fn from(error: SetupError) -> Self {
        Self::Setup {
            problem: error.to_string(),
        }
    }
}

/// The settings that say where a value goes, one of which may be given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlaceSettings<'p> {
    pub(super) param: Option<&'p str>,
    pub(super) body_path: Option<&'p Setting<BodyPath>>,
    pub(super) header: Option<&'p str>,
    /// The names of the three settings.
    pub(super) fields: (&'static str, &'static str, &'static str),
    /// The parameter when none is given; without it, one must be.
    pub(super) default: Option<&'static str>,
}

impl<'p> PlaceSettings<'p> {
    /// The settings `cursor_param`, `cursor_body_path` and `cursor_header`; `default` is the parameter when none is given.
    pub(super) fn cursor(
        param: Option<&'p str>,
        body_path: Option<&'p Setting<BodyPath>>,
        header: Option<&'p str>,
        default: &'static str,
    ) -> Self {
        Self {
            param,
            body_path,
            header,
            fields: ("cursor_param", "cursor_body_path", "cursor_header"),
            default: Some(default),
        }
    }

    /// Where the value goes.
    ///
    /// # Errors
    ///
    /// [`SetupError`] when several places are given, or one is empty or cannot be read.
    pub(super) fn place(self) -> Result<Inject, SetupError> {
        let (param_field, path_field, header_field) = self.fields;
        let is_empty_path =
            matches!(self.body_path, Some(Setting::Invalid { text, .. }) if text.trim().is_empty());
        for (is_empty, field) in [
            (self.param == Some(""), param_field),
            (is_empty_path, path_field),
            (
                self.header.is_some_and(|name| name.trim().is_empty()),
                header_field,
            ),
        ] {
            if is_empty {
                return Err(SetupError::Empty { field });
            }
        }
        match (self.param, self.body_path, self.header) {
            (Some(_), Some(_), _) => Err(two_places(param_field, path_field)),
            (Some(_), _, Some(_)) => Err(two_places(param_field, header_field)),
            (_, Some(_), Some(_)) => Err(two_places(path_field, header_field)),
            (None, Some(path), None) => Ok(Inject::BodyPath(path.check(path_field)?.clone())),
            (None, None, Some(name)) => Inject::header(name).map_err(|_| SetupError::BadHeader {
                field: header_field,
                name: name.to_owned(),
            }),
            (param, None, None) => match param.or(self.default) {
                Some(name) => Ok(Inject::query(name)),
                None => Err(SetupError::NoPlace {
                    param: param_field,
                    body_path: path_field,
                }),
            },
        }
    }
}

/// Whether a value can be written to `place` in `request`, found out on a copy.
pub(super) fn fits(place: &Inject, request: &Request) -> Result<(), PaginateError> {
    match place {
        Inject::BodyPath(_) => Ok(place.write(&Scalar::from(0), &mut request.clone())?),
        _ => Ok(()),
    }
}

/// A place, or the mistake in it, for sentences about a paginator.
pub(super) fn describe(place: Result<Inject, SetupError>) -> String {
    place.map_or_else(|error| error.to_string(), |place| place.to_string())
}

fn two_places(param: &'static str, body_path: &'static str) -> SetupError {
    SetupError::TwoPlaces { param, body_path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(param: Option<&str>, body_path: Option<&str>) -> Result<Inject, SetupError> {
        let body_path = body_path.map(Setting::from);
        PlaceSettings {
            param,
            body_path: body_path.as_ref(),
            fields: ("page_param", "page_body_path", "page_header"),
            default: Some("page"),
            ..PlaceSettings::default()
        }
        .place()
    }

    #[test]
    fn one_place_is_taken_and_none_means_the_default() {
        assert_eq!(place(None, None), Ok(Inject::query("page")));
        assert_eq!(place(Some("p"), None), Ok(Inject::query("p")));
        let path = Inject::body_path("a.p").unwrap();
        assert_eq!(place(None, Some("a.p")), Ok(path));
    }

    #[test]
    fn two_places_and_empty_ones_are_refused() {
        let error = place(Some("p"), Some("a.p")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "either `page_param` or `page_body_path` must be provided, not both"
        );
        for (param, path) in [
            (Some(""), None),
            (None, Some("")),
            (Some(""), Some("")),
            (None, Some(" ")),
        ] {
            let error = place(param, path).unwrap_err();
            assert!(matches!(error, SetupError::Empty { .. }), "{error}");
        }
    }

    #[test]
    fn a_header_is_a_place_like_the_others() {
        let place = |param, header, default| {
            let settings = PlaceSettings {
                param,
                header,
                fields: ("cursor_param", "cursor_body_path", "cursor_header"),
                default,
                ..PlaceSettings::default()
            };
            settings.place()
        };
        let header = Inject::header("x-next").unwrap();
        assert_eq!(place(None, Some("X-Next"), Some("after")), Ok(header));
        for (param, header, default, expected) in [
            (
                Some("a"),
                Some("b"),
                None,
                "either `cursor_param` or `cursor_header` must be provided, not both",
            ),
            (None, Some(""), None, "`cursor_header` must not be empty"),
            (
                None,
                Some("a b"),
                None,
                "`cursor_header` is `a b`, which cannot be the name of a header",
            ),
            (
                None,
                None,
                None,
                "either `cursor_param` or `cursor_body_path` must be provided",
            ),
        ] {
            let error = place(param, header, default).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_path_that_cannot_be_read_keeps_its_mistake() {
        let error = place(None, Some("a[")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`page_body_path` cannot be read: "),
            "{error}"
        );
        let setting = Setting::<Selector>::from("a..");
        assert_eq!(setting.to_string(), "a..");
        assert_eq!(setting.value(), None);
    }
}

//! What happens when one row of the parent fails.

use super::{key, words};
use crate::spec::table::{Key, Kind, Object, Words};

static ACTIONS: Words = words(
    "way to go on after an error",
    &["fail", "skip", "dead_letter"],
);

static ACTION: Kind = Kind::Word(&ACTIONS);

pub(crate) static ON_ERROR: Object = Object {
    name: "on_error",
    what: "`on_error`",
    doc: "What happens when the pages of one row of the parent cannot be had.",
    misplaced: &[],
    keys: &[
        key(
            "action",
            Kind::Word(&ACTIONS),
            "The run ends (`fail`), or goes on with the other rows and ends as incomplete (`skip`), and lists what failed in table `_apiduct_rejected` (`dead_letter`).",
        )
        .required(),
        key(
            "max_share",
            Kind::Number,
            "The share of rows that may fail, from 0 to 1; more end the run.",
        )
        .or("0.1"),
        key(
            "min_failures",
            Kind::Integer { min: 0 },
            "So many rows may fail whatever their share, unless all do.",
        )
        .or("10"),
    ],
};

pub(crate) const ON_ERROR_KEY: Key = key(
    "on_error",
    Kind::Short(&ACTION, &ON_ERROR),
    "What happens when the pages of one row of the parent cannot be had; a text is the `action`.",
)
.or("fail");

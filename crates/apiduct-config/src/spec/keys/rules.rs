//! Rules about answers.

use super::{PLAIN, key, words};
use crate::spec::table::{Kind, Object, Words};

static ACTIONS: Words = Words {
    later: &[(
        "raise",
        "leave the rule out: error statuses end the run anyway; `fail` is for others",
    )],
    ..words(
        "action",
        &[
            "ignore",
            "stop",
            "skip_page",
            "skip_parent",
            "retry",
            "refresh_auth",
            "fail",
            "accept",
        ],
    )
};

const SEVERAL_STATUSES: Kind = Kind::OneOrMany(&Kind::Status);

pub(crate) static RESPONSE_ACTION: Object = Object {
    name: "response_action",
    what: "a response action",
    doc: "What is done with answers that look a certain way; all conditions that are given must hold.",
    misplaced: &[],
    keys: &[
        key(
            "status_code",
            SEVERAL_STATUSES,
            "The status: `404`, `4xx`, `500-504`, or a list of them.",
        )
        .also(&["status"]),
        key(
            "header",
            Kind::Short(&PLAIN, &HEADER_TEST),
            "A header that is there; a text is its name.",
        ),
        key(
            "selector",
            Kind::Selector,
            "JSONPath: something other than null is there.",
        ),
        key(
            "equals",
            PLAIN,
            "What the selector has to find, numbers and booleans as text.",
        ),
        key(
            "content",
            PLAIN,
            "A text that the body contains; upper and lower case differ.",
        )
        .also(&["text"]),
        key(
            "pattern",
            PLAIN,
            "A regular expression that has a match in the body.",
        ),
        key(
            "action",
            Kind::Word(&ACTIONS),
            "What is done: `stop` (also `ignore`) ends the list, `skip_page`, `skip_parent`, `retry`, `refresh_auth`, `fail`, `accept`.",
        )
        .required(),
        key(
            "delay",
            Kind::Duration,
            "The wait of a `retry`, in place of the usual one.",
        ),
        key("message", PLAIN, "What a `fail` tells."),
    ],
};

pub(crate) static HEADER_TEST: Object = Object {
    name: "header_test",
    what: "a condition on a header",
    doc: "What a header of the answer has to be.",
    misplaced: &[],
    keys: &[
        key("name", PLAIN, "Its name.").required(),
        key("equals", PLAIN, "Its value."),
        key("contains", PLAIN, "A part of its value."),
    ],
};

pub(crate) static EXPECT: Object = Object {
    name: "expect",
    what: "`expect`",
    doc: "What every good answer with a body has to look like; anything else ends the run.",
    misplaced: &[],
    keys: &[
        key(
            "status_code",
            SEVERAL_STATUSES,
            "The status: `200`, `2xx`, or a list of them.",
        )
        .also(&["status"]),
        key(
            "content_type",
            PLAIN,
            "The media type, without parameters; `*` may stand for a part.",
        ),
        key(
            "selector",
            Kind::Selector,
            "JSONPath: something is there, `null` included.",
        ),
    ],
};

//! Sizes: of pages, of lists, and where counting begins.

use serde_json::Value;

use crate::api::Param;
use crate::findings::PageSize;
use crate::shape::Shape;
use crate::words::{flat, says_any, words};

/// A page is asked for with so many records at most, whatever the API allows.
const MAX_PAGE_SIZE: u64 = 1_000;

const LIMIT: &[&str] = &[
    "limit",
    "perpage",
    "pagesize",
    "size",
    "count",
    "maxresults",
    "resultsperpage",
    "top",
    "pagelimit",
    "num",
    "rows",
    "take",
    "maxitems",
    "itemsperpage",
    "maxrecords",
    "recordsperpage",
    "max",
    "pagecount",
    "resultcount",
    "maxcount",
    "numresults",
    "countperpage",
    "first",
    "amount",
    "batchsize",
    "entriesperpage",
    "pageLength",
    "length",
    "results",
    "maxpagesize",
    "paginationlimit",
    "paginationsize",
    "paginationcount",
    "maxlimit",
    "n",
    "articlesperpage",
];

/// Whether a parameter says how many records a page has.
pub(crate) fn is_limit(param: &Param<'_>) -> bool {
    limit_rank(param) > 0
}

/// How well a parameter fits for that; 0 for not at all.
pub(crate) fn limit_rank(param: &Param<'_>) -> u8 {
    let is_number = param.is_number() || param.shape.is("string");
    if !is_number || param.shape.is("boolean") {
        return 0;
    }
    let name = &param.flat;
    match LIMIT.iter().position(|one| *one == name) {
        Some(0..=2) => return 9,
        Some(3 | 5..=9) => return 8,
        Some(_) if param.is_number() || param.wording.is_empty() => return 6,
        Some(_) => return 5,
        None => {}
    }
    let all = words(param.name);
    if all.len() > 2 && all[all.len() - 2..] == ["per", "page"] {
        return 7;
    }
    let is_size = says_any(
        &param.wording,
        &[
            "page size",
            "results per page",
            "items per page",
            "number of results to return",
            "size of the page",
        ],
    );
    if is_size && param.is_number() { 4 } else { 0 }
}

/// The size to ask for: the stated maximum, else the default.
pub(crate) fn page_size(param: &Param<'_>) -> PageSize {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let maximum = param
        .shape
        .maximum
        .filter(|one| *one >= 1.0 && *one < 1e9)
        .map(whole)
        .or_else(|| stated_maximum(&param.wording));
    let value = maximum
        .map(|one| one.min(MAX_PAGE_SIZE))
        .or_else(|| param.default.and_then(number))
        .filter(|one| *one > 0);
    PageSize {
        param: param.name.to_owned(),
        value,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the callers"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// A maximum in words: "up to 100", "max 50", "between 1 and 100".
fn stated_maximum(wording: &str) -> Option<u64> {
    let text = wording.to_lowercase();
    let phrases = [
        "maximum of ",
        "max of ",
        "maximum: ",
        "max: ",
        "maximum is ",
        "max is ",
        "maximum ",
        "max ",
        "up to ",
        "must not exceed ",
        "cannot exceed ",
        "no more than ",
        "between 1 and ",
        "between 0 and ",
        "limit of ",
        "less than or equal to ",
        "at most ",
    ];
    phrases.iter().find_map(|phrase| {
        let at = text.find(phrase)? + phrase.len();
        let rest = text[at..].trim_start_matches(['`', '*', ' ']);
        let digits: String = rest
            .chars()
            .take_while(|one| one.is_ascii_digit() || *one == ',')
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse().ok().filter(|one| *one > 1)
    })
}

/// Where pages begin to count.
pub(crate) fn first_page(param: &Param<'_>) -> u64 {
    let is_zero = |value: Option<f64>| value == Some(0.0);
    let default = param.default.and_then(Value::as_f64);
    let says_zero = says_any(
        &param.wording,
        &[
            "zero-based",
            "0-based",
            "zero based",
            "zero-indexed",
            "0-indexed",
            "starts at 0",
            "starting at 0",
            "starting from 0",
            "starts from 0",
            "first page is 0",
        ],
    );
    let says_one = says_any(
        &param.wording,
        &["1-based", "one-based", "starts at 1", "starting at 1"],
    );
    u64::from(
        !(is_zero(default)
            || says_zero
            || (default.is_none() && !says_one && is_zero(param.shape.minimum))),
    )
}

/// The total of records among the fields of the answer.
pub(crate) fn total_of_records<'f, 'd: 'f>(
    fields: impl Iterator<Item = (&'f [String], &'f str, &'f Shape<'d>)>,
    records: &[String],
) -> Option<Vec<String>> {
    let beside = &records[..records.len().saturating_sub(1)];
    let mut best: Option<(u8, Vec<String>)> = None;
    let mut is_next_here = false;
    let fields: Vec<_> = fields.collect();
    for (_, norm, _) in &fields {
        is_next_here |= matches!(*norm, "next" | "previous");
    }
    for (path, norm, shape) in fields {
        if !shape.is_integer() && !shape.types.is_empty() {
            continue;
        }
        let mut rank = match flat(norm).as_str() {
            "total" | "totalcount" => 9,
            "totalresults" | "totalitems" | "totalrecords" | "totalsize" | "totalelements"
            | "totalhits" => 8,
            "count"
                if is_next_here || says_any(shape.description.unwrap_or_default(), &["total"]) =>
            {
                5
            }
            _ => continue,
        };
        if path.starts_with(beside) && path.len() == beside.len() + 1 {
            rank += 2;
        }
        if rank > best.as_ref().map_or(0, |one| one.0) {
            best = Some((rank, path.to_vec()));
        }
    }
    best.map(|one| one.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxima_are_read_from_words() {
        for (text, most) in [
            ("Results per page (max 100)", Some(100)),
            ("Up to 1,000 items", Some(1_000)),
            ("A number between 1 and 50.", Some(50)),
            ("The number of items", None),
        ] {
            assert_eq!(stated_maximum(text), most, "{text}");
        }
    }
}

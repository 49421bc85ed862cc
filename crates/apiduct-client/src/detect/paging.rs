//! Which paginator fits a response.

use std::sync::Arc;

use apiduct_json::Selector;
use serde_json::Value;

use super::body::{Envelope, Field, NextRef, OFFSET, Target};
use super::sent::{self, Sent};
use super::{DetectInput, PaginatorFinding, names};
use crate::inject::Inject;
use crate::link_header;
use crate::paginate::{
    Cursor, HeaderCursor, HeaderLink, HeaderUrl, JsonLink, Offset, PageNumber, Paginator,
    PerhapsSinglePage, SinglePage, TotalPath,
};

/// Keys for the size of a page.
const LIMIT: [&str; 7] = [
    "limit",
    "maxresults",
    "take",
    "pagesize",
    "perpage",
    "itemsperpage",
    "size",
];

/// A response, read for what it says about the next page.
struct Clues<'a> {
    input: &'a DetectInput<'a>,
    envelope: Envelope<'a>,
    next: Vec<NextRef<'a>>,
    has_more: Option<(Selector, bool)>,
    sent: Option<Sent>,
}

/// Finds out how the response `input` leads to the next page.
///
/// In this order: a `Link` header; a header that holds a cursor or a link; a link in the body; a total number of pages, or a numeric `next`; a cursor; the
/// number of this page; offset, limit and total; a has-more value; else there is one page. Nothing in the body counts
/// unless there is a record list, and nothing inside a record counts at all.
pub fn paginator(input: &DetectInput<'_>) -> PaginatorFinding {
    if let Some(finding) = header_link(input).or_else(|| header_cursor(input)) {
        return finding;
    }
    let envelope = Envelope::new(input.value, input.selector);
    if !input.is_list || envelope.scopes.is_empty() {
        let reason = if input.value.is_array() {
            "the response is a bare list, and no `Link` header names a next page"
        } else {
            "the response is one record"
        };
        return single_page(vec![reason.to_owned()]);
    }
    let clues = Clues {
        input,
        next: envelope.next_refs(),
        has_more: envelope.has_more(),
        sent: sent::page(input.request),
        envelope,
    };
    clues
        .json_link()
        .or_else(|| clues.total_pages())
        .or_else(|| clues.numeric_next())
        .or_else(|| clues.cursor())
        .or_else(|| clues.current_page())
        .or_else(|| clues.offset())
        .or_else(|| clues.has_more_alone())
        .unwrap_or_else(|| clues.nothing())
}

fn finding(
    paginator: impl Paginator + 'static,
    score: f32,
    reasons: Vec<String>,
) -> PaginatorFinding {
    PaginatorFinding {
        position: paginator.start(),
        paginator: Arc::new(paginator),
        score,
        reasons,
        if_repeated: None,
    }
}

fn single_page(reasons: Vec<String>) -> PaginatorFinding {
    finding(SinglePage, 0.0, reasons)
}

fn header_link(input: &DetectInput<'_>) -> Option<PaginatorFinding> {
    link_header::find(&input.response.headers, "next").filter(|link| !link.target.is_empty())?;
    let reason = "the `Link` header names a next page".to_owned();
    Some(finding(HeaderLink::default(), 1.0, vec![reason]))
}

/// A header like `X-Next-Page: 2`, `Next-Cursor: abc` or `X-Next: https://h/r?page=2`.
fn header_cursor(input: &DetectInput<'_>) -> Option<PaginatorFinding> {
    input.response.headers.iter().find_map(|(name, value)| {
        let bare = name.as_str().trim_start_matches("x-");
        let is_cursor = bare == "cursor" || names::words_after_next(bare).is_some();
        let text = value.to_str().ok().filter(|_| is_cursor)?.trim();
        if text.is_empty() {
            return None;
        }
        if text.contains("://") || text.starts_with(['/', '?']) {
            let reason = format!("header `{name}` is a link");
            return Some(finding(HeaderUrl::new(name.as_str()), 0.9, vec![reason]));
        }
        let parameter = match sent::param_like(input.request, &cursor_name(bare)) {
            Some(own) => own,
            None => cursor_name(bare).replace('-', "_"),
        };
        let reasons = vec![
            format!("header `{name}` holds a cursor"),
            format!("that it goes into query parameter `{parameter}` is a guess"),
        ];
        Some(finding(
            HeaderCursor::new(name.as_str(), parameter),
            0.5,
            reasons,
        ))
    })
}

impl Clues<'_> {
    fn json_link(&self) -> Option<PaginatorFinding> {
        let links = self.next.iter().filter_map(|next| match next.target {
            Target::Link(score) => Some((next, score)),
            _ => None,
        });
        // The first of those that are surest.
        let (next, score) =
            links.reduce(|best, other| if other.1 > best.1 { other } else { best })?;
        let reason = format!("`{}` holds a link", next.selector);
        Some(finding(
            JsonLink::new(next.selector.clone()),
            score,
            vec![reason],
        ))
    }

    /// The number that stands where a page number may be: `next`, `next_page`.
    fn next_number(&self) -> Option<(&NextRef<'_>, u64)> {
        self.next.iter().find_map(|next| match next.target {
            Target::Number(number)
                if next
                    .words
                    .iter()
                    .all(|word| matches!(*word, "page" | "number")) =>
            {
                Some((next, number))
            }
            _ => None,
        })
    }

    fn total_pages(&self) -> Option<PaginatorFinding> {
        let total = self.envelope.total_pages()?;
        let reason = format!(
            "`{}` is the total number of pages, {}",
            total.selector, total.number
        );
        let paginator =
            PageNumber::new().total_path(TotalPath::Optional(total.selector.clone().into()));
        let echo = self.envelope.current_page_beside(&total);
        let current = echo
            .map(|field| (field.number, field.selector))
            .or_else(|| {
                self.next_number()
                    .map(|(next, number)| (number - 1, next.selector.clone()))
            });
        Some(self.numbered(paginator, current.as_ref(), vec![reason]))
    }

    /// Page numbers from what is known about this page: what the response says its number is, and what was asked for.
    fn numbered(
        &self,
        paginator: PageNumber,
        current: Option<&(u64, Selector)>,
        mut reasons: Vec<String>,
    ) -> PaginatorFinding {
        let paginator = match self.sent.as_ref().map(|sent| &sent.place) {
            Some(Inject::Query(name)) => {
                reasons.push(format!("the request carries the page number in `{name}`"));
                paginator.page_param(name)
            }
            Some(Inject::BodyPath(path)) => {
                reasons.push(format!(
                    "the request carries the page number at `{path}` in its body"
                ));
                paginator.page_body_path(path.clone())
            }
            _ => self.with_guessed_place(paginator, &mut reasons),
        };
        let asked = self.sent.as_ref().map(|sent| sent.number);
        let Some(here) = asked.or(current.map(|(number, _)| *number)) else {
            return Self::numbered_from_0_or_1(paginator, reasons);
        };
        if let Some((number, selector)) = current {
            reasons.push(format!("`{selector}` says that this is page {number}"));
        }
        let base = here.min(1);
        let score = if asked.is_some() { 0.9 } else { 0.7 };
        finding(paginator.initial_page(here).base_page(base), score, reasons)
    }

    fn with_guessed_place(&self, paginator: PageNumber, reasons: &mut Vec<String>) -> PageNumber {
        let place = sent::place_for(self.input.request, "page");
        reasons.push(format!("that the page number goes into {place} is a guess"));
        match place {
            Inject::BodyPath(path) => paginator.page_body_path(path),
            place => paginator.page_param(parameter(place, "page")),
        }
    }

    fn numbered_from_0_or_1(paginator: PageNumber, mut reasons: Vec<String>) -> PaginatorFinding {
        reasons.push("whether pages count from 0 or from 1 shows when page 1 is there".to_owned());
        let from_one = paginator.clone().initial_page(1);
        PaginatorFinding {
            if_repeated: Some(Arc::new(from_one)),
            ..finding(paginator.initial_page(0), 0.5, reasons)
        }
    }

    /// `"next": 2` where there is no total: the number is handed back as it came.
    fn numeric_next(&self) -> Option<PaginatorFinding> {
        let (next, number) = self.next_number()?;
        let follows = |page: u64| page.checked_add(1) == Some(number);
        let is_page = next.words.contains(&"page")
            || self.sent.as_ref().is_some_and(|sent| follows(sent.number))
            || self
                .envelope
                .current_page()
                .is_some_and(|page| follows(page.number));
        if !is_page {
            return None;
        }
        let place = match &self.sent {
            Some(sent) => sent.place.clone(),
            None => sent::place_for(self.input.request, "page"),
        };
        let mut reasons = vec![format!(
            "`{}` is the number of the next page",
            next.selector
        )];
        if self.sent.is_none() {
            reasons.push(format!("that it goes into {place} is a guess"));
        }
        Some(finding(cursor_at(next, place), 0.6, reasons))
    }

    fn cursor(&self) -> Option<PaginatorFinding> {
        let is_cursor =
            |next: &&NextRef<'_>| matches!(next.target, Target::Token | Target::Number(_));
        let next = self.next.iter().find(is_cursor)?;
        let place = sent::place_for(self.input.request, &self.cursor_name(next.key));
        let mut reasons = vec![
            format!("`{}` holds a cursor", next.selector),
            format!("that it goes into {place} is a guess"),
        ];
        let mut cursor = cursor_at(next, place);
        if let Some((selector, _)) = &self.has_more {
            reasons.push(format!("`{selector}` says whether there is more"));
            cursor = cursor.has_more_path(selector.clone());
        }
        Some(finding(cursor, 0.5, reasons))
    }

    /// The parameter that takes the cursor found under `key`, also where an API is known by its other keys.
    fn cursor_name(&self, key: &str) -> String {
        let root = self.envelope.scopes.first().map(|scope| scope.object);
        let is_object_list = root
            .and_then(|root| root.get("object"))
            .is_some_and(|what| what == "list");
        match names::plain(key).as_str() {
            // Notion.
            "nextcursor" if is_object_list => "start_cursor".to_owned(),
            // Jira.
            "nextpagetoken" if self.envelope.has_key("islast") => key.to_owned(),
            _ => cursor_name(key),
        }
    }

    fn offset(&self) -> Option<PaginatorFinding> {
        let offset = self.envelope.number(&OFFSET, |_| true)?;
        let limit = self
            .envelope
            .number(&LIMIT, |scope| scope == offset.scope)?;
        let total = self.envelope.total_records()?;
        let mut reasons = vec![format!(
            "`{}`, `{}` and `{}` are offset, limit and total",
            offset.selector, limit.selector, total.selector
        )];
        let records = self.input.record_count as u64;
        let has_more = offset.number.saturating_add(records) < total.number;
        let step = if has_more && records > 0 && records < limit.number {
            reasons.push(format!(
                "the page has {records} records, though `{}` is {}",
                limit.selector, limit.number
            ));
            records
        } else {
            limit.number
        };
        if step == 0 {
            return None;
        }
        // An index that counts from 1 cannot be compared with the total.
        let counts_from_one = names::plain(offset.key) == "startindex" || offset.number == 1;
        let total = if counts_from_one {
            TotalPath::Unknown
        } else {
            TotalPath::Optional(total.selector.into())
        };
        let paginator = Offset::new(step).offset(offset.number).total_path(total);
        let paginator = match self.place_of(&offset, &OFFSET) {
            Inject::BodyPath(path) => paginator.offset_body_path(path),
            place => paginator.offset_param(parameter(place, offset.key)),
        };
        let paginator = match self.place_of(&limit, &LIMIT) {
            Inject::BodyPath(path) => paginator.limit_body_path(path),
            place => paginator.limit_param(parameter(place, limit.key)),
        };
        Some(finding(paginator, 0.5, reasons))
    }

    /// Where the request has the number that the response gives back in `field`, or would have it.
    fn place_of(&self, field: &Field<'_>, wanted: &[&str]) -> Inject {
        let request = self.input.request;
        sent::number(request, |name| wanted.contains(&name))
            .filter(|sent| sent.number == field.number)
            .map_or_else(|| sent::place_for(request, field.key), |sent| sent.place)
    }

    /// The number of this page, without a total number of pages.
    fn current_page(&self) -> Option<PaginatorFinding> {
        let current = self.envelope.current_page()?;
        let mut reasons = Vec::new();
        let mut paginator = PageNumber::new().total_path(TotalPath::Unknown);
        if let Some((selector, _)) = &self.has_more {
            reasons.push(format!("`{selector}` says whether there is more"));
            paginator = paginator.has_more_path(selector.clone());
        } else {
            reasons.push("pages are fetched until one is empty".to_owned());
        }
        let current = (current.number, current.selector);
        let found = self.numbered(paginator, Some(&current), reasons);
        Some(PaginatorFinding {
            score: found.score.min(0.5),
            ..found
        })
    }

    /// There is more, and hardly a hint how to get it.
    fn has_more_alone(&self) -> Option<PaginatorFinding> {
        let (selector, true) = self.has_more.as_ref()? else {
            return None;
        };
        let reason = format!("`{selector}` says that there is more");
        if let Some(last_id) = self.last_id() {
            let reasons = vec![
                reason,
                format!(
                    "`\"object\": \"list\"` is paged by the id of the last record, `{last_id}`"
                ),
            ];
            let cursor = Cursor::new(last_id)
                .cursor_param("starting_after")
                .has_more_path(selector.clone());
            return Some(finding(cursor, 0.6, reasons));
        }
        let paginator = PageNumber::new()
            .total_path(TotalPath::Unknown)
            .has_more_path(selector.clone());
        let found = self.numbered(
            paginator,
            None,
            vec![reason, "that pages are numbered is a guess".to_owned()],
        );
        Some(PaginatorFinding {
            score: 0.3,
            ..found
        })
    }

    /// The id of the last record, in responses that say `"object": "list"`.
    fn last_id(&self) -> Option<Selector> {
        let root = self.envelope.scopes.first()?.object;
        root.get("object").filter(|object| *object == "list")?;
        let last_id = Selector::parse(&format!("{}[-1].id", self.input.selector)).ok()?;
        last_id
            .first(self.input.value)
            .filter(|id| matches!(id, Value::String(_) | Value::Number(_)))?;
        Some(last_id)
    }

    /// A total number of records that is larger than this page.
    fn unreached_total(&self) -> Option<Field<'_>> {
        let total = self.envelope.count_of_records()?;
        (total.number > self.input.record_count as u64).then_some(total)
    }

    fn nothing(&self) -> PaginatorFinding {
        let is_null = |next: &&NextRef<'_>| next.target == Target::Nothing;
        let says_no_more = self.next.iter().any(|next| is_null(&next)) || self.has_more.is_some();
        if !says_no_more && let Some(total) = self.unreached_total() {
            let records = self.input.record_count;
            let reason = format!(
                "nothing in the response leads to a next page, though `{}` is {} and the page has {records} records: declare the paginator",
                total.selector, total.number
            );
            let total_path = total.selector;
            return finding(PerhapsSinglePage { total_path }, 0.0, vec![reason]);
        }
        let reason = if let Some(next) = self.next.iter().find(is_null) {
            format!("`{}` is null, so this is the last page", next.selector)
        } else if let Some((selector, false)) = &self.has_more {
            format!("`{selector}` says that there is no more")
        } else {
            "nothing in the response leads to a next page".to_owned()
        };
        single_page(vec![reason])
    }
}

fn cursor_at(next: &NextRef<'_>, place: Inject) -> Cursor {
    let cursor = Cursor::new(next.selector.clone());
    match place {
        Inject::BodyPath(path) => cursor.cursor_body_path(path),
        place => cursor.cursor_param(parameter(place, next.key)),
    }
}

fn parameter(place: Inject, otherwise: &str) -> String {
    match place {
        Inject::Query(name) => name,
        _ => otherwise.to_owned(),
    }
}

/// The parameter that takes the cursor found under `key`: the key without `next`. Names that are as often those of
/// credentials or of records (`key`, `token`, `id`) are not used.
fn cursor_name(key: &str) -> String {
    match names::plain(key).as_str() {
        "endcursor" => return "after".to_owned(),
        "nexttoken" => return key.to_owned(),
        _ => {}
    }
    let name = match names::words_after_next(key) {
        Some(_) => names::without_next(key),
        None => Some(key.to_owned()),
    };
    name.filter(|name| !matches!(names::plain(name).as_str(), "id" | "key" | "token"))
        .unwrap_or_else(|| "cursor".to_owned())
}

//! Every paginator in every spelling becomes what the client runs.

use apiduct_client::paginate::{
    Cursor, GraphQl, HeaderCursor, HeaderLink, HeaderUrl, JsonLink, LastRecord, OData, Offset,
    PageNumber, Paginator, Range, SinglePage, TotalPath,
};
use apiduct_config::spec::PaginatorSpec;
use apiduct_config::{Format, Plan, Registry};
use apiduct_json::Selector;
use proptest::prelude::*;
use proptest::sample::select;

fn read(text: &str) -> PaginatorSpec {
    let read = PaginatorSpec::parse(text, "--paginator");
    read.unwrap_or_else(|errors| panic!("{errors}")).value
}

fn built(text: &str) -> Option<std::sync::Arc<dyn Paginator>> {
    let paginator = read(text).paginator(&Registry::new());
    paginator.expect("a paginator of the file")
}

fn selector(path: &str) -> Selector {
    Selector::parse(path).expect("the path is in order")
}

#[test]
fn words_are_paginators_with_their_defaults() {
    assert_eq!(read("auto"), PaginatorSpec::Auto);
    assert_eq!(
        read("json_link"),
        PaginatorSpec::JsonLink(JsonLink::new("next"))
    );
    assert_eq!(
        read("json_response"),
        PaginatorSpec::JsonLink(JsonLink::default())
    );
    assert_eq!(
        read("header_link"),
        PaginatorSpec::HeaderLink(HeaderLink::new("next"))
    );
    assert_eq!(
        read("page_number"),
        PaginatorSpec::PageNumber(PageNumber::new())
    );
    assert_eq!(read("cursor"), PaginatorSpec::Cursor(Cursor::default()));
    assert_eq!(
        read("header_cursor"),
        PaginatorSpec::HeaderCursor(HeaderCursor::default())
    );
    assert!(matches!(read("single_page"), PaginatorSpec::SinglePage(_)));
}

#[test]
fn a_mapping_with_only_a_type_is_the_word() {
    for word in [
        "auto",
        "single_page",
        "json_link",
        "json_response",
        "header_link",
        "header_cursor",
        "cursor",
        "last_record",
        "odata",
        "page_number",
    ] {
        assert_eq!(read(&format!("{{type: {word}}}")), read(word), "{word}");
    }
}

#[test]
fn every_word_but_that_for_detection_runs() {
    assert!(built("auto").is_none());
    for word in [
        "single_page",
        "json_link",
        "header_link",
        "cursor",
        "page_number",
    ] {
        assert!(built(word).is_some(), "{word}");
        assert!(read(word).validate().is_ok(), "{word}");
    }
}

#[test]
fn links_take_their_places() {
    assert_eq!(
        read("{type: json_link, next_url_path: paging.next}"),
        PaginatorSpec::JsonLink(JsonLink::new("paging.next"))
    );
    assert_eq!(
        read("{type: header_link, links_next_key: weiter}"),
        PaginatorSpec::HeaderLink(HeaderLink::new("weiter"))
    );
    assert_eq!(
        read("{type: header_cursor, cursor_key: X-Next, cursor_param: c}"),
        PaginatorSpec::HeaderCursor(HeaderCursor::new("X-Next", "c"))
    );
}

#[test]
fn links_may_keep_the_parameters_that_they_lack() {
    assert_eq!(
        read("{type: json_link, keep_params: true}"),
        PaginatorSpec::JsonLink(JsonLink::default().keep_params(true))
    );
    assert_eq!(
        read("{type: header_link, keep_params: true}"),
        PaginatorSpec::HeaderLink(HeaderLink::default().keep_params(true))
    );
    assert_eq!(
        read("{type: header_url, next_url_key: X-Next, keep_params: true}"),
        PaginatorSpec::HeaderUrl(HeaderUrl::new("X-Next").keep_params(true))
    );
    assert_eq!(
        read("{type: odata, keep_params: true}"),
        PaginatorSpec::OData(OData::new().keep_params(true))
    );
    assert_eq!(read("odata"), PaginatorSpec::OData(OData::new()));
}

#[test]
fn cursors_may_travel_in_headers_and_come_out_of_records_and_connections() {
    for (text, expected) in [
        (
            "{type: header_cursor, cursor_key: X-Next, cursor_header: X-After}",
            PaginatorSpec::HeaderCursor(
                HeaderCursor::from_header("X-Next").cursor_header("X-After"),
            ),
        ),
        (
            "{type: header_cursor, cursor_body_path: a.b}",
            PaginatorSpec::HeaderCursor(HeaderCursor::default().cursor_body_path("a.b")),
        ),
        (
            "{type: cursor, cursor_header: X-After}",
            PaginatorSpec::Cursor(Cursor::default().cursor_header("X-After")),
        ),
        (
            "last_record",
            PaginatorSpec::LastRecord(LastRecord::new("id")),
        ),
        (
            "{type: last_record, cursor_field: seq, cursor_param: since, page_size: 50, has_more_path: more}",
            PaginatorSpec::LastRecord(
                LastRecord::new("seq")
                    .cursor_param("since")
                    .page_size(50)
                    .has_more_path("more"),
            ),
        ),
        (
            "{type: graphql, page_info_path: data.x.pageInfo, cursor_variable: c}",
            PaginatorSpec::GraphQl(GraphQl::new("data.x.pageInfo").cursor_variable("c")),
        ),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_range_takes_all_its_keys() {
    let expected = Range::new("start", 10, 50)
        .base_index(1)
        .maximum_value(500)
        .total_path("meta.total")
        .stop_after_empty_page(false)
        .has_more_path("more");
    let text = "{type: range, param_name: start, initial_value: 10, value_step: 50, base_index: 1, maximum_value: 500, total_path: meta.total, stop_after_empty_page: false, has_more_path: more}";
    assert_eq!(read(text), PaginatorSpec::Range(expected));
    assert_eq!(
        read("{type: range, param_body_path: a.b, value_step: 5}"),
        PaginatorSpec::Range(Range::in_body("a.b", 0, 5))
    );
}

fn place() -> impl Strategy<Value = (Option<String>, Option<String>, Option<String>)> {
    prop_oneof![
        Just((None, None, None)),
        Just((Some("p_x".to_owned()), None, None)),
        Just((None, Some("a.'b c'[0]".to_owned()), None)),
        Just((None, None, Some("X-After".to_owned()))),
    ]
}

fn path() -> impl Strategy<Value = &'static str> {
    select(vec![
        "next",
        "meta.next",
        "'@odata.nextLink'",
        "data[-1].id",
        "links[?(@['rel']=='next')]['href']",
        "$..pageInfo",
    ])
}

fn total() -> impl Strategy<Value = TotalPath> {
    let written = path().prop_map(TotalPath::from);
    prop_oneof![Just(TotalPath::Usual), Just(TotalPath::Unknown), written]
}

fn any_paginator() -> impl Strategy<Value = PaginatorSpec> {
    let numbers = (
        0..4_u64,
        prop::option::of(0..4_u64),
        1..9_u64,
        any::<bool>(),
    );
    let parts = (path(), prop::option::of(path()), place(), total(), numbers);
    parts.prop_flat_map(
        |(path, more, (param, in_body, header), total, (first, bound, step, truth))| {
            let mut cursor = Cursor::new(path).stop_after_empty_page(truth);
            cursor.has_more_path = more.map(Into::into);
            cursor.cursor_param.clone_from(&param);
            cursor.cursor_body_path = in_body.clone().map(Into::into);
            cursor.cursor_header.clone_from(&header);
            let mut header_cursor = HeaderCursor::from_header("X-Next");
            header_cursor.cursor_param.clone_from(&param);
            header_cursor.cursor_body_path = in_body.clone().map(Into::into);
            header_cursor.cursor_header.clone_from(&header);
            let mut last = LastRecord::new(path);
            last.page_size = bound.map(|size| size + 1);
            last.cursor_header = header;
            let mut pages = PageNumber::new()
                .initial_page(first)
                .total_path(total.clone());
            pages.maximum_page = bound;
            pages.page_body_path = in_body.clone().map(Into::into);
            pages.has_more_path = more.map(Into::into);
            let mut offset = Offset::new(step).offset(first).total_path(total);
            offset.offset_param = param;
            offset.limit_body_path = in_body.map(Into::into);
            offset.stop_after_empty_page = truth;
            let mut range = Range::new("p", first, step).base_index(first);
            range.maximum_value = bound;
            select(vec![
                PaginatorSpec::SinglePage(SinglePage),
                PaginatorSpec::JsonLink(JsonLink::new(path).keep_params(truth)),
                PaginatorSpec::HeaderLink(HeaderLink::new("weiter").keep_params(truth)),
                PaginatorSpec::HeaderUrl(HeaderUrl::new("X-Next").keep_params(truth)),
                PaginatorSpec::OData(OData::new().keep_params(truth)),
                PaginatorSpec::GraphQl(GraphQl::new(path).cursor_variable("x y")),
                PaginatorSpec::Cursor(cursor),
                PaginatorSpec::HeaderCursor(header_cursor),
                PaginatorSpec::LastRecord(last),
                PaginatorSpec::PageNumber(pages),
                PaginatorSpec::Offset(offset),
                PaginatorSpec::Range(range),
            ])
        },
    )
}

proptest! {
    /// What a paginator says of itself is what a file must say to get it.
    #[test]
    fn a_paginator_that_is_pinned_is_the_same_again(
        spec in any_paginator().prop_filter("it can work", |spec| spec.validate().is_ok()),
    ) {
        let declaration = spec.paginator(&Registry::new()).unwrap().unwrap().declaration().unwrap();
        prop_assert_eq!(read(&declaration.to_string()), spec);
    }
}

#[test]
fn a_cursor_takes_all_its_keys() {
    let expected = Cursor::new("meta.next")
        .cursor_param("c")
        .stop_after_empty_page(true)
        .has_more_path("meta.more");
    let text = "{type: cursor, cursor_path: meta.next, cursor_param: c, stop_after_empty_page: true, has_more_path: meta.more}";
    assert_eq!(read(text), PaginatorSpec::Cursor(expected));
    let text = "{type: cursor, cursor_body_path: variables.after}";
    let expected = Cursor::default().cursor_body_path("variables.after");
    assert_eq!(read(text), PaginatorSpec::Cursor(expected));
}

#[test]
fn an_offset_takes_all_its_keys() {
    let expected = Offset::new(50)
        .offset(100)
        .offset_param("skip")
        .limit_param("take")
        .total_path("meta.total")
        .maximum_offset(500)
        .stop_after_empty_page(false)
        .has_more_path("more");
    let text = "{type: offset, limit: 50, offset: 100, offset_param: skip, limit_param: take, total_path: meta.total, maximum_offset: 500, stop_after_empty_page: false, has_more_path: more}";
    assert_eq!(read(text), PaginatorSpec::Offset(expected));
    let expected = Offset::new(5)
        .offset_body_path("page.skip")
        .limit_body_path("page.take");
    let text = "{type: offset, limit: 5, offset_body_path: page.skip, limit_body_path: page.take}";
    assert_eq!(read(text), PaginatorSpec::Offset(expected));
}

#[test]
fn a_page_number_takes_all_its_keys() {
    let expected = PageNumber::new()
        .initial_page(3)
        .base_page(1)
        .page_param("p")
        .total_path("meta.pages")
        .maximum_page(9)
        .stop_after_empty_page(false)
        .has_more_path("more");
    let text = "{type: page_number, initial_page: 3, base_page: 1, page_param: p, total_path: meta.pages, maximum_page: 9, stop_after_empty_page: false, has_more_path: more}";
    assert_eq!(read(text), PaginatorSpec::PageNumber(expected));
    let text = "{type: page_number, page_body_path: query.page}";
    let expected = PageNumber::new().page_body_path("query.page");
    assert_eq!(read(text), PaginatorSpec::PageNumber(expected));
}

#[test]
fn the_first_page_has_three_names() {
    let zero = |text: &str| match read(text) {
        PaginatorSpec::PageNumber(pages) => (pages.initial_page, pages.base_page),
        other => panic!("{other:?}"),
    };
    assert_eq!(zero("{type: page_number, initial_page: 0}"), (0, None));
    assert_eq!(zero("{type: page_number, page: 2}"), (2, None));
    assert_eq!(zero("{type: page_number, base_page: 0}"), (0, Some(0)));
    assert_eq!(
        zero("{type: page_number, base_page: 1, page: 3}"),
        (3, Some(1))
    );
}

#[test]
fn a_total_that_was_written_must_be_there_and_null_means_none() {
    let total = |text: &str| match read(text) {
        PaginatorSpec::Offset(offset) => offset.total_path,
        other => panic!("{other:?}"),
    };
    assert_eq!(total("{type: offset, limit: 1}"), TotalPath::Usual);
    assert_eq!(
        total("{type: offset, limit: 1, total_path: null}"),
        TotalPath::Unknown
    );
    assert_eq!(
        total("{type: offset, limit: 1, total_path: n}"),
        TotalPath::Required(selector("n").into())
    );
}

#[test]
fn null_keys_are_left_out() {
    assert_eq!(
        read("{type: cursor, cursor_path: null, cursor_param: null, has_more_path: null}"),
        read("cursor")
    );
    assert_eq!(
        read("{type: page_number, maximum_page: null, page_param: null, initial_page: null}"),
        read("page_number")
    );
}

#[test]
fn the_plan_runs_what_the_file_declares() {
    let text = "client: {base_url: 'https://h', paginator: {type: page_number, page_param: p}}\nresources: [a]";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    let runs = plan.resources[0].paginator.paginator.as_ref().unwrap();
    assert_eq!(
        runs.describe(),
        PageNumber::new().page_param("p").describe()
    );
}

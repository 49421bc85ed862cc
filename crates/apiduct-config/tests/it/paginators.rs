//! Every paginator in every spelling becomes what the client runs.

use apiduct_client::paginate::{
    Cursor, HeaderCursor, HeaderLink, JsonLink, Offset, PageNumber, Paginator, TotalPath,
};
use apiduct_config::spec::PaginatorSpec;
use apiduct_config::{Format, Plan};
use apiduct_json::Selector;

fn read(text: &str) -> PaginatorSpec {
    let read = PaginatorSpec::parse(text, "--paginator");
    read.unwrap_or_else(|errors| panic!("{errors}")).value
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
        "page_number",
    ] {
        assert_eq!(read(&format!("{{type: {word}}}")), read(word), "{word}");
    }
}

#[test]
fn every_word_but_that_for_detection_runs() {
    assert!(read("auto").paginator().is_none());
    for word in [
        "single_page",
        "json_link",
        "header_link",
        "cursor",
        "page_number",
    ] {
        assert!(read(word).paginator().is_some(), "{word}");
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

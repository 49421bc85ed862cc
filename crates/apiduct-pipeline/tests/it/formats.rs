//! Bodies that are no JSON, from the wire to the table.

use apiduct_testkit::{Received, Reply};

use super::*;

fn exported(content_type: &'static str, body: &'static str) -> World {
    let answer = move |_: &Received| Reply::bytes(body).header("Content-Type", content_type);
    World::new(MockApi::builder().get("/export", answer).start())
}

#[tokio::test]
async fn json_lines_keep_every_digit() {
    let world = exported(
        "application/x-ndjson",
        "{\"id\": 1, \"n\": 12345678901234567890}\n{\"id\": 2, \"tags\": [\"a\", \"b\"]}\n",
    );
    let receipt = world.run("  - export").await.unwrap();
    assert_eq!(receipt.tables["export"], 2);
    assert_eq!(receipt.tables["export__tags"], 2);
    assert_eq!(
        world.query("select n::varchar as n from shop.export where id = 1"),
        ["12345678901234567890"]
    );
}

#[tokio::test]
async fn csv_is_text_unless_columns_or_types_say_otherwise() {
    let body = "id,zip,price\n1,01234,2.50\n2,,\n";
    let types = |world: &World| {
        world.query("select column_name || ' ' || data_type from information_schema.columns where table_name = 'export' and column_name not like '\\_%' escape '\\' order by 1")
    };
    let world = exported("text/csv", body);
    world.run("  - export").await.unwrap();
    assert_eq!(
        types(&world),
        ["id VARCHAR", "price VARCHAR", "zip VARCHAR"]
    );
    assert_eq!(
        world.query("select id, zip, price from shop.export order by id"),
        ["1|01234|2.50", "2||"]
    );

    let world = exported("text/csv", body);
    let file = "  - {name: export, endpoint: {response_format: {type: csv, types: infer}}}";
    world.run(file).await.unwrap();
    assert_eq!(types(&world)[0], "id BIGINT");
    assert_eq!(types(&world)[2], "zip VARCHAR");
    assert_eq!(
        world.query("select zip from shop.export where id = 1"),
        ["01234"]
    );
}

#[tokio::test]
async fn xml_is_read_by_the_path_of_its_elements() {
    let body = "<feed><entry id='1'><title>A &amp; B</title><tag>x</tag><tag>y</tag></entry><entry id='2'/></feed>";
    let world = exported("application/atom+xml", body);
    let file = "  - {name: export, endpoint: {data_selector: feed.entry}}";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(
        (receipt.tables["export"], receipt.tables["export__tag"]),
        (2, 2)
    );
    assert_eq!(
        world.query("select title from shop.export where title is not null"),
        ["A & B"]
    );
}

#[tokio::test]
async fn a_broken_export_is_tried_again_and_then_an_error_that_names_format_and_line() {
    let world = exported("text/csv", "a,b\n1\n");
    let error = world.run("  - export").await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    assert!(
        cause.to_string().contains("something else than CSV"),
        "{cause}"
    );
    let problem = cause.source().unwrap().to_string();
    assert_eq!(problem, "line 2: 1 fields where the first row has 2");
    assert_eq!(world.api.requests_to("/export").len(), 2);
}

#[tokio::test]
async fn links_in_headers_lead_from_export_to_export() {
    let answer = |request: &Received| {
        let page = request.number_param("page").unwrap_or(1);
        let reply = Reply::bytes(format!("id\n{page}\n")).header("Content-Type", "text/csv");
        if page == 3 {
            return reply;
        }
        let link = format!(
            "<{}>; rel=\"next\"",
            request.url(&format!("/export?page={}", page + 1))
        );
        reply.header("Link", &link)
    };
    let world = World::new(MockApi::builder().get("/export", answer).start());
    world
        .run("  - {name: export, endpoint: {paginator: header_link}}")
        .await
        .unwrap();
    assert_eq!(
        world.query("select id from shop.export order by id"),
        ["1", "2", "3"]
    );
}

#[tokio::test]
async fn pages_of_a_pull_that_was_broken_off_are_read_back_in_their_own_format() {
    let answer = |request: &Received| {
        let page = request.number_param("page").unwrap_or(1);
        let body = if page > 3 {
            "id\n".to_owned()
        } else {
            format!("id\n{page}\n")
        };
        Reply::bytes(body).header("Content-Type", "text/csv; charset=utf-8")
    };
    let world = World::new(MockApi::builder().get("/export", answer).start());
    let file =
        "  - {name: export, endpoint: {paginator: {type: page_number}, response_format: csv}}";
    let options = RunOptions {
        max_requests: Some(2),
        ..RunOptions::default()
    };
    world.run_with(file, options).await.unwrap_err();
    world.run(file).await.unwrap();
    assert_eq!(
        world.query("select id from shop.export order by id"),
        ["1", "2", "3"]
    );
}

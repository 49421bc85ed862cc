//! Bodies that are no JSON, from the wire to the table.

use apiduct_testkit::{Received, Reply};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow_ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

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

/// Two rows with a number that no double holds, a list and an instant.
fn columns() -> RecordBatch {
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("a"), Some("b")]);
    list.append_null();
    let at = TimestampMicrosecondArray::from(vec![1_704_067_200_000_001, 0]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, i64::MAX]))),
        ("tags", Arc::new(list.finish())),
        ("moment", Arc::new(at.with_timezone("Europe/Berlin"))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[tokio::test]
async fn arrow_and_parquet_bodies_become_rows_with_all_their_digits() {
    let batch = columns();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    stream.finish().unwrap();
    // Most programs write Parquet like this.
    let snappy = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let mut parquet =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(snappy.build())).unwrap();
    parquet.write(&batch).unwrap();
    for (body, content_type, file) in [
        (
            stream.into_inner().unwrap(),
            "application/vnd.apache.arrow.stream",
            "  - {name: export, endpoint: {path: export, response_format: arrow}}",
        ),
        (
            parquet.into_inner().unwrap(),
            "application/octet-stream",
            "  - {name: export, endpoint: {path: export, response_format: parquet}}",
        ),
    ] {
        let answer =
            move |_: &Received| Reply::bytes(body.clone()).header("Content-Type", content_type);
        for file in ["  - export", file] {
            let world = World::new(MockApi::builder().get("/export", answer.clone()).start());
            let receipt = world.run(file).await.unwrap();
            assert_eq!(receipt.tables["export"], 2);
            assert_eq!(
                world.query(
                    "select id::varchar || ' ' || epoch_us(moment) as x from shop.export order by id"
                ),
                [
                    "1 1704067200000001",
                    "9223372036854775807 0"
                ]
            );
            assert_eq!(
                world.query("select value from shop.export__tags order by 1"),
                ["a", "b"]
            );
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_parquet_is_an_error_that_says_so() {
    let world = exported("application/vnd.apache.parquet", "PAR1 and nothing else");
    let error = world.run("  - export").await.unwrap_err();
    assert!(matches!(error, RunError::Source { .. }), "{error}");
    let told = format!("{error:?}");
    assert!(told.contains("parquet"), "{told}");
}

//! The least that a run can cost: the pages of the load server, fetched and thrown away, or fetched and only parsed.
//!
//! `cargo xtask bench-e2e` runs this beside the program. By hand, against the example `load_server` of the testkit:
//!
//! ```text
//! limits fetch URL PAGES    pages 1 to PAGES of URL, bodies counted
//! limits parse URL PAGES    the same, and a parser walks every value
//! limits chain URL          one page after another by cursor, bodies counted
//! ```
//!
//! The output is one line of JSON.
#![expect(clippy::print_stdout, reason = "the program's output is its interface")]

use std::env;
use std::error::Error;

use apiduct::json::{Captured, Kind, Parser, ScanPlan, Selector, SyntaxError};
use apiduct::model::Scalar;
use apiduct::{Client, Response};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the load server puts the cursor of the next page.
const NEXT: &str = "meta.next_cursor";

#[derive(Debug, Default)]
struct Counts {
    pages: u64,
    bytes: u64,
    values: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let counts = runtime.block_on(async {
        match *arguments {
            ["fetch", url, pages] => numbered(url, pages.parse()?, |_| Ok(0)).await,
            ["parse", url, pages] => numbered(url, pages.parse()?, values).await,
            ["chain", url] => chain(url).await,
            _ => Err("limits fetch|parse URL PAGES, or limits chain URL".into()),
        }
    })?;
    println!(
        "{{\"pages\":{},\"bytes\":{},\"values\":{}}}",
        counts.pages, counts.bytes, counts.values
    );
    Ok(())
}

async fn numbered(
    url: &str,
    pages: u64,
    look: impl Fn(&[u8]) -> Result<u64, Box<dyn Error>>,
) -> Result<Counts, Box<dyn Error>> {
    let client = Client::builder(url).build()?;
    let mut counts = Counts::default();
    for number in 1..=pages {
        let page = client.get("").param("page", number).send().await?;
        counts.add(&page.error_for_status()?, &look)?;
    }
    Ok(counts)
}

/// The last element of a page names the next, so nothing can be asked for ahead of it.
async fn chain(url: &str) -> Result<Counts, Box<dyn Error>> {
    let client = Client::builder(url).build()?;
    let plan = ScanPlan::new(Selector::root(), vec![Selector::parse(NEXT)?]);
    let mut counts = Counts::default();
    let mut next = None::<Scalar>;
    loop {
        let request = client.get("").param("cursor", next.take());
        let page = request.send().await?.error_for_status()?;
        counts.add(&page, &|_| Ok(0))?;
        match plan.scan(&page.body)?.captures.as_slice() {
            [Captured::Scalar(cursor)] if !cursor.is_null() => next = Some(cursor.clone()),
            _ => return Ok(counts),
        }
    }
}

impl Counts {
    fn add(
        &mut self,
        page: &Response,
        look: &impl Fn(&[u8]) -> Result<u64, Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        self.pages += 1;
        self.bytes += page.body.len() as u64;
        self.values += look(&page.body)?;
        Ok(())
    }
}

/// Walks a whole page and counts its scalars.
fn values(body: &[u8]) -> Result<u64, Box<dyn Error>> {
    let mut parser = Parser::new(simdutf8::basic::from_utf8(body)?);
    let count = walk(&mut parser)?;
    parser.end()?;
    Ok(count)
}

fn walk(parser: &mut Parser<'_>) -> Result<u64, SyntaxError> {
    match parser.kind()? {
        Kind::Object => {
            let mut count = 0;
            parser.begin_object()?;
            while parser.next_key()?.is_some() {
                count += walk(parser)?;
            }
            Ok(count)
        }
        Kind::List => {
            let mut count = 0;
            parser.begin_list()?;
            while parser.next_element()? {
                count += walk(parser)?;
            }
            Ok(count)
        }
        Kind::String => parser.string().map(|_| 1),
        Kind::Number => parser.number().map(|_| 1),
        Kind::Bool => parser.bool().map(|_| 1),
        Kind::Null => parser.null().map(|()| 1),
    }
}

//! All records of an endpoint as values of Rust, counted: what a program of yours would do with a client.
//!
//! `cargo xtask bench-e2e` runs this beside the other jobs. By hand, against the example `load_server` of the testkit:
//!
//! ```text
//! iterate URL     pages, paginator and record list are detected
//! ```
//!
//! The output is one line of JSON.
#![expect(clippy::print_stdout, reason = "the program's output is its interface")]

use std::borrow::Cow;
use std::env;
use std::error::Error;

use apiduct::Client;
use serde::Deserialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Text<'a> = Cow<'a, str>;

/// All fields that the load server's issues share with those of the hand-written programs.
#[derive(Debug, Deserialize)]
struct Issue<'a> {
    id: i64,
    #[serde(borrow)]
    node_id: Text<'a>,
    #[serde(alias = "big_id")]
    external_id: i64,
    number: i64,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    locked: bool,
    comments: i64,
    score: f64,
    #[serde(borrow)]
    user: User<'a>,
    #[serde(borrow)]
    labels: Vec<Label<'a>>,
    #[serde(borrow)]
    milestone: Option<Milestone<'a>>,
    #[serde(borrow)]
    created_at: Text<'a>,
    #[serde(borrow)]
    updated_at: Text<'a>,
    #[serde(borrow)]
    closed_at: Option<Text<'a>>,
    reactions: Reactions,
    #[serde(borrow)]
    body: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct User<'a> {
    id: i64,
    #[serde(borrow)]
    login: Text<'a>,
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    site_admin: bool,
}

#[derive(Debug, Deserialize)]
struct Label<'a> {
    id: i64,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    color: Text<'a>,
    default: bool,
}

#[derive(Debug, Deserialize)]
struct Milestone<'a> {
    id: i64,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    due_on: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct Reactions {
    total: i64,
    heart: i64,
}

#[derive(Debug, Default)]
struct Counts {
    pages: u64,
    records: u64,
    labels: u64,
    /// A sum over all fields, so that none can be left unread.
    weight: i64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("iterate URL")?;
    let client = Client::builder(&url).build()?;
    let mut pages = client.paginate("").send();
    let mut counts = Counts::default();
    while let Some(page) = pages.next().await? {
        counts.pages += 1;
        for issue in page.records::<Issue<'_>>()? {
            counts.records += 1;
            counts.labels += issue.labels.len() as u64;
            counts.weight = counts.weight.wrapping_add(issue.weight());
        }
    }
    println!(
        "{{\"pages\":{},\"records\":{},\"labels\":{},\"weight\":{}}}",
        counts.pages, counts.records, counts.labels, counts.weight
    );
    Ok(())
}

impl Issue<'_> {
    fn weight(&self) -> i64 {
        let optional = |text: &Option<Text<'_>>| text.as_ref().map_or(0, |text| text.len());
        let mut bytes = self.node_id.len() + self.title.len() + self.state.len();
        bytes += self.created_at.len() + self.updated_at.len() + optional(&self.closed_at);
        bytes += optional(&self.body) + self.user.login.len() + self.user.kind.len();
        let mut sum = self.id ^ self.external_id ^ self.number ^ self.comments ^ self.user.id;
        sum +=
            i64::from(self.locked) + i64::from(self.user.site_admin) + i64::from(self.score > 50.0);
        sum += self.reactions.total + self.reactions.heart;
        for label in &self.labels {
            bytes += label.name.len() + label.color.len();
            sum += label.id + i64::from(label.default);
        }
        if let Some(milestone) = &self.milestone {
            bytes += milestone.title.len() + optional(&milestone.due_on);
            sum += milestone.id;
        }
        sum.wrapping_add(i64::try_from(bytes).unwrap_or_default())
    }
}

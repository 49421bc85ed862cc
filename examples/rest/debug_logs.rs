//! The log: `info` has a line for each request, with method, URL, status, time and try; `debug` and `trace` have more.
//!
//! apiduct logs by `tracing`; a program chooses by a subscriber what is kept and where it goes. The command line does so by
//! `-v`, `APIDUCT_LOG`, `RUST_LOG` or `RUNTIME__LOG_LEVEL=INFO`.

use std::io;
use std::sync::{Arc, Mutex};

use apiduct::Client;
use apiduct_testkit::MockApi;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let lines = Lines::default();
    // A program says `.init()` here, and leaves the writer out: lines go to stdout then.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);

    let client = Client::builder(api.base_url()).build()?;
    let walk = client.paginate("/posts").param("token", "secret-token");
    let mut pages = walk.prefetch(false).send();
    while pages.next().await?.is_some() {}
    drop(logging);

    let text = lines.text();
    println!("{text}");
    assert!(text.contains("method=GET") && text.contains("status=200"), "{text}");
    assert!(text.contains("/posts?page=2&token=***"), "{text}");
    assert!(!text.contains("secret-token"), "{text}");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}

/// Keeps the lines, to look at them.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        let bytes = self.0.lock().map(|bytes| bytes.clone());
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(mut kept) = self.0.lock() {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self::Writer {
        self.clone()
    }
}

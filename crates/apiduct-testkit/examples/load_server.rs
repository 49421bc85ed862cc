//! Serves deterministic records for benchmarks until its standard input closes.
//!
//! ```text
//! load_server [--records N] [--posts N] [--comments N] [--latency-ms N] [--threads N] [--gzip]
//!     [--failures SEED] [--cuts SEED]
//! ```
//!
//! With `--failures` 2 % of the requests are answered 503, 1 % by a reset and 1 % by half a body; with `--cuts` 1 % of the
//! bodies have their right length and end in the middle of a record. Each comes whole at the third try at the latest.
//!
//! The first line of the output is the base URL, the last one, after the end, the counts as JSON.
#![expect(clippy::print_stdout, reason = "the program's output is its interface")]

use std::error::Error;
use std::io;
use std::time::Duration;

use apiduct_testkit::{Chaos, Fault, LoadOptions, load_server};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = LoadOptions::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        if flag == "--gzip" {
            options.gzip = true;
            continue;
        }
        let value = arguments
            .next()
            .ok_or_else(|| format!("{flag} needs a value"))?;
        let number: usize = value
            .parse()
            .map_err(|_| format!("{flag} takes a number, not `{value}`"))?;
        match flag.as_str() {
            "--records" => options.records = number,
            "--posts" => options.posts = number,
            "--comments" => options.comments_per_post = number,
            "--latency-ms" => options.latency = Duration::from_millis(number as u64),
            "--threads" => options.threads = number,
            "--failures" => {
                let chaos = Chaos::seed(number as u64)
                    .rate(Fault::Status(503), 0.02)
                    .rate(Fault::Reset, 0.01)
                    .rate(Fault::Truncate(0.5), 0.01);
                options.chaos = Some(chaos.at_most_in_a_row(2));
            }
            "--cuts" => {
                let chaos = Chaos::seed(number as u64).rate(Fault::CutJson(0.5), 0.01);
                options.chaos = Some(chaos.at_most_in_a_row(2));
            }
            _ => return Err(format!("unknown flag {flag}").into()),
        }
    }
    let api = load_server(&options)?;
    println!("{}", api.base_url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    let stats = api.stats();
    println!(
        "{{\"requests\":{},\"connections\":{},\"max_in_flight\":{},\"sent_bytes\":{}}}",
        stats.requests, stats.connections, stats.max_in_flight, stats.sent_bytes
    );
    Ok(())
}

//! `apiduct get`: one endpoint, all pages.

mod columns;
mod output;
mod raw;
mod request;

use std::path::PathBuf;
use std::time::Duration;

use apiduct::Pages;
use apiduct::client::rate::Window;
use apiduct::client::{Network, Verdict};
use apiduct::json::Records;
use apiduct::paginate::Reason;
use clap::{Args, ValueEnum, value_parser};
use indicatif::{HumanBytes, HumanCount, ProgressBar};

use crate::duration;
use crate::exit_code::ExitCode;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::report::Failure;
use crate::traffic::TrafficArgs;

/// Pull one endpoint, all pages; what is not given is detected.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct get https://api.example.com/items | wc -l
  apiduct get https://api.example.com/items --auth 'bearer:${env:TOKEN}' --param state=open
  apiduct get https://api.example.com/items --paginator '{type: cursor, cursor_path: next}'
  apiduct get https://api.example.com/items --select data --limit 20 --output-format table
  apiduct get https://api.example.com/items -o items.parquet
  apiduct get https://api.example.com/items --record items.traffic.jsonl
  apiduct get https://api.example.com/search --json '{\"query\": \"all\"}'")]
pub(crate) struct GetArgs {
    /// The endpoint.
    #[arg(value_name = "URL")]
    url: String,
    /// A header, such as 'Accept: application/json'; may be given several times.
    #[arg(short = 'H', long = "header", value_name = "K: V")]
    headers: Vec<String>,
    /// A query parameter; may be given several times.
    #[arg(long = "param", value_name = "K=V")]
    params: Vec<String>,
    /// Credentials: `bearer:TOKEN`, `basic:USER:PASSWORD`, `api_key:HEADER:KEY`, or the inline YAML of the file.
    #[arg(long, value_name = "SPEC")]
    auth: Option<String>,
    /// How to page: a name such as `header_link`, or inline YAML such as `{type: offset, limit: 100}`.
    #[arg(long, value_name = "SPEC")]
    paginator: Option<String>,
    /// Where the records are, as a JSONPath such as data.items.
    #[arg(long, value_name = "PATH")]
    select: Option<String>,
    /// Stop after so many records.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Stop after so many pages.
    #[arg(long, value_name = "N")]
    max_pages: Option<u64>,
    /// The method. Default: GET, and POST with --json.
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<String>,
    /// A JSON body; @FILE reads it from a file.
    #[arg(long, value_name = "BODY")]
    json: Option<String>,
    /// Write to this file; it appears when it is complete. Nested tables of CSV and Parquet go beside it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The form of the records. Default: that of the file's extension, else jsonl.
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<OutputFormat>,
    /// The certificate, PEM, for servers that ask for one; with `--key`.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key, PEM, of `--cert`.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Tries after the first one.
    #[arg(long, value_name = "N")]
    max_retries: Option<u32>,
    /// The longest silence of the server, such as `30s`.
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// The longest wait that the server may ask for, such as `10m`; beyond it the pull ends with exit code 6.
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    max_wait: Option<Duration>,
    /// An answer that has something here is asked for again, as a JSONPath such as error.
    #[arg(long, value_name = "PATH")]
    retry_if: Option<String>,
    /// Requests in flight, where the API says how many pages there are. Default: 8.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000))]
    concurrency: Option<u64>,
    /// So many requests in such a time, such as `10/s` or `5000/h`; may be given several times. The server's headers
    /// count in any case.
    #[arg(long, value_name = "RATE")]
    rate_limit: Vec<Window>,
    /// A host beside that of the URL that may see the credentials; may be given several times.
    #[arg(long = "allowed-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Where links of the server may lead.
    #[arg(long, value_enum, value_name = "NETWORK", default_value_t)]
    network: Reach,
    #[command(flatten)]
    traffic: TrafficArgs,
}

/// Where links of the server may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// Anywhere.
    #[default]
    Any,
    /// To public addresses only; the URL itself may be a private one.
    PublicOnly,
    /// To public addresses only, and so must the URL.
    StrictlyPublic,
}

impl From<Reach> for Network {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Any => Self::Any,
            Reach::PublicOnly => Self::PublicOnly,
            Reach::StrictlyPublic => Self::StrictlyPublic,
        }
    }
}

/// Forms of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Each record as the API sent it, one a line.
    Jsonl,
    /// The same, as one list.
    Json,
    /// Typed and flattened, with a head.
    Csv,
    /// For people: the first 1000 rows, typed and flattened.
    Table,
    /// Typed and flattened, compressed with zstd.
    Parquet,
}

/// Takes records page by page.
trait Sink {
    /// Takes the records of one page, at most `limit` of them.
    fn take(&mut self, records: &Records, limit: u64) -> Result<(), Failure>;

    /// Ends what was begun; only now do files get their names.
    fn finish(self: Box<Self>, printer: &Printer) -> Result<(), Failure>;
}

/// What was received.
#[derive(Debug, Default)]
struct Tally {
    pages: u64,
    records: u64,
    bytes: u64,
}

impl Tally {
    fn text(&self) -> String {
        let counted = |number: u64, one: &str| {
            let ending = if number == 1 { "" } else { "s" };
            format!("{} {one}{ending}", HumanCount(number))
        };
        let (records, pages) = (counted(self.records, "record"), counted(self.pages, "page"));
        format!("{records} in {pages} · {}", HumanBytes(self.bytes))
    }
}

/// Pulls the endpoint.
///
/// # Errors
///
/// Mistakes in the options, and whatever ends the pages early; records that were written stay.
pub(crate) async fn execute(args: &GetArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let format = args.format(printer)?;
    let traffic = args.traffic.open(printer.redactor())?;
    let mut pages = request::pages(args, printer.redactor(), &traffic)?;
    let mut sink = args.sink(format)?;
    let interrupt = Interrupt::listen(printer);
    let bar = bar(printer);
    let outcome = interrupt
        .unless(pump(&mut pages, sink.as_mut(), args.limit, &bar, printer))
        .await;
    bar.finish_and_clear();
    traffic.finish(printer)?;
    let tally = outcome??;
    sink.finish(printer)?;
    printer.message(&tally.text());
    if let Some(Reason::MaxPages { max_pages }) = pages.end() {
        printer.warning(&format!("stopped after {max_pages} pages"));
    }
    if !pages.drift().is_none() {
        let drift = pages.drift();
        printer.warning(&format!("the list changed while it was read: {drift}"));
    }
    let came = pages.tally();
    if args.limit.is_none()
        && let (Verdict::Missing(_), Some(total)) = (came.verdict(), came.expected())
    {
        printer.warning(&format!(
            "the API says that it has {total} records, and {} came",
            came.records
        ));
        return Ok(ExitCode::Incomplete);
    }
    Ok(ExitCode::Complete)
}

async fn pump(
    pages: &mut Pages,
    sink: &mut (dyn Sink + Send),
    limit: Option<u64>,
    bar: &ProgressBar,
    printer: &Printer,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut left = limit.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(page) = pages.next().await? else {
            break;
        };
        if tally.pages == 0 {
            tell_findings(pages, printer);
        }
        let records = page.raw_records();
        sink.take(records, left)?;
        let taken = left.min(records.len() as u64);
        left -= taken;
        tally.pages += 1;
        tally.records += taken;
        tally.bytes += page.response.body.len() as u64;
        bar.set_message(tally.text());
    }
    Ok(tally)
}

/// Says where records and pages are found, unless the user said so.
fn tell_findings(pages: &Pages, printer: &Printer) {
    let Some(findings) = pages.findings() else {
        return;
    };
    if !findings.selector.is_declared {
        let why = findings.selector.reasons.join("; ");
        printer.message(&format!(
            "records: `{}` ({why}; score {:.1}, pin it with --select)",
            findings.selector.selector, findings.selector.score
        ));
    }
    if !findings.paginator.is_declared {
        let why = findings.paginator.reasons.join("; ");
        let pin = findings.paginator.pin().unwrap_or_default();
        let pin = pin
            .strip_prefix("paginator: ")
            .unwrap_or(&pin)
            .replace('\'', r"'\''");
        printer.message(&format!(
            "paginator: {} ({why}; score {:.1}, pin it with --paginator '{pin}')",
            findings.paginator.paginator.describe(),
            findings.paginator.score
        ));
    }
}

fn bar(printer: &Printer) -> ProgressBar {
    if !printer.has_bars() {
        return ProgressBar::hidden();
    }
    let bar = printer.bars().add(ProgressBar::new_spinner());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

impl GetArgs {
    fn format(&self, printer: &Printer) -> Result<OutputFormat, Failure> {
        let extension = self.output.as_deref().and_then(|path| path.extension());
        let of_file = match extension.and_then(|extension| extension.to_str()) {
            Some("parquet") => Some(OutputFormat::Parquet),
            Some("csv") => Some(OutputFormat::Csv),
            Some("json") => Some(OutputFormat::Json),
            _ => None,
        };
        let default = if printer.is_json() {
            OutputFormat::Json
        } else {
            OutputFormat::Jsonl
        };
        let format = self.output_format.or(of_file).unwrap_or(default);
        if format == OutputFormat::Parquet && self.output.is_none() {
            return Err(Failure::usage(
                "Parquet needs a file",
                Some("add `-o NAME.parquet`"),
            ));
        }
        Ok(format)
    }

    fn sink(&self, format: OutputFormat) -> Result<Box<dyn Sink + Send>, Failure> {
        let output = self.output.as_deref();
        Ok(match format {
            OutputFormat::Jsonl => Box::new(raw::RawSink::lines(output::Output::open(output)?)),
            OutputFormat::Json => Box::new(raw::RawSink::list(output::Output::open(output)?)),
            OutputFormat::Csv => Box::new(columns::ColumnSink::try_new(
                &self.url,
                columns::Form::Csv,
                output,
            )?),
            OutputFormat::Table => Box::new(columns::ColumnSink::try_new(
                &self.url,
                columns::Form::Table,
                output,
            )?),
            OutputFormat::Parquet => Box::new(columns::ColumnSink::try_new(
                &self.url,
                columns::Form::Parquet,
                output,
            )?),
        })
    }
}

//! Formats of answers and reports on request, from the text to what is planned.

use std::time::Duration;

use apiduct_client::OnForeignOrigin;
use apiduct_client::format::{BodyFormat, CellTypes, Csv, Xml};
use apiduct_client::job::{Job, JobPlace};
use apiduct_config::plan::{Origin, ResourcePlan};
use apiduct_config::{Format, Plan};
use apiduct_json::Selector;

use crate::broken::resources;

/// A resource with these keys in its endpoint.
fn endpoint(keys: &str) -> ResourcePlan {
    let text = format!(
        "client: {{base_url: 'https://h', paginator: header_link}}\nresources:\n  - name: a\n    endpoint:\n{keys}"
    );
    let plan =
        Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    plan.resources[0].clone()
}

fn format(text: &str) -> BodyFormat {
    endpoint(&format!("      response_format: {text}\n")).response_format
}

#[test]
fn formats_are_words_or_mappings() {
    assert!(matches!(
        endpoint("      path: x\n").response_format,
        BodyFormat::Auto
    ));
    assert!(matches!(format("auto"), BodyFormat::Auto));
    assert!(matches!(format("json"), BodyFormat::Json));
    assert!(matches!(format("{type: jsonl}"), BodyFormat::JsonLines));
    let BodyFormat::Csv(csv) = format("csv") else {
        panic!("no CSV");
    };
    assert_eq!(csv, Csv::default());
    let BodyFormat::Xml(xml) = format("{type: xml, lists: [tag], types: infer}") else {
        panic!("no XML");
    };
    let lists = vec!["tag".to_owned()];
    assert_eq!(
        xml,
        Xml {
            lists,
            types: CellTypes::Infer
        }
    );
}

#[test]
fn csv_has_its_details() {
    let text = r#"{type: csv, delimiter: '\t', quote: "'", header: false, columns: [a, b], null_values: ['', 'NULL'], types: infer}"#;
    let BodyFormat::Csv(csv) = format(text) else {
        panic!("no CSV");
    };
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        csv,
        Csv {
            delimiter: Some(b'\t'),
            quote: b'\'',
            header: false,
            columns: texts(&["a", "b"]),
            null_values: texts(&["", "NULL"]),
            types: CellTypes::Infer,
        }
    );
}

#[test]
fn a_job_has_places_states_and_waits() {
    let resource = endpoint(
        "      method: post
      job:
        poll: 'reports/{job.id}'
        status: state
        done: DONE
        failed: [FAILED, CANCELLED]
        running: [QUEUED]
        message: error.text
        download: {selector: result.url, on_foreign_origin: strip}
        interval: 2s
        backoff: 2
        max_interval: 30s
        deadline: 10m
",
    );
    let selector = |path: &str| Selector::parse(path).unwrap();
    let job = Job {
        running: vec!["QUEUED".to_owned()],
        message: Some(selector("error.text")),
        on_foreign_origin: Some(OnForeignOrigin::Strip),
        interval: Duration::from_secs(2),
        backoff: 2.0,
        max_interval: Duration::from_secs(30),
        deadline: Duration::from_mins(10),
        ..Job::new(JobPlace::Path("reports/{job.id}".to_owned()))
    };
    let job = job
        .status("state")
        .done(["DONE"])
        .failed(["FAILED", "CANCELLED"])
        .download(JobPlace::Body(selector("result.url")));
    assert_eq!(resource.job, Some(job));
    assert_eq!(
        resource.paginator.origin,
        Origin::Report,
        "before that of the client"
    );
}

#[test]
fn a_job_needs_no_more_than_a_place_to_ask_at() {
    let resource =
        endpoint("      job: {poll: {header: Location}}\n      paginator: page_number\n");
    let place = JobPlace::Header("location".parse().unwrap());
    assert_eq!(resource.job, Some(Job::new(place)));
    assert_eq!(resource.paginator.origin, Origin::Resource);
}

#[test]
fn the_plan_shows_format_and_job() {
    let text = "client: {base_url: 'https://h'}\nresources: [{name: a, endpoint: {response_format: csv, job: {poll: 'r/{job.id}', download: {selector: u}}}}, b]";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    let shown = serde_json::to_value(plan.describe()).unwrap();
    let own = &shown["resources"][0];
    assert_eq!(own["response_format"], "csv");
    assert_eq!(own["job"], "waits at r/{job.id}, reads the link at `u`");
    assert_eq!(own["paginator"]["why"], "a report is one page");
    assert_eq!(shown["resources"][1].get("response_format"), None);
}

#[test]
fn wrong_formats_are_told_with_their_places() {
    let text = r"
  - {name: a, endpoint: {response_format: cvs}}
  - {name: b, endpoint: {response_format: {type: csv, delimiter: ';;', quote: ä, lists: [a]}}}
  - {name: c, endpoint: {response_format: {type: xml, types: guess}}}
  - {name: d, endpoint: {response_format: {delimiter: ';'}}}
  - {name: e, endpoint: {response_format: 5}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:43: resources[0].endpoint.response_format: unknown response format `cvs`
      hint: valid are `auto`, `json`, `jsonl`, `csv`, `xml`, `arrow`, `parquet`
    source.yaml:5:66: resources[1].endpoint.response_format.delimiter: `;;` is not one ASCII character
      hint: write it like `;`, or `\t` for a tab
    source.yaml:5:79: resources[1].endpoint.response_format.quote: `ä` is not one ASCII character
      hint: write it like `;`, or `\t` for a tab
    source.yaml:5:82: resources[1].endpoint.response_format: key `lists` does not belong to response format `csv`
      hint: it belongs to `xml`
    source.yaml:6:62: resources[2].endpoint.response_format.types: unknown way to type values `guess`
      hint: valid are `text`, `infer`
    source.yaml:7:43: resources[3].endpoint.response_format: the response format does not say its `type`
      hint: valid are `auto`, `json`, `jsonl`, `csv`, `xml`, `arrow`, `parquet`
    source.yaml:8:43: resources[4].endpoint.response_format: expected a text or a mapping, found a number
      hint: write a text, or `{KEY: VALUE}`
    ");
}

#[test]
fn wrong_jobs_are_told_with_their_places() {
    let text = r"
  - {name: a, endpoint: {job: {status: s}}}
  - {name: b, endpoint: {job: {poll: 'r/{id}', done: x, message: m}}}
  - {name: c, endpoint: {job: {poll: {path: r, selector: s}, download: {header: 'a b'}}}}
  - {name: d, endpoint: {job: {poll: {path: 'r/{resources.x.id}'}, status: s}}}
  - {name: e, endpoint: {job: {poll: {}, deadline: soon, dead_line: 1h}}}
  - {name: f, endpoint: {job: reports}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:31: resources[0].endpoint.job: required key `poll` is missing
      hint: add `poll`: where to ask how far the report is, by the answer to the request for it
    source.yaml:4:31: resources[0].endpoint.job: the job would never be done: `status` has no states for that
      hint: list them in `done`
    source.yaml:5:38: resources[1].endpoint.job.poll: `r/{id}` has a placeholder that may not stand here
      hint: write `{job.FIELD}`, a field of the answer to the request for the report
    source.yaml:5:48: resources[1].endpoint.job.done: `done` says something about a state, and `status` does not say where that is
      hint: give `status`, a JSONPath
    source.yaml:5:57: resources[1].endpoint.job.message: `message` says something about a state, and `status` does not say where that is
      hint: give `status`, a JSONPath
    source.yaml:6:38: resources[2].endpoint.job.poll: the address comes from one place
      hint: give one of `path`, `selector`, `header`
    source.yaml:6:81: resources[2].endpoint.job.download.header: `a b` is not the name of a header
      hint: write it like `Location`
    source.yaml:7:31: resources[3].endpoint.job: the job would never be done: `status` has no states for that
      hint: list them in `done`
    source.yaml:7:45: resources[3].endpoint.job.poll.path: `r/{resources.x.id}` has a placeholder that may not stand here
      hint: write `{job.FIELD}`, a field of the answer to the request for the report
    source.yaml:8:38: resources[4].endpoint.job.poll: the address comes from one place
      hint: give one of `path`, `selector`, `header`
    source.yaml:8:52: resources[4].endpoint.job.deadline: `soon` is not a duration
      hint: write it like `30s`, `5m` or `1h 30m`
    source.yaml:8:58: resources[4].endpoint.job: unknown key `dead_line`
      hint: did you mean `deadline`?
    source.yaml:9:31: resources[5].endpoint.job: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    ");
}

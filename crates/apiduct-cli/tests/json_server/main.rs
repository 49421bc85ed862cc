//! Real data from a REST server that is not ours: json-server serving movies, cars and flights of vega-datasets.
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod data;
mod examples;
mod program;
mod server;

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use data::{ALL, CARS, Dataset, FLIGHTS, MOVIES};
use program::Program;
use server::{Inputs, Server};

/// The program beside a server of all data, and what the server serves.
struct Setting {
    program: Program,
    server: Server,
    served: Map<String, Value>,
}

impl Setting {
    /// `None` where nobody fetched the server.
    fn new() -> Option<Self> {
        let inputs = Inputs::find()?;
        let program = Program::new();
        let served: Map<String, Value> = ALL
            .iter()
            .map(|dataset| {
                let records = serde_json::from_slice(&inputs.dataset(dataset.file))
                    .expect("the data are JSON");
                (dataset.table.to_owned(), records)
            })
            .collect();
        let file = program.write("db.json", Value::Object(served.clone()).to_string());
        Some(Self {
            server: inputs.serve(&file),
            program,
            served,
        })
    }

    fn records(&self, dataset: &Dataset) -> &[Value] {
        self.served[dataset.table]
            .as_array()
            .expect("a collection is a list")
    }

    /// Writes a file with the three collections as resources that take the place of earlier rows.
    fn source(&self) -> PathBuf {
        let source = format!(
            "name: vega\n\
             client:\n  base_url: {}\n\
             resource_defaults:\n  write_disposition: replace\n\
             resources: [movies, cars, flights]\n\
             destination: duckdb:vega.duckdb\n",
            self.server.url("")
        );
        self.program.write("vega.yaml", source)
    }

    fn run(&self) -> PathBuf {
        let source = self.source();
        self.program.call(&["run", "vega.yaml", "-q"]);
        source
    }

    fn get(&self, path: &str, options: &[&str]) -> Vec<u8> {
        let url = self.server.url(path);
        let mut arguments = vec!["get", url.as_str()];
        arguments.extend(options);
        self.program.call(&arguments)
    }

    /// The records that `get` prints as JSON lines.
    fn lines(&self, path: &str, options: &[&str]) -> Vec<Value> {
        let printed = String::from_utf8(self.get(path, options)).expect("JSON lines are UTF-8");
        let lines = printed.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    }
}

#[test]
fn a_run_loads_every_row_as_it_was_served() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let source = setting.run();

    for dataset in ALL {
        let records = setting.records(dataset);
        let loaded = setting.program.query(&source, &dataset.query());

        assert_eq!(records.len(), dataset.count, "{}", dataset.table);
        assert_eq!(loaded.len(), dataset.count, "{}", dataset.table);
        for (loaded, served) in dataset.rows(&loaded).iter().zip(dataset.rows(records)) {
            assert_eq!(*loaded, served, "{}", dataset.table);
        }
    }
}

#[test]
fn aggregates_agree_with_the_file() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let source = setting.run();
    let query = |sql: &str| setting.program.query(&source, sql);

    let (movies, flights, cars) = (
        setting.records(&MOVIES),
        setting.records(&FLIGHTS),
        setting.records(&CARS),
    );
    assert_eq!(
        query(
            "SELECT sum(us_gross)::bigint AS us, sum(worldwide_gross)::bigint AS world FROM movies"
        ),
        [
            json!({"us": data::sum(movies, "US Gross"), "world": data::sum(movies, "Worldwide Gross")})
        ]
    );
    assert_eq!(
        query("SELECT sum(delay)::bigint AS delay, sum(distance)::bigint AS distance FROM flights"),
        [json!({"delay": data::sum(flights, "delay"), "distance": data::sum(flights, "distance")})]
    );
    for (records, table, field, column) in [
        (movies, "movies", "Major Genre", "major_genre"),
        (cars, "cars", "Origin", "origin"),
        (flights, "flights", "destination", "destination"),
    ] {
        let sql = format!(
            "SELECT coalesce({column}, '') AS value, count(*) AS records FROM {table} GROUP BY 1 ORDER BY 1"
        );
        let expected = data::counts(records, field);
        let expected: Vec<Value> = expected
            .into_iter()
            .map(|(value, records)| json!({"value": value, "records": records}))
            .collect();
        assert_eq!(query(&sql), expected, "{table}");
    }
}

#[test]
fn the_receipt_counts_what_was_served() {
    let Some(setting) = Setting::new() else {
        return;
    };
    setting.source();
    let receipt = setting
        .program
        .json(&["run", "vega.yaml", "--format", "json"]);

    assert_eq!(receipt["status"], "complete");
    for dataset in ALL {
        let resource = &receipt["resources"][dataset.table];
        assert_eq!(resource["status"], "complete", "{receipt}");
        assert_eq!(resource["rows"], dataset.count, "{receipt}");
        assert_eq!(receipt["tables"][dataset.table], dataset.count, "{receipt}");
    }
}

#[test]
fn a_second_run_replaces_the_rows_of_the_first() {
    let Some(setting) = Setting::new() else {
        return;
    };
    setting.run();
    let source = setting.run();

    let counts = setting.program.query(
        &source,
        "SELECT (SELECT count(*) FROM movies) AS movies, (SELECT count(*) FROM cars) AS cars, \
         (SELECT count(*) FROM flights) AS flights",
    );

    assert_eq!(
        counts,
        [json!({"movies": 3201, "cars": 406, "flights": 5000})]
    );
}

#[test]
fn get_prints_every_record_with_no_options() {
    let Some(setting) = Setting::new() else {
        return;
    };

    for dataset in ALL {
        let printed = setting.lines(dataset.table, &[]);

        assert_eq!(printed.len(), dataset.count, "{}", dataset.table);
        assert_eq!(
            printed,
            setting.records(dataset),
            "{}: in order and as served",
            dataset.table
        );
    }
}

#[test]
fn get_follows_link_headers_without_being_told() {
    let Some(setting) = Setting::new() else {
        return;
    };

    let in_url = setting.lines("movies?_page=1&_limit=100", &[]);
    let in_options = setting.lines("movies", &["--param", "_page=1", "--param", "_limit=500"]);

    assert_eq!(in_url, setting.records(&MOVIES));
    assert_eq!(in_options, setting.records(&MOVIES));
}

#[test]
fn get_pages_by_number_when_told_to() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let paginator = "{type: page_number, page_param: _page}";

    let printed = setting.lines("cars", &["--param", "_limit=100", "--paginator", paginator]);

    assert_eq!(printed, setting.records(&CARS));
}

#[test]
fn a_limit_ends_the_output_early() {
    let Some(setting) = Setting::new() else {
        return;
    };

    let printed = setting.lines("movies?_page=1&_limit=100", &["--limit", "250"]);

    assert_eq!(printed, setting.records(&MOVIES)[..250]);
}

#[test]
fn csv_has_a_head_and_a_line_for_each_record() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let printed =
        String::from_utf8(setting.get("cars", &["--output-format", "csv"])).unwrap_or_default();

    assert_eq!(printed.lines().count(), 1 + CARS.count);
    assert!(
        printed
            .lines()
            .nth(1)
            .is_some_and(|line| line.contains("chevrolet chevelle malibu")),
        "{printed}"
    );
}

#[test]
fn json_is_one_list_of_the_records() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let printed: Value = serde_json::from_slice(&setting.get("cars", &["--output-format", "json"]))
        .unwrap_or_default();

    assert_eq!(printed, setting.served["cars"]);
}

#[test]
fn a_table_shows_the_records() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let printed =
        String::from_utf8(setting.get("cars", &["--output-format", "table", "--limit", "3"]))
            .unwrap_or_default();

    for name in [
        "chevrolet chevelle malibu",
        "buick skylark 320",
        "plymouth satellite",
    ] {
        assert!(printed.contains(name), "{printed}");
    }
}

#[test]
fn parquet_is_a_file_that_duckdb_reads() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let source = setting.run();
    setting.get(
        "movies",
        &["--output-format", "parquet", "-o", "movies.parquet"],
    );

    let file = setting.program.path("movies.parquet");
    let sql = format!(
        "SELECT count(*) AS records FROM read_parquet('{}')",
        file.display()
    );

    assert_eq!(
        setting.program.query(&source, &sql),
        [json!({"records": MOVIES.count})]
    );
}

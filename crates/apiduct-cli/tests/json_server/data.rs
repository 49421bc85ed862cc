use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// One collection of real data, and how its fields appear as columns.
#[derive(Debug)]
pub(crate) struct Dataset {
    /// The table, and the path on the server.
    pub(crate) table: &'static str,
    /// The file that holds it.
    pub(crate) file: &'static str,
    /// How many records it has.
    pub(crate) count: usize,
    /// Its fields.
    pub(crate) columns: &'static [Column],
}

/// A field and the SQL that gives its value back as it was served.
#[derive(Debug)]
pub(crate) struct Column {
    field: &'static str,
    sql: &'static str,
    is_text: bool,
}

const fn number(field: &'static str, sql: &'static str) -> Column {
    Column {
        field,
        sql,
        is_text: false,
    }
}

/// A text column; numbers that stand among the texts are loaded by their digits.
const fn text(field: &'static str, sql: &'static str) -> Column {
    Column {
        field,
        sql,
        is_text: true,
    }
}

pub(crate) const MOVIES: Dataset = Dataset {
    table: "movies",
    file: "movies",
    count: 3201,
    columns: &[
        text("Title", "title"),
        number("US Gross", "us_gross"),
        number("Worldwide Gross", "worldwide_gross"),
        number("US DVD Sales", "us_dvd_sales"),
        number("Production Budget", "production_budget"),
        text("Release Date", "release_date"),
        text("MPAA Rating", "mpaa_rating"),
        number("Running Time min", "running_time_min"),
        text("Distributor", "distributor"),
        text("Source", "source"),
        text("Major Genre", "major_genre"),
        text("Creative Type", "creative_type"),
        text("Director", "director"),
        number("Rotten Tomatoes Rating", "rotten_tomatoes_rating"),
        number("IMDB Rating", "imdb_rating"),
        number("IMDB Votes", "imdb_votes"),
    ],
};

pub(crate) const CARS: Dataset = Dataset {
    table: "cars",
    file: "cars",
    count: 406,
    columns: &[
        text("Name", "name"),
        number("Miles_per_Gallon", "miles_per_gallon"),
        number("Cylinders", "cylinders"),
        number("Displacement", "displacement"),
        number("Horsepower", "horsepower"),
        number("Weight_in_lbs", "weight_in_lbs"),
        number("Acceleration", "acceleration"),
        text("Year", "\"year\""),
        text("Origin", "origin"),
    ],
};

pub(crate) const FLIGHTS: Dataset = Dataset {
    table: "flights",
    file: "flights-5k",
    count: 5000,
    columns: &[
        // A date with a time of day is loaded as a timestamp; the detour by microseconds keeps the session's time zone out.
        text(
            "date",
            "strftime(make_timestamp(epoch_us(\"date\")), '%Y/%m/%d %H:%M')",
        ),
        number("delay", "delay"),
        number("distance", "distance"),
        text("origin", "origin"),
        text("destination", "destination"),
    ],
};

pub(crate) const ALL: [&Dataset; 3] = [&MOVIES, &CARS, &FLIGHTS];

impl Dataset {
    /// A query that gives every row back under the names that the server uses.
    pub(crate) fn query(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{} AS \"{}\"", column.sql, column.field))
            .collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.table)
    }

    /// The records of a file or answer, each as text with its fields in order, sorted: equal lists mean equal rows,
    /// each as often.
    pub(crate) fn rows(&self, records: &[Value]) -> Vec<String> {
        let mut rows: Vec<String> = records.iter().map(|record| self.row(record)).collect();
        rows.sort_unstable();
        rows
    }

    fn row(&self, record: &Value) -> String {
        let record = record.as_object().expect("a record is an object");
        for field in record.keys() {
            assert!(
                self.columns.iter().any(|column| column.field == field),
                "`{field}` has no column"
            );
        }
        let fields: Map<String, Value> = self
            .columns
            .iter()
            .map(|column| (column.field.to_owned(), column.value(record)))
            .collect();
        Value::Object(fields).to_string()
    }
}

impl Column {
    fn value(&self, record: &Map<String, Value>) -> Value {
        match record.get(self.field) {
            None => Value::Null,
            Some(Value::Number(number)) if self.is_text => Value::String(number.to_string()),
            Some(Value::Number(number)) => Value::Number(plain(number)),
            Some(other) => other.clone(),
        }
    }
}

/// A number of a column that also holds fractions comes back as 18.0 where 18 was served.
fn plain(number: &Number) -> Number {
    let is_whole = |float: &f64| float.fract() == 0.0 && float.abs() < 1e15;
    match number.as_f64().filter(is_whole) {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e15")]
        Some(float) => Number::from(float as i64),
        None => number.clone(),
    }
}

/// How many records have each value of a field; null is the empty text.
pub(crate) fn counts(records: &[Value], field: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in records {
        let value = record[field].as_str().unwrap_or_default().to_owned();
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// The sum of a field of whole numbers over all records.
pub(crate) fn sum(records: &[Value], field: &str) -> i64 {
    records
        .iter()
        .filter_map(|record| record[field].as_i64())
        .sum()
}

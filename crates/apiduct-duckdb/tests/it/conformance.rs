use apiduct_duckdb::DuckDb;
use apiduct_testkit::conformance::{Subject, run};

#[test]
fn duckdb_conforms() {
    run(|folder| Subject::queried(Box::new(DuckDb::new(folder.join("numbers.duckdb")))));
}

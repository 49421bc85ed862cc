//! What users of the DuckDB destination rely on.

mod conformance;

use apiduct_json::{JsonError, SyntaxError};
use apiduct_model::cursor::CursorError;
use apiduct_model::{Hint, NameCollision, TableName};
use apiduct_steps::StepError;

/// Why records could not be turned into rows. The rows of earlier records stay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NormalizeError {
    /// A record is not JSON.
    #[error("record {record} of the page is not JSON")]
    Syntax {
        /// Position of the record in the page, from 0.
        record: usize,
        /// What is wrong with it.
        source: SyntaxError,
    },
    /// A step of the user's cannot be done with a record.
    #[error("record {record} of the page does not pass the processing steps")]
    Step {
        /// Position of the record in the page, from 0.
        record: usize,
        /// Which step, and why.
        source: Box<StepError>,
    },
    /// The page could not be cut into records.
    #[error("the page cannot be cut into records")]
    Page(#[from] JsonError),
    /// A record has no value for a key by which rows are told apart.
    #[error("record {record} of the page has no value for key `{key}`")]
    NoKey {
        /// Position of the record in the page, from 0.
        record: usize,
        /// The key as it is declared.
        key: String,
    },
    /// A record has no value that its table could be named by.
    #[error(
        "record {record} of the page has no text or number at `{path}`, which its table is named by"
    )]
    NoTableName {
        /// Position of the record in the page, from 0.
        record: usize,
        /// Where the value ought to be.
        path: String,
    },
    /// The values of a record make a name that no table can have.
    #[error("a record goes to table `{table}`, {why}")]
    BadTableName {
        /// The name.
        table: TableName,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A record has no cursor, or it is null.
    #[error("record {record} of the page has no cursor at `{path}`")]
    NoCursor {
        /// Position of the record in the page, from 0.
        record: usize,
        /// Where the cursor ought to be.
        path: String,
    },
    /// The cursor of a record is a boolean, a list or an object.
    #[error(
        "the cursor of record {record} of the page, at `{path}`, is neither a text nor a number"
    )]
    CursorKind {
        /// Position of the record in the page, from 0.
        record: usize,
        /// Where the cursor is.
        path: String,
    },
    /// The cursor of a record is of another type than the others.
    #[error("the cursor of record {record} of the page, at `{path}`, cannot be compared")]
    Cursor {
        /// Position of the record in the page, from 0.
        record: usize,
        /// Where the cursor is.
        path: String,
        /// What is wrong with it.
        source: CursorError,
    },
    /// A page holds more than can be read at once.
    #[error("the records of the page take {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Bytes of the records.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Two keys of the source become one column.
    #[error(transparent)]
    Collision(#[from] NameCollision),
    /// A key of the source becomes the name of a column that apiduct writes itself.
    #[error("key `{key}` of table `{table}` becomes `{name}`, a name that is reserved")]
    Reserved {
        /// The table.
        table: TableName,
        /// The key as the source writes it.
        key: String,
        /// What it becomes.
        name: String,
    },
    /// A key of the records becomes a column that is filled from the parent's row.
    #[error("key `{key}` of table `{table}` becomes `{name}`, a column that comes from the parent")]
    FromParent {
        /// The table.
        table: TableName,
        /// The key as the source writes it.
        key: String,
        /// What it becomes.
        name: String,
    },
    /// A table would get more columns than any destination can hold, usually because values serve as keys.
    #[error("table `{table}` gets more than {limit} columns, the last one from key `{key}`")]
    TooManyColumns {
        /// The table.
        table: TableName,
        /// How many columns are allowed.
        limit: usize,
        /// The key that crossed the limit.
        key: String,
    },
    /// The records nest into more tables than are allowed.
    #[error("resource gets more than {limit} tables, the last one `{table}`")]
    TooManyTables {
        /// The table that crossed the limit.
        table: TableName,
        /// How many tables are allowed.
        limit: usize,
    },
}

impl Hint for NormalizeError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Step { source, .. } => source.hint(),
            Self::Collision(collision) => collision.hint(),
            Self::Reserved { .. } => {
                Some("set `system_prefix` to another prefix, for instance `_meta`".to_owned())
            }
            Self::FromParent { .. } => Some(
                "give the parent's field another name, `include_from_parent: {FIELD: NAME}`, or set `overwrite_from_parent`"
                    .to_owned(),
            ),
            Self::TooManyColumns { key, .. } => Some(format!(
                "values seem to be used as keys; keep the object above `{key}` as one column: `columns: {{NAME: {{data_type: json}}}}`"
            )),
            Self::TooManyTables { .. } => Some(
                "keep a deeply nested key as one column: `columns: {NAME: {data_type: json}}`"
                    .to_owned(),
            ),
            Self::TooLarge { .. } => {
                Some("ask for smaller pages, and lower `max_response_bytes`".to_owned())
            }
            Self::NoKey { key, .. } => Some(format!(
                "declare other fields as `primary_key` or `merge_key`, or let rows lack it: `columns: {{{key}: {{nullable: true}}}}`"
            )),
            Self::NoTableName { path, .. } => Some(format!(
                "give such records a value, `processing_steps: [{{map: '.{path} //= \"other\"'}}]`, or filter them out"
            )),
            Self::BadTableName { .. } => {
                Some("put a text around the placeholder, such as `table_name: 'event_{type}'`".to_owned())
            }
            Self::NoCursor { .. } => Some(
                "correct `cursor_path`, or set `on_cursor_value_missing` to `include` or `exclude`"
                    .to_owned(),
            ),
            Self::CursorKind { .. } => {
                Some("let `cursor_path` lead to a text or a number".to_owned())
            }
            Self::Cursor { source, .. } => source.hint(),
            Self::Syntax { .. } | Self::Page(_) => None,
        }
    }
}

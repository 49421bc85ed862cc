//! What descriptions become: the cases of the reference's test suite, real documents, and the table of both.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "values are written where they are passed"
)]

mod documents;
mod given;
mod pinned;
mod tolerated;

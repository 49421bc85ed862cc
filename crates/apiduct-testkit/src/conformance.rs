//! The checks that every destination must pass, ours and others'.
//!
//! ```no_run
//! use apiduct_testkit::conformance::{self, Subject};
//! # fn my_destination(folder: &std::path::Path) -> Box<dyn apiduct_load::Destination> { unimplemented!() }
//!
//! # struct TempDir;
//! # impl TempDir { fn path(&self) -> &std::path::Path { std::path::Path::new(".") } }
//! # fn tempdir() -> TempDir { TempDir }
//! #[test]
//! fn conforms() {
//!     conformance::run(|folder| Subject::queried(my_destination(folder)));
//! }
//! ```
//!
//! Each check gets a destination of its own in a folder of its own, brings load packages to it and reads the rows back. A
//! check panics when something differs, and [`run`] names every check that did.

mod dispositions;
mod documents;
mod durability;
mod evolution;
mod merges;
mod stage;
mod values;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use apiduct_load::Destination;
use arrow_array::RecordBatch;

use stage::Stage;

/// Reads all rows of a table of a dataset, in any order; nothing when the table is not there.
type Read = dyn Fn(&dyn Destination, &str, &str) -> Vec<RecordBatch>;

/// A destination under test, and how to read what is in it.
pub struct Subject {
    destination: Box<dyn Destination>,
    read: Box<Read>,
}

impl Subject {
    /// A destination that answers SQL queries, which are used to read it.
    pub fn queried(destination: Box<dyn Destination>) -> Self {
        Self::new(destination, stage::read_by_query)
    }

    /// A destination that is read by `read(destination, dataset, table)`: all rows in any order, and nothing when the
    /// table is not there.
    pub fn new(
        destination: Box<dyn Destination>,
        read: impl Fn(&dyn Destination, &str, &str) -> Vec<RecordBatch> + 'static,
    ) -> Self {
        Self {
            destination,
            read: Box::new(read),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}

/// One demand on destinations.
#[derive(Clone, Copy)]
pub struct Check {
    /// What is demanded, as a claim.
    pub name: &'static str,
    body: fn(&mut Stage),
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

impl Check {
    /// Tries the subject, which must be new and empty, with packages in `folder`.
    ///
    /// # Panics
    ///
    /// When the destination does not do what is demanded.
    pub fn run(&self, subject: Subject, folder: &Path) {
        (self.body)(&mut Stage::new(subject, folder));
    }
}

macro_rules! checks {
    ($($module:ident: $($name:ident)*;)*) => {
        /// Every check.
        pub const CHECKS: &[Check] = &[$($(Check { name: stringify!($name), body: $module::$name },)*)*];
    };
}

checks! {
    values:
        every_type_comes_back_exactly
        names_may_hold_anything
        text_may_hold_anything
        batches_of_any_size_and_shape_arrive
        the_load_id_is_filled_in
        a_table_without_rows_is_made;
    dispositions:
        appended_rows_join_earlier_ones
        replaced_rows_are_gone
        replacing_empties_nested_tables_without_rows
        replacing_by_nothing_leaves_an_empty_table
        replacing_leaves_other_resources_alone
        replaced_tables_take_new_types
        unsupported_dispositions_are_not_claimed;
    merges:
        merged_rows_take_the_place_of_their_key
        the_last_of_several_rows_of_a_key_wins
        upserted_rows_keep_their_identity
        insert_only_leaves_known_rows_and_their_lists_alone
        a_merge_key_replaces_the_parts_that_come
        with_both_keys_rows_of_either_go
        composite_keys_compare_all_columns_and_nulls_too
        keys_of_another_type_are_other_keys
        rows_marked_as_deleted_go_with_their_lists
        dedup_sort_decides_within_a_load_and_against_earlier_rows
        a_newer_row_is_not_lost_with_its_part
        appended_tables_can_be_merged_later
        a_merged_table_can_be_filled_anew
        an_empty_merge_changes_nothing
        merging_a_package_twice_changes_nothing
        a_merge_brings_new_columns_and_takes_away_no_others
        random_merges_end_as_they_do_by_hand;
    evolution:
        new_columns_are_null_in_earlier_rows
        missing_columns_are_null_in_later_rows
        integers_widen_to_decimals
        integers_widen_to_doubles_only_when_exact
        values_of_another_type_go_to_a_variant_column
        a_variant_column_is_used_again
        the_stored_schema_is_that_of_all_loads;
    durability:
        loading_a_package_twice_changes_nothing
        a_load_dropped_at_any_step_leaves_nothing
        a_load_rolled_back_can_be_repeated
        a_damaged_package_leaves_nothing
        the_state_moves_with_the_rows
        states_of_pipelines_are_apart
        a_package_on_another_state_is_refused
        datasets_are_apart;
}

/// Runs every check with a subject that `make` builds in the empty folder it is given.
///
/// # Panics
///
/// When a check fails or a folder cannot be made; the message names every check that failed, and each has said
/// what differed before.
pub fn run(make: impl Fn(&Path) -> Subject) {
    let failed: Vec<&str> = CHECKS
        .iter()
        .filter(|check| {
            let folder = tempfile::tempdir().expect("a folder for temporary files is there");
            let place = folder.path().join("destination");
            std::fs::create_dir(&place).expect("a new folder can be filled");
            let try_it = || check.run(make(&place), &folder.path().join("packages"));
            catch_unwind(AssertUnwindSafe(try_it)).is_err()
        })
        .map(|check| check.name)
        .collect();
    assert!(
        failed.is_empty(),
        "the destination fails: {}",
        failed.join(", ")
    );
}

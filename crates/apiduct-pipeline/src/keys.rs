//! Records whose primary key came before: an API that shows a record twice has, as a rule, left out another one.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use apiduct_model::arrow::TableBatch;
use apiduct_model::{SnakeCase, TableName};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as ArrowType;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Keys that are remembered at least. Twice as many take 10 MB at most.
const REMEMBERED: usize = 1 << 18;

/// Looks for keys that come twice in the pages of one walk, among the last [`REMEMBERED`] rows at least.
#[derive(Debug)]
pub(crate) struct KeyCheck {
    table: TableName,
    columns: Vec<String>,
    /// Where walks begin, by the row of the table; the first one is where the next batch begins, or before.
    walks: VecDeque<(u64, u64)>,
    /// The row that the next batch begins with.
    row: u64,
    recent: Recent,
    repeated: u64,
}

impl KeyCheck {
    /// A check of `table` by the fields of its primary key; `None` without one.
    pub(crate) fn new(table: &TableName, primary_key: &[String]) -> Option<Self> {
        (!primary_key.is_empty()).then(|| Self {
            table: table.clone(),
            columns: primary_key.iter().map(|key| SnakeCase::path(key)).collect(),
            walks: VecDeque::new(),
            row: 0,
            recent: Recent::new(REMEMBERED),
            repeated: 0,
        })
    }

    /// From row `row` of the table on, records belong to `walk`.
    pub(crate) fn enter(&mut self, row: u64, walk: u64) {
        if self.walks.back().is_none_or(|(_, last)| *last != walk) {
            self.walks.push_back((row, walk));
        }
    }

    /// Looks at the next rows of the table. Rows that lack a field of the key are not counted.
    pub(crate) fn look(&mut self, batch: &TableBatch) {
        if batch.table != self.table {
            return;
        }
        let rows = batch.batch.num_rows();
        let mut digests: Vec<Option<u64>> = Vec::with_capacity(rows);
        for at in 0..rows as u64 {
            while self
                .walks
                .get(1)
                .is_some_and(|(first, _)| *first <= self.row + at)
            {
                self.walks.pop_front();
            }
            digests.push(self.walks.front().map(|(_, walk)| *walk));
        }
        self.row += rows as u64;
        for column in &self.columns {
            match batch.batch.column_by_name(column) {
                Some(array) => mix(array, &mut digests),
                None => return,
            }
        }
        for digest in digests.into_iter().flatten() {
            self.repeated += u64::from(!self.recent.insert(digest));
        }
    }

    /// Rows whose key came before.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeated
    }
}

/// Mixes the values of a column into the digests of their rows.
fn mix(array: &ArrayRef, digests: &mut [Option<u64>]) {
    let mut each = |bytes: &dyn Fn(usize, u64) -> u64| {
        for (at, digest) in digests.iter_mut().enumerate() {
            *digest = digest
                .filter(|_| array.is_valid(at))
                .map(|seed| bytes(at, seed));
        }
    };
    match array.data_type() {
        ArrowType::Utf8 => {
            let texts = array.as_string::<i32>();
            each(&|at, seed| xxh3_64_with_seed(texts.value(at).as_bytes(), seed));
        }
        // One number is the same, whichever type its column has by now.
        ArrowType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>();
            each(&|at, seed| xxh3_64_with_seed(&i128::from(numbers.value(at)).to_le_bytes(), seed));
        }
        ArrowType::Decimal128(_, 0) => {
            let numbers = array.as_primitive::<Decimal128Type>();
            each(&|at, seed| xxh3_64_with_seed(&numbers.value(at).to_le_bytes(), seed));
        }
        ArrowType::Boolean => {
            let flags = array.as_boolean();
            each(&|at, seed| xxh3_64_with_seed(&[u8::from(flags.value(at))], seed));
        }
        // Fractions do not tell records apart.
        _ => digests.fill(None),
    }
}

/// The last digests, in two generations.
#[derive(Debug)]
struct Recent {
    limit: usize,
    now: Digests,
    before: Digests,
}

type Digests = HashSet<u64, BuildHasherDefault<AsItIs>>;

impl Recent {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            now: Digests::default(),
            before: Digests::default(),
        }
    }

    /// Whether `digest` is new.
    fn insert(&mut self, digest: u64) -> bool {
        if self.now.len() >= self.limit {
            std::mem::swap(&mut self.now, &mut self.before);
            self.now.clear();
        }
        let is_old = self.before.contains(&digest);
        self.now.insert(digest) && !is_old
    }
}

/// A hash of what is a hash already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    };

    use super::*;

    fn check(keys: &[&str]) -> KeyCheck {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        KeyCheck::new(&"posts".into(), &keys).unwrap()
    }

    fn batch(table: &str, columns: Vec<(&str, ArrayRef)>) -> TableBatch {
        TableBatch {
            table: table.into(),
            batch: RecordBatch::try_from_iter_with_nullable(
                columns.into_iter().map(|(name, array)| (name, array, true)),
            )
            .unwrap(),
        }
    }

    fn ids(ids: &[i64]) -> ArrayRef {
        Arc::new(Int64Array::from(ids.to_vec()))
    }

    #[test]
    fn a_key_that_comes_again_is_counted_each_time() {
        let mut check = check(&["id"]);
        check.enter(0, 7);
        check.look(&batch("posts", vec![("id", ids(&[1, 2, 1]))]));
        check.look(&batch("posts__tags", vec![("id", ids(&[1]))]));
        check.look(&batch("posts", vec![("id", ids(&[3, 2, 1]))]));
        assert_eq!(check.repeated(), 3);
    }

    #[test]
    fn the_same_key_below_two_parents_is_two() {
        let mut check = check(&["id"]);
        check.enter(0, 7);
        check.enter(2, 7);
        check.enter(3, 8);
        check.look(&batch("posts", vec![("id", ids(&[1, 2]))]));
        check.look(&batch("posts", vec![("id", ids(&[3, 1, 2, 2]))]));
        assert_eq!(check.repeated(), 1);
    }

    #[test]
    fn all_fields_of_a_key_count() {
        let mut check = check(&["id", "OrgName"]);
        check.enter(0, 0);
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
        check.look(&batch(
            "posts",
            vec![("id", ids(&[1, 1, 1])), ("org_name", names)],
        ));
        assert_eq!(check.repeated(), 1);
    }

    #[test]
    fn a_number_is_the_same_in_a_wider_column_and_a_fraction_is_no_key() {
        let mut check = check(&["id"]);
        check.enter(0, 0);
        let wide = Decimal128Array::from(vec![2, 3])
            .with_precision_and_scale(38, 0)
            .unwrap();
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, true]));
        check.look(&batch("posts", vec![("id", ids(&[1, 2]))]));
        check.look(&batch("posts", vec![("id", Arc::new(wide))]));
        assert_eq!(check.repeated(), 1);
        check.look(&batch(
            "posts",
            vec![("id", Arc::new(Float64Array::from(vec![0.5, 0.5])))],
        ));
        assert_eq!(check.repeated(), 1);
        check.look(&batch("posts", vec![("id", flags)]));
        assert_eq!(check.repeated(), 2);
    }

    #[test]
    fn rows_without_their_key_are_not_counted() {
        let mut check = check(&["id"]);
        check.enter(0, 0);
        let holes: ArrayRef = Arc::new(Int64Array::from(vec![None, None, Some(1)]));
        check.look(&batch("posts", vec![("id", holes)]));
        check.look(&batch("posts", vec![("n", ids(&[1, 1]))]));
        check.look(&batch("posts", vec![("id", ids(&[1]))]));
        assert_eq!(check.repeated(), 1);
    }

    #[test]
    fn without_a_key_there_is_nothing_to_look_for() {
        assert!(KeyCheck::new(&"posts".into(), &[]).is_none());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_at_least_the_limit() {
        let mut recent = Recent::new(4);
        for digest in 0..6 {
            assert!(recent.insert(digest));
        }
        assert!((2..6).all(|digest| !recent.insert(digest)));
        for digest in 10..100 {
            assert!(recent.insert(digest));
            assert!(recent.now.len() + recent.before.len() <= 8);
        }
        assert!(recent.insert(0));
    }
}

//! Identities of rows: the same load, table and position always give the same text.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// Bytes of an identity before Base64; two rows of a billion share one with a chance of one in a million.
const BYTES: usize = 10;
/// Characters of an identity.
const CHARACTERS: usize = 14;

/// Makes the identities of one table's rows in one load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowIds {
    seed: u64,
}

impl RowIds {
    pub(crate) fn new(load_id: &str, table: &str) -> Self {
        Self {
            seed: xxh3_64(load_id.as_bytes()) ^ xxh3_64(table.as_bytes()).rotate_left(1),
        }
    }

    /// The identities of the rows at `ordinals`, counted from the start of the load.
    pub(crate) fn array(self, ordinals: impl ExactSizeIterator<Item = u64>) -> ArrayRef {
        let rows = ordinals.len();
        let mut texts = vec![0_u8; rows * CHARACTERS];
        for (ordinal, slot) in ordinals.zip(texts.chunks_exact_mut(CHARACTERS)) {
            let hash = xxh3_128_with_seed(&ordinal.to_le_bytes(), self.seed).to_le_bytes();
            STANDARD_NO_PAD
                .encode_slice(&hash[..BYTES], slot)
                .expect("14 characters hold 10 bytes");
        }
        let offsets = (0..=rows)
            .map(|row| i32::try_from(row * CHARACTERS).expect("a batch is far below 2 GiB"));
        let offsets = OffsetBuffer::new(offsets.collect::<ScalarBuffer<i32>>());
        Arc::new(StringArray::new(offsets, Buffer::from_vec(texts), None))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;

    use super::*;

    fn id(load: &str, table: &str, ordinal: u64) -> String {
        RowIds::new(load, table)
            .array([ordinal].into_iter())
            .as_string::<i32>()
            .value(0)
            .to_owned()
    }

    #[test]
    fn an_identity_depends_on_load_table_and_position() {
        assert_eq!(id("l", "t", 7), id("l", "t", 7));
        assert_ne!(id("l", "t", 7), id("l", "t", 8));
        assert_ne!(id("l", "t", 7), id("l", "u", 7));
        assert_ne!(id("l", "t", 7), id("m", "t", 7));
        assert_eq!(id("l", "t", 7).len(), CHARACTERS);
    }

    #[test]
    fn identities_of_many_rows_differ() {
        let array = RowIds::new("l", "t").array((0..50_000_u32).map(u64::from));
        let mut all: Vec<&str> = array.as_string::<i32>().iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), array.len());
    }
}

//! Sixty-four bytes at a time: where the brackets are that no string holds.
//!
//! Plain arithmetic on 64-bit words, so that no processor feature is needed. A mask has one bit per byte in *folded*
//! order: byte `8 * k + j` of the block is bit `8 * j + k`. Folding eight words takes no multiplication, and most
//! questions do not care for the order; [`unfold`] gives the order of the text.

/// Bytes in a block.
pub(super) const LENGTH: usize = 64;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// What is in a block. Both masks are folded.
pub(super) struct Block {
    /// Brackets outside of strings. Outside of strings JSON has no letter that could be mistaken for one; in text that
    /// is not JSON, `y`, `Y`, `_` and DEL count as brackets too, which makes the brackets unbalanced.
    pub(super) brackets: u64,
    /// Set for every closing bracket; meaningless elsewhere.
    pub(super) closing: u64,
    /// Bytes that belong to strings; the opening quote is one of them, the closing one is not.
    pub(super) strings: u64,
}

/// Reads blocks one after another, the first of which begins outside of a string.
#[derive(Default)]
pub(super) struct Blocks {
    /// All bits if the block before ended inside a string.
    inside: u64,
    /// One if the block before ended with a backslash that escapes.
    escape: u64,
}

impl Blocks {
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8; LENGTH]) -> Block {
        let (mut no_quote, mut no_bracket, mut closing) = (0_u64, 0_u64, 0_u64);
        let mut no_backslash = u64::MAX;
        let (words, _) = bytes.as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            let (low, high) = (word & !HIGHS, word & HIGHS);
            no_quote = (no_quote >> 1) | ((differs(low, b'"') | high) & HIGHS);
            no_backslash &= differs(low, b'\\') | high;
            // `[ ] { }` differ from each other in these bits only, and the 4 tells whether they close.
            no_bracket = (no_bracket >> 1) | ((differs(low | (ONES * 0x26), 0x7F) | high) & HIGHS);
            closing = (closing >> 1) | ((word << 5) & HIGHS);
        }
        let mut quotes = !no_quote;
        if !no_backslash & HIGHS != 0 || self.escape != 0 {
            quotes &= !unfold(self.escaped(unfold(find(bytes, b'\\'))));
        }
        let strings = running_parity(quotes) ^ self.inside;
        // The last byte of the block is the highest bit in both orders.
        self.inside = 0_u64.wrapping_sub(strings >> 63);
        Block {
            brackets: !no_bracket & !strings,
            closing,
            strings,
        }
    }

    /// The bytes that a backslash escapes, given the backslashes; both in the order of the text.
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslashes = backslashes & !self.escape;
        let follows = backslashes << 1 | self.escape;
        // Adding to the runs that begin at an odd place carries out of their end and so marks their parity.
        let odd_starts = backslashes & !EVEN & !follows;
        let (sum, overflow) = odd_starts.overflowing_add(backslashes);
        self.escape = u64::from(overflow);
        (EVEN ^ (sum << 1)) & follows
    }
}

/// The high bit of each byte that is not `byte`, for bytes below 128.
#[inline]
fn differs(low: u64, byte: u8) -> u64 {
    (low ^ (ONES * u64::from(byte))) + !HIGHS
}

/// Where `byte`, which is below 128, stands. Folded.
#[inline]
pub(super) fn find(bytes: &[u8; LENGTH], byte: u8) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    let mut elsewhere = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        elsewhere = (elsewhere >> 1) | ((differs(word & !HIGHS, byte) | word) & HIGHS);
    }
    !elsewhere
}

/// Puts a folded mask into the order of the text, and back: it transposes eight by eight bits.
#[inline]
pub(super) fn unfold(mut mask: u64) -> u64 {
    let mut swap = |distance: u32, bits: u64| {
        let differing = (mask ^ (mask >> distance)) & bits;
        mask ^= differing ^ (differing << distance);
    };
    swap(7, 0x00AA_00AA_00AA_00AA);
    swap(14, 0x0000_CCCC_0000_CCCC);
    swap(28, 0x0000_0000_F0F0_F0F0);
    mask
}

/// For each byte whether an odd number of marks stands at or before it. Folded, in and out.
#[inline]
fn running_parity(mut marks: u64) -> u64 {
    // Within each word of eight bytes,
    marks ^= marks << 8;
    marks ^= marks << 16;
    marks ^= marks << 32;
    // and then from each word to those after it.
    let mut before = (marks >> 56) << 1;
    before ^= before << 1;
    before ^= before << 2;
    before ^= before << 4;
    marks ^ ((before & 0xFF) * ONES)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One byte at a time, as anyone would write it.
    fn plain(text: &[u8]) -> (Vec<bool>, Vec<bool>) {
        let (mut inside, mut escaped) = (false, false);
        let (mut strings, mut brackets) = (Vec::new(), Vec::new());
        for byte in text {
            let is_quote = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            inside ^= is_quote;
            strings.push(inside);
            brackets.push(!inside && b"[]{}".contains(byte));
        }
        (strings, brackets)
    }

    fn is_set(mask: u64, at: usize) -> bool {
        mask >> at & 1 == 1
    }

    proptest! {
        #[test]
        fn blocks_agree_with_reading_byte_by_byte(
            text in prop::collection::vec(
                prop_oneof![
                    4 => prop::sample::select(br#""\[]{}:,a \\"#.to_vec()),
                    1 => any::<u8>().prop_filter("not JSON outside of strings", |byte| !b"yY_\x7f".contains(byte)),
                ],
                192,
            )
        ) {
            let (strings, brackets) = plain(&text);
            let mut blocks = Blocks::default();
            for (number, bytes) in text.as_chunks::<64>().0.iter().enumerate() {
                let block = blocks.read(bytes);
                let found = (unfold(block.strings), unfold(block.brackets), unfold(block.closing));
                for at in 0..64 {
                    let place = number * 64 + at;
                    prop_assert_eq!(is_set(found.0, at), strings[place], "string at {}", place);
                    prop_assert_eq!(is_set(found.1, at), brackets[place], "bracket at {}", place);
                    if brackets[place] {
                        prop_assert_eq!(is_set(found.2, at), b"]}".contains(&text[place]), "closing at {}", place);
                    }
                }
            }
        }

        #[test]
        fn unfolding_twice_changes_nothing(mask: u64) {
            prop_assert_eq!(unfold(unfold(mask)), mask);
        }

        #[test]
        fn found_bytes_are_where_they_are(bytes in prop::array::uniform32(any::<u8>()), byte in 0_u8..128) {
            let mut block = [b'x'; 64];
            block[..32].copy_from_slice(&bytes);
            block[40] = byte;
            let found = unfold(find(&block, byte));
            for (at, here) in block.iter().enumerate() {
                prop_assert_eq!(is_set(found, at), *here == byte);
            }
        }
    }
}

//! Sixty-four bytes at a time: where the brackets are that no string holds.
//!
//! No processor feature is named: loops over bytes are left to the compiler, the rest is arithmetic on 64-bit words. A
//! mask has one bit per byte in *folded* order: byte `8 * k + j` of the block is bit `8 * j + k`. That is the order in
//! which vectors of bytes fall together, and most questions do not care for it; [`unfold`] gives the order of the text.

/// Bytes in a block.
pub(super) const LENGTH: usize = 64;

const ONES: u64 = 0x0101_0101_0101_0101;

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
        let mut marks = Marks::default();
        classify(bytes, &mut marks);
        let mut quotes = fold(&marks.quotes);
        let backslashes = fold(&marks.backslashes);
        if backslashes | self.escape != 0 {
            quotes &= !self.escaped(backslashes);
        }
        let strings = running_parity(quotes) ^ self.inside;
        // The last byte of the block is the highest bit in both orders.
        self.inside = 0_u64.wrapping_sub(strings >> 63);
        Block {
            brackets: fold(&marks.brackets) & !strings,
            closing: fold(&marks.closing),
            strings,
        }
    }

    /// The bytes that a backslash escapes, given the backslashes. Folded, in and out.
    #[inline]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let backslashes = backslashes & !self.escape;
        let follows = next(backslashes) | self.escape;
        if backslashes & follows == 0 {
            // No backslash is escaped itself.
            self.escape = backslashes >> 63;
            return follows;
        }
        unfold(self.escaped_by_runs(unfold(backslashes)))
    }

    /// The same for runs of backslashes, in the order of the text.
    fn escaped_by_runs(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let follows = backslashes << 1 | self.escape;
        // Adding to the runs that begin at an odd place carries out of their end and so marks their parity.
        let odd_starts = backslashes & !EVEN & !follows;
        let (sum, overflow) = odd_starts.overflowing_add(backslashes);
        self.escape = u64::from(overflow);
        (EVEN ^ (sum << 1)) & follows
    }
}

/// The bytes after the given ones; nothing is after the last. Folded, in and out.
#[inline]
fn next(marks: u64) -> u64 {
    (marks << 8) | (marks >> 55 & 0xFE)
}

/// One mask for each kind of byte, in bits 0, 2, 4 and 6 for the four lanes of a block.
#[derive(Default)]
struct Marks {
    quotes: Lane,
    backslashes: Lane,
    brackets: Lane,
    closing: Lane,
}

type Lane = [u8; 16];

/// Marks the bytes of a block.
///
/// The compiler turns these loops into vector instructions as long as their result goes to memory, which is why this
/// is a function of its own; inlined, they become byte by byte code that is several times slower.
#[inline(never)]
fn classify(bytes: &[u8; LENGTH], marks: &mut Marks) {
    let (mut quotes, mut backslashes, mut brackets, mut closing) =
        ([0; 16], [0; 16], [0; 16], [0; 16]);
    let (lanes, _) = bytes.as_chunks::<16>();
    let mut bit = 1;
    for lane in lanes {
        mark(&mut quotes, lane, bit, |byte| byte == b'"');
        mark(&mut backslashes, lane, bit, |byte| byte == b'\\');
        // `[ ] { }` differ from each other in these bits only, and the 4 tells whether they close.
        mark(&mut brackets, lane, bit, |byte| byte | 0x26 == 0x7F);
        mark(&mut closing, lane, bit, |byte| byte & 4 != 0);
        bit <<= 2;
    }
    *marks = Marks {
        quotes,
        backslashes,
        brackets,
        closing,
    };
}

#[inline]
fn mark(marks: &mut Lane, lane: &Lane, bit: u8, is_marked: impl Fn(u8) -> bool) {
    for (mark, byte) in marks.iter_mut().zip(lane) {
        *mark |= if is_marked(*byte) { bit } else { 0 };
    }
}

/// The marks as one folded mask.
#[inline]
fn fold(marks: &Lane) -> u64 {
    let both = u128::from_le_bytes(*marks);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are taken apart"
    )]
    let (even, odd) = (both as u64, (both >> 64) as u64);
    even | odd << 1
}

/// Where the commas are. Folded.
#[inline]
pub(super) fn commas(bytes: &[u8; LENGTH]) -> u64 {
    let mut marks = [0; 16];
    mark_commas(bytes, &mut marks);
    fold(&marks)
}

#[inline(never)]
fn mark_commas(bytes: &[u8; LENGTH], marks: &mut Lane) {
    let mut commas = [0; 16];
    let (lanes, _) = bytes.as_chunks::<16>();
    let mut bit = 1;
    for lane in lanes {
        mark(&mut commas, lane, bit, |byte| byte == b',');
        bit <<= 2;
    }
    *marks = commas;
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
        fn commas_are_where_they_are(bytes in prop::collection::vec(prop::sample::select(b",a;\xAC".to_vec()), 64)) {
            let block: &[u8; 64] = bytes.first_chunk().expect("64 bytes");
            let found = unfold(commas(block));
            for (at, byte) in block.iter().enumerate() {
                prop_assert_eq!(is_set(found, at), *byte == b',');
            }
        }
    }
}

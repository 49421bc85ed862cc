//! Passing over lists and objects by their brackets alone.

use super::block::{self, Block, Blocks};
use crate::parser::{Reason, SyntaxError};

/// What a pass over the inside of a list found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// Just past the closing bracket.
    pub(super) end: usize,
    /// Commas between the elements.
    pub(super) commas: usize,
    /// Just past the last of those commas; where the pass began if there is none.
    pub(super) last: usize,
}

/// Passes over the list or object whose opening bracket is at `open`; gives the place past its closing bracket.
/// `levels` is how deep it may nest, itself included.
pub(super) fn skip(bytes: &[u8], open: usize, levels: usize) -> Result<usize, SyntaxError> {
    pass::<false>(bytes, open, 0, levels).map(|outline| outline.end)
}

/// Counts the elements of a list from `start` on, which is inside the list, between two elements or before the first.
/// `levels` is how deep the list may nest, itself included.
pub(super) fn elements(bytes: &[u8], start: usize, levels: usize) -> Result<Outline, SyntaxError> {
    pass::<true>(bytes, start, 1, levels)
}

/// Goes on from `start`, which is `depth` brackets deep, until all are closed. With `COMMAS`, commas one level deep are
/// counted.
fn pass<const COMMAS: bool>(
    bytes: &[u8],
    start: usize,
    mut depth: usize,
    levels: usize,
) -> Result<Outline, SyntaxError> {
    let mut outline = Outline {
        end: bytes.len(),
        commas: 0,
        last: start,
    };
    let mut blocks = Blocks::default();
    let mut at = start;
    let mut padded = [b' '; block::LENGTH];
    while at < bytes.len() {
        let rest = &bytes[at..];
        let window = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let block = blocks.read(window);
        let closing = (block.brackets & block.closing).count_ones() as usize;
        let opening = block.brackets.count_ones() as usize - closing;
        if depth > closing + usize::from(COMMAS) && depth + opening <= levels {
            // Whatever the order, the depth stays above what is of interest.
            depth = depth + opening - closing;
        } else {
            let commas = if COMMAS {
                block::commas(window) & !block.strings
            } else {
                0
            };
            if visit(&block, commas, at, levels, &mut depth, &mut outline)? {
                return Ok(outline);
            }
        }
        at += block::LENGTH;
    }
    Err(SyntaxError {
        offset: bytes.len(),
        reason: Reason::UnexpectedEnd,
    })
}

/// Visits the marks of a block in their order; whether the outermost bracket was closed.
fn visit(
    block: &Block,
    commas: u64,
    at: usize,
    levels: usize,
    depth: &mut usize,
    outline: &mut Outline,
) -> Result<bool, SyntaxError> {
    let mut brackets = block::unfold(block.brackets);
    let closing = block::unfold(block.closing);
    let mut commas = block::unfold(commas);
    loop {
        let bit = brackets & brackets.wrapping_neg();
        // All bits before the bracket; all there are when it was the last one.
        let before = bit.wrapping_sub(1);
        if *depth == 1 {
            let here = commas & before;
            if here != 0 {
                outline.commas += here.count_ones() as usize;
                outline.last = at + block::LENGTH - here.leading_zeros() as usize;
            }
        }
        if bit == 0 {
            return Ok(false);
        }
        commas &= !before;
        brackets ^= bit;
        let place = at + bit.trailing_zeros() as usize;
        if closing & bit == 0 {
            *depth += 1;
            if *depth > levels {
                return Err(SyntaxError {
                    offset: place,
                    reason: Reason::TooDeep,
                });
            }
        } else {
            *depth = depth.saturating_sub(1);
            if *depth == 0 {
                outline.end = place + 1;
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_ends_past_the_closing_bracket() {
        for (text, end) in [
            ("[]x", 2),
            ("{}", 2),
            (r#"{"a":[1,{"b":"]}"}]} ,"#, 20),
            (r#"["\"]", "\\"] ]"#, 13),
        ] {
            assert_eq!(skip(text.as_bytes(), 0, 9), Ok(end), "{text}");
        }
        let long = format!(
            "x[{}]]",
            r#"{"key": "a \\\" value [", "n": [[]]},"#.repeat(50)
        );
        assert_eq!(skip(long.as_bytes(), 1, 9), Ok(long.len() - 1));
    }

    #[test]
    fn what_does_not_close_ends_unexpectedly() {
        for text in ["[", "[[]", r#"{"a": "}"#, r#"["]"#, r#"["\"]"#] {
            let error = skip(text.as_bytes(), 0, 9).unwrap_err();
            assert_eq!(
                (error.offset, error.reason),
                (text.len(), Reason::UnexpectedEnd),
                "{text}"
            );
        }
    }

    #[test]
    fn elements_are_counted_at_their_own_level() {
        let text = br#"[ [1,2] , "a,b", {"c":[3,4],"d":5} ] tail"#;
        let outline = elements(text, 1, 9).unwrap();
        assert_eq!((outline.end, outline.commas, outline.last), (36, 2, 16));
        let many = format!("[{}7]", "12,".repeat(1000));
        let outline = elements(many.as_bytes(), 1, 9).unwrap();
        assert_eq!(
            (outline.end, outline.commas, outline.last),
            (3003, 1000, 3001)
        );
        assert_eq!(
            elements(b"[]", 1, 9).unwrap(),
            Outline {
                end: 2,
                commas: 0,
                last: 1
            }
        );
    }

    #[test]
    fn depth_is_exact_in_short_and_long_text() {
        for levels in [1, 2, 63, 64, 65, 200] {
            let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            assert_eq!(skip(text.as_bytes(), 0, levels), Ok(2 * levels));
            let error = skip(text.as_bytes(), 0, levels - 1).unwrap_err();
            assert_eq!((error.offset, error.reason), (levels - 1, Reason::TooDeep));
        }
    }
}

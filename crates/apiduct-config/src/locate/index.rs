use super::Mark;

/// Turns byte offsets into lines and columns.
#[derive(Debug)]
pub(crate) struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// Where `part`, which must be a slice of the text, begins.
    pub(crate) fn offset_of(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    pub(crate) fn mark(&self, offset: usize) -> Mark {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = self.text.as_bytes().get(self.starts[line - 1]..offset);
        let column = before.map_or(0, |bytes| {
            bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
        });
        Mark {
            line,
            column: column + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let index = LineIndex::new("añ: 1\nb: 2");
        assert_eq!(index.mark(0), Mark::START);
        assert_eq!(index.mark(5), Mark { line: 1, column: 5 });
        assert_eq!(index.mark(7), Mark { line: 2, column: 1 });
        assert_eq!(index.mark(99), Mark { line: 2, column: 5 });
    }
}

//! Rows for people: Arrow batches as a table, cut to the terminal.

use std::io::{self, Write};

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, SchemaRef};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableComponent, presets};

/// The widest cell on a terminal, in characters.
const WIDEST: usize = 48;

/// A table without borders, its head underlined, `rows` of cells that are aligned as `right` says.
pub(crate) fn plain(
    head: &[String],
    right: &[bool],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_style(TableComponent::HeaderLines, '─');
    table.set_style(TableComponent::MiddleHeaderIntersections, '─');
    table.set_header(head.iter().map(Cell::new));
    for row in rows {
        table.add_row(row.into_iter().map(Cell::new));
    }
    let last = head.len().saturating_sub(1);
    for (at, (column, is_right)) in table.column_iter_mut().zip(right).enumerate() {
        // One more blank stands where other tables have a line.
        column.set_padding((0, u16::from(at < last)));
        if *is_right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n");
    text.push('\n');
    text
}

/// Writes the first `limit` rows of `batches`. With a `width`, cells and columns that do not fit are left out, and a
/// last line says so.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn write(
    out: &mut impl Write,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    limit: usize,
    width: Option<usize>,
) -> io::Result<()> {
    let mut columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column::new(field.name(), field.data_type()))
        .collect();
    for (at, column) in columns.iter_mut().enumerate() {
        column.fill(batches, at, limit, width.is_some());
    }
    let shown = width.map_or(columns.len(), |width| fitting(&columns, width));
    let left_out = columns.split_off(shown);
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let head: Vec<String> = columns.iter().map(|column| column.title.clone()).collect();
    let right: Vec<bool> = columns.iter().map(|column| column.is_number).collect();
    let cells = (0..rows).map(|row| {
        columns
            .iter()
            .map(|column| column.cells[row].clone())
            .collect()
    });
    out.write_all(plain(&head, &right, cells).as_bytes())?;
    if !left_out.is_empty() {
        let names: Vec<&str> = left_out
            .iter()
            .map(|column| column.title.as_str())
            .collect();
        writeln!(
            out,
            "({} more columns: {})",
            names.len(),
            shortened(&names.join(", "), 200)
        )?;
    }
    Ok(())
}

struct Column {
    title: String,
    is_number: bool,
    cells: Vec<String>,
}

impl Column {
    fn new(name: &str, data_type: &DataType) -> Self {
        Self {
            title: visible(name),
            is_number: data_type.is_numeric(),
            cells: Vec::new(),
        }
    }

    fn fill(&mut self, batches: &[RecordBatch], at: usize, limit: usize, is_cut: bool) {
        for batch in batches {
            for row in 0..batch.num_rows().min(limit - self.cells.len()) {
                let text = visible(&cell_text(batch.column(at).as_ref(), row));
                self.cells.push(if is_cut {
                    shortened(&text, WIDEST)
                } else {
                    text
                });
            }
        }
    }

    fn width(&self) -> usize {
        let cells = self
            .cells
            .iter()
            .map(|cell| console::measure_text_width(cell));
        cells
            .chain([console::measure_text_width(&self.title)])
            .max()
            .unwrap_or(0)
            + 2
    }
}

/// How many columns fit beside each other; at least one.
fn fitting(columns: &[Column], width: usize) -> usize {
    let mut used = 0;
    let fits = columns.iter().take_while(|column| {
        used += column.width();
        used <= width + 2
    });
    fits.count().max(1).min(columns.len())
}

/// One value as people read it.
fn cell_text(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    let options = FormatOptions::default().with_display_error(true);
    ArrayFormatter::try_new(array, &options)
        .map(|formatter| formatter.value(row).to_string())
        .unwrap_or_default()
}

/// `text` with control characters spelled out: data must not drive a terminal.
fn visible(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, letter| {
            if letter.is_control() {
                out.extend(letter.escape_default());
            } else {
                out.push(letter);
            }
            out
        })
}

fn shortened(text: &str, most: usize) -> String {
    if console::measure_text_width(text) <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(names: &[Option<&str>]) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((1..).take(names.len())));
        let texts: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("id", numbers, true), ("name", texts, true)])
            .unwrap()
    }

    fn shown(batches: &[RecordBatch], limit: usize, width: Option<usize>) -> String {
        let mut out = Vec::new();
        write(&mut out, &batches[0].schema(), batches, limit, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_stand_right_and_nulls_are_visible() {
        let text = shown(
            &[batch(&[Some("Ada"), None]), batch(&[Some("Zoë")])],
            10,
            None,
        );
        assert_eq!(text, "id  name\n────────\n 1  Ada\n 2  null\n 1  Zoë\n");
    }

    #[test]
    fn a_limit_holds_over_batches() {
        let text = shown(
            &[
                batch(&[Some("a"), Some("b")]),
                batch(&[Some("c"), Some("d")]),
            ],
            3,
            None,
        );
        assert_eq!(text.lines().count(), 5);
    }

    #[test]
    fn data_cannot_drive_the_terminal() {
        let text = shown(&[batch(&[Some("a\u{1b}[31m\nb")])], 10, None);
        assert!(text.contains("a\\u{1b}[31m\\nb"), "{text}");
    }

    #[test]
    fn what_does_not_fit_a_terminal_is_named() {
        let long = "x".repeat(200);
        let text = shown(&[batch(&[Some(&long)])], 10, Some(20));
        assert!(text.ends_with("(1 more columns: name)\n"), "{text}");
        let wide = shown(&[batch(&[Some(&long)])], 10, Some(80));
        assert!(
            wide.contains('…') && !wide.contains("more columns"),
            "{wide}"
        );
    }
}

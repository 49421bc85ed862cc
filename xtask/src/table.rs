use std::time::Duration;

/// A Markdown table: the first column to the left, all others to the right.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines of the table, its columns aligned.
    pub(crate) fn markdown(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: Vec<String>| format!("|{}|\n", cells.join("|"));
        let mut lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| line(aligned(row, &widths)))
            .collect();
        lines.insert(1.min(lines.len()), line(rule(&widths)));
        lines.concat()
    }
}

fn aligned(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells = row.iter().zip(widths).enumerate();
    cells
        .map(|(column, (cell, width))| match column {
            0 => format!(" {cell:<width$} "),
            _ => format!(" {cell:>width$} "),
        })
        .collect()
}

/// The line below the head, which says on which side columns are flush.
fn rule(widths: &[usize]) -> Vec<String> {
    let columns = widths.iter().enumerate();
    columns
        .map(|(column, width)| {
            let end = if column == 0 { '-' } else { ':' };
            format!("{}{end}", "-".repeat(width + 1))
        })
        .collect()
}

/// Seconds with two decimals.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64())
}

/// Bytes as whole megabytes of a million.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / 1e6)
}

/// A number with spaces between the thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// How much of something there is in a second, to three digits.
pub(crate) fn rate(amount: f64, time: Duration) -> String {
    let rate = amount / time.as_secs_f64();
    if !rate.is_finite() || rate < 1.0 {
        return "-".to_owned();
    }
    let unit = 10_f64.powf((rate.log10().floor() - 2.0).max(0.0));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of this machine, positive and far below 2^53"
    )]
    grouped(((rate / unit).round() * unit) as u64)
}

/// How many times `whole` something is.
pub(crate) fn times(part: Duration, whole: Duration) -> String {
    let ratio = part.as_secs_f64() / whole.as_secs_f64();
    if ratio.is_finite() {
        format!("{ratio:.2}")
    } else {
        "-".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut table = Table::new(&["job", "MB"]);
        table.row(vec!["größer".to_owned(), "7".to_owned()]);
        table.row(vec!["a".to_owned(), "1 234".to_owned()]);

        let expected = "\
| job    |    MB |
|--------|------:|
| größer |     7 |
| a      | 1 234 |
";
        assert_eq!(table.markdown(), expected);
    }

    #[test]
    fn figures_are_rounded_to_what_they_are_worth() {
        assert_eq!(seconds(Duration::from_millis(1_234)), "1.23");
        assert_eq!(megabytes(194_600_000), "195");
        assert_eq!(grouped(1_000_000), "1 000 000");
        assert_eq!(grouped(999), "999");
        assert_eq!(rate(200_000.0, Duration::from_millis(1_370)), "146 000");
        assert_eq!(rate(88.8, Duration::from_secs(1)), "89");
        assert_eq!(
            times(Duration::from_secs(3), Duration::from_secs(2)),
            "1.50"
        );
    }

    #[test]
    fn what_took_no_time_has_no_rate_and_no_ratio() {
        assert_eq!(rate(5.0, Duration::ZERO), "-");
        assert_eq!(times(Duration::from_secs(1), Duration::ZERO), "-");
    }
}

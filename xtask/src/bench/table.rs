//! Tables in Markdown, which reads in a terminal too: a heading, rows, numbers to the right.

/// Rows of cells; the first row is the heading.
pub(crate) struct Table(Vec<Vec<String>>);

impl Table {
    pub(crate) fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self(vec![heading.map(str::to_owned).to_vec()])
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push(cells.to_vec());
    }

    /// As Markdown, the first column to the left, the others to the right.
    pub(crate) fn markdown(&self) -> String {
        let mut rows = self.0.iter().map(|row| format!("| {} |\n", row.join(" | ")));
        let heading = rows.next().unwrap_or_default();
        let columns = self.0.first().map_or(0, Vec::len);
        let rule = format!("| --- |{}\n", " ---: |".repeat(columns.saturating_sub(1)));
        heading + &rule + &rows.collect::<String>()
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        print!("{}", self.markdown());
    }
}

/// A whole number with commas: 1,234,567.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes as MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    whole(bytes as f64 / (1024.0 * 1024.0))
}

/// A duration in microseconds, as milliseconds with two digits.
pub(crate) fn milliseconds(us: u64) -> String {
    format!("{:.2}", us as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_too() {
        let mut table = Table::new(["what", "how many"]);
        table.row(["people".to_owned(), "3".to_owned()]);
        assert_eq!(table.markdown(), "| what | how many |\n| --- | ---: |\n| people | 3 |\n");
    }

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in
            [(0.0, "0"), (999.4, "999"), (1000.0, "1,000"), (1234567.0, "1,234,567")]
        {
            assert_eq!(whole(number), text);
        }
    }
}

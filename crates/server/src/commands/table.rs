//! Tables, for lists on a terminal: a heading, and columns as wide as what is in them. Programs take `--json`.

/// A table that is being filled.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(super) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_uppercase).into()] }
    }

    /// Adds a row, which has a cell for each heading.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The lines of it, or, where there is no row, that there is none of `what`.
    pub(super) fn text(&self, what: &str) -> String {
        if self.rows.len() == 1 {
            return format!("There is no {what} yet.");
        }
        let columns = self.rows.first().map_or(0, Vec::len);
        let length =
            |row: &Vec<String>, at| row.get(at).map_or(0, |cell: &String| cell.chars().count());
        let width = |at| self.rows.iter().map(|row| length(row, at)).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Several things in a cell or a line, or a dash where there are none.
pub(super) fn listed<T: ToString>(things: impl IntoIterator<Item = T>) -> String {
    let things: Vec<String> = things.into_iter().map(|thing| thing.to_string()).collect();
    if things.is_empty() { "-".to_owned() } else { things.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_no_line_ends_with_spaces() {
        let mut table = Table::new(["partner", "name"]);
        assert_eq!(table.text("partner"), "There is no partner yet.");
        table.row(["a".to_owned(), "Söhne".to_owned()]);
        table.row(["aurora-home".to_owned(), listed(Vec::<String>::new())]);
        let expected = "PARTNER      NAME\na            Söhne\naurora-home  -";
        assert_eq!(table.text("partner"), expected);
    }
}

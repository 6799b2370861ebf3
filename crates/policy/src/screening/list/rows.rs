//! Reads rows of CSV by the names of their columns.

use countersign_domain::text::after_byte_order_mark;
use csv::{ByteRecord, ErrorKind};

use super::{ListError, RowFault, RowProblem, quoting};

/// The rows below a header.
pub(super) struct Rows<'a> {
    reader: csv::Reader<&'a [u8]>,
    header: ByteRecord,
    row: u64,
}

/// One row.
pub(super) struct Row<'a> {
    /// Where it stands, the header being row 1.
    pub(super) number: u64,
    header: &'a ByteRecord,
    cells: ByteRecord,
}

impl<'a> Rows<'a> {
    /// Reads the header, which must have these columns. Quotes are checked to the end of the list.
    pub(super) fn new(bytes: &'a [u8], required: &[&'static str]) -> Result<Self, ListError> {
        let bytes = after_byte_order_mark(bytes);
        // The first row sets how many cells every other one has.
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        let mut header = ByteRecord::new();
        // Reading bytes from memory fails in no way; at the end there is nothing, and no column.
        let _ = reader.read_byte_record(&mut header);
        let is = |column: &str| header.iter().filter(|cell| *cell == column.as_bytes()).count();
        if let Some(column) = required.iter().find(|column| is(column) == 0) {
            return Err(ListError::NoColumn { column });
        }
        quoting::check(bytes, b',')?;
        match required.iter().find(|column| is(column) > 1) {
            Some(column) => Err(ListError::ColumnTwice { column }),
            None => Ok(Self { reader, header, row: 1 }),
        }
    }

    /// The next row, if there is one. A published list may repeat its header; that is no listing.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, RowFault> {
        loop {
            let mut cells = ByteRecord::new();
            let read = self.reader.read_byte_record(&mut cells);
            self.row += 1;
            match read {
                Ok(false) => return Ok(None),
                Ok(true) if cells == self.header => {}
                Ok(true) => return Ok(Some(Row { number: self.row, header: &self.header, cells })),
                Err(error) => {
                    let (found, expected) = match error.kind() {
                        ErrorKind::UnequalLengths { len, expected_len, .. } => {
                            (*len, *expected_len)
                        }
                        _ => (cells.len() as u64, self.header.len() as u64),
                    };
                    let problem = RowProblem::Cells { found, expected };
                    return Err(RowFault { row: self.row, column: None, problem });
                }
            }
        }
    }
}

impl Row<'_> {
    fn place(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell == column.as_bytes())
    }

    /// What is wrong with a cell of this row.
    pub(super) fn fault(&self, column: &'static str, problem: RowProblem) -> RowFault {
        RowFault { row: self.number, column: Some(column), problem }
    }

    /// The text of a cell; nothing, if the header has no such column.
    pub(super) fn text(&self, column: &'static str) -> Result<&str, RowFault> {
        let cell = self.place(column).and_then(|place| self.cells.get(place)).unwrap_or_default();
        let text = std::str::from_utf8(cell);
        text.map(str::trim).map_err(|_| self.fault(column, RowProblem::NotText))
    }

    /// The text of a cell that may not be empty.
    pub(super) fn filled(&self, column: &'static str) -> Result<&str, RowFault> {
        let text = self.text(column)?;
        if text.is_empty() { Err(self.fault(column, RowProblem::Empty)) } else { Ok(text) }
    }
}

//! Reads rows of CSV by the names of their columns.

use csv::ByteRecord;

use super::{ListError, RowFault, RowProblem};

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
    /// Reads the header, which must have these columns.
    pub(super) fn new(bytes: &'a [u8], required: &[&'static str]) -> Result<Self, ListError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes);
        let mut header = ByteRecord::new();
        // Reading bytes from memory fails in no way; at the end there is nothing, and no column.
        let _ = reader.read_byte_record(&mut header);
        let has = |column: &str| header.iter().any(|cell| cell == column.as_bytes());
        match required.iter().find(|column| !has(column)) {
            Some(column) => Err(ListError::NoColumn { column }),
            None => Ok(Self { reader, header, row: 1 }),
        }
    }

    /// The next row, if there is one. A published list may repeat its header; that is no listing.
    pub(super) fn next(&mut self) -> Option<Row<'_>> {
        loop {
            let mut cells = ByteRecord::new();
            if !matches!(self.reader.read_byte_record(&mut cells), Ok(true)) {
                return None;
            }
            self.row += 1;
            if cells != self.header {
                return Some(Row { number: self.row, header: &self.header, cells });
            }
        }
    }
}

impl Row<'_> {
    fn place(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell == column.as_bytes())
    }

    /// The text of a cell; nothing, if the header has no such column.
    pub(super) fn text(&self, column: &'static str) -> Result<&str, RowFault> {
        let Some(place) = self.place(column) else { return Ok("") };
        let fault = |problem| RowFault { row: self.number, column, problem };
        let cell = self.cells.get(place).ok_or_else(|| fault(RowProblem::CutShort))?;
        std::str::from_utf8(cell).map(str::trim).map_err(|_| fault(RowProblem::NotText))
    }

    /// The text of a cell that may not be empty.
    pub(super) fn filled(&self, column: &'static str) -> Result<&str, RowFault> {
        let text = self.text(column)?;
        let fault = RowFault { row: self.number, column, problem: RowProblem::Empty };
        if text.is_empty() { Err(fault) } else { Ok(text) }
    }

    /// The text of a cell without which the listing is still one: if the row is cut short before it, that
    /// is a fault for the report.
    pub(super) fn or_report(
        &self,
        column: &'static str,
        faults: &mut Vec<RowFault>,
    ) -> Result<&str, RowFault> {
        match self.text(column) {
            Err(fault) if fault.problem == RowProblem::CutShort => {
                faults.push(fault);
                Ok("")
            }
            text => text,
        }
    }
}

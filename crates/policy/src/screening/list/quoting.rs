//! Whether CSV is quoted as RFC 4180 has it. The reader of rows takes any bytes: after one stray quote it
//! reads every row below as part of one cell, and whoever stands there is cleared.

use super::{RowFault, RowProblem};

/// Checks the quotes of all rows.
///
/// # Errors
/// [`RowFault`]: the first quote that opens within a cell, closes before its end, or never closes.
pub(super) fn check(bytes: &[u8], delimiter: u8) -> Result<(), RowFault> {
    let (mut row, mut cell) = (1, 1);
    // Where the quoted cell began that is being read.
    let mut opened = (row, cell);
    let mut state = State::CellStart;
    let fault = |(row, cell), problem: fn(u64) -> RowProblem| {
        Err(RowFault { row, column: None, problem: problem(cell) })
    };
    for byte in bytes {
        let ends_row = matches!(byte, b'\n' | b'\r');
        state = match (state, byte) {
            (State::CellStart, b'"') => {
                opened = (row, cell);
                State::Quoted
            }
            (State::Quoted, b'"') => State::AfterQuote,
            (State::Quoted, _) | (State::AfterQuote, b'"') => State::Quoted,
            (State::Unquoted, b'"') => {
                return fault((row, cell), |cell| RowProblem::QuoteOpensWithin { cell });
            }
            (state, _) if ends_row => {
                // An empty line is no row: CRLF ends one row, not two.
                row += u64::from(state != State::CellStart || cell > 1);
                cell = 1;
                State::CellStart
            }
            (_, byte) if *byte == delimiter => {
                cell += 1;
                State::CellStart
            }
            (State::AfterQuote, _) => {
                return fault((row, cell), |cell| RowProblem::QuoteClosesWithin { cell });
            }
            (State::CellStart | State::Unquoted, _) => State::Unquoted,
        };
    }
    match state {
        State::Quoted => fault(opened, |cell| RowProblem::QuoteNeverCloses { cell }),
        _ => Ok(()),
    }
}

/// Where a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Unquoted,
    Quoted,
    /// Behind a quote that closed the cell, unless another one follows.
    AfterQuote,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(csv: &str) -> Result<(), (u64, RowProblem)> {
        check(csv.as_bytes(), b',').map_err(|fault| (fault.row, fault.problem))
    }

    #[test]
    fn quotes_stand_around_whole_cells() {
        for good in ["", "a,b\r\n\r\nc,\"d\"\n", "\"a \"\"b\"\"\n, c\",d", "\"\",\"\"\"\"\n"] {
            assert_eq!(found(good), Ok(()), "{good}");
        }
        for (csv, row, problem) in [
            ("a,b\nc,\"d\ne,f\n", 2, RowProblem::QuoteNeverCloses { cell: 2 }),
            ("a\n\"b\n\",\"c", 2, RowProblem::QuoteNeverCloses { cell: 2 }),
            ("a\r\n\r\nb,c\"d\"\r\n", 2, RowProblem::QuoteOpensWithin { cell: 2 }),
            ("a, \"b\"\n", 1, RowProblem::QuoteOpensWithin { cell: 2 }),
            ("a\n\"b\"c,d\n", 2, RowProblem::QuoteClosesWithin { cell: 1 }),
            ("a\n\"b\" ,d\n", 2, RowProblem::QuoteClosesWithin { cell: 1 }),
        ] {
            assert_eq!(found(csv), Err((row, problem)), "{csv}");
        }
    }

    fn cells() -> impl Strategy<Value = Vec<Vec<String>>> {
        let cell = proptest::collection::vec(
            proptest::sample::select(vec!["\"", ",", ";", "\n", "\r", "a", " ", "é"]),
            0..5,
        );
        proptest::collection::vec(
            proptest::collection::vec(cell.prop_map(|parts| parts.concat()), 2),
            0..6,
        )
    }

    proptest! {
        #[test]
        fn property_what_is_written_with_quotes_is_read_as_it_was(rows in cells(), at in 0_usize..200) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            prop_assert_eq!(check(&bytes, b','), Ok(()));
            let read = |bytes: &[u8]| {
                let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
                reader.into_byte_records().map(Result::unwrap).collect::<Vec<_>>()
            };
            prop_assert_eq!(read(&bytes).len(), rows.len());
            // One more quote anywhere is noticed, or what is read has one more quote within a quoted cell.
            let mut stray = bytes.clone();
            stray.insert(at.min(bytes.len()), b'"');
            if check(&stray, b',').is_ok() {
                let cells = |read: Vec<csv::ByteRecord>| read.iter().map(csv::ByteRecord::len).sum::<usize>();
                let quotes = stray.iter().filter(|byte| **byte == b'"').count();
                prop_assert_eq!(quotes % 2, 0);
                prop_assert!(cells(read(&stray)) <= cells(read(&bytes)) + 2);
            }
        }
    }
}

//! Reading text files line by line, with errors that say where.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use countersign_domain::text::after_byte_order_mark;

use super::import::ImportError;
use super::input;

/// An open text file. Lines may end with LF or CRLF.
pub struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    buffer: Vec<u8>,
    number: u64,
    read: crc32fast::Hasher,
}

/// One line, with its place.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    path: &'a Path,
    /// Counted from one.
    number: u64,
    /// Its text.
    pub text: &'a str,
}

/// A part of a line, with its place.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    line: Line<'a>,
    /// In bytes from the beginning of the line.
    start: usize,
    /// Its text.
    pub text: &'a str,
}

const BUFFER_BYTES: usize = 1 << 18;

impl Lines {
    /// The lines of one of several files of a folder.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let file = input::regular(path);
        file.map(|file| Self::of(path, file))
            .map_err(|source| ImportError::File { path: path.to_owned(), source })
    }

    /// The lines of an open file, which errors call `path`.
    pub fn of(path: &Path, file: File) -> Self {
        let reader = BufReader::with_capacity(BUFFER_BYTES, file);
        let (path, read) = (path.to_owned(), crc32fast::Hasher::new());
        Self { path, reader, buffer: Vec::new(), number: 0, read }
    }

    /// The error that says what was expected where the file ends.
    pub fn malformed_end(&self, expected: &str) -> ImportError {
        let (line, column) = (self.number + 1, 1);
        ImportError::Malformed {
            path: self.path.clone(),
            line,
            column,
            expected: expected.to_owned(),
        }
    }

    /// A checksum of what was read, to tell whether it is the same when it is read again.
    pub fn checksum(self) -> u32 {
        self.read.finalize()
    }

    /// The next line; `None` after the last.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, ImportError> {
        self.buffer.clear();
        let read = self.reader.read_until(b'\n', &mut self.buffer);
        let bytes = read.map_err(|source| ImportError::File { path: self.path.clone(), source })?;
        if bytes == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.read.update(&self.buffer);
        let whole = match self.number {
            1 => after_byte_order_mark(&self.buffer),
            _ => &self.buffer,
        };
        let bytes = whole.strip_suffix(b"\n").unwrap_or(whole);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let malformed = |error: std::str::Utf8Error| ImportError::Malformed {
            path: self.path.clone(),
            line: self.number,
            column: error.valid_up_to() as u64 + 1,
            expected: "text in UTF-8".to_owned(),
        };
        let text = std::str::from_utf8(bytes).map_err(malformed)?;
        Ok(Some(Line { path: &self.path, number: self.number, text }))
    }
}

impl<'a> Line<'a> {
    /// The parts between separators.
    pub fn cells(self, separator: char) -> impl Iterator<Item = Cell<'a>> {
        let mut start = 0;
        self.text.split(separator).map(move |text| {
            let cell = Cell { line: self, start, text };
            start += text.len() + separator.len_utf8();
            cell
        })
    }

    /// Exactly so many parts.
    pub fn exactly<const N: usize>(
        self,
        separator: char,
        expected: &str,
    ) -> Result<[Cell<'a>; N], ImportError> {
        let mut cells = self.cells(separator);
        let found: Option<Vec<Cell<'a>>> = (0..N).map(|_| cells.next()).collect();
        let end = || Err(self.malformed(self.text.len(), expected));
        match (found.map(<[Cell<'a>; N]>::try_from), cells.next()) {
            (Some(Ok(found)), None) => Ok(found),
            (_, Some(surplus)) => Err(surplus.malformed(expected)),
            _ => end(),
        }
    }

    /// The error that says what was expected `at` so many bytes into the line.
    pub fn malformed(self, at: usize, expected: &str) -> ImportError {
        let before = self.text.get(..at).unwrap_or(self.text);
        ImportError::Malformed {
            path: self.path.to_owned(),
            line: self.number,
            column: before.chars().count() as u64 + 1,
            expected: expected.to_owned(),
        }
    }
}

impl<'a> Cell<'a> {
    /// Line and character, counted from one.
    pub fn place(self) -> (u64, u64) {
        let before = self.line.text.get(..self.start).unwrap_or(self.line.text);
        (self.line.number, before.chars().count() as u64 + 1)
    }

    /// The error that says what was expected here.
    pub fn malformed(self, expected: &str) -> ImportError {
        self.line.malformed(self.start, expected)
    }

    /// A whole number.
    pub fn number(self, expected: &str) -> Result<u64, ImportError> {
        self.text.parse().map_err(|_| self.malformed(expected))
    }

    /// The parts of this part.
    pub fn parts(self, separator: char) -> impl Iterator<Item = Cell<'a>> {
        let mut start = self.start;
        self.text.split(separator).map(move |text| {
            let cell = Cell { line: self.line, start, text };
            start += text.len() + separator.len_utf8();
            cell
        })
    }
}

//! What people are read from: a file, standard input or a pipe, plain or compressed by gzip or Zstandard,
//! which its first bytes say and no name.
//!
//! A pipe gives its bytes once. Whoever has to read them twice asks for a `rereadable` file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// The name of standard input.
pub const STDIN: &str = "-";

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// As many bytes tell what a file is.
const FIRST_BYTES: usize = 4;

/// Opens an input, whose text is read once and as it comes.
///
/// # Errors
/// What the system says, or that the file is compressed and broken.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path.as_os_str() == STDIN { plain(io::stdin()) } else { plain(File::open(path)?) }
}

/// Opens an input whose text can be read again after a `rewind`. What is no plain regular file is first
/// written to a file in `folder` that has no name, and is gone when it is closed.
///
/// # Errors
/// As [`open`], and where there is no room for a copy.
pub fn rereadable(path: &Path, folder: &Path) -> io::Result<File> {
    let mut text = if path.as_os_str() == STDIN {
        plain(io::stdin())?
    } else {
        let mut file = File::open(path)?;
        if file.metadata()?.is_file() {
            let kind = Kind::of(&first_bytes(&mut file)?);
            file.rewind()?;
            if kind == Kind::Plain {
                return Ok(file);
            }
        }
        plain(file)?
    };
    let mut copy = tempfile::tempfile_in(folder)?;
    io::copy(&mut text, &mut copy)?;
    copy.rewind()?;
    Ok(copy)
}

/// Opens one of several files of a folder.
///
/// # Errors
/// What the system says, or that it is no regular file: a pipe would be waited for without end.
pub fn regular(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

/// The text of an input, whatever it is compressed with.
fn plain(mut reader: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let first = first_bytes(&mut reader)?;
    let kind = Kind::of(&first);
    let whole = BufReader::new(io::Cursor::new(first).chain(reader));
    Ok(match kind {
        Kind::Plain => Box::new(whole),
        // A file may consist of several, one after the other.
        Kind::Gzip => Box::new(MultiGzDecoder::new(whole)),
        Kind::Zstd => Box::new(zstd::Decoder::with_buffer(whole)?),
    })
}

fn first_bytes(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(FIRST_BYTES);
    reader.take(FIRST_BYTES as u64).read_to_end(&mut first)?;
    Ok(first)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Plain,
    Gzip,
    Zstd,
}

impl Kind {
    fn of(first: &[u8]) -> Self {
        // A frame of Zstandard that readers skip may come first.
        let is_skippable =
            matches!(first, [a, b, c, d] if a & 0xf0 == 0x50 && [*b, *c, *d] == [0x2a, 0x4d, 0x18]);
        if first.starts_with(GZIP) {
            Self::Gzip
        } else if first.starts_with(ZSTD) || is_skippable {
            Self::Zstd
        } else {
            Self::Plain
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const LINES: &str = "{\"account\":\"ada\"}\n{\"account\":\"bob\"}\n";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// As the command zstd does, with a checksum.
    fn zstd(text: &str) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 0).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn text_of(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        plain(io::Cursor::new(bytes))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn an_input_is_read_to_its_end_however_it_is_compressed() {
        let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7][..], &zstd(LINES)].concat();
        let (first, second) = LINES.split_at(18);
        for bytes in [
            LINES.as_bytes().to_vec(),
            gzip(LINES),
            [gzip(first), gzip(second)].concat(),
            zstd(LINES),
            [zstd(first), zstd(second)].concat(),
            skippable,
        ] {
            assert_eq!(text_of(bytes).unwrap(), LINES);
        }
        assert_eq!(text_of(b"{}".to_vec()).unwrap(), "{}");
        assert_eq!(text_of(Vec::new()).unwrap(), "");
    }

    #[test]
    fn a_compressed_input_that_breaks_off_or_goes_on_is_refused() {
        for whole in [gzip(LINES), zstd(LINES), [gzip(LINES), gzip(LINES)].concat()] {
            let cut = whole.len() - 5;
            assert!(text_of(whole[..cut].to_vec()).is_err());
            assert!(text_of([&whole[..], b"more"].concat()).is_err());
            let mut flipped = whole;
            flipped[cut] ^= 0x10;
            assert!(text_of(flipped).is_err());
        }
    }

    #[test]
    fn what_is_compressed_can_be_read_twice() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [LINES.as_bytes().to_vec(), gzip(LINES), zstd(LINES)] {
            let path = folder.path().join("people");
            std::fs::write(&path, bytes).unwrap();
            let mut file = rereadable(&path, folder.path()).unwrap();
            for _ in 0..2 {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                assert_eq!(text, LINES);
                file.rewind().unwrap();
            }
        }
        // The copies have no names.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(regular(folder.path()).is_err());
    }
}

//! The evidence file: one HTML page for people, with the pack that it is made from at its end.
//!
//! ```text
//! file = the cover page ‖ `<script type="application/vnd.countersign.evidence">` ‖ newline ‖ base64(pack)
//!      ‖ newline ‖ `</script>` ‖ the end of the page
//! ```
//!
//! The script is of a type that no browser runs. There is no other, and nothing that is fetched.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use countersign_protocol::evidence_pack::{PACK_BYTES_MAX, Pack};
use countersign_protocol::packed::PackedError;

/// What stands before the pack. The cover page escapes what it shows, so it has this once.
const OPENING: &str = "<script type=\"application/vnd.countersign.evidence\">\n";
/// What stands behind it.
const CLOSING: &str = "\n</script>\n</body>\n</html>\n";

/// The longest file: the pack in base64, and a cover page beside.
const FILE_BYTES_MAX: usize = PACK_BYTES_MAX / 3 * 4 + (64 << 20);

/// A file that has no pack in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is too long.
    #[error("an evidence file has at most {FILE_BYTES_MAX} bytes, and this has {found}")]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// There is no pack where one should be.
    #[error(
        "this is no evidence file: it does not have one pack at its end, as `countersign audit evidence` writes it"
    )]
    NoPack,
    /// What is there is not in base64.
    #[error("the pack in the evidence file is not in base64: {reason}")]
    Base64 {
        /// What is wrong.
        reason: String,
    },
    /// What is there is no pack.
    #[error(transparent)]
    Pack(#[from] PackedError),
}

/// The file of this cover page and this pack.
pub(super) fn write(cover: &str, pack: &[u8]) -> String {
    let mut file = String::with_capacity(cover.len() + pack.len() / 3 * 4 + 256);
    file.push_str(cover);
    file.push_str(OPENING);
    STANDARD.encode_string(pack, &mut file);
    file.push_str(CLOSING);
    file
}

/// The pack in this file, and its bytes.
///
/// # Errors
/// [`FileError`].
pub(super) fn read(file: &[u8]) -> Result<(Pack, Vec<u8>), FileError> {
    if file.len() > FILE_BYTES_MAX {
        return Err(FileError::TooLong { found: file.len() });
    }
    let text = std::str::from_utf8(file).map_err(|_| FileError::NoPack)?;
    let (_, behind) = text.split_once(OPENING).ok_or(FileError::NoPack)?;
    let (encoded, _) = behind.split_once(CLOSING).ok_or(FileError::NoPack)?;
    let decoded = STANDARD.decode(encoded);
    let bytes = decoded.map_err(|error| FileError::Base64 { reason: error.to_string() })?;
    Ok((Pack::parse(&bytes)?, bytes))
}

//! Receipts as text: `base64url(what is signed) "." base64url(signature)`, without padding.
//!
//! What it is not: it checks no signature, and gives the bytes no meaning.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::key::Signature;

/// Bytes and the signature over them, as text.
pub(crate) fn write(bytes: &[u8], signature: &Signature) -> String {
    let mut text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature.0, &mut text);
    text
}

/// The bytes and the signature in such a text; `None` for any other.
pub(crate) fn read(text: &str) -> Option<(Vec<u8>, Signature)> {
    let (bytes, signature) = text.trim().split_once('.')?;
    let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    Some((decode(bytes)?, Signature(decode(signature)?.try_into().ok()?)))
}

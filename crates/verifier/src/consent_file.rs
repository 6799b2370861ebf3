//! The receipt for a choice as it is kept in a file: the text alone, the answer of the API that carries it, or the
//! headers of the answer to the choice.
//!
//! What it is not: a check of the receipt. What stands where it should be may be anything.

use countersign_protocol::consent_receipt::CONSENT_RECEIPT_HEADER;
use countersign_protocol::json_check;
use serde::Deserialize;

use crate::headers::Headers;

/// The API's answer. It may say more.
#[derive(Deserialize)]
struct Served {
    receipt: String,
}

/// The receipt's text in this file.
///
/// # Errors
/// Says why there is none.
pub fn receipt_text(file: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(file).map_err(|_| "it is no text".to_owned())?.trim_ascii();
    if text.starts_with('{') {
        let served: Served = json_check::read(file).map_err(|error| error.to_string())?;
        return Ok(served.receipt);
    }
    if Headers(text).status().is_some() {
        return Headers(text).one(CONSENT_RECEIPT_HEADER).map(str::to_owned);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_found_alone_in_the_answer_of_the_api_and_in_headers() {
        for file in [
            "e30.c2ln",
            "e30.c2ln\n",
            "{\"receipt\":\"e30.c2ln\"}",
            "{\n  \"number\": 1,\n  \"receipt\": \"e30.c2ln\"\n}\n",
            "HTTP/1.1 200 OK\r\nCountersign-Consent-Receipt: e30.c2ln\r\n\r\n",
        ] {
            assert_eq!(receipt_text(file.as_bytes()).as_deref(), Ok("e30.c2ln"), "{file}");
        }
        for (file, says) in [
            ("{\"receipt\":1}", "line 1, column 12: invalid type"),
            ("{\"receipts\":\"e30.c2ln\"}", "missing field `receipt`"),
            ("{\"receipt\":\"a.b\",\"receipt\":\"e30.c2ln\"}", "stands twice"),
            ("HTTP/1.1 200 OK\r\n\r\n", "the header countersign-consent-receipt is missing"),
        ] {
            let error = receipt_text(file.as_bytes()).unwrap_err();
            assert!(error.contains(says), "{file}: {error}");
        }
        assert_eq!(receipt_text(b"\xff").unwrap_err(), "it is no text");
    }
}

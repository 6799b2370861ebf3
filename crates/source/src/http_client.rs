//! What every HTTP client of this program shares: TLS toward somebody else's server, how long it asks to wait,
//! and what is said of a failure.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::time::Timestamp;
use hyper::header::{self, HeaderMap};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// What the innermost cause says: the system or TLS, neither of which knows what was asked.
pub fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The longest wait that a server is taken at its word for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// How long `Retry-After` asks to wait: seconds, or until a date. What cannot be read asks for the longest wait,
/// since it asks for some.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?;
    let text = value.to_str().unwrap_or_default().trim();
    let seconds = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What has no digits, or too many for a number, is long.
        text.parse().ok()
    } else {
        let until = jiff::fmt::rfc2822::parse(text).ok();
        until
            .map(|until| u64::try_from(until.timestamp().as_second()).unwrap_or_default())
            .map(|until| until.saturating_sub(now.seconds()))
    };
    Some(seconds.map_or(RETRY_AFTER_MAX, Duration::from_secs).min(RETRY_AFTER_MAX))
}

/// The certificates in this file, in PEM; one at least.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<CertificateDer<'static>> = read.map_err(|error| wrong(&error))?;
    if found.is_empty() { Err(wrong(&"there is no certificate in it")) } else { Ok(found) }
}

/// TLS by the authorities in this file, in PEM, or by those of the system; these are not asked for where
/// everything is in the clear.
pub fn tls(ca: Option<&Path>, is_clear: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in authorities(path)? {
            roots.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    } else if !is_clear {
        let builder = builder.with_platform_verifier();
        let builder = builder.map_err(|error| format!("the system's certificates: {error}"))?;
        return Ok(builder.with_no_client_auth());
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_else_the_longest_wait() {
        // Sun, 06 Nov 1994 08:49:37 GMT.
        let now = Timestamp::from_seconds(784_111_777);
        for (text, expected_s) in [
            ("0", 0),
            (" 7 ", 7),
            ("3601", 3_600),
            ("99999999999999999999999", 3_600),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
            ("Sun, 06 Nov 1994 08:49:36 GMT", 0),
            ("Tue, 06 Dec 1994 08:49:37 GMT", 3_600),
            ("", 3_600),
            ("soon", 3_600),
            ("-1", 3_600),
            ("Sunday, 06-Nov-94 08:50:37 GMT", 3_600),
        ] {
            let headers =
                HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
            let asked = retry_after(&headers, now).map(|wait| wait.as_secs());
            assert_eq!(asked, Some(expected_s), "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}

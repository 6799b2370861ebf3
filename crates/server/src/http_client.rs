//! What every HTTP client of this program shares: TLS toward somebody else's server, and what is said of a
//! failure.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// What the innermost cause says: the system or TLS, neither of which knows what was asked.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// TLS by the authorities in this file, in PEM, or by those of the system; these are not asked for where
/// everything is in the clear.
pub(crate) fn tls(ca: Option<&Path>, is_clear: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = ca {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
        }
        if roots.is_empty() {
            return Err(wrong(&"there is no certificate in it"));
        }
    } else if !is_clear {
        let builder = builder.with_platform_verifier();
        let builder = builder.map_err(|error| format!("the system's certificates: {error}"))?;
        return Ok(builder.with_no_client_auth());
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

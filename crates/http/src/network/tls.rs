//! The certificate that a server shows, read again when it is told to. Connections that were made before keep theirs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::settings::Tls;

/// A certificate with its key, from two files.
#[derive(Clone)]
pub struct Certificate {
    files: Tls,
    shown: Arc<CurrentCertificate>,
    provider: Arc<CryptoProvider>,
}

/// What handshakes are answered with.
struct CurrentCertificate(RwLock<Arc<CertifiedKey>>);

impl Certificate {
    /// Reads certificate and key, so that a server without them does not start. Relative paths are relative to
    /// `folder`.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn read(tls: &Tls, folder: &Path) -> io::Result<Self> {
        let files = Tls {
            certificate: folder.join(&tls.certificate),
            key: folder.join(&tls.key),
            ca: tls.ca.clone(),
        };
        let provider = Arc::new(default_provider());
        let shown = Arc::new(CurrentCertificate(RwLock::new(certified(&files, &provider)?)));
        Ok(Self { files, shown, provider })
    }

    /// Reads both files again. Where one of them is wrong, the certificate from before is shown further on.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn renew(&self) -> io::Result<&PathBuf> {
        let read = certified(&self.files, &self.provider)?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(&self.files.certificate)
    }

    /// What takes handshakes with it.
    ///
    /// # Errors
    /// What TLS says about its own versions.
    pub fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for CurrentCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CurrentCertificate")
    }
}

/// The certificate with its key, which is held to belong to it.
fn certified(files: &Tls, provider: &CryptoProvider) -> io::Result<Arc<CertifiedKey>> {
    let wrong = |path: &Path, error: &dyn fmt::Display| {
        io::Error::other(format!("[tls] with {}: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(&files.certificate, &error))?;
    let secret =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, &error))?;
    let read = CertifiedKey::from_der(chain, secret, provider);
    read.map(Arc::new).map_err(|error| wrong(&files.certificate, &error))
}

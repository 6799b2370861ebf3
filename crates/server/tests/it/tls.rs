//! TLS by files: what a partner's client gets over https, and what it costs to have the files wrong.

use std::fs;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::support::{PATIENCE, World, finish, program};
use crate::village;

/// Puts a certificate of its own into the instance, and says so in its configuration.
pub(crate) fn certify(world: &World) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = world.path().join("tls");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let tls = "[tls]\ncertificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"\n\n[log]";
    world.configure("\n[log]", &format!("\n{tls}"));
    let port = world.address.port();
    let url = format!("public_url = \"http://127.0.0.1:{port}\"");
    world.configure(&url, &format!("public_url = \"https://localhost:{port}\""));
    certificate.der().clone()
}

pub(crate) fn agent(trusted: &CertificateDer<'_>) -> ureq::Agent {
    // Another test of this process may have installed it before: it is the same one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let roots = RootCerts::Specific(Arc::new(vec![Certificate::from_der(trusted).to_owned()]));
    ureq::Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

#[test]
fn tls_by_files_serves_answers_over_https() {
    let world = village::founded();
    let trusted = certify(&world);
    let token = world.token(village::VIEWER);
    let _serving = world.serve();
    let call = |agent: &ureq::Agent, path: &str| {
        let request = agent.get(format!("{}{path}", world.url()));
        request.header("authorization", format!("Bearer {token}")).call()
    };
    let page = call(&agent(&trusted), "/me/friends?limit=3").unwrap().body_mut().read_to_string();
    let page: serde_json::Value = serde_json::from_str(&page.unwrap()).unwrap();
    assert_eq!(page["data"].as_array().map(Vec::len), Some(3));
    let next = page["paging"]["next"].as_str().unwrap();
    assert!(next.starts_with(&format!("{}/v3.0/", world.url())), "{next}");

    let other = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let other = other.self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert!(call(&agent(other.der()), "/me").is_err(), "the certificate is not what is trusted");
    let plain = format!("http://127.0.0.1:{}/healthz", world.address.port());
    assert!(agent(&trusted).get(plain).call().is_err(), "it also speaks without TLS");
}

#[test]
fn tls_without_its_files_does_not_start() {
    let world = World::founded();
    certify(&world);
    let key = world.path().join("tls/key.pem");
    fs::remove_file(&key).unwrap();
    let output = finish(program(&["serve"]).arg(world.path()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("key.pem"), "the error names the file: {errors}");
}

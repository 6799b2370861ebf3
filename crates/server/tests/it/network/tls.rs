//! TLS by files: what a partner's client gets over https, and what it costs to have the files wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use countersign_demo::world::{BUILD, CLIENT, PURPOSE};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::support::village;
use crate::support::{PATIENCE, World, finish, program, verifier};

/// Puts a certificate of its own into the instance, and says so in its configuration.
pub(crate) fn certify(world: &World) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    install(world, &certificate, &key);
    certificate.der().clone()
}

/// Puts a certificate by a new authority into the instance. The authority's is in `tls/ca.pem`.
fn certify_by_authority(world: &World) -> PathBuf {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    install(world, &params.signed_by(&key, &authority).unwrap(), &key);
    let ca = world.path().join("tls/ca.pem");
    fs::write(&ca, authority.as_ref().pem()).unwrap();
    ca
}

fn install(world: &World, certificate: &rcgen::Certificate, key: &KeyPair) {
    let folder = world.path().join("tls");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let tls = "[tls]\ncertificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"\n\n[log]";
    world.configure("\n[log]", &format!("\n{tls}"));
    let port = world.address.port();
    let url = format!("public_url = \"http://127.0.0.1:{port}\"");
    world.configure(&url, &format!("public_url = \"https://localhost:{port}\""));
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
    let output = finish(program(&["serve"]).arg("--dir").arg(world.path()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("key.pem"), "the error names the file: {errors}");
}

/// A command on this instance, with these arguments before its folder and after it.
fn command(world: &World, before: &[&str], after: &[&str], ca: Option<&Path>) -> Output {
    let mut command = program(before);
    command.arg("--dir").arg(world.path()).args(after).env_remove("COUNTERSIGN_CA");
    if let Some(ca) = ca {
        command.arg("--ca").arg(ca);
    }
    finish(&mut command)
}

#[test]
fn tls_every_kind_of_command_reaches_a_server_whose_authority_is_named() {
    let world = village::founded();
    let ca = certify_by_authority(&world);
    let key = world.directory.key("reviewers/ines");
    let sign = format!("reviewer:ines={}", key.display());
    let out = |name: &str| world.path().with_file_name(name).display().to_string();
    let (ledger, growth, export) = (out("me.ledger"), out("growth"), out("export.json"));
    let viewer = village::VIEWER;
    let serving = world.serve();
    let commands: [(&[&str], &[&str]); 18] = [
        (&["people", "token"], &["--account", viewer, "--build", BUILD, "--purpose", PURPOSE]),
        (&["audit", "explain"], &["--build", BUILD, "--purpose", PURPOSE, "--account", viewer]),
        (&["people", "settings"], &[viewer]),
        (&["people", "settings"], &[viewer, "--close", "friends_app"]),
        (&["people", "history"], &[viewer]),
        (&["people", "grants"], &[viewer]),
        (&["people", "erasures"], &[]),
        (&["people", "hold"], &[viewer, "--until", "2999-01-01T00:00:00Z"]),
        (&["governance", "budgets", "show"], &[]),
        (&["governance", "rules", "show"], &[]),
        (&["audit", "canary", "create"], &[viewer]),
        (&["audit", "canary", "list"], &[]),
        (&["partner", "client", "secret", CLIENT], &[]),
        (&["partner", "suspend"], &["partner:aurora", "--reason", "test", "--sign", &sign]),
        (&["log", "close"], &[]),
        (&["people", "ledger"], &[viewer, "--out", &ledger]),
        (&["audit", "directory"], &["--out", &growth]),
        (&["people", "export"], &[viewer, "--out", &export]),
    ];
    for (before, after) in commands {
        let untrusted = command(&world, before, after, None);
        let said = String::from_utf8_lossy(&untrusted.stderr);
        assert_eq!(untrusted.status.code(), Some(1), "{before:?}: {said}");
        assert!(said.contains("--ca FILE") && !said.contains("panicked"), "{before:?}: {said}");
        // What a close has is published a moment later.
        for attempt in 0.. {
            let output = command(&world, before, after, Some(&ca));
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("not published yet") && attempt < 100 {
                std::thread::sleep(std::time::Duration::from_millis(100));
                continue;
            }
            assert!(output.status.success(), "{before:?}: {said}");
            break;
        }
    }
    assert!(serving.stop().success());
}

#[test]
fn tls_authority_of_commands_is_an_argument_a_variable_or_a_setting() {
    let world = village::founded();
    let ca = certify_by_authority(&world);
    let serving = world.serve();
    let show = || {
        let mut show = program(&["governance", "rules", "show"]);
        show.arg("--dir").arg(world.path()).env_remove("COUNTERSIGN_CA");
        show
    };
    assert!(finish(show().arg("--ca").arg(&ca)).status.success());
    assert!(finish(show().env("COUNTERSIGN_CA", &ca)).status.success());
    assert!(!finish(&mut show()).status.success());
    let unset = || finish(show().env("COUNTERSIGN_CA", ""));
    let said = String::from_utf8_lossy(&unset().stderr).into_owned();
    assert!(said.contains("name it with --ca FILE"), "{said}");
    // Whoever names another one is not overruled by the configuration.
    world.configure("\n\n[log]", "\nca = \"tls/ca.pem\"\n\n[log]");
    assert!(finish(&mut show()).status.success());
    assert!(unset().status.success());
    let nothing = world.path().join("countersign.toml");
    let output = finish(show().arg("--ca").arg(&nothing));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("there is no certificate in it"), "{said}");
    assert!(serving.stop().success());
}

#[test]
fn tls_verifier_takes_a_site_by_an_authority_that_is_named() {
    let world = village::founded();
    let ca = certify_by_authority(&world);
    let serving = world.serve();
    let site = format!("{}/log", world.url());
    let log = || {
        let mut log = std::process::Command::new(verifier());
        log.args(["log", &site, "--key", &world.key.to_string()]).env_remove("COUNTERSIGN_CA");
        log
    };
    assert_eq!(finish(log().arg("--ca").arg(&ca)).status.code(), Some(0));
    assert_eq!(finish(log().env("COUNTERSIGN_CA", &ca)).status.code(), Some(0));
    for untrusted in [finish(&mut log()), finish(log().env("COUNTERSIGN_CA", ""))] {
        let said = String::from_utf8_lossy(&untrusted.stderr);
        assert_eq!(untrusted.status.code(), Some(2), "{said}");
        assert!(said.contains("certificate"), "{said}");
    }
    assert!(serving.stop().success());
}

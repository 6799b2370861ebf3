//! `countersign log witness serve`: runs a witness.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_http::serving;
use countersign_http::settings::Tls;
use countersign_http::witness;
use countersign_people::file_system;
use serde_json::json;

use crate::commands::instance_dir::{CURRENT, DIR_VARIABLE, folder};
use crate::commands::{Failure, Output};

/// Watch until Ctrl-C, SIGTERM or SIGHUP.
///
/// It answers POST /add-checkpoint at this address, and at any path before it that a server in front
/// takes away. Nothing that passes is secret; TLS, here or in front, keeps others from holding it up.
///
/// The folder must never be restored from a copy that is older than its last cosignature: the witness
/// would cosign what contradicts it. Where that happened, make a new witness.
///
/// Example: countersign log witness serve --dir watching --listen 127.0.0.1:8200
#[derive(Args)]
pub(in crate::commands) struct Serve {
    /// The folder that `countersign log witness new` made.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, default_value = CURRENT,
        value_parser = folder())]
    dir: PathBuf,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:8200")]
    listen: SocketAddr,
    /// The certificate to serve TLS with, in PEM, the leaf first.
    #[arg(long, requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, in PEM.
    #[arg(long, requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Watch from a network file system, which may lose what was cosigned.
    #[arg(long)]
    network_file_system: bool,
}

impl Serve {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        file_system::check(&[&self.dir], self.network_file_system, "give --network-file-system")?;
        let ledger = Arc::new(witness::open(&self.dir)?);
        let (key, logs) = (ledger.key().to_string(), ledger.log_count());
        let tls = self.tls_certificate.zip(self.tls_key);
        let tls = tls.map(|(certificate, key)| Tls { certificate, key, ca: None });
        let listen = self.listen;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serving::serve_witness(ledger, listen, tls.as_ref(), || {
            let document = json!({ "listen": listen, "witness_key": key, "logs": logs });
            let text = format!("Watching {logs} logs on {listen}\n\n  key  {key}");
            output.say(&document, &text);
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}

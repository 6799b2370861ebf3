//! `countersign log witness`: watches other people's logs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use countersign_http::serving;
use countersign_http::settings::Tls;
use countersign_http::witness;
use countersign_people::file_system;
use serde_json::json;

use crate::commands::instance_dir::{CURRENT, DIR_VARIABLE, folder, is_instance, option_for};
use crate::commands::{Failure, Output};

/// A witness, made and run.
const EXAMPLES: &str = "\
Examples:

  countersign log witness new --dir watching --name witness.example.org/w1
  countersign log witness serve --dir watching --listen 127.0.0.1:8200";

/// Be a witness of other people's logs: watch that their trees only grow, and say so with a key.
///
/// A log asks its witnesses to cosign its checkpoints (C2SP tlog-witness). A witness cosigns a tree only if
/// it is proved to continue the one that it has cosigned last, so a reader who requires its cosignature cannot
/// be shown two histories of a log. It sees no entries and holds no personal data.
///
/// A log of your own is not worth watching: be a witness for others, and have others be yours.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Witness {
    New(New),
    Serve(Serve),
}

/// Make a witness: its key, and an empty list of the logs that it watches.
///
/// Example: countersign log witness new --dir watching --name witness.example.org/w1
#[derive(Args)]
pub(in crate::commands) struct New {
    /// The folder to make the witness in.
    #[arg(long, value_name = "DIR", env = DIR_VARIABLE, hide_env_values = true, default_value = CURRENT,
        value_parser = folder())]
    dir: PathBuf,
    /// The name of the key, for ever: a host and a path without scheme.
    #[arg(long)]
    name: String,
}

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

impl Witness {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::New(command) => command.run(output),
            Self::Serve(command) => command.run(output),
        }
    }
}

impl New {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        if is_instance(&self.dir) {
            let dir = self.dir.display();
            return Err(format!(
                "{dir}: an instance is in this folder, and a witness has one of its own: name that with --dir"
            )
            .into());
        }
        let key = witness::create(&self.dir, &self.name)?;
        let dir = self.dir.display();
        let text = format!(
            "Made {dir}/ for the witness

  {key}

Give this key, and the address at which it will be reached, to the logs and to those who read them: they
write `witness NAME KEY ADDRESS` into their policies. Write each log's key into {dir}/logs, then:

  countersign log witness serve{option}",
            option = option_for(&self.dir),
        );
        output.say(
            &json!({ "dir": self.dir.display().to_string(), "witness_key": key.to_string() }),
            &text,
        );
        Ok(ExitCode::SUCCESS)
    }
}

impl Serve {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
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

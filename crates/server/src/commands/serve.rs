//! `countersign serve`: runs an instance.

use std::process::ExitCode;

use clap::Args;
use countersign_http::network::listen::Listen;
use countersign_http::serving;
use countersign_http::settings::Telemetry;
use countersign_people::data_dir::DataDir;
use countersign_service::instance::ClockTrust;
use countersign_toml::Given;
use serde_json::json;

use super::instance_dir::InstanceDir;
use super::{Failure, Output};
use crate::config::Config;
use crate::instance::start;

/// Serve an instance until Ctrl-C or SIGTERM. SIGHUP has the certificate read again, where no terminal is
/// closed by it.
///
/// Example: countersign serve --dir platform
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    instance: InstanceDir,
    /// Accept this machine's clock, although it was set forward since the last entry of the log. Check
    /// the clock first: times in the log never run back.
    #[arg(long)]
    accept_clock: bool,
    /// Where to listen, in the place of `listen` in countersign.toml: an address with its port, or a
    /// socket file as unix:/run/countersign/http.sock.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Listen>,
}

impl Serve {
    /// What is logged and traced, by the configuration. One that cannot be read is reported by [`Serve::run`].
    pub(super) fn telemetry(&self) -> Telemetry {
        let config = Config::read(&DataDir::new(self.instance.path()).config());
        config.map(|config| config.telemetry).unwrap_or_default()
    }

    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let trust = if self.accept_clock { ClockTrust::Accepted } else { ClockTrust::Watched };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let listen = self.listen.map(|listen| Given {
            key: "listen".to_owned(),
            value: listen.to_string(),
            by: "--listen".to_owned(),
        });
        let directory = DataDir::new(self.instance.path());
        let gateway = runtime.block_on(start(&directory, trust, listen.as_slice()))?;
        let url = gateway.settings.public_url.clone();
        let key = gateway.service.log_key.clone();
        let code = gateway.sign_in_code.as_ref().map(|code| code.as_str().to_owned());
        runtime.block_on(serving::serve(gateway, || {
            let document = json!({ "url": url, "log_key": key, "sign_in_code": code });
            let mut text = format!(
                "Serving on {url}\n\n  log     {url}/log/checkpoint\n  verify  countersign-verify log {url}/log --key {key}\n  health  {url}/healthz, {url}/readyz, {url}/metrics"
            );
            if let Some(code) = &code {
                let header = format!("authorization: Bearer {code}");
                text.push_str(&format!("\n  sign in POST {url}/login with `{header}`, until this ends"));
            }
            output.say(&document, &text);
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}

//! `countersign audit sample`: whose some items of a closed period are, for its auditor.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::digest::Digest;
use countersign_protocol::index_sample::{DRAWN_DEFAULT, DRAWN_MAX};
use serde_json::json;

use crate::commands::files;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

const HANDING_OVER: &str = "\
The auditor checks the file with `countersign-verify index --sample`, and destroys it after that.

A sample has accounts and their secrets in it: with a secret everything that the log holds about that person is
found. It goes to auditors under an agreement, by a way that others cannot read, and is not kept. --out makes a
file that only you may read. Which items are drawn follows from the close and from the auditor's challenge.

Make it before the next close: the secrets of people who are erased then cannot be opened any more, and an
auditor bears few such items.";

/// Open some items of a closed period to its auditor, to show that its lists are about real accounts.
///
/// Example: countersign audit sample 3 --challenge 9f86d0… --out period-3.sample
#[derive(Args)]
#[command(after_long_help = HANDING_OVER)]
pub(in crate::commands) struct Sample {
    #[command(flatten)]
    instance: InstanceDir,
    /// The number of the period, from 0.
    period: u64,
    /// How many items are drawn, or all if there are not as many.
    #[arg(long, value_name = "COUNT", default_value_t = DRAWN_DEFAULT,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(DRAWN_MAX)))]
    items: u32,
    /// What the auditor adds to the draw: 64 hexadecimal digits.
    #[arg(long, value_name = "DIGITS", value_parser = Digest::parse)]
    challenge: Option<Digest>,
    /// The file to write; an existing one is never overwritten.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Sample {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let (period, items) = (self.period, self.items);
        let challenge = self.challenge.unwrap_or(Digest([0; 32]));
        let path = format!("/sample?period={period}&items={items}&challenge={challenge}");
        let sample = reach.call_bytes(&Call::get(path), async |here| {
            here.sample(period, items, challenge).await
        })?;
        files::write_secret(&self.out, &sample)?;
        let (path, bytes) = (self.out.display(), sample.len());
        let text = format!(
            "Wrote {path}, {bytes} bytes: a sample of period {period}. It has people's secrets in it: give it to the auditor alone"
        );
        let document = json!({
            "out": path.to_string(), "period": period, "items": items, "challenge": challenge, "bytes": bytes,
        });
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}

//! `countersign audit lists`: what a closed period holds about everybody, for its auditors.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use countersign_log::backend::posix::Posix;
use countersign_log::period::Period;
use countersign_service::people::progress::Progress;
use serde_json::json;

use crate::commands::files::{self, FileError};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};
use crate::config::Config;

const HANDING_OVER: &str = "\
The auditor checks the file with `countersign-verify index`, and may sign what was found.

Lists name nobody to whoever has no secret, and no two periods of a person can be seen to be theirs. But how
long they are, and at which entries, tells how much there is about somebody: who knows when somebody used which
client may find the list. So they go to auditors under an agreement, by a way that others cannot read, and are
not published. --out makes a file that only you may read.";

/// Write the blinded lists of a closed period, from which an auditor rebuilds its person index.
///
/// A running server is not disturbed. The lists are checked against the index on the way.
///
/// Example: countersign audit lists 3 --out period-3.lists
#[derive(Args)]
#[command(after_long_help = HANDING_OVER)]
pub(in crate::commands) struct Lists {
    #[command(flatten)]
    instance: InstanceDir,
    /// The number of the period, from 0.
    period: u64,
    /// The file to write; an existing one is never overwritten.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Lists {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let directory = self.instance.data_dir()?;
        let config = Config::read(&directory.config())?;
        let period = Period::open(&Posix::new(directory.log()), self.period)?;
        let system = |error| FileError::System { path: self.out.clone(), error };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let out = options.open(&self.out);
        let mut out = out.map_err(|error| files::not_created(&self.out, error))?;
        let head = period.head();
        let bar = Progress::Stderr.step("writing lists", head.people);
        let written = period.write_lists(config.origin(), &mut out, &mut |done| bar.at(done));
        if let Err(error) = written {
            discard(&self.out);
            return Err(error.into());
        }
        out.flush().and_then(|()| out.sync_all()).map_err(system)?;
        drop(bar);
        let document = json!({
            "out": self.out.display().to_string(), "period": head.number, "from": head.from, "until": head.until,
            "close": head.close.index, "people": head.people, "items": head.items,
        });
        let text = format!(
            "Wrote {}: the lists of {} people, with {} items, of period {} (entries from {} to before {}, closed at {})",
            self.out.display(),
            head.people,
            head.items,
            head.number,
            head.from,
            head.until,
            head.close.index
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// Removes what was begun.
fn discard(path: &Path) {
    // What went wrong before matters more, and is told; an auditor's program refuses half a file.
    let _ = fs::remove_file(path);
}

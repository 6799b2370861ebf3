//! `countersign audit evidence`: one file that says, with proof, what went to whom.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_log::backend::posix::Posix;
use countersign_log::evidence::{Wanted, check_published, pack};
use countersign_people::data_dir::DataDir;
use countersign_policy::instant;
use countersign_protocol::evidence_pack::{
    Body, CONSENT_CHARACTERS_MAX, Pack, PersonPart, Subject, is_consent,
};
use countersign_protocol::note::NoteKey;
use countersign_service::clock;
use countersign_service::instance::log;
use countersign_service::people::progress::Progress;
use countersign_verifier::evidence::write;
use serde_json::json;

use crate::commands::files;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::people::ledger::bundle;
use crate::commands::{Failure, Output};
use crate::config::Config;

const HANDING_OVER: &str = "\
The file is a page to read and to print, with the proof of it embedded. Whoever gets it checks it with
`countersign-verify evidence`; with the public log at hand, also that nothing was left out.

What was asked for and withheld is in no entry of the log, and is told by your word. Partners never see why a
field was withheld: give them a file that was made with --without-refused.

A person's file has their secret in it, and shows everything about them, at any time. It is made only with a
reference of their consent, and for whom they agreed to alone.";

/// Write evidence of what went to a partner, a client or anybody, or about a person, between two instants.
///
/// A running server is not disturbed.
///
/// Example: countersign audit evidence --partner aurora --from 2027-01-01T00:00:00Z --until 2027-02-01T00:00:00Z --out aurora.html
#[derive(Args)]
#[command(after_long_help = HANDING_OVER)]
#[command(group(ArgGroup::new("subject").required(true)))]
pub(in crate::commands) struct Evidence {
    #[command(flatten)]
    instance: InstanceDir,
    /// Of what went to this partner.
    #[arg(long, group = "subject", value_parser = identifier)]
    partner: Option<Identifier>,
    /// Of what went to this client.
    #[arg(long, group = "subject", value_parser = identifier)]
    client: Option<Identifier>,
    /// Of what went to anybody.
    #[arg(long, group = "subject")]
    all: bool,
    /// Of what went about this person, by their account.
    #[arg(long, group = "subject", value_name = "ACCOUNT", requires = "with_consent")]
    person: Option<String>,
    /// Where the person's consent to this can be found, as the number of their letter. It is printed on the page.
    #[arg(long, value_name = "REFERENCE", requires = "person", value_parser = consent)]
    with_consent: Option<String>,
    /// The first second that it is about.
    #[arg(long, value_name = "INSTANT", value_parser = instant::parse)]
    from: Timestamp,
    /// The first second after.
    #[arg(long, value_name = "INSTANT", value_parser = instant::parse)]
    until: Timestamp,
    /// Leave out what was withheld, and why: for readers who may not see that, as partners.
    #[arg(long, conflicts_with = "person")]
    without_refused: bool,
    /// The file to write; only you can read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

fn identifier(text: &str) -> Result<Identifier, String> {
    Identifier::parse(text).map_err(|error| error.to_string())
}

fn consent(text: &str) -> Result<String, String> {
    let expected =
        format!("a reference of 1 to {CONSENT_CHARACTERS_MAX} characters on one line is expected");
    if is_consent(text) { Ok(text.to_owned()) } else { Err(expected) }
}

impl Evidence {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        if self.from >= self.until {
            return Err(format!("--until {} is not after --from {}", self.until, self.from).into());
        }
        let now = clock::now();
        if self.until > now {
            let until = self.until;
            let refused = format!(
                "--until {until} has not come yet: evidence is of a time that is over; give {now} or earlier"
            );
            return Err(refused.into());
        }
        if self.out.exists() && !self.force {
            let out = self.out.display();
            return Err(format!("{out} is there already; --force writes over it").into());
        }
        let directory = DataDir::new(self.instance.path());
        let config = Config::read(&directory.config())?;
        let key: NoteKey = log::key(&directory, config.origin())?.parse()?;
        let pack = self.pack()?;
        let (file, verdict) = write(&pack, &key);
        if self.force && self.out.exists() {
            fs::remove_file(&self.out)
                .map_err(|error| files::FileError::System { path: self.out.clone(), error })?;
        }
        files::write_secret(&self.out, file.as_bytes())?;
        if !verdict.holds() {
            output
                .note("What is in the file does not hold; `countersign-verify evidence` says why.");
        }
        let out = self.out.display();
        let document = json!({
            "out": self.out.display().to_string(), "bytes": file.len(), "holds": verdict.holds(), "size": verdict.size,
            "disclosures": verdict.disclosures, "acts": verdict.acts,
        });
        let told = format!(
            "Wrote {out}, {} bytes; check it with `countersign-verify evidence {out} --key VKEY --site LOG`",
            file.len()
        );
        output.say(&document, &told);
        Ok(ExitCode::SUCCESS)
    }

    fn pack(&self) -> Result<Pack, Failure> {
        let Self { from, until, .. } = *self;
        let made = clock::now();
        let backend = Posix::new(DataDir::new(self.instance.path()).log());
        if let Some(account) = &self.person {
            let consent =
                self.with_consent.clone().ok_or("a person's evidence needs --with-consent")?;
            check_published(&backend, until)?;
            let ledger = bundle(&self.instance, account)?;
            let body = Body::Person(PersonPart { consent, ledger });
            return Ok(Pack { made, from, until, body });
        }
        let subject = match (&self.partner, &self.client) {
            (Some(partner), _) => Subject::Partner(partner.clone()),
            (None, Some(client)) => Subject::Client(client.clone()),
            (None, None) => Subject::All,
        };
        let wanted = Wanted { subject, from, until, refusals: !self.without_refused };
        let mut bar = None;
        let mut told = |done, of| {
            bar.get_or_insert_with(|| Progress::Stderr.step("reading entries", of)).at(done)
        };
        Ok(pack(&backend, &wanted, made, &mut told)?)
    }
}

//! `countersign-verify index`: the check of a period's person index by an auditor who was given its lists.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::index_audit::IndexAudit;
use countersign_protocol::index_sample::{DRAWN_DEFAULT, DRAWN_MAX};
use countersign_protocol::note::NoteKey;
use countersign_verifier::index_check::{IndexQuestion, SampleQuestion, Step, check_index};
use countersign_verifier::regular_file;
use countersign_verifier::verdict::FAILURES_KEPT_MAX;

use crate::key_file::KeyFile;
use crate::place::LogPlace;
use crate::source::{bar, read_file};
use crate::trust::PolicyFile;
use crate::{CannotSay, exit_code, report};

/// Check the person index of a closed period from its blinded lists, and sign what was found.
///
/// A close signs one root over what the period holds about all people, so that no ledger can omit anything. This
/// check rebuilds that root from the lists that the operator gives to auditors, and compares them with every
/// commitment of the period's entries. A record or a person that is missing or listed twice fails. Lists can be
/// padded with invented people; with --sample the operator must name accounts for items that it did not choose.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file that `countersign audit lists` wrote.
    #[arg(value_name = "LISTS")]
    lists: PathBuf,
    #[command(flatten)]
    log: LogPlace,
    #[command(flatten)]
    policy: PolicyFile,
    /// How many entries may be unaccounted for. If a secret was destroyed before the close, the entries about that
    /// person are, and cannot be distinguished from incomplete ones.
    #[arg(long, value_name = "ENTRIES", default_value_t = 0)]
    forgotten_max: u64,
    /// The file that `countersign audit sample` wrote: whose some of the items are, drawn by the close.
    #[arg(long, value_name = "SAMPLE")]
    sample: Option<PathBuf>,
    /// How many items the sample has to open, or all if there are not as many.
    #[arg(long, value_name = "COUNT", default_value_t = DRAWN_DEFAULT, requires = "sample",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(DRAWN_MAX)))]
    sample_items: u32,
    /// Your challenge for the draw, chosen after you had the lists: 64 hexadecimal digits. Without it the operator
    /// could predict the draw when it made the close.
    #[arg(long, value_name = "DIGITS", requires = "sample", value_parser = Digest::parse)]
    challenge: Option<Digest>,
    /// How many items of the sample may be of erased people. These cannot be opened, so each rests on the
    /// operator's word.
    #[arg(long, value_name = "ITEMS", default_value_t = 0, requires = "sample")]
    erased_max: u64,
    /// If the check succeeds, sign the result with the key in this file: Ed25519, PKCS#8 PEM, mode 600.
    #[arg(long, value_name = "KEY-FILE", requires_all = ["name", "out"])]
    cosign: Option<PathBuf>,
    /// The name under which you sign, for ever: a host and a path without scheme.
    #[arg(long, requires = "cosign")]
    name: Option<String>,
    /// The file for what was signed. One that is there is never overwritten.
    #[arg(long, value_name = "FILE", requires = "cosign")]
    out: Option<PathBuf>,
    /// How many failures of each rule to list; the others are counted.
    #[arg(long, value_name = "COUNT", default_value_t = FAILURES_KEPT_MAX)]
    failures_max: u64,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  Lists that you were given, against the log on the web:
    countersign-verify index period-3.lists https://log.example/log --key @log.vkey
  The same, signed for those who trust you; the key is yours, and nobody else's business:
    (umask 077; openssl genpkey -algorithm ed25519 -out auditor.key)
    countersign-verify index period-3.lists https://log.example/log --key @log.vkey \\
      --cosign auditor.key --name auditor.example/1 --out period-3.audit
  The same with a sample of the items, drawn by what you chose after you had the lists:
    CHALLENGE=$(openssl rand -hex 32)      and the operator: countersign audit sample … --challenge $CHALLENGE
    countersign-verify index period-3.lists https://log.example/log --key @log.vkey \\
      --sample period-3.sample --challenge $CHALLENGE
  Which entries were not accounted for:
    countersign-verify index period-3.lists ./data/log --key @log.vkey --json | jq '.failures[] | {entry, found}'

It reads the entries of the period, and of the others only what proves these to be in the log: check the log
itself, with `countersign-verify log`. It says nothing about whose list is whose: each person sees their own.
Keep the lists to yourself. They name nobody, but how long they are tells how much there is about somebody.
A sample has people's secrets in it, with which everything about them is found in these lists and all others:
give it to nobody, and destroy it after the check. Ask the people behind some of its accounts, by a way that is
not the operator's, whether they are theirs: an account that the operator invented is in the directory too.";

/// Where a signed statement goes, with the key that makes it.
struct Cosign<'a> {
    key: KeyFile,
    out: &'a Path,
}

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let source = arguments.log.open()?;
    let policy = arguments.policy.read()?;
    let cosign = cosign(arguments)?;
    let path = &arguments.lists;
    let wrong = |error: &dyn std::fmt::Display| CannotSay(format!("{}: {error}", path.display()));
    let mut lists = regular_file::open(path).map_err(|error| wrong(&error))?;
    let sample = arguments.sample.as_deref().map(read_file).transpose()?;
    let question = IndexQuestion {
        sample: sample.as_deref().map(|bytes| SampleQuestion {
            bytes,
            drawn: arguments.sample_items,
            challenge: arguments.challenge.unwrap_or(Digest([0; 32])),
            erased_max: arguments.erased_max,
        }),
        policy: policy.as_ref(),
        unaccounted_max: arguments.forgotten_max,
        failures_kept_max: arguments.failures_max,
        ..IndexQuestion::new(&arguments.log.of.key, now)
    };
    let (mut of_lists, mut of_entries) = (bar("lists"), bar("entries"));
    let checked = check_index(&*source.site, &mut lists, &question, &mut |step| match step {
        Step::Lists(done, of) => of_lists(done, of),
        Step::Entries(done, of) => of_entries(done, of),
    });
    let checked = checked.map_err(|error| wrong(&error))?;
    let holds = checked.verdict.holds();
    // Signed before it is reported: a report that says so is true.
    let signed = cosign.as_ref().filter(|_| holds).map(|cosign| cosign.sign(&checked.audit));
    let signed = signed.transpose()?;
    report::index(&checked, signed.as_ref(), arguments.json)?;
    Ok(exit_code(&checked.verdict))
}

/// Reads the key and looks at the place before a check that may take long.
fn cosign(arguments: &Arguments) -> Result<Option<Cosign<'_>>, CannotSay> {
    let Arguments { cosign: Some(key), name: Some(name), out: Some(out), .. } = arguments else {
        return Ok(None);
    };
    if out.exists() {
        let out = out.display();
        return Err(CannotSay(format!(
            "{out} is there already; what was signed is not overwritten"
        )));
    }
    Ok(Some(Cosign { key: KeyFile::read(key, name)?, out }))
}

impl Cosign<'_> {
    /// Signs the statement into its file; the key under which it can be verified.
    fn sign(&self, audit: &IndexAudit) -> Result<NoteKey, CannotSay> {
        let wrong = |error: &dyn std::fmt::Display| {
            CannotSay(format!("{}: {error}; nothing was signed", self.out.display()))
        };
        let note = audit.sign(&self.key.key, |message| self.key.sign(message));
        let note = note.map_err(|error| wrong(&error))?;
        let file = File::create_new(self.out);
        let written = file.and_then(|mut file| file.write_all(note.as_bytes()));
        written.map_err(|error| wrong(&error))?;
        Ok(self.key.key.clone())
    }
}

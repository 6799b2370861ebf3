//! `countersign agreement prove`: that what an agreement pledges holds for every request there can be.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::{Failure, Output};

/// Prove what agreements pledge, for all requests; or show a request that breaks a pledge.
///
/// Besides its own pledges, every agreement is held to three: builds that are not approved get nothing,
/// nothing is released outside of its validity, and nothing of friends without their and the viewer's word.
/// Each proof comes with a witness, an allowed request that it speaks of, and a mutant, the same agreement
/// broken on purpose, for which it fails. What is assumed is printed at the end. Exit code 1 if a pledge is
/// not proved.
///
/// It needs the solver cvc5 (on Debian: apt install cvc5), and a build with the feature prove:
/// cargo install --path crates/server --features prove
///
/// Example: countersign agreement prove aurora-2026.toml
#[derive(Args)]
pub(in crate::commands) struct Prove {
    /// Agreements as TOML files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    instance: OptionalInstanceDir,
    /// Say no more than whether each is proved, and what breaks what is not.
    #[arg(long)]
    brief: bool,
}

#[cfg(not(feature = "prove"))]
impl Prove {
    pub(in crate::commands) fn run(self, _: Output) -> Result<ExitCode, Failure> {
        let Self { files: _, instance: _, brief: _ } = self;
        Err("this program was built without proofs; build one that has them: cargo install --path crates/server --features prove".into())
    }
}

#[cfg(feature = "prove")]
mod proving {
    use std::fmt::Write as _;
    use std::path::Path;

    use countersign_policy::prove::{ASSUMED, Outcome, Proof, Solver, Subject};
    use serde_json::{Value, json};

    use super::{ExitCode, Failure, Output, Prove};
    use crate::commands::agreement::shipped;
    use crate::commands::files;
    use countersign_service::people::progress::Progress;

    impl Prove {
        pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
            let (schema, rules) = shipped::schema_and_rules(self.instance.found())?;
            let mut solver = Solver::start()?;
            let mut proved = Vec::new();
            let bar = Progress::Stderr.step("proving", self.files.len() as u64);
            for (file, done) in self.files.iter().zip(1..) {
                let document = files::read_agreement(file, &schema)?;
                let subject = Subject::of_document(document, &schema, &rules)?;
                let pledges = subject.pledges().into_iter();
                let proofs = pledges.map(|pledge| subject.prove(pledge, &mut solver));
                proved.push((file.as_path(), proofs.collect::<Result<Vec<_>, _>>()?));
                bar.at(done);
            }
            drop(bar);
            let all = || proved.iter().flat_map(|(_, proofs)| proofs);
            let holds = all().all(|proof| proof.outcome.is_proved());
            let document = json!({
                "proved": holds,
                "agreements": proved.iter().map(|(file, proofs)| of_file(file, proofs)).collect::<Vec<_>>(),
                "assumed": ASSUMED,
            });
            let mut text = String::new();
            for (file, proofs) in &proved {
                write_file(file, proofs, self.brief, &mut text);
            }
            let count = all().filter(|proof| proof.outcome.is_proved()).count();
            // Writing to a String cannot fail.
            let _ = write!(text, "{count} of {} pledges proved. Assumed:", all().count());
            ASSUMED.iter().for_each(|assumed| text.push_str(&format!("\n  {assumed}")));
            output.say(&document, &text);
            Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }

    fn of_file(file: &Path, proofs: &[Proof]) -> Value {
        json!({ "file": file.display().to_string(), "pledges": proofs.iter().map(of_proof).collect::<Vec<_>>() })
    }

    fn of_proof(proof: &Proof) -> Value {
        let mut document = json!({
            "pledge": proof.pledge,
            "says": proof.pledge.to_string(),
            "own": proof.is_own,
            "proved": proof.outcome.is_proved(),
        });
        match &proof.outcome {
            Outcome::Proved { witness, mutant } => {
                document["witness"] = json!(witness);
                document["mutant"] = json!(mutant);
            }
            Outcome::Broken(found) => document["counterexample"] = json!(found),
            Outcome::Vacuous => document["reason"] = json!("vacuous"),
            Outcome::Unbreakable => document["reason"] = json!("unbreakable"),
        }
        document
    }

    fn write_file(file: &Path, proofs: &[Proof], brief: bool, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", file.display());
        for proof in proofs {
            let whose = if proof.is_own { "" } else { " (of every agreement)" };
            match &proof.outcome {
                Outcome::Proved { witness, mutant } => {
                    let _ = writeln!(text, "  proved  {}{whose}", proof.pledge);
                    if !brief {
                        let _ = writeln!(text, "          allowed: {witness}");
                        let _ = writeln!(text, "          would break it: {mutant}");
                    }
                }
                Outcome::Broken(found) => {
                    let _ = writeln!(text, "  BROKEN  {}{whose}", proof.pledge);
                    let _ = writeln!(text, "          allowed all the same: {found}");
                }
                Outcome::Vacuous => {
                    let _ = writeln!(text, "  EMPTY   {}{whose}", proof.pledge);
                    let _ = writeln!(
                        text,
                        "          no request that it speaks of is ever allowed, so it says nothing"
                    );
                }
                Outcome::Unbreakable => {
                    let _ = writeln!(text, "  EMPTY   {}{whose}", proof.pledge);
                    let _ = writeln!(
                        text,
                        "          not even an agreement without what it rests on breaks it, so it says nothing"
                    );
                }
            }
        }
        text.push('\n');
    }
}

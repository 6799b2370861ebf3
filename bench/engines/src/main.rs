//! The decision about 338 friends and 40 fields of each, by the product and by general engines that are asked
//! the same: Cedar, Rego on regorus, casbin. Answers are compared before anything is timed.
//!
//! What it is not: part of the product. It is here to be compared with, by `cargo xtask bench decide`.
//!
//! Usage: countersign-bench-engines [SEED]

mod casbin;
mod cedar;
mod contender;
mod lists;
mod measure;
mod ours;
mod question;
mod random;
mod rego;

use std::process::ExitCode;

use crate::casbin::Casbin;
use crate::cedar::Cedar;
use crate::contender::Contender;
use crate::measure::{Measured, median};
use crate::ours::Ours;
use crate::question::{FIELDS, FRIENDS, Question};
use crate::rego::Rego;

type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// What people's settings follow from, if nothing else is said.
const SEED: u64 = 2018;

/// Who is to be how many times slower.
const RATIO_MIN: f64 = 100.0;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("countersign-bench-engines: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Trouble> {
    let seed = std::env::args().nth(1).map_or(Ok(SEED), |seed| seed.parse())?;
    let question = Question::new(seed)?;
    if (question.friends().len(), question.asked.len()) != (FRIENDS, FIELDS) {
        return Err("it is not about 338 friends and 40 fields".into());
    }
    let mut contenders: Vec<Box<dyn Contender + '_>> = vec![
        Box::new(Ours(&question)),
        Box::new(Cedar::new(&question, cedar::Variant::Rendered)?),
        Box::new(Cedar::new(&question, cedar::Variant::RenderedPrepared)?),
        Box::new(Cedar::new(&question, cedar::Variant::ByHandPrepared)?),
        Box::new(Rego::new(&question, rego::Variant::Machine)?),
        Box::new(Rego::new(&question, rego::Variant::MachineByField)?),
        Box::new(Rego::new(&question, rego::Variant::Interpreter)?),
        Box::new(Casbin::plain(&question)?),
        Box::new(Casbin::cached(&question)?),
    ];
    let answers = measure::compare(&question, &mut contenders)?;
    let people = answers.iter().filter(|fields| !fields.is_empty()).count();
    let fields: usize = answers.iter().map(|fields| fields.len()).sum();
    println!(
        "All contenders gave the same answers about {FRIENDS} friends x {FIELDS} fields (seed {seed}): {fields} fields of {people} friends are released.\n"
    );
    print(&measure::time(&mut contenders)?);
    println!("\n{}.", versions());
    Ok(())
}

fn print(measured: &[Measured]) {
    println!("| contender | us/decision | x Countersign | least-greatest |");
    println!("| --- | ---: | ---: | ---: |");
    let Some(ours) = measured.first() else { return };
    for contender in measured {
        let rounds = contender.rounds_s.iter().zip(&ours.rounds_s);
        let ratios: Vec<f64> = rounds.map(|(theirs, ours)| theirs / ours).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = ratios.iter().copied().fold(0.0, f64::max);
        let (name, median_us) = (contender.name, median(&contender.rounds_s) * 1e6);
        let ratio = median(&ratios);
        println!("| {name} | {median_us:.2} | {ratio:.0} | {least:.0}-{greatest:.0} |");
    }
    let others = measured.iter().skip(1);
    let short = others.filter(|one| median(&one.rounds_s) < RATIO_MIN * median(&ours.rounds_s));
    for contender in short {
        println!("\nNot reached: {RATIO_MIN:.0} x against {}.", contender.name);
    }
}

/// The versions of the engines, as the lock file has them.
fn versions() -> String {
    let lock = include_str!("../Cargo.lock");
    let version = |package: &str| {
        let rest = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).map(|two| two.1);
        let version = rest.and_then(|rest| rest.split('"').next()).unwrap_or("of no known version");
        format!("{package} {version}")
    };
    ["cedar-policy", "regorus", "casbin"].map(version).join(", ")
}

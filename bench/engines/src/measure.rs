//! Comparing, then timing: nothing is timed that does not give the product's answers, field by field.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use countersign_domain::field::FieldSet;

use crate::Trouble;
use crate::contender::Contender;
use crate::question::Question;

/// How often each contender is measured, in turn, so that a noisy moment hits everybody.
const ROUNDS: usize = 9;

/// How long a measurement takes at least.
const SECONDS_MIN: f64 = 0.1;

/// The most friends of whom differences are shown.
const FRIENDS_SHOWN: usize = 20;

/// What was measured of one contender.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// Seconds a decision, by round.
    pub(crate) rounds_s: Vec<f64>,
}

/// Refuses a contender that gives other answers than the first one.
pub(crate) fn compare(
    question: &Question,
    contenders: &mut [Box<dyn Contender + '_>],
) -> Result<Vec<FieldSet>, Trouble> {
    let mut expected: Option<Vec<FieldSet>> = None;
    for contender in contenders {
        let found = contender.decide()?;
        match &expected {
            None => expected = Some(found),
            Some(expected) if *expected == found => {}
            Some(expected) => {
                let name = contender.name();
                return Err(differences(question, name, expected, &found).into());
            }
        }
    }
    Ok(expected.unwrap_or_default())
}

fn differences(
    question: &Question,
    name: &str,
    expected: &[FieldSet],
    found: &[FieldSet],
) -> String {
    let mut text = format!("{name} gives other answers, and is not timed:");
    let friends = (1..).zip(expected.iter().zip(found));
    let differing = friends.filter(|(_, (expected, found))| expected != found);
    for (number, (expected, found)) in differing.take(FRIENDS_SHOWN) {
        for (what, fields) in
            [("too much", found.without(*expected)), ("too little", expected.without(*found))]
        {
            if !fields.is_empty() {
                // Writing to a String cannot fail.
                let names = question.names(fields).join(" ");
                let _ = write!(text, "\n  friend {number}: {what}: {names}");
            }
        }
    }
    text
}

/// Times all of them in turn.
pub(crate) fn time(contenders: &mut [Box<dyn Contender + '_>]) -> Result<Vec<Measured>, Trouble> {
    let mut measured = Vec::new();
    let mut repeats = Vec::new();
    for contender in contenders.iter_mut() {
        repeats.push(repeats_of(contender.as_mut())?);
        measured.push(Measured { name: contender.name(), rounds_s: Vec::new() });
    }
    for _ in 0..ROUNDS {
        let contenders = contenders.iter_mut().zip(&repeats).zip(&mut measured);
        for ((contender, repeats), measured) in contenders {
            measured.rounds_s.push(seconds(contender.as_mut(), *repeats)?);
        }
    }
    Ok(measured)
}

/// How many decisions a measurement needs; caches are warm afterwards.
fn repeats_of(contender: &mut dyn Contender) -> Result<u32, Trouble> {
    let mut repeats = 1;
    while seconds(contender, repeats)? * f64::from(repeats) < SECONDS_MIN {
        repeats *= 2;
    }
    Ok(repeats)
}

/// Seconds a decision, over so many.
fn seconds(contender: &mut dyn Contender, repeats: u32) -> Result<f64, Trouble> {
    let start = Instant::now();
    for _ in 0..repeats {
        black_box(contender.decide()?);
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(repeats))
}

/// The middle one; there is an odd number of rounds.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use countersign_domain::field::FieldId;

    use super::*;
    use crate::ours::Ours;

    /// Gives one field too much of one friend.
    struct Liar<'a>(Ours<'a>);

    impl Contender for Liar<'_> {
        fn name(&self) -> &'static str {
            "a liar"
        }

        fn decide(&mut self) -> Result<Vec<FieldSet>, Trouble> {
            let mut answers = self.0.decide()?;
            answers[2] = answers[2].with(FieldId::FRIENDS);
            Ok(answers)
        }
    }

    #[test]
    fn a_contender_with_other_answers_is_refused_with_the_difference() {
        let question = Question::new(1).unwrap();
        let mut both: Vec<Box<dyn Contender + '_>> =
            vec![Box::new(Ours(&question)), Box::new(Liar(Ours(&question)))];
        let refused = compare(&question, &mut both).unwrap_err().to_string();
        assert!(refused.contains("a liar gives other answers"), "{refused}");
        assert!(refused.contains("friend 3: too much: friends"), "{refused}");
        assert!(compare(&question, &mut both[..1]).is_ok());
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }
}

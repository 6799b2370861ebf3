//! How the verdict on evidence is shown, with what it says.

use countersign_domain::agreement::Delivery;
use countersign_domain::relation::Relation;
use countersign_domain::text::quoted;
use countersign_verifier::evidence::{Counts, Evidence, RefusedLine, SentLine};
use countersign_verifier::verdict::Verdict;
use serde::Serialize;

use super::{CannotSay, Conclusion, Text, escaped, write_json};

/// What `--json` prints of evidence.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    conclusion: Conclusion,
    #[serde(flatten)]
    verdict: &'a Verdict,
    evidence: Option<&'a Evidence>,
}

/// Shows the verdict on evidence; `against` says whether the public log was there to hold it against.
pub(crate) fn evidence(
    verdict: &Verdict,
    evidence: Option<&Evidence>,
    against: bool,
    json: bool,
) -> Result<(), CannotSay> {
    let holds = verdict.holds();
    if json {
        return write_json(&Document { conclusion: Conclusion::of(verdict), verdict, evidence });
    }
    let mut text = Text::new();
    if let Some(evidence) = evidence {
        text.evidence(evidence);
    }
    text.verdict(verdict);
    let ledger = evidence.and_then(|evidence| evidence.ledger.as_ref());
    let conclusion = match (holds, ledger) {
        (true, Some(ledger)) => format!("The evidence holds. {}", ledger.completeness()),
        (true, None) if against => "The evidence holds, and nothing is left out.".to_owned(),
        (true, None) => {
            "The evidence holds. Whether something is left out, only the public log shows: --site."
                .to_owned()
        }
        (false, _) => "The evidence does not hold.".to_owned(),
    };
    text.conclude(verdict, &conclusion);
    text.write()
}

impl Text {
    fn evidence(&mut self, evidence: &Evidence) {
        let Evidence { of, made, age_s, from, until, .. } = evidence;
        let Evidence { digest, consent, sent, refused, ledger, .. } = evidence;
        match ledger {
            Some(ledger) => self.line(&format!("of       the account {}", quoted(&ledger.account))),
            None => self.line(&escaped(&format!("of       {of}"))),
        }
        self.line(&format!("time     {from} to before {until}"));
        self.line(&format!("pack     {digest}, made {made} by the operator's clock"));
        self.line(&format!("age      {}; evidence does not expire", told_age(*age_s)));
        if let Some(consent) = consent {
            self.line(&escaped(&format!("consent  {consent}, by the operator's word")));
        }
        self.line("");
        if let Some(ledger) = ledger {
            return self.ledger(ledger);
        }
        for line in sent {
            self.line(&escaped(&told_sent(line)));
        }
        if sent.is_empty() {
            self.line("Nothing went in this time.");
        }
        for line in refused.iter().flatten() {
            self.line(&escaped(&told_refused(line)));
        }
        self.line("");
    }
}

/// An age in the largest unit of which there are two.
fn told_age(age_s: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let unit = UNITS.into_iter().find(|(seconds, _)| age_s >= 2 * seconds);
    let (seconds, name) = unit.unwrap_or((1, "seconds"));
    format!("{} {name}", age_s / seconds)
}

fn told_sent(line: &SentLine) -> String {
    let delivery = match line.delivery {
        Delivery::Clear => "clear",
        Delivery::Decided => "decided",
    };
    let of = |whose: &str, counts: &Counts| match counts.is_empty() {
        true => String::new(),
        false => format!(", {whose}: {}", counted(counts)),
    };
    let SentLine { client, build, category, viewer, friend, .. } = line;
    format!(
        "went     {client}, build {build}, {delivery}, {category}{}{}",
        of("of viewers", viewer),
        of("of friends", friend)
    )
}

fn told_refused(line: &RefusedLine) -> String {
    let whose = match line.relation {
        Relation::Viewer => "viewers",
        Relation::Friend => "friends",
    };
    let reason = serde_json::to_value(line.reason).unwrap_or_default();
    let reason = reason.as_str().unwrap_or_default();
    format!(
        "refused  of {whose}, because of {reason}: {} (by the operator's word)",
        counted(&line.fields)
    )
}

fn counted(counts: &Counts) -> String {
    let counts = counts.iter().map(|(name, count)| format!("{name} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

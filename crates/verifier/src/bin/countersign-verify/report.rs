//! How verdicts are shown: for people, or as one JSON document.

use std::io::{IsTerminal as _, Write};

use countersign_domain::digest::Digest;
use countersign_domain::relation::Relation;
use countersign_domain::text::{quoted, shown};
use countersign_domain::time::Timestamp;
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::entry::PreviousClose;
use countersign_protocol::index_audit::{IndexAudit, IndexAuditError};
use countersign_protocol::note::NoteKey;
use countersign_protocol::receipt::Receipt;
use countersign_verifier::directory_check::DirectoryCheck;
use countersign_verifier::index_check::{IndexCheck, IndexCounts, Sampled};
use countersign_verifier::ledger::{Event, Ledger, Line};
use countersign_verifier::outcome::{Outcome, OutcomeName};
use countersign_verifier::promise::{AnswerCheck, Promise};
use countersign_verifier::verdict::{Failure, Notice, Remembered, Verdict};
use serde::Serialize;

use crate::CannotSay;

mod consent;
mod evidence;

pub(crate) use self::consent::consent;
pub(crate) use self::evidence::evidence;

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";
/// How a verdict on what cannot be said begins.
const NOT_CHECKED: &str = "Not checked";
const DOES_NOT_HOLD: &str = "It does not hold.";

/// What a verdict came to, as `--json` prints it.
#[derive(Serialize)]
struct Conclusion {
    /// `null` if it cannot be said.
    holds: Option<bool>,
    outcome: OutcomeName,
    /// Why it cannot be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Conclusion {
    fn of(verdict: &Verdict) -> Self {
        let outcome = verdict.outcome();
        let reason = match &outcome {
            Outcome::Unsaid(unsaid) => Some(unsaid.to_string()),
            Outcome::Holds | Outcome::Fails => None,
        };
        Self { holds: outcome.holds(), outcome: outcome.name(), reason }
    }

    /// The same of a promise, which holds only once it was kept.
    fn of_promise(verdict: &Verdict, promise: Promise) -> Self {
        let said = Self::of(verdict);
        Self { holds: said.holds.map(|holds| holds && promise == Promise::Kept), ..said }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    conclusion: Conclusion,
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(flatten)]
    answer: Option<Answered<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<&'a Ledger>,
}

/// What `--json` prints of a directory's growth.
#[derive(Serialize)]
struct Directory<'a> {
    #[serde(flatten)]
    conclusion: Conclusion,
    #[serde(flatten)]
    verdict: &'a Verdict,
    epochs: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Answered<'a> {
    promise: Promise,
    receipt: &'a Option<Receipt>,
}

/// What an auditor states, as `--json` prints it.
#[derive(Serialize)]
struct Audited<'a> {
    origin: &'a str,
    period: u64,
    from: u64,
    until: u64,
    close: PreviousClose,
    people: u64,
    person_index: Digest,
    items: u64,
    unaccounted: u64,
    sample: u64,
    erased: u64,
    time: Timestamp,
}

impl<'a> From<&'a IndexAudit> for Audited<'a> {
    fn from(audit: &'a IndexAudit) -> Self {
        let IndexAudit { period, people, person_index, items, unaccounted, sample, erased, time } =
            audit;
        let ClosedPeriod { origin, number, from, until, close } = period;
        Self {
            origin,
            period: *number,
            from: *from,
            until: *until,
            close: *close,
            people: *people,
            person_index: *person_index,
            items: *items,
            unaccounted: *unaccounted,
            sample: *sample,
            erased: *erased,
            time: *time,
        }
    }
}

/// Shows the verdict on a log.
pub(crate) fn log(verdict: &Verdict, json: bool) -> Result<(), CannotSay> {
    if json {
        let conclusion = Conclusion::of(verdict);
        return write_json(&Document { conclusion, verdict, answer: None, ledger: None });
    }
    let mut text = Text::new();
    text.verdict(verdict);
    let conclusion = match (verdict.holds(), verdict.size) {
        (true, 0) => "The log holds, but there is nothing in it.",
        (true, _) => "The log holds.",
        (false, _) => "The log does not hold.",
    };
    text.conclude(verdict, conclusion);
    text.write()
}

/// Shows the verdict on a directory's growth, and on the log that it was held against.
pub(crate) fn directory(checked: &DirectoryCheck, json: bool) -> Result<(), CannotSay> {
    let verdict = &checked.verdict;
    if json {
        let epochs =
            checked.epochs.map(|(first, last)| serde_json::json!({ "first": first, "last": last }));
        return write_json(&Directory { conclusion: Conclusion::of(verdict), verdict, epochs });
    }
    let mut text = Text::new();
    if let Some((first, last)) = checked.epochs {
        text.line(&format!("epochs   {first} to {last} of the directory"));
    }
    text.verdict(verdict);
    text.conclude(
        verdict,
        if verdict.holds() {
            "The log holds, and its directory only grew over these epochs."
        } else {
            "The log or the growth of its directory does not hold."
        },
    );
    text.write()
}

/// The verdict on a log as one line of JSON, with what `--json` prints.
pub(crate) fn json_line(verdict: &Verdict) -> Result<String, CannotSay> {
    let document =
        Document { conclusion: Conclusion::of(verdict), verdict, answer: None, ledger: None };
    serde_json::to_string(&document).map_err(|error| CannotSay(error.to_string()))
}

/// Shows a line, escaped unless it is JSON.
pub(crate) fn line(line: &str, json: bool) -> Result<(), CannotSay> {
    let line = if json { line.to_owned() } else { escaped(line) };
    write(format!("{line}\n").as_bytes())
}

/// Says something beside the report.
pub(crate) fn aside(says: &str) {
    // If not even this can be written, there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "countersign-verify: {}", escaped(says));
}

/// Shows the verdict on an answer.
pub(crate) fn answer(checked: &AnswerCheck, json: bool) -> Result<(), CannotSay> {
    let AnswerCheck { verdict, promise, receipt, .. } = checked;
    let holds = verdict.holds() && *promise == Promise::Kept;
    if json {
        let answer = Some(Answered { promise: *promise, receipt });
        let conclusion = Conclusion::of_promise(verdict, *promise);
        return write_json(&Document { conclusion, verdict, answer, ledger: None });
    }
    let mut text = Text::new();
    text.verdict(verdict);
    let conclusion = match (receipt, promise) {
        (Some(receipt), Promise::Kept) if holds => {
            format!("The promise was kept: the answer is what entry {} says.", receipt.index)
        }
        (Some(receipt), Promise::NotYet) if verdict.holds() => {
            not_yet(receipt.index, receipt.deadline)
        }
        (_, Promise::Broken) => "The promise is broken.".to_owned(),
        _ => DOES_NOT_HOLD.to_owned(),
    };
    text.conclude(verdict, &conclusion);
    text.write()
}

/// The verdict on a promise that is not due.
fn not_yet(index: u64, deadline: Timestamp) -> String {
    format!(
        "Not yet: entry {index} is not published, and is promised for {deadline}. Ask again then, or have --wait ask."
    )
}

/// Shows the verdict on a person's ledger, and what is in it.
pub(crate) fn ledger(
    verdict: &Verdict,
    ledger: Option<&Ledger>,
    json: bool,
) -> Result<(), CannotSay> {
    let holds = verdict.holds();
    if json {
        let conclusion = Conclusion::of(verdict);
        return write_json(&Document { conclusion, verdict, answer: None, ledger });
    }
    let mut text = Text::new();
    if let Some(ledger) = ledger {
        text.ledger(ledger);
    }
    text.verdict(verdict);
    let conclusion = match ledger {
        Some(ledger) if holds => {
            let completeness = ledger.completeness();
            format!("The ledger holds. {completeness} Within the person's settings and grants.")
        }
        _ if verdict.tells_of_the_platform() => {
            "The ledger does not hold: it is what the log holds, and shows that a promise was broken. Keep it, as evidence.".to_owned()
        }
        _ => "The ledger does not hold: it is not what the log signed. If it may be damaged, fetch it again.".to_owned(),
    };
    text.conclude(verdict, &conclusion);
    text.write()
}

/// Shows the verdict on a person index; `signed` is the key under which it was signed.
pub(crate) fn index(
    checked: &IndexCheck,
    signed: Option<&NoteKey>,
    json: bool,
) -> Result<(), CannotSay> {
    let IndexCheck { verdict, audit, counts, sampled } = checked;
    let holds = verdict.holds();
    if json {
        let Verdict { origin, size, root, rules, failures, failure_count, notices, .. } = verdict;
        let Conclusion { holds, outcome, reason } = Conclusion::of(verdict);
        return write_json(&serde_json::json!({
            "holds": holds, "outcome": outcome, "reason": reason, "origin": origin, "size": size, "root": root, "rules": rules, "failures": failures,
            "failure_count": failure_count, "notices": notices, "index": Audited::from(audit),
            "counts": serde_json::json!({
                "people": counts.people, "items": counts.items, "unaccounted": counts.unaccounted,
            }),
            "sample": sampled.as_ref().map(|sampled| serde_json::json!({
                "drawn": sampled.drawn, "opened": sampled.opened, "erased": sampled.erased,
                "accounts": sampled.accounts,
            })),
            "signed_by": signed.map(ToString::to_string),
        }));
    }
    let mut text = Text::new();
    text.tree(verdict);
    text.period(audit);
    let IndexCounts { people, items, unaccounted } = counts;
    let person_index = audit.person_index;
    text.line(&format!("lists    {people} with {items} items under {person_index}"));
    text.line(&format!("         {unaccounted} entries not accounted for"));
    if let Some(sampled) = sampled {
        text.sample(sampled);
    }
    text.findings(verdict);
    if let Some(key) = signed {
        text.line(&format!("signed by {key}"));
    }
    let conclusion = if holds { "The index holds." } else { "The index does not hold." };
    text.conclude(verdict, conclusion);
    text.write()
}

/// Shows what an auditor signed.
pub(crate) fn index_audit(
    opened: &Result<IndexAudit, IndexAuditError>,
    auditor: &str,
    json: bool,
) -> Result<(), CannotSay> {
    if json {
        let (audit, why) = (opened.as_ref().ok().map(Audited::from), opened.as_ref().err());
        // What the auditor did not sign accuses nobody.
        let holds = why.is_none().then_some(true);
        let outcome = if holds.is_some() { OutcomeName::Holds } else { OutcomeName::NotChecked };
        let why = why.map(ToString::to_string);
        return write_json(
            &serde_json::json!({ "holds": holds, "outcome": outcome, "index": audit, "reason": why }),
        );
    }
    let mut text = Text::new();
    match opened {
        Ok(audit) => {
            text.line(&format!("log      {}", escaped(&audit.period.origin)));
            text.period(audit);
            text.stated(audit);
            text.line(&format!("found    {}", audit.time));
            text.line("");
            text.conclusion(true, &escaped(&format!("{auditor} signed it.")));
        }
        Err(error) => {
            let says = format!("Not checked: nothing here is by {auditor}: {error}.");
            text.verdict = escaped(&says);
        }
    }
    text.write()
}

/// Shows why nothing can be said.
pub(crate) fn error(error: &CannotSay, json: bool) {
    let error = error.to_string();
    let says = match error.starts_with(NOT_CHECKED) {
        true => error.clone(),
        false => format!("{NOT_CHECKED}: {error}"),
    };
    if json {
        let outcome = OutcomeName::NotChecked;
        let document = serde_json::json!({"holds": null, "outcome": outcome, "error": error});
        // If not even this can be written, the exit code still says it.
        let _ = write_json(&document);
    }
    let _ = writeln!(std::io::stderr(), "{}", escaped(&says));
}

/// Says what was found besides, and could not be kept.
pub(crate) fn not_kept(error: &CannotSay) {
    aside(&error.to_string());
}

fn write_json(document: &impl Serialize) -> Result<(), CannotSay> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| CannotSay(error.to_string()))?;
    write(format!("{text}\n").as_bytes())
}

fn write(bytes: &[u8]) -> Result<(), CannotSay> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| CannotSay(format!("the report cannot be written: {error}")))
}

/// The report for people: the verdict, and then what it rests on.
struct Text {
    verdict: String,
    text: String,
    colour: bool,
}

impl Text {
    fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let (verdict, text) = (String::new(), String::new());
        Self { verdict, text, colour: wanted && std::io::stdout().is_terminal() }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn painted(&self, text: &str, holds: bool) -> String {
        match (self.colour, holds) {
            (false, _) => text.to_owned(),
            (true, true) => format!("{GREEN}{text}{PLAIN}"),
            (true, false) => format!("{RED}{text}{PLAIN}"),
        }
    }

    fn ledger(&mut self, ledger: &Ledger) {
        self.line(&format!("account  {}", quoted(&ledger.account)));
        if let Some(erased) = ledger.says_erased() {
            self.line(&format!("erased   {erased}"));
        }
        self.line("");
        for line in &ledger.lines {
            self.line(&escaped(&told_of(line)));
        }
        if ledger.lines.is_empty() {
            self.line("The log holds nothing under the secrets shown.");
        }
        self.line("");
    }

    fn tree(&mut self, verdict: &Verdict) {
        self.line(&format!("log      {}", escaped(&verdict.origin)));
        if let Some(root) = verdict.root {
            self.line(&format!("tree     {} entries under {root}", verdict.size));
        }
        if let Some(times) = verdict.witnessed {
            self.line(&format!("seen     by the quorum of witnesses, {times}"));
        }
    }

    fn period(&mut self, audit: &IndexAudit) {
        let ClosedPeriod { number, from, until, close, .. } = &audit.period;
        let PreviousClose { index, leaf } = close;
        self.line(&format!("period   {number}, entries from {from} to before {until}"));
        self.line(&format!("close    entry {index} with leaf {leaf}"));
    }

    /// The numbers of a statement, which are rounded up.
    fn stated(&mut self, audit: &IndexAudit) {
        let IndexAudit { people, person_index, items, unaccounted, sample, erased, .. } = audit;
        self.line(&format!(
            "lists    up to {people} with up to {items} items under {person_index}"
        ));
        self.line(&format!("         up to {unaccounted} entries not accounted for"));
        self.line(&match sample {
            0 => "sample   no item was opened".to_owned(),
            _ => {
                format!("sample   {sample} items, or all; up to {erased} of people who were erased")
            }
        });
    }

    /// What was opened, with every account, which only the people behind them can say that they are theirs.
    fn sample(&mut self, sampled: &Sampled) {
        let Sampled { drawn, opened, erased, accounts } = sampled;
        let count = accounts.len();
        self.line(&format!(
            "sample   {drawn} items were asked for; {opened} opened, of {count} accounts, and {erased} of people who were erased"
        ));
        for account in accounts {
            self.line(&format!("account  {}", quoted(account)));
        }
    }

    fn verdict(&mut self, verdict: &Verdict) {
        self.tree(verdict);
        if verdict.root.is_some() {
            let Verdict { acts, disclosures, partners, .. } = verdict;
            // Of a ledger nobody counted them.
            if acts + disclosures > 0 {
                self.line(&format!(
                    "holds    {acts} acts, {disclosures} disclosures, {partners} partners"
                ));
            }
        }
        if let Some(newest) = verdict.newest {
            self.line(&format!("newest   {newest}"));
        }
        if let Some(page) = verdict.ledger_page {
            self.line(&format!("page     {page}, with which ledgers are checked"));
        }
        self.findings(verdict);
    }

    /// Every rule with what it came to, what failed, and what is worth a look.
    fn findings(&mut self, verdict: &Verdict) {
        self.line("");
        // Red is for what accuses somebody.
        let is_unsaid = matches!(verdict.outcome(), Outcome::Unsaid(_));
        for (rule, tally) in &verdict.rules {
            let holds = tally.failed == 0;
            let word = match (tally.checked, holds, is_unsaid) {
                (0, ..) => "-     ".to_owned(),
                (_, false, true) => "OPEN  ".to_owned(),
                _ => self.painted(if holds { "ok    " } else { "FAILED" }, holds),
            };
            let count = match tally.failed {
                0 => tally.checked.to_string(),
                failed => format!("{failed} of {}", tally.checked),
            };
            self.line(&format!("{word}  {:<21} {count:>10}  {}", rule.name(), rule.says()));
        }
        self.failures(verdict);
        self.notices(verdict);
        self.line("");
    }

    fn failures(&mut self, verdict: &Verdict) {
        if verdict.holds() {
            return;
        }
        self.line("");
        for failure in &verdict.failures {
            self.line(&told(failure));
        }
        let more = verdict.failure_count - verdict.failures.len() as u64;
        if more > 0 {
            self.line(&format!("and {more} more"));
        }
        for Remembered { failure, at, .. } in &verdict.remembered {
            self.line(&format!("remembered from {at}: {}", told(failure)));
        }
    }

    fn notices(&mut self, verdict: &Verdict) {
        if verdict.notices.is_empty() {
            return;
        }
        self.line("");
        for Notice { entry, says } in &verdict.notices {
            let place = entry.map_or("log".to_owned(), |index| format!("entry {index}"));
            self.line(&escaped(&format!("{place}: notice: {says}")));
        }
    }

    /// The conclusion of a verdict. Where nothing can be said, that is it.
    fn conclude(&mut self, verdict: &Verdict, conclusion: &str) {
        match verdict.outcome() {
            Outcome::Unsaid(unsaid) => self.verdict = escaped(&unsaid.to_string()),
            outcome => self.conclusion(outcome == Outcome::Holds, conclusion),
        }
    }

    fn conclusion(&mut self, holds: bool, conclusion: &str) {
        self.verdict = self.painted(conclusion, holds);
    }

    /// Writes it, the verdict first.
    fn write(&self) -> Result<(), CannotSay> {
        let (verdict, details) = (&self.verdict, self.text.trim_end());
        let gap = if details.is_empty() { "" } else { "\n\n" };
        write(format!("{verdict}{gap}{details}\n").as_bytes())
    }
}

/// One line of a ledger: when, who got what for what, or what was chosen.
fn told_of(line: &Line) -> String {
    let provisional = if line.is_provisional { "  (provisional)" } else { "" };
    let event = match &line.event {
        Event::Released(released) => {
            let as_whom = match released.relation {
                Relation::Viewer => "yours",
                Relation::Friend => "yours, through a friend",
            };
            format!(
                "{} ({}, build {}) for {}, {as_whom}: {}",
                released.partner,
                released.client,
                released.build,
                released.purpose,
                released.fields.join(", "),
            )
        }
        Event::Chose(record) => record.to_string(),
    };
    format!("{}  entry {:<10} {event}{provisional}", line.time, line.index)
}

/// One failure as a line: where, which rule, what was found, what was expected.
fn told(failure: &Failure) -> String {
    let Failure { rule, entry, file, found, expected } = failure;
    let entry = entry.map(|index| format!("entry {index}"));
    let place: Vec<_> = entry.into_iter().chain(file.clone()).collect();
    let place = if place.is_empty() { "log".to_owned() } else { place.join(", ") };
    escaped(&format!("{place}: {rule}: found {found}; expected {expected}"))
}

/// A text that may hold what a log says, for a terminal: characters that steer it, that turn a line around or that are
/// invisible are shown by their number.
fn escaped(text: &str) -> String {
    shown(text)
}

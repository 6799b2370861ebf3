//! The cover page: what a pack says, for people, on a screen or on paper.
//!
//! It is a function of the pack, so that whoever checks a file makes the page again and compares. It gives no
//! verdict: a page cannot vouch for itself. It has no script, fetches nothing, and all text in it is escaped.

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::register::Register;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::evidence_pack::{LogPart, Pack, Subject};
use countersign_protocol::note::SignedNote;

use super::facts::Facts;
use super::tally::{RefusedLine, SentLine};

use self::html::{Html, code, paragraph, section, sha256};

pub(super) use self::person::of_person;

mod agreements;
mod days;
mod governance;
mod html;
mod person;
mod sent;

const STYLE: &str = include_str!("cover.css");

/// The page of what went to somebody.
pub(super) fn of_log(
    pack: &Pack,
    (subject, log): (&Subject, &LogPart),
    facts: &Facts<'_>,
    (sent, refused): &(Vec<SentLine>, Option<Vec<RefusedLine>>),
    digest: Digest,
) -> String {
    let register = facts.register();
    let title = match subject {
        Subject::All => "What went to all partners".to_owned(),
        Subject::Partner(partner) => format!("What went to {}", named(register, partner)),
        Subject::Client(client) => {
            format!("What went to the client {client}{}", whose(register, client))
        }
    };
    let mut parts = vec![
        head(&title, pack),
        identity(&log.checkpoint, pack, digest),
        sent::totals(facts, sent),
        days::bars(facts),
        sent::categories(sent),
        agreements::section_of(facts),
    ];
    parts.extend(governance::sections(pack, subject, facts));
    parts.push(sent::refusals(refused.as_deref()));
    parts.push(how_to_check());
    parts.push(section("What this shows, and what it does not", LOG_SHOWS.map(paragraph)));
    page(&title, parts)
}

const LOG_SHOWS: [&str; 4] = [
    "Every act and every disclosure shown is an entry of the log under the signed checkpoint, and every disclosure was allowed by what was in force before it: the check replays the acts, signature by signature, and decides each disclosure again.",
    "By itself it does not show that nothing was left out. Whoever has the public log gives it to the check as well (--site), and it fails if an act, or a disclosure to this subject in this time, is missing.",
    "It cannot show people's own settings, grants and budgets, which no outsider sees: each person checks those in their own ledger.",
    "Numbers are of answers. How many people an answer is about is rounded in the log, and so is not counted here.",
];

fn page(title: &str, parts: Vec<Html>) -> String {
    let parts = Html::of("main", Html::lines(parts)).into_string();
    let title = Html::with("title", title).into_string();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n{title}\n<style>\n{STYLE}</style>\n</head>\n<body>\n{parts}\n"
    )
}

fn head(title: &str, pack: &Pack) -> Html {
    let range = format!("From {} to before {} (UTC)", pack.from, pack.until);
    Html::of(
        "header",
        Html::lines([
            Html::with("p class=\"kicker\"", "Countersign evidence"),
            Html::with("h1", title),
            Html::with("p class=\"range\"", range),
        ]),
    )
}

/// Which log, under which checkpoint, and which pack.
fn identity(note: &[u8], pack: &Pack, digest: Digest) -> Html {
    let note = SignedNote::parse(note).ok();
    let checkpoint = note.and_then(|note| Checkpoint::parse(note.text()).ok());
    let mut facts = Vec::new();
    if let Some(checkpoint) = checkpoint {
        facts.push(("Log", Html::text(&checkpoint.origin)));
        let tree = format!("{} entries under the root ", checkpoint.size);
        facts.push((
            "Checkpoint",
            Html::all([
                Html::text(tree),
                Html::with("code class=\"digest\"", Digest(checkpoint.root)),
            ]),
        ));
    }
    facts.push(("Pack", sha256(digest)));
    facts.push(("Made", Html::text(format!("{} by the operator's clock", pack.made))));
    described("dl class=\"facts\"", facts)
}

fn described(tag: &'static str, facts: impl IntoIterator<Item = (&'static str, Html)>) -> Html {
    let pair = |(name, value)| Html::all([Html::with("dt", name), Html::of("dd", value)]);
    Html::of(tag, Html::lines(facts.into_iter().map(pair)))
}

fn how_to_check() -> Html {
    let command = "countersign-verify evidence FILE --key VKEY --site LOG";
    section(
        "How to check it",
        [
            paragraph(
                "This page is made from the proof that is embedded in the same file, and the check makes it again: if one byte of it says something else, the check fails. Believe the check, not the page.",
            ),
            Html::of("pre", code(command)),
            paragraph(
                "VKEY is the log's key, which you have from somewhere other than the platform; LOG is the folder or the URL of the public log. Add --policy FILE to ask for the witnesses whom you trust.",
            ),
        ],
    )
}

/// A partner by the name of its company, and its own.
fn named(register: &Register, partner: &Identifier) -> String {
    match register.partners().get(partner) {
        Some(registered) => format!("{} ({partner}, {})", registered.name, registered.country),
        None => partner.to_string(),
    }
}

fn whose(register: &Register, client: &Identifier) -> String {
    let client = register.clients().get(client);
    client.map_or_else(String::new, |client| format!(" of {}", named(register, &client.partner)))
}

/// The noun for so many.
const fn noun(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// An entry by its place.
fn entry(index: u64) -> Html {
    Html::text(format!("entry {index}"))
}

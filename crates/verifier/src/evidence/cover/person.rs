//! The page of a person, who agreed that others see it: what the log holds about them in this time.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::digest::Digest;
use countersign_domain::relation::Relation;
use countersign_domain::text::quoted;
use countersign_protocol::evidence_pack::{Pack, PersonPart};
use countersign_protocol::ledger_bundle::Bundle;

use super::html::{Html, code, instant, paragraph, section, table};
use super::{head, identity, page};
use crate::ledger::{Event, Ledger, Line, Released};

const SHOWS: [&str; 4] = [
    "What the log holds under this person's secret is complete from the period to the entry named above: it is bound in the log by the close of each period, and the check finds anything that was left out. Earlier periods, and versions of the account that were erased, are not shown to be complete.",
    "Everything was within what the person had chosen at the time: their settings, and their grants. Whether agreements and builds were as they should be, the check of the log says for everybody.",
    "The consent is the operator's statement. The check does not vouch for it.",
    "What is provisional stands in no closed period yet: nothing proves that it is everything.",
];

/// The page of a person.
pub(in super::super) fn of_person(
    pack: &Pack,
    person: &PersonPart,
    ledger: &Ledger,
    digest: Digest,
) -> String {
    let note = Bundle::parse(&person.ledger).map(|bundle| bundle.checkpoint).unwrap_or_default();
    let title = format!("What went about {}", quoted(&ledger.account));
    let consent = format!(
        "By the operator's word, this person agreed that this is shown: {}. Their secret is in this file: whoever has it finds them in the log. Pass it on to nobody else.",
        person.consent
    );
    let is_of_time = |line: &&Line| (pack.from..pack.until).contains(&line.time);
    let lines: Vec<_> = ledger.lines.iter().filter(is_of_time).collect();
    let complete = format!(
        "{} What no period has yet was searched up to entry {}.",
        ledger.completeness(),
        ledger.searched_until
    );
    let parts = vec![
        head(&title, pack),
        Html::with("p class=\"word\"", consent),
        identity(&note, pack, digest),
        paragraph(complete),
        recipients(&lines),
        releases(&lines),
        choices(&lines),
        how_to_check(),
        section("What this shows, and what it does not", SHOWS.map(paragraph)),
    ];
    page(&title, parts)
}

fn how_to_check() -> Html {
    section(
        "How to check it",
        [
            paragraph(
                "This page is made from the ledger that is embedded in the same file, and the check makes it again: if one byte of it says something else, the check fails. Believe the check, not the page.",
            ),
            Html::of("pre", code("countersign-verify evidence FILE --key VKEY")),
            paragraph(
                "VKEY is the log's key, which you have from somewhere other than the platform. Add --policy FILE to ask for the witnesses whom you trust, and --at SECONDS to say when you were given the file.",
            ),
        ],
    )
}

fn released<'a>(lines: &[&'a Line]) -> Vec<(&'a Line, &'a Released)> {
    let released = |line: &&'a Line| match &line.event {
        Event::Released(released) => Some((*line, released)),
        Event::Chose(_) => None,
    };
    lines.iter().filter_map(released).collect()
}

/// Who got which fields, over the whole time.
fn recipients(lines: &[&Line]) -> Html {
    let mut by: BTreeMap<_, (u64, BTreeSet<&String>)> = BTreeMap::new();
    for (_, one) in released(lines) {
        let is_friend = one.relation == Relation::Friend;
        let got = by.entry((&one.partner, &one.client, is_friend)).or_default();
        got.0 += 1;
        got.1.extend(&one.fields);
    }
    let rows = by.into_iter().map(|((partner, client, is_friend), (answers, fields))| {
        let as_whom = if is_friend { "as a friend of the viewer" } else { "as the viewer" };
        vec![
            Html::text(partner),
            Html::text(client),
            Html::text(as_whom),
            Html::stacked(fields.into_iter().map(code)),
            Html::text(answers),
        ]
    });
    let heads = ["Partner", "Client", "The person was in it", "Fields", "Answers"];
    section("Who got what", [table(&heads, rows.collect(), "Nothing went in this time.")])
}

fn releases(lines: &[&Line]) -> Html {
    let rows = released(lines).into_iter().map(|(line, one)| {
        vec![
            when(line),
            Html::text(format!("{} ({}, build {})", one.partner, one.client, one.build)),
            Html::text(&one.purpose),
            Html::text(one.fields.join(", ")),
        ]
    });
    let heads = ["When", "To", "For", "Fields"];
    section("Each answer", [table(&heads, rows.collect(), "Nothing went in this time.")])
}

fn choices(lines: &[&Line]) -> Html {
    let rows = lines.iter().filter_map(|line| match &line.event {
        Event::Chose(record) => Some(vec![when(line), Html::text(record.to_string())]),
        Event::Released(_) => None,
    });
    section(
        "What the person chose",
        [table(&["When", "Choice"], rows.collect(), "The person chose nothing anew in this time.")],
    )
}

fn when(line: &Line) -> Html {
    let provisional = line.is_provisional.then(|| Html::with("span class=\"soft\"", "provisional"));
    let when = [instant(line.time), super::entry(line.index)];
    Html::stacked(when.into_iter().chain(provisional))
}

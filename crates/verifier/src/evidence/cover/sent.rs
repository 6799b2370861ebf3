//! What went, and what was refused.

use std::collections::BTreeSet;

use countersign_domain::agreement::Delivery;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;

use super::super::facts::Facts;
use super::super::tally::{Counts, RefusedLine, SentLine};
use super::html::{Html, code, paragraph, section, table};
use super::{described, noun};

/// The figures above everything else.
pub(super) fn totals(facts: &Facts<'_>, sent: &[SentLine]) -> Html {
    let names = |of: fn(&SentLine) -> &Counts| -> usize {
        sent.iter().flat_map(|line| of(line).keys()).collect::<BTreeSet<_>>().len()
    };
    let builds: BTreeSet<_> = facts.sent.iter().map(|(_, one)| &one.build).collect();
    let agreements: BTreeSet<_> = facts.sent.iter().flat_map(|(_, one)| &one.agreements).collect();
    let categories: BTreeSet<_> = sent.iter().map(|line| &line.category).collect();
    let totals = [
        (facts.sent.len(), "disclosure", "disclosures"),
        (builds.len(), "build", "builds"),
        (agreements.len(), "agreement", "agreements"),
        (categories.len(), "category", "categories"),
        (names(|line| &line.viewer), "field of viewers", "fields of viewers"),
        (names(|line| &line.friend), "field of friends", "fields of friends"),
    ];
    let shown = totals.map(|(count, one, many)| {
        let what = Html::with("dt", noun(count as u64, one, many));
        Html::of("div", Html::all([what, Html::with("dd", count)]))
    });
    Html::of("dl class=\"totals\"", Html::lines(shown))
}

/// The answer to "what went": by build, delivery and category.
pub(super) fn categories(sent: &[SentLine]) -> Html {
    let row = |line: &SentLine| {
        vec![
            Html::stacked([code(&line.build), Html::with("span class=\"soft\"", &line.client)]),
            Html::text(delivery(line.delivery)),
            Html::text(&line.category),
            fields(&line.viewer),
            fields(&line.friend),
            Html::text(line.answers),
        ]
    };
    let heads = ["Build", "Delivery", "Category", "Of viewers", "Of friends", "Answers"];
    let rows = sent.iter().map(row).collect();
    section(
        "What went",
        [
            table(&heads, rows, "Nothing went in this time."),
            described(
                "dl class=\"facts\"",
                [
                    ("clear", Html::text("the partner could read it as it left")),
                    (
                        "decided",
                        Html::text(
                            "the platform itself sent it, with what was decided here; nothing binds the values",
                        ),
                    ),
                ],
            ),
        ],
    )
}

const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Clear => "clear",
        Delivery::Decided => "decided",
    }
}

/// Fields with the number of answers that they were in.
fn fields(counts: &Counts) -> Html {
    if counts.is_empty() {
        return Html::text("–");
    }
    Html::stacked(counts.iter().map(|(name, count)| {
        Html::all([code(name), Html::with("span class=\"soft\"", format!(" {count}"))])
    }))
}

/// What was refused, by the operator's word.
pub(super) fn refusals(refused: Option<&[RefusedLine]>) -> Html {
    const HEADING: &str = "What was refused, by the operator's word";
    let Some(refused) = refused else {
        return section(HEADING, [paragraph("The operator left this out of the pack.")]);
    };
    let row = |line: &RefusedLine| {
        let whose = match line.relation {
            Relation::Viewer => "viewers",
            Relation::Friend => "friends",
        };
        vec![Html::text(reason(line.reason)), Html::text(whose), fields(&line.fields)]
    };
    section(
        HEADING,
        [
            Html::with(
                "p class=\"word\"",
                "No entry of the log has this, and the check does not vouch for it: it is what the operator says was asked for in the disclosures above and withheld. It counts answers, not people. Requests that got no answer at all are not in it.",
            ),
            table(
                &["Because of", "Of", "Fields, with the answers that they were withheld from"],
                refused.iter().map(row).collect(),
                "Nothing that was asked for was withheld.",
            ),
        ],
    )
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Agreement => "the agreement",
        Reason::Build => "what the build declared",
        Reason::Grant => "what the viewer granted",
        Reason::Settings => "the person's own settings",
        Reason::WindDown => "a wind-down of the agreement",
        Reason::Certification => "a certification that had lapsed",
        Reason::Obligation => "something that the partner owed",
        Reason::Suspended => "a suspension",
        Reason::Screening => "a screening",
        Reason::Territory => "the territory",
        Reason::Minor => "the person being a minor",
        Reason::SpecialCategory => "the special category of data",
        Reason::Budget => "a budget",
    }
}

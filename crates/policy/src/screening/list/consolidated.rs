//! The US Consolidated Screening List: the lists of Commerce, State and Treasury in one CSV.
//! Columns: <https://www.trade.gov/consolidated-screening-list>. Cells that hold several values separate
//! them with `; `; an address ends in the two letters of its country.

use std::collections::BTreeSet;

use countersign_domain::partner::Country;
use sha2::{Digest, Sha256};

use super::rows::{Row, Rows};
use super::{ListError, Listing, ListingKind, RowFault, ScreeningList, readable, sorted};

/// What the State Department writes behind a name so that it covers more than the one it names.
const REMARKS: [&str; 2] = [" and any successor", ", and any successor"];

/// What joins two names in one cell.
const ALSO_KNOWN_AS: [&str; 5] =
    ["a.k.a.", "f.k.a.", "d.b.a.", "also known as", "formerly known as"];

pub(super) fn parse(bytes: &[u8]) -> Result<ScreeningList, ListError> {
    let mut rows = Rows::new(bytes, &["source", "type", "name", "alt_names", "addresses"])?;
    let mut listings = Vec::new();
    while let Some(row) = rows.next()? {
        listings.push(readable(listing(&row)?, row.number)?);
    }
    ScreeningList::new(listings)
}

fn listing(row: &Row<'_>) -> Result<Listing, RowFault> {
    let source = row.filled("source")?.to_owned();
    let written = row.filled("name")?;
    let also = row.text("alt_names")?;
    let addresses = row.text("addresses")?;
    let citizenships = row.text("citizenships")?;
    let nationalities = row.text("nationalities")?;
    let programs = row.text("programs")?;

    let name = one_line(written);
    let mut names = names_in(&name);
    // The State Department separates other names with commas, everybody else with semicolons.
    let commas = source.starts_with("Nonproliferation");
    let also = values(also).flat_map(|value| if commas { at_commas(value) } else { vec![value] });
    for other in also.map(one_line) {
        let said = names_in(&other);
        names.push(other);
        names.extend(said);
    }
    let mut seen = BTreeSet::from([name.clone()]);
    names.retain(|other| seen.insert(other.clone()));

    let last_part = |address: &str| address.rsplit(',').next().map(|part| part.trim().to_owned());
    let stated = values(citizenships).chain(values(nationalities)).map(str::to_owned);
    let countries = stated.chain(values(addresses).filter_map(last_part));
    Ok(Listing {
        id: id(row, &source, written, addresses)?,
        kind: kind(row.text("type")?),
        name,
        alternative_names: names,
        countries: sorted(countries.filter_map(|code| Country::parse(&code).ok())),
        programs: values(programs).map(str::to_owned).collect(),
        source,
    })
}

/// The publisher's id; an older file has none, and its entity numbers only for the Treasury's lists.
fn id(row: &Row<'_>, source: &str, name: &str, addresses: &str) -> Result<String, RowFault> {
    for column in ["_id", "entity_number"] {
        let text = row.text(column)?;
        if !text.is_empty() {
            return Ok(text.to_owned());
        }
    }
    let mut hash = Sha256::new();
    for part in [source, name, addresses] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    Ok(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

fn kind(text: &str) -> ListingKind {
    match text {
        "Entity" => ListingKind::Organisation,
        "Individual" => ListingKind::Person,
        "Vessel" => ListingKind::Vessel,
        "Aircraft" => ListingKind::Aircraft,
        // The lists of Commerce and State do not say.
        _ => ListingKind::Unknown,
    }
}

fn values(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|value| !value.is_empty())
}

/// Splits at commas, but leaves `Co., Ltd` together.
fn at_commas(value: &str) -> Vec<&str> {
    if value.split(',').any(is_form) {
        vec![value]
    } else {
        value.split(',').map(str::trim).collect()
    }
}

fn is_form(part: &str) -> bool {
    let part = part.trim().trim_end_matches('.').to_ascii_lowercase();
    ["ltd", "inc", "llc", "co", "limited", "corp", "jsc", "gmbh", "co. ltd"].contains(&&*part)
}

/// The Entity List writes places behind some names: `X Co., Ltd., Beijing`. A partner does not.
fn without_place(name: &str) -> Option<String> {
    let parts: Vec<_> = name.split(',').collect();
    let ends_in_form = |part: &&str| part.split_whitespace().last().is_some_and(is_form);
    let form = parts.iter().rposition(ends_in_form)?;
    let named = parts.get(..=form).filter(|named| named.len() < parts.len())?;
    Some(named.join(","))
}

/// A published name may be broken into lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names that a name says besides itself: `X, a.k.a. Y (ACRONYM)` says three, and the remark behind
/// some says none.
fn names_in(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let end = REMARKS.iter().filter_map(|remark| lower.find(remark)).min().unwrap_or(name.len());
    let mut parts = vec![name.get(..end).unwrap_or(name)];
    for joint in ALSO_KNOWN_AS {
        parts = parts.into_iter().flat_map(|part| split_without_case(part, joint)).collect();
    }
    let mut names = Vec::new();
    for part in parts.into_iter().map(|part| part.trim_matches([' ', ',', '-', '"'])) {
        let (outside, inside) = parenthesised(part);
        names.push(part.to_owned());
        names.push(outside);
        names.extend(without_place(part));
        names.extend(inside.into_iter().filter(|name| is_acronym(name)).map(str::to_owned));
    }
    names.retain(|part| !part.is_empty() && part != name);
    names
}

fn split_without_case<'a>(text: &'a str, joint: &str) -> Vec<&'a str> {
    match text.to_ascii_lowercase().find(joint) {
        Some(at) => {
            let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
            let after = after.get(joint.len()..).unwrap_or("");
            std::iter::once(before).chain(split_without_case(after, joint)).collect()
        }
        None => vec![text],
    }
}

/// The text without what its last parentheses hold, and that: a partner may leave it out.
fn parenthesised(text: &str) -> (String, Option<&str>) {
    let parts =
        text.rsplit_once('(').and_then(|(before, rest)| Some((before, rest.split_once(')')?)));
    match parts {
        Some((before, (inside, after))) if !before.trim().is_empty() => {
            (format!("{} {}", before.trim(), after.trim()).trim().to_owned(), Some(inside.trim()))
        }
        _ => (text.to_owned(), None),
    }
}

fn is_acronym(text: &str) -> bool {
    text.len() >= 4 && text.chars().all(|c| c.is_ascii_uppercase())
}

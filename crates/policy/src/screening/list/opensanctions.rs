//! OpenSanctions' `targets.simple.csv`: <https://www.opensanctions.org/docs/bulk/csv/>. Cells that hold
//! several values are CSV themselves, with `;` between the values.

use countersign_domain::partner::Country;

use super::rows::{Row, Rows};
use super::{ListError, Listing, ListingKind, RowFault, ScreeningList, readable, sorted};

pub(super) fn parse(bytes: &[u8]) -> Result<ScreeningList, ListError> {
    let mut rows = Rows::new(bytes, &["id", "schema", "name", "aliases", "countries", "dataset"])?;
    let (mut listings, mut faults) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next() {
        listings.push(readable(listing(&row, &mut faults)?, row.number)?);
    }
    ScreeningList::new(listings, faults)
}

fn listing(row: &Row<'_>, faults: &mut Vec<RowFault>) -> Result<Listing, RowFault> {
    let name = row.filled("name")?.to_owned();
    let mut alternative_names = values(row.or_report("aliases", faults)?);
    alternative_names.retain(|other| *other != name);
    let countries = values(row.or_report("countries", faults)?);
    // Files since 2025 name the programmes; before, the text of the sanctions does.
    let mut programs = values(row.or_report("program_ids", faults)?);
    if programs.is_empty() {
        programs = values(row.or_report("sanctions", faults)?);
    }
    Ok(Listing {
        id: row.filled("id")?.to_owned(),
        source: source(row.or_report("dataset", faults)?),
        kind: kind(row.text("schema")?),
        name,
        alternative_names,
        countries: sorted(countries.iter().filter_map(|code| country(code))),
        programs,
    })
}

/// A listing of a collection names every list that it is on.
fn source(datasets: &str) -> String {
    let named = values(datasets).join("; ");
    if named.is_empty() { "OpenSanctions".to_owned() } else { named }
}

fn kind(schema: &str) -> ListingKind {
    match schema {
        "Person" => ListingKind::Person,
        "Organization" | "Company" | "PublicBody" => ListingKind::Organisation,
        "Vessel" => ListingKind::Vessel,
        "Airplane" => ListingKind::Aircraft,
        // `LegalEntity` is said of those of whom nobody knows whether they are a person.
        _ => ListingKind::Unknown,
    }
}

/// `ru`; and `gb-sct`, which is part of one. Codes of states that are no more have no two letters.
fn country(code: &str) -> Option<Country> {
    let whole = code.split('-').next()?;
    Country::parse(&whole.to_ascii_uppercase()).ok()
}

fn values(cell: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .flexible(true)
        .has_headers(false)
        .from_reader(cell.as_bytes());
    let records = reader.records().filter_map(Result::ok);
    let values = records.flat_map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
    values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

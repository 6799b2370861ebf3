//! OpenSanctions' `targets.simple.csv`: <https://www.opensanctions.org/docs/bulk/csv/>. Cells that hold
//! several values are CSV themselves, with `;` between the values.

use countersign_domain::partner::Country;

use super::rows::{Row, Rows};
use super::{
    ListError, Listing, ListingKind, RowFault, RowProblem, ScreeningList, quoting, readable, sorted,
};

pub(super) fn parse(bytes: &[u8]) -> Result<ScreeningList, ListError> {
    let mut rows = Rows::new(bytes, &["id", "schema", "name", "aliases", "countries", "dataset"])?;
    let mut listings = Vec::new();
    while let Some(row) = rows.next()? {
        listings.push(readable(listing(&row)?, row.number)?);
    }
    ScreeningList::new(listings)
}

fn listing(row: &Row<'_>) -> Result<Listing, RowFault> {
    let name = row.filled("name")?.to_owned();
    let mut alternative_names = values(row, "aliases")?;
    alternative_names.retain(|other| *other != name);
    let countries = values(row, "countries")?;
    // Files since 2025 name the programmes; before, the text of the sanctions does.
    let mut programs = values(row, "program_ids")?;
    if programs.is_empty() {
        programs = values(row, "sanctions")?;
    }
    Ok(Listing {
        id: row.filled("id")?.to_owned(),
        source: source(&values(row, "dataset")?),
        kind: kind(row.text("schema")?),
        name,
        alternative_names,
        countries: sorted(countries.iter().filter_map(|code| country(code))),
        programs,
    })
}

/// A listing of a collection names every list that it is on.
fn source(datasets: &[String]) -> String {
    let named = datasets.join("; ");
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

/// The values of a cell.
fn values(row: &Row<'_>, column: &'static str) -> Result<Vec<String>, RowFault> {
    let cell = row.text(column)?;
    quoting::check(cell.as_bytes(), b';').map_err(|_| row.fault(column, RowProblem::NotValues))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .flexible(true)
        .has_headers(false)
        .from_reader(cell.as_bytes());
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| row.fault(column, RowProblem::NotValues))?;
        values.extend(record.iter().map(str::trim).map(str::to_owned));
    }
    values.retain(|value| !value.is_empty());
    Ok(values)
}

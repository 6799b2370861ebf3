//! The LDBC Social Network Benchmark's CSV files (Interactive v1, basic serializer): parts separated
//! by `|`, never quoted, the first line naming the columns.
//!
//! People get name, gender, birthday, languages, e-mail address, location, education and work. The
//! network address, the browser and the day on which the account was made are not profile, and stay out.

use std::collections::HashMap;
use std::path::Path;

use countersign_domain::field::FieldId;
use countersign_domain::time::Timestamp;
use serde_json::{Value, json};

use super::import::{Batch, ImportError};
use super::lines::{Cell, Lines};
use crate::store::Profile;

/// A file of the folder, with its first line.
pub(super) struct Table {
    pub(super) name: &'static str,
    columns: &'static str,
}

pub(super) const PERSONS: Table = Table {
    name: "person_0_0.csv",
    columns: "id|firstName|lastName|gender|birthday|creationDate|locationIP|browserUsed|language|email",
};
const KNOWS: Table =
    Table { name: "person_knows_person_0_0.csv", columns: "Person.id|Person.id|creationDate" };
const STUDY_AT: Table = Table {
    name: "person_studyAt_organisation_0_0.csv",
    columns: "Person.id|Organisation.id|classYear",
};
const WORK_AT: Table = Table {
    name: "person_workAt_organisation_0_0.csv",
    columns: "Person.id|Organisation.id|workFrom",
};
const IS_LOCATED_IN: Table =
    Table { name: "person_isLocatedIn_place_0_0.csv", columns: "Person.id|Place.id" };
const ORGANISATIONS: Table = Table { name: "organisation_0_0.csv", columns: "id|type|name|url" };
const PLACES: Table = Table { name: "place_0_0.csv", columns: "id|name|url|type" };
const IS_PART_OF: Table =
    Table { name: "place_isPartOf_place_0_0.csv", columns: "Place.id|Place.id" };

/// Calls `row` with the parts of every line after the first.
fn rows<const N: usize>(
    folder: &Path,
    table: &Table,
    mut row: impl FnMut([Cell<'_>; N]) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut lines = Lines::open(&folder.join(table.name))?;
    let mut is_first = true;
    while let Some(line) = lines.next()? {
        if is_first && line.text != table.columns {
            return Err(line.malformed(0, &format!("the columns {}", table.columns)));
        }
        if !is_first {
            row(line.exactly('|', &format!("{N} parts: {}", table.columns))?)?;
        }
        is_first = false;
    }
    Ok(())
}

/// Everything but the people, by the files' own numbers.
#[derive(Default)]
struct World {
    places: HashMap<u64, String>,
    organisations: HashMap<u64, String>,
    location: HashMap<u64, u64>,
    education: HashMap<u64, Vec<Value>>,
    work: HashMap<u64, Vec<Value>>,
}

/// The fields that people get.
struct Fields {
    name: FieldId,
    first_name: FieldId,
    last_name: FieldId,
    gender: FieldId,
    birthday: FieldId,
    languages: FieldId,
    email: FieldId,
    location: FieldId,
    education: FieldId,
    work: FieldId,
}

/// Reads the folder, and puts people as they come.
pub(super) fn read(folder: &Path, batch: &mut Batch<'_>) -> Result<(), ImportError> {
    let fields = Fields::of(batch)?;
    let world = World::read(folder)?;
    let mut numbers = HashMap::new();
    let mut profile = Profile::default();
    rows(folder, &PERSONS, |cells: [Cell<'_>; 10]| {
        let [id, first, last, gender, birthday, _, _, _, languages, email] = cells;
        let person = id.number("a person's number")?;
        if numbers.contains_key(&person) {
            return Err(id.malformed("a person who has not come before"));
        }
        profile.clear();
        profile.set_value(fields.name, &format!("{} {}", first.text, last.text));
        profile.set_value(fields.first_name, first.text);
        profile.set_value(fields.last_name, last.text);
        profile.set_value(fields.gender, gender.text);
        profile.set_value(fields.birthday, &month_day_year(birthday)?);
        let languages: Vec<Value> = parts(languages)
            .map(|language| json!({ "id": language.text, "name": language.text }))
            .collect();
        profile.set_value(fields.languages, &languages);
        if let Some(address) = parts(email).next() {
            profile.set_value(fields.email, address.text);
        }
        world.fill(person, &mut profile, &fields);
        numbers.insert(person, batch.person(id.text, &mut profile, false)?);
        Ok(())
    })?;
    rows(folder, &KNOWS, |[one, other, _]| {
        let expected = "the number of a person in person_0_0.csv";
        let number = |cell: Cell<'_>| {
            let person = cell.number(expected)?;
            numbers.get(&person).copied().ok_or_else(|| cell.malformed(expected))
        };
        let (first, second) = (number(one)?, number(other)?);
        if first == second {
            return Err(other.malformed("another person than the first"));
        }
        batch.links.add(first, second);
        Ok(())
    })
}

impl World {
    fn read(folder: &Path) -> Result<Self, ImportError> {
        let mut world = Self::default();
        let mut whole = HashMap::new();
        rows(folder, &IS_PART_OF, |[part, of]: [Cell<'_>; 2]| {
            let expected = "a place's number";
            whole.insert(part.number(expected)?, of.number(expected)?);
            Ok(())
        })?;
        let mut names = HashMap::new();
        rows(folder, &PLACES, |[id, name, _, kind]| {
            names.insert(id.number("a place's number")?, (spaced(name), kind.text == "city"));
            Ok(())
        })?;
        for (place, (name, is_city)) in &names {
            let country = whole.get(place).and_then(|of| names.get(of)).filter(|_| *is_city);
            let name = country.map_or_else(|| name.clone(), |(of, _)| format!("{name}, {of}"));
            world.places.insert(*place, name);
        }
        rows(folder, &ORGANISATIONS, |[id, _, name, _]| {
            world.organisations.insert(id.number("an organisation's number")?, spaced(name));
            Ok(())
        })?;
        rows(folder, &IS_LOCATED_IN, |[person, place]| {
            let number = place.number("a place's number")?;
            known(&world.places, place, "the number of a place in place_0_0.csv")?;
            world.location.insert(person.number("a person's number")?, number);
            Ok(())
        })?;
        let (organisations, education) = (&world.organisations, &mut world.education);
        rows(folder, &STUDY_AT, |[person, organisation, year]| {
            let school = named(organisations, organisation)?;
            let year = year.number("a year")?;
            let entry = json!({ "school": school, "year": { "name": year.to_string() }, "type": "College" });
            education.entry(person.number("a person's number")?).or_default().push(entry);
            Ok(())
        })?;
        let work = &mut world.work;
        rows(folder, &WORK_AT, |[person, organisation, from]| {
            let employer = named(organisations, organisation)?;
            let from = from.number("a year")?;
            let entry = json!({ "employer": employer, "start_date": from.to_string() });
            work.entry(person.number("a person's number")?).or_default().push(entry);
            Ok(())
        })?;
        Ok(world)
    }

    fn fill(&self, person: u64, profile: &mut Profile, fields: &Fields) {
        if let Some(place) = self.location.get(&person) {
            let value = json!({ "id": place.to_string(), "name": self.places.get(place) });
            profile.set_value(fields.location, &value);
        }
        for (entries, field) in [(&self.education, fields.education), (&self.work, fields.work)] {
            if let Some(entries) = entries.get(&person) {
                profile.set_value(field, entries);
            }
        }
    }
}

impl Fields {
    fn of(batch: &Batch<'_>) -> Result<Self, ImportError> {
        let by_name = |field: &'static str| {
            batch.options.schema.by_name(field).ok_or(ImportError::MissingField { field })
        };
        Ok(Self {
            name: by_name("name")?,
            first_name: by_name("first_name")?,
            last_name: by_name("last_name")?,
            gender: by_name("gender")?,
            birthday: by_name("birthday")?,
            languages: by_name("languages")?,
            email: by_name("email")?,
            location: by_name("location")?,
            education: by_name("education")?,
            work: by_name("work")?,
        })
    }
}

fn known<'w>(
    names: &'w HashMap<u64, String>,
    cell: Cell<'_>,
    expected: &str,
) -> Result<&'w str, ImportError> {
    let name = names.get(&cell.number(expected)?).map(String::as_str);
    name.ok_or_else(|| cell.malformed(expected))
}

fn named(organisations: &HashMap<u64, String>, cell: Cell<'_>) -> Result<Value, ImportError> {
    let expected = "the number of an organisation in organisation_0_0.csv";
    let name = known(organisations, cell, expected)?;
    Ok(json!({ "id": cell.text, "name": name }))
}

/// Names are DBpedia's, with underscores for spaces.
fn spaced(name: Cell<'_>) -> String {
    name.text.replace('_', " ")
}

/// The parts of a list, which may be empty.
fn parts(list: Cell<'_>) -> impl Iterator<Item = Cell<'_>> {
    list.parts(';').filter(|part| !part.text.is_empty())
}

/// Milliseconds since 1970 as MM/DD/YYYY, which is how birthdays are read.
fn month_day_year(cell: Cell<'_>) -> Result<String, ImportError> {
    let expected = "a birthday in milliseconds since 1970";
    let ms: i64 = cell.text.parse().map_err(|_| cell.malformed(expected))?;
    // The calendar repeats every 400 years, so a birthday before 1970 is written 400 years later.
    const CYCLE_SECONDS: i64 = 146_097 * 86_400;
    let seconds = ms.div_euclid(1_000);
    let later = if seconds < 0 { CYCLE_SECONDS } else { 0 };
    let shifted = u64::try_from(seconds.saturating_add(later));
    let text = Timestamp::from_seconds(shifted.map_err(|_| cell.malformed(expected))?).to_string();
    let (date, _) = text.split_at(10);
    let mut parts = date.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(cell.malformed(expected));
    };
    let year: u32 = year.parse().map_err(|_| cell.malformed(expected))?;
    let year = if later == 0 { year } else { year - 400 };
    Ok(format!("{month}/{day}/{year:04}"))
}

//! The LDBC Social Network Benchmark's CSV files (Interactive v1, the serializer CsvComposite with dates in
//! milliseconds): parts separated by `|`, never quoted, the first line naming the columns. Other serializers
//! put the same into other columns and files; a folder of theirs is refused.
//!
//! People get name, gender, birthday, languages, e-mail address, location, education and work. The
//! network address, the browser and the day on which the account was made are not profile, and stay out.

use std::collections::HashMap;
use std::path::Path;

use countersign_domain::field::FieldId;
use countersign_domain::time::Timestamp;
use countersign_people::store::Profile;
use countersign_service::people::import::{Batch, ImportError};
use countersign_service::people::lines::{Cell, Lines};
use serde_json::{Value, json};

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

const TABLES: [&Table; 8] =
    [&PERSONS, &KNOWS, &STUDY_AT, &WORK_AT, &IS_LOCATED_IN, &ORGANISATIONS, &PLACES, &IS_PART_OF];

/// What is said of a folder of another layout.
const WANTED: &str = "the layout of LDBC SNB Interactive v1's serializer CsvComposite with LongDateFormatter: person_0_0.csv with \
    language and email among its columns, person_knows_person_0_0.csv, person_studyAt_organisation_0_0.csv, \
    person_workAt_organisation_0_0.csv, person_isLocatedIn_place_0_0.csv, organisation_0_0.csv, place_0_0.csv and \
    place_isPartOf_place_0_0.csv in one folder, each in one part (numThreads 1); of folders static/ and dynamic/, \
    all files in one";

/// Refuses a folder that lacks a table, or has more of one than is read.
fn check_layout(folder: &Path) -> Result<(), ImportError> {
    let layout =
        |found: String| Err(ImportError::Layout { path: folder.to_owned(), found, wanted: WANTED });
    for table in TABLES {
        if !folder.join(table.name).is_file() {
            return layout(format!("there is no {}", table.name));
        }
    }
    let failed = |source| ImportError::File { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some(table) = TABLES.iter().find(|table| table.is_gone_on_with_in(name)) {
            return layout(format!("{name} goes on with {}", table.name));
        }
    }
    Ok(())
}

impl Table {
    /// Whether a file of this name is another part of the table, as `person_1_0.csv` of `person_0_0.csv`.
    fn is_gone_on_with_in(&self, name: &str) -> bool {
        let stem = self.name.strip_suffix("0_0.csv");
        let part = stem.and_then(|stem| name.strip_prefix(stem)?.strip_suffix(".csv"));
        let numbers = part.and_then(|part| part.split_once('_'));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        name != self.name && numbers.is_some_and(|(a, b)| is_number(a) && is_number(b))
    }
}

/// Calls `row` with the parts of every line after the first.
fn rows<const N: usize>(
    folder: &Path,
    table: &Table,
    mut row: impl FnMut([Cell<'_>; N]) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut lines = Lines::open(&folder.join(table.name))?;
    let mut is_first = true;
    while let Some(line) = lines.next_line()? {
        if is_first && line.text != table.columns {
            let expected = format!("the columns {}; wanted is {WANTED}", table.columns);
            return Err(line.malformed(0, &expected));
        }
        if !is_first {
            row(line.exactly('|', &format!("{N} parts: {}", table.columns))?)?;
        }
        is_first = false;
    }
    if is_first {
        return Err(lines.malformed_end(&format!("the columns {}", table.columns)));
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
    /// Where each person was first named.
    named: HashMap<u64, (&'static Table, (u64, u64))>,
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
    check_layout(folder)?;
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
    let expected = "the number of a person in person_0_0.csv";
    let unknown = world.named.iter().filter(|(person, _)| !numbers.contains_key(person));
    let unknown = unknown.map(|(_, (table, place))| (table.name, *place)).min();
    if let Some((name, (line, column))) = unknown {
        let (path, expected) = (folder.join(name), expected.to_owned());
        return Err(ImportError::Malformed { path, line, column, expected });
    }
    rows(folder, &KNOWS, |[one, other, _]| {
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
            let is_new = whole.insert(part.number(expected)?, of.number(expected)?).is_none();
            first(part, is_new)
        })?;
        let mut names = HashMap::new();
        rows(folder, &PLACES, |[id, name, _, kind]| {
            let place = (spaced(name), kind.text == "city");
            let is_new = names.insert(id.number("a place's number")?, place).is_none();
            first(id, is_new)
        })?;
        for (place, (name, is_city)) in &names {
            let country = whole.get(place).and_then(|of| names.get(of)).filter(|_| *is_city);
            let name = country.map_or_else(|| name.clone(), |(of, _)| format!("{name}, {of}"));
            world.places.insert(*place, name);
        }
        rows(folder, &ORGANISATIONS, |[id, _, name, _]| {
            let number = id.number("an organisation's number")?;
            first(id, world.organisations.insert(number, spaced(name)).is_none())
        })?;
        rows(folder, &IS_LOCATED_IN, |[person, place]| {
            let number = place.number("a place's number")?;
            known(&world.places, place, "the number of a place in place_0_0.csv")?;
            let one = named_person(&mut world.named, &IS_LOCATED_IN, person)?;
            first(person, world.location.insert(one, number).is_none())
        })?;
        let (organisations, education) = (&world.organisations, &mut world.education);
        let named_people = &mut world.named;
        rows(folder, &STUDY_AT, |[person, organisation, year]| {
            let school = named(organisations, organisation)?;
            let year = year.number("a year")?;
            let entry = json!({ "school": school, "year": { "name": year.to_string() }, "type": "College" });
            let one = named_person(named_people, &STUDY_AT, person)?;
            education.entry(one).or_default().push(entry);
            Ok(())
        })?;
        let work = &mut world.work;
        rows(folder, &WORK_AT, |[person, organisation, from]| {
            let employer = named(organisations, organisation)?;
            let from = from.number("a year")?;
            let entry = json!({ "employer": employer, "start_date": from.to_string() });
            let one = named_person(named_people, &WORK_AT, person)?;
            work.entry(one).or_default().push(entry);
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

/// Refuses a second row about the same, one of which would be lost.
fn first(cell: Cell<'_>, is_new: bool) -> Result<(), ImportError> {
    if is_new { Ok(()) } else { Err(cell.malformed("what has not come before in this file")) }
}

/// The number of a person, whose place is kept until it is known who there is.
fn named_person(
    named: &mut HashMap<u64, (&'static Table, (u64, u64))>,
    table: &'static Table,
    cell: Cell<'_>,
) -> Result<u64, ImportError> {
    let person = cell.number("a person's number")?;
    named.entry(person).or_insert_with(|| (table, cell.place()));
    Ok(person)
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

//! SNAP's ego-Facebook folder (McAuley and Leskovec, 2012), as its `readme-Ego.txt` describes it.
//!
//! `facebook_combined.txt` decides who there is and who are friends. For each ego N, `N.featnames`
//! names the anonymised features, `N.egofeat` has the ego's and `N.feat` its friends'; a person in
//! several ego nets has the features of all. The ego nets lie beside it or, as the two downloads unpack, in
//! one folder beside it. Circles and edges of one ego net are not read.
//! A feature `work;employer;id;anonymized feature 142`
//! becomes `{"employer":{"id":"142","name":"anonymized feature 142"}}` in `work`. Which features
//! belong to one job or one school was lost when the data was anonymised, so each stands alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use countersign_domain::field::FieldId;
use countersign_people::store::Profile;
use countersign_service::people::import::{Batch, ImportError};
use countersign_service::people::lines::{Cell, Line, Lines};
use serde_json::{Value, json};

/// The edge list of the whole network.
pub(super) const COMBINED: &str = "facebook_combined.txt";

/// How the features of a category become a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The field is a text.
    Text,
    /// The field is an object with id and name.
    Object,
    /// The field is a list of such objects.
    Objects,
    /// The field is a list of entries, each with a text under this key.
    EntryText(&'static str),
    /// The same with an object under the key.
    EntryObject(&'static str),
    /// The same with a list of objects under the key.
    EntryObjects(&'static str),
}

/// The 27 categories of SNAP's features: category, field, shape.
const CATEGORIES: [(&str, &str, Shape); 27] = [
    ("birthday", "birthday", Shape::Text),
    ("education;classes;id", "education", Shape::EntryObjects("classes")),
    ("education;concentration;id", "education", Shape::EntryObjects("concentration")),
    ("education;degree;id", "education", Shape::EntryObject("degree")),
    ("education;school;id", "education", Shape::EntryObject("school")),
    ("education;type", "education", Shape::EntryText("type")),
    ("education;with;id", "education", Shape::EntryObjects("with")),
    ("education;year;id", "education", Shape::EntryObject("year")),
    ("first_name", "first_name", Shape::Text),
    ("gender", "gender", Shape::Text),
    ("hometown;id", "hometown", Shape::Object),
    ("languages;id", "languages", Shape::Objects),
    ("last_name", "last_name", Shape::Text),
    ("locale", "locale", Shape::Text),
    ("location;id", "location", Shape::Object),
    ("middle_name", "middle_name", Shape::Text),
    ("name", "name", Shape::Text),
    ("political", "political", Shape::Text),
    ("religion", "religion", Shape::Text),
    ("work;employer;id", "work", Shape::EntryObject("employer")),
    ("work;end_date", "work", Shape::EntryText("end_date")),
    ("work;from;id", "work", Shape::EntryObject("from")),
    ("work;location;id", "work", Shape::EntryObject("location")),
    ("work;position;id", "work", Shape::EntryObject("position")),
    ("work;projects;id", "work", Shape::EntryObjects("projects")),
    ("work;start_date", "work", Shape::EntryText("start_date")),
    ("work;with;id", "work", Shape::EntryObjects("with")),
];

/// A feature: the place of its category in [`CATEGORIES`], and its number.
type Feature = (usize, u64);

/// What the folder says, by the people's own numbers.
#[derive(Default)]
struct Network {
    friendships: Vec<(u64, u64)>,
    people: BTreeMap<u64, BTreeSet<Feature>>,
}

/// Reads the folder, then puts everybody.
pub(super) fn read(folder: &Path, batch: &mut Batch<'_>) -> Result<(), ImportError> {
    let mut network = Network::default();
    read_combined(&folder.join(COMBINED), &mut network)?;
    let (nets, egos) = ego_nets(folder)?;
    let bar = batch.options.progress.step("reading ego nets", egos.len() as u64);
    for (ego, done) in egos.into_iter().zip(1..) {
        read_ego(&nets, ego, &mut network)?;
        bar.at(done);
    }
    let fields = fields(batch)?;
    let mut numbers = HashMap::with_capacity(network.people.len());
    let mut profile = Profile::default();
    for (person, features) in &network.people {
        fill(&mut profile, features, &fields);
        let number = batch.person(&person.to_string(), &mut profile, false)?;
        numbers.insert(*person, number);
    }
    for (one, other) in network.friendships {
        batch.links.add(numbers[&one], numbers[&other]);
    }
    Ok(())
}

fn read_combined(path: &Path, network: &mut Network) -> Result<(), ImportError> {
    let mut lines = Lines::open(path)?;
    let expected = "two people's numbers with a space between them";
    while let Some(line) = lines.next_line()? {
        let [one, other] = line.exactly(' ', expected)?;
        let number = |cell: Cell<'_>| cell.number("a person's number");
        let friendship = (number(one)?, number(other)?);
        if friendship.0 == friendship.1 {
            return Err(other.malformed("another person than the first"));
        }
        network.people.entry(friendship.0).or_default();
        network.people.entry(friendship.1).or_default();
        network.friendships.push(friendship);
    }
    if network.friendships.is_empty() {
        return Err(lines.malformed_end(expected));
    }
    Ok(())
}

/// The files of an ego net that are read, each of which has to be there.
const OF_AN_EGO: [&str; 3] = ["featnames", "egofeat", "feat"];

/// All files that an ego net is published with.
const OF_AN_EGO_NET: [&str; 5] = ["featnames", "egofeat", "feat", "circles", "edges"];

/// What is said where files of ego nets are missing.
const WANTED: &str = "what SNAP publishes: facebook_combined.txt, and beside it, or in one folder beside it, N.featnames, \
    N.egofeat and N.feat for each ego N (facebook.tar.gz)";

/// The folder of the ego nets, and their numbers N, ascending.
fn ego_nets(folder: &Path) -> Result<(PathBuf, Vec<u64>), ImportError> {
    let layout =
        |found: String| Err(ImportError::Layout { path: folder.to_owned(), found, wanted: WANTED });
    let mut found = Vec::new();
    let mut look = |path: PathBuf| {
        let egos = egos(&path)?;
        if !egos.is_empty() {
            found.push((path, egos));
        }
        Ok::<_, ImportError>(())
    };
    look(folder.to_owned())?;
    for path in entries(folder)? {
        if path.is_dir() {
            look(path)?;
        }
    }
    let two = found.len() > 1;
    let Some((nets, egos)) = found.pop().filter(|_| !two) else {
        let found =
            if two { "there are ego nets in several folders" } else { "there is no ego net" };
        return layout(found.to_owned());
    };
    for ego in &egos {
        for end in OF_AN_EGO {
            let name = format!("{ego}.{end}");
            if !nets.join(&name).is_file() {
                return layout(format!("there is an ego net of {ego} without {name}"));
            }
        }
    }
    Ok((nets, egos))
}

/// The numbers N for which a folder has any file of an ego net, ascending.
fn egos(folder: &Path) -> Result<Vec<u64>, ImportError> {
    let number = |path: PathBuf| {
        let end = path.extension()?.to_str()?;
        OF_AN_EGO_NET.contains(&end).then(|| path.file_stem()?.to_str()?.parse::<u64>().ok())?
    };
    let egos: BTreeSet<u64> = entries(folder)?.into_iter().filter_map(number).collect();
    Ok(egos.into_iter().collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let entries = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|source| ImportError::File { path: folder.to_owned(), source })
}

fn read_ego(folder: &Path, ego: u64, network: &mut Network) -> Result<(), ImportError> {
    let features = read_names(&folder.join(format!("{ego}.featnames")))?;

    let mut lines = Lines::open(&folder.join(format!("{ego}.egofeat")))?;
    let expected = "one line, with the ego's features";
    let mut is_read = false;
    while let Some(line) = lines.next_line()? {
        if std::mem::replace(&mut is_read, true) {
            return Err(line.malformed(0, expected));
        }
        let person = network.people.get_mut(&ego);
        let person = person.ok_or_else(|| line.malformed(0, "an ego of facebook_combined.txt"))?;
        read_bits(line, line.cells(' '), &features, person)?;
    }
    if !is_read {
        return Err(lines.malformed_end(expected));
    }

    let mut lines = Lines::open(&folder.join(format!("{ego}.feat")))?;
    let mut seen = BTreeSet::new();
    while let Some(line) = lines.next_line()? {
        let mut cells = line.cells(' ');
        let expected = "a person's number";
        let person = cells.next().ok_or_else(|| line.malformed(0, expected))?.number(expected)?;
        if !seen.insert(person) {
            return Err(line.malformed(0, "a person who has not come before in this ego net"));
        }
        let person = network.people.get_mut(&person);
        let person =
            person.ok_or_else(|| line.malformed(0, "a person of facebook_combined.txt"))?;
        read_bits(line, cells, &features, person)?;
    }
    Ok(())
}

/// The features of an ego net in the order of its bits.
fn read_names(path: &Path) -> Result<Vec<Feature>, ImportError> {
    let mut lines = Lines::open(path)?;
    let mut features = Vec::new();
    while let Some(line) = lines.next_line()? {
        let expected = format!(
            "'{} CATEGORY;anonymized feature N' with one of SNAP's 27 categories",
            features.len()
        );
        features.push(feature(line, features.len()).ok_or_else(|| line.malformed(0, &expected))?);
    }
    Ok(features)
}

fn feature(line: Line<'_>, position: usize) -> Option<Feature> {
    let (place, name) = line.text.split_once(' ')?;
    let (category, feature) = name.rsplit_once(';')?;
    let number = feature.strip_prefix("anonymized feature ")?.parse().ok()?;
    let category = CATEGORIES.iter().position(|(name, ..)| *name == category)?;
    (place.parse() == Ok(position)).then_some((category, number))
}

/// Reads a 0 or 1 for each feature.
fn read_bits<'a>(
    line: Line<'a>,
    cells: impl Iterator<Item = Cell<'a>>,
    features: &[Feature],
    person: &mut BTreeSet<Feature>,
) -> Result<(), ImportError> {
    let mut expected = features.iter();
    for cell in cells {
        let feature = expected.next();
        let feature = feature.ok_or_else(|| cell.malformed("the end of the line"))?;
        match cell.text {
            "1" => drop(person.insert(*feature)),
            "0" => {}
            _ => return Err(cell.malformed("0 or 1")),
        }
    }
    match expected.len() {
        0 => Ok(()),
        missing => {
            let expected = format!("0 or 1 for each of {missing} more features");
            Err(line.malformed(line.text.len(), &expected))
        }
    }
}

/// The field of each category.
fn fields(batch: &Batch<'_>) -> Result<Vec<FieldId>, ImportError> {
    let by_name = |(_, field, _): &(&str, &'static str, Shape)| {
        batch.options.schema.by_name(field).ok_or(ImportError::MissingField { field })
    };
    CATEGORIES.iter().map(by_name).collect()
}

fn fill(profile: &mut Profile, features: &BTreeSet<Feature>, fields: &[FieldId]) {
    let mut values: BTreeMap<FieldId, Value> = BTreeMap::new();
    for (category, number) in features {
        let name = format!("anonymized feature {number}");
        let object = json!({ "id": number.to_string(), "name": name });
        let entry = match CATEGORIES[*category].2 {
            Shape::Text => json!(name),
            Shape::Object | Shape::Objects => object,
            Shape::EntryText(key) => json!({ key: name }),
            Shape::EntryObject(key) => json!({ key: object }),
            Shape::EntryObjects(key) => json!({ key: [object] }),
        };
        let is_single = matches!(CATEGORIES[*category].2, Shape::Text | Shape::Object);
        let nothing_yet = if is_single { Value::Null } else { json!([]) };
        match values.entry(fields[*category]).or_insert(nothing_yet) {
            Value::Array(entries) => entries.push(entry),
            // Nobody has two of these; were two ego nets to differ, the lower number stays.
            single if single.is_null() => *single = entry,
            _ => {}
        }
    }
    profile.clear();
    for (field, value) in values {
        profile.set_value(field, &value);
    }
}

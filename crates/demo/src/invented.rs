//! Invented profiles: complete over the default schema, plausible in each field, and nobody's.

use std::io::Write;

use countersign_domain::field::FieldId;
use countersign_domain::schema::FieldSchema;
use countersign_people::store::Profile;

use super::random::Random;

/// The year in which the invented people live; it decides who is a minor.
const YEAR: u64 = 2026;
const ADULT_YEARS: u64 = 18;
const MINOR_PERCENT: u64 = 6;

const FEMALE: [&str; 24] = [
    "Adela", "Bruna", "Celeste", "Dalia", "Edda", "Fiora", "Greta", "Hanna", "Ilse", "Jovana",
    "Kaja", "Leona", "Mirela", "Noor", "Odile", "Petra", "Rhea", "Saskia", "Tamsin", "Ulrika",
    "Vesna", "Wanda", "Yara", "Zelda",
];
const MALE: [&str; 24] = [
    "Anselm", "Bastian", "Cosmo", "Dario", "Emeka", "Florin", "Gideon", "Hugo", "Ivo", "Jasper",
    "Kenji", "Lorenz", "Matteo", "Nils", "Omar", "Pavel", "Quentin", "Rafael", "Silas", "Teo",
    "Umberto", "Viktor", "Wim", "Yusuf",
];
const LAST: [&str; 40] = [
    "Abernathy",
    "Bellweather",
    "Castellan",
    "Dunmore",
    "Eastlake",
    "Fairbrook",
    "Galloway",
    "Harrowgate",
    "Inverness",
    "Jessop",
    "Kestrel",
    "Larkspur",
    "Merriweather",
    "Northcott",
    "Oakhurst",
    "Pemberton",
    "Quillfeather",
    "Ravenscroft",
    "Silverton",
    "Thistlewood",
    "Underhill",
    "Vandermeer",
    "Whitlock",
    "Yarrow",
    "Zellweger-Moos",
    "Ashdown",
    "Brightwater",
    "Copperfield",
    "Driscoll",
    "Elmsworth",
    "Farthing",
    "Greystone",
    "Hollis",
    "Ironside",
    "Juniper",
    "Knox",
    "Lindqvist",
    "Marchetti",
    "Novak",
    "Okonkwo",
];
const PLACES: [(&str, &str, i64); 16] = [
    ("Port Ellery, Maine", "en_US", -5),
    ("Saltmarsh, Texas", "en_US", -6),
    ("Cedar Junction, Oregon", "en_US", -8),
    ("Brackenfell, Ohio", "en_US", -5),
    ("Hollowbridge, England", "en_GB", 0),
    ("Strathmuir, Scotland", "en_GB", 0),
    ("Neuwaldau, Germany", "de_DE", 1),
    ("Oberlinden, Austria", "de_AT", 1),
    ("Vieux-Moulin, France", "fr_FR", 1),
    ("Montelago, Italy", "it_IT", 1),
    ("Puerto Alarza, Spain", "es_ES", 1),
    ("Nova Ribeira, Brazil", "pt_BR", -3),
    ("Wschodnia, Poland", "pl_PL", 1),
    ("Kirkevik, Norway", "nb_NO", 1),
    ("Hoshikawa, Japan", "ja_JP", 9),
    ("Marapur, India", "hi_IN", 5),
];
const LANGUAGES: [&str; 12] = [
    "English",
    "German",
    "French",
    "Italian",
    "Spanish",
    "Portuguese",
    "Polish",
    "Norwegian",
    "Japanese",
    "Hindi",
    "Arabic",
    "Mandarin",
];
const EMPLOYERS: [&str; 20] = [
    "Lanternworks",
    "Bluefjord Shipping",
    "Cobalt & Finch",
    "Meridian Gardens",
    "Oddly Good Bakery",
    "Tallgrass Energy Cooperative",
    "Harbour Street Clinic",
    "Ninth Wave Software",
    "Paper Lantern Press",
    "Quarry Lane School",
    "Redwood Rail",
    "Saffron Kitchen",
    "Stonebridge Bank",
    "Tidewater Insurance",
    "Umbra Theatre",
    "Vellum Design",
    "Westering Airways",
    "Yellow Door Books",
    "Zenith Masonry",
    "City of Brackenfell",
];
const POSITIONS: [&str; 16] = [
    "Nurse",
    "Carpenter",
    "Software Engineer",
    "Teacher",
    "Accountant",
    "Electrician",
    "Editor",
    "Cook",
    "Train Driver",
    "Architect",
    "Shop Manager",
    "Researcher",
    "Gardener",
    "Translator",
    "Paramedic",
    "Apprentice",
];
const SCHOOLS: [&str; 12] = [
    "Port Ellery High School",
    "Saltmarsh High School",
    "Lindenhof Gymnasium",
    "Quarry Lane School",
    "Harbour Grammar School",
    "Institute of Applied Curiosity",
    "University of Montelago",
    "Kirkevik University",
    "Brackenfell State College",
    "Oberlinden Technical University",
    "Hoshikawa University",
    "College of the Three Rivers",
];
const SUBJECTS: [&str; 12] = [
    "Biology",
    "History",
    "Computer Science",
    "Mathematics",
    "Law",
    "Nursing",
    "Architecture",
    "Music",
    "Economics",
    "Philosophy",
    "Chemistry",
    "Geography",
];
const RELIGIONS: [&str; 12] = [
    "Christian",
    "Catholic",
    "Protestant",
    "Orthodox",
    "Muslim",
    "Jewish",
    "Hindu",
    "Buddhist",
    "Sikh",
    "Atheist",
    "Agnostic",
    "None",
];
const POLITICS: [&str; 9] = [
    "Liberal",
    "Conservative",
    "Green",
    "Social Democrat",
    "Libertarian",
    "Moderate",
    "Socialist",
    "Independent",
    "Not interested",
];
const STATUSES: [&str; 8] = [
    "Single",
    "In a relationship",
    "Engaged",
    "Married",
    "It's complicated",
    "Separated",
    "Divorced",
    "Widowed",
];
/// How many of [`STATUSES`] mean that there is nobody.
const STATUSES_ALONE: [&str; 4] = ["Single", "Separated", "Divorced", "Widowed"];
const SPORTS: [&str; 10] = [
    "Ping Pong",
    "Rowing",
    "Climbing",
    "Football",
    "Chess Boxing",
    "Swimming",
    "Fencing",
    "Cycling",
    "Handball",
    "Running",
];
const TEAMS: [&str; 10] = [
    "Port Ellery Herons",
    "Saltmarsh Comets",
    "Brackenfell Badgers",
    "Montelago Calcio",
    "Kirkevik Skiers",
    "Hoshikawa Cranes",
    "Oberlinden Eagles",
    "Marapur Monsoons",
    "Nova Ribeira Atlantics",
    "Strathmuir Thistles",
];
const ATHLETES: [&str; 8] = [
    "Ottilie Brandt",
    "Kwame Asare",
    "Sofia Lindqvist",
    "Rui Tavares",
    "Mika Hoshino",
    "Dara Quinn",
    "Ines Morando",
    "Piotr Zawada",
];
const INSPIRING: [&str; 8] = [
    "Marie Curie",
    "Frederick Douglass",
    "Hypatia",
    "Ada Lovelace",
    "Nelson Mandela",
    "Sappho",
    "Alan Turing",
    "Rosa Parks",
];
const QUOTES: [&str; 6] = [
    "Measure twice, cut once.",
    "The kettle is always on.",
    "Everything is somewhere.",
    "Slow is smooth, smooth is fast.",
    "A friend's secret is not yours.",
    "Tomorrow is also a day.",
];
const ABOUT: [&str; 6] = [
    "Walks, maps and far too much tea.",
    "Father of three, mostly awake.",
    "Repairs what others throw away.",
    "Sings alto, badly and often.",
    "New in town. Show me the good bakery.",
    "Ask me about bees.",
];

/// Somebody while they are being invented.
struct Draft {
    random: Random,
    is_female: bool,
    is_minor: bool,
    first: &'static str,
    middle: &'static str,
    last: &'static str,
    born: u64,
    place: usize,
    is_alone: bool,
    status: &'static str,
    number: u64,
}

/// Writes one field's value as JSON.
type Write1 = fn(&mut Draft, &mut Vec<u8>);

/// Every field of the default schema that has a value.
const FIELDS: [(&str, Write1); 30] = [
    ("name", |d, o| put(o, format_args!("\"{} {}. {}\"", d.first, &d.middle[..1], d.last))),
    ("first_name", |d, o| text(o, d.first)),
    ("middle_name", |d, o| text(o, d.middle)),
    ("last_name", |d, o| text(o, d.last)),
    ("gender", |d, o| text(o, if d.is_female { "female" } else { "male" })),
    ("birthday", birthday),
    ("email", |d, o| put(o, format_args!("\"{}.{}.{}@mail.example\"", d.first, d.last, d.number))),
    ("link", |d, o| put(o, format_args!("\"https://people.example/{}\"", d.number))),
    ("website", |d, o| put(o, format_args!("\"https://{}-{}.example/\"", d.last, d.number))),
    ("third_party_id", |d, o| {
        let number = d.random.next();
        put(o, format_args!("\"{number:016x}\""));
    }),
    ("locale", |d, o| text(o, PLACES[d.place].1)),
    ("timezone", |d, o| put(o, format_args!("{}", PLACES[d.place].2))),
    ("languages", |d, o| objects(d, o, 10_000, &LANGUAGES, 3)),
    ("hometown", |d, o| {
        let place = d.random.below(PLACES.len() as u64) as usize;
        object(o, 20_000, place, PLACES[place].0);
    }),
    ("location", |d, o| object(o, 20_000, d.place, PLACES[d.place].0)),
    ("about", |d, o| text(o, d.random.pick(&ABOUT))),
    ("quotes", |d, o| text(o, d.random.pick(&QUOTES))),
    ("education", education),
    ("work", work),
    ("religion", |d, o| text(o, d.random.pick(&RELIGIONS))),
    ("political", |d, o| text(o, d.random.pick(&POLITICS))),
    ("interested_in", interested_in),
    ("relationship_status", |d, o| text(o, d.status)),
    ("significant_other", significant_other),
    ("sports", |d, o| objects(d, o, 30_000, &SPORTS, 2)),
    ("favorite_teams", |d, o| objects(d, o, 40_000, &TEAMS, 3)),
    ("favorite_athletes", |d, o| objects(d, o, 50_000, &ATHLETES, 2)),
    ("inspirational_people", |d, o| objects(d, o, 60_000, &INSPIRING, 2)),
    ("verified", |d, o| put(o, format_args!("{}", d.random.percent(80)))),
    ("updated_time", |d, o| {
        let (month, day) = (1 + d.random.below(9), 1 + d.random.below(28));
        let (hour, minute) = (d.random.below(24), d.random.below(60));
        put(o, format_args!("\"{YEAR}-{month:02}-{day:02}T{hour:02}:{minute:02}:00+0000\""));
    }),
];

/// Invents profiles for one schema. A field of the schema that is not in the default one stays empty.
pub(super) struct Inventor {
    fields: Vec<(FieldId, Write1)>,
}

impl Inventor {
    pub(super) fn new(schema: &FieldSchema) -> Self {
        let known = |(name, write): (&str, Write1)| Some((schema.by_name(name)?, write));
        Self { fields: FIELDS.into_iter().filter_map(known).collect() }
    }

    /// Fills the profile of the person of this number; whether they are a minor.
    pub(super) fn fill(&self, seed: u64, number: u64, profile: &mut Profile) -> bool {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut draft = Draft::of(Random::seeded(seed ^ spread), number);
        profile.clear();
        for (field, write) in &self.fields {
            profile.set_with(*field, |out| write(&mut draft, out));
        }
        draft.is_minor
    }
}

impl Draft {
    fn of(mut random: Random, number: u64) -> Self {
        let is_female = random.percent(50);
        let firsts = if is_female { &FEMALE } else { &MALE };
        let is_minor = random.percent(MINOR_PERCENT);
        let age = if is_minor { 13 + random.below(4) } else { ADULT_YEARS + 1 + random.below(60) };
        let (status, is_alone) = if is_minor {
            ("Single", true)
        } else {
            let status = random.pick(&STATUSES);
            (status, STATUSES_ALONE.contains(&status))
        };
        Self {
            is_female,
            is_minor,
            first: random.pick(firsts),
            middle: random.pick(firsts),
            last: random.pick(&LAST),
            born: YEAR - age,
            place: random.below(PLACES.len() as u64) as usize,
            is_alone,
            status,
            number,
            random,
        }
    }
}

/// Writing to memory cannot fail, and nothing here needs escaping.
fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn text(out: &mut Vec<u8>, text: &str) {
    put(out, format_args!("\"{text}\""));
}

/// A page of the platform: an id made of kind and position, and a name.
fn object(out: &mut Vec<u8>, kind: usize, position: usize, name: &str) {
    put(out, format_args!("{{\"id\":\"{}\",\"name\":\"{name}\"}}", kind + position));
}

/// Between one and `most` different pages of a list.
fn objects(draft: &mut Draft, out: &mut Vec<u8>, kind: usize, names: &[&str], most: u64) {
    let first = draft.random.below(names.len() as u64) as usize;
    let count = 1 + draft.random.below(most) as usize;
    out.push(b'[');
    for step in 0..count {
        if step > 0 {
            out.push(b',');
        }
        let position = (first + step) % names.len();
        object(out, kind, position, names[position]);
    }
    out.push(b']');
}

fn birthday(draft: &mut Draft, out: &mut Vec<u8>) {
    let (month, day) = (1 + draft.random.below(12), 1 + draft.random.below(28));
    put(out, format_args!("\"{month:02}/{day:02}/{}\"", draft.born));
}

fn education(draft: &mut Draft, out: &mut Vec<u8>) {
    /// The first of [`SCHOOLS`] that is no school for children.
    const FIRST_COLLEGE: usize = 5;
    let school = draft.random.below(FIRST_COLLEGE as u64) as usize;
    out.extend_from_slice(b"[{\"school\":");
    object(out, 70_000, school, SCHOOLS[school]);
    let year = (draft.born + 18).min(YEAR);
    put(out, format_args!(",\"year\":{{\"id\":\"{}\",\"name\":\"{year}\"}}", 80_000 + year));
    out.extend_from_slice(b",\"type\":\"High School\"}");
    if !draft.is_minor && draft.random.percent(60) {
        let colleges = SCHOOLS.len() - FIRST_COLLEGE;
        let college = FIRST_COLLEGE + draft.random.below(colleges as u64) as usize;
        let subject = draft.random.below(SUBJECTS.len() as u64) as usize;
        let year = (draft.born + 23).min(YEAR);
        out.extend_from_slice(b",{\"school\":");
        object(out, 70_000, college, SCHOOLS[college]);
        put(out, format_args!(",\"year\":{{\"id\":\"{}\",\"name\":\"{year}\"}}", 80_000 + year));
        out.extend_from_slice(b",\"concentration\":[");
        object(out, 90_000, subject, SUBJECTS[subject]);
        out.extend_from_slice(b"],\"type\":\"College\"}");
    }
    out.push(b']');
}

fn work(draft: &mut Draft, out: &mut Vec<u8>) {
    let jobs = if draft.is_minor { 1 } else { 1 + draft.random.below(3) };
    let mut from = draft.born + if draft.is_minor { 13 } else { 18 };
    out.push(b'[');
    for job in 0..jobs {
        let employer = draft.random.below(EMPLOYERS.len() as u64) as usize;
        // The last of the positions is an apprentice's.
        let last = POSITIONS.len() - 1;
        let position = if draft.is_minor { last } else { draft.random.below(last as u64) as usize };
        let until = from + 1 + draft.random.below(8);
        if job > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"employer\":");
        object(out, 100_000, employer, EMPLOYERS[employer]);
        out.extend_from_slice(b",\"position\":");
        object(out, 110_000, position, POSITIONS[position]);
        let month = 1 + draft.random.below(12);
        put(out, format_args!(",\"start_date\":\"{from}-{month:02}\""));
        if until < YEAR {
            put(out, format_args!(",\"end_date\":\"{until}-{month:02}\"}}"));
        } else {
            out.push(b'}');
            break;
        }
        from = until;
    }
    out.push(b']');
}

fn interested_in(draft: &mut Draft, out: &mut Vec<u8>) {
    let (other, own) = if draft.is_female { ("male", "female") } else { ("female", "male") };
    match draft.random.below(10) {
        0 => put(out, format_args!("[\"{own}\"]")),
        1 => put(out, format_args!("[\"female\",\"male\"]")),
        _ => put(out, format_args!("[\"{other}\"]")),
    }
}

/// `null` for who has nobody: the field is there and says so.
fn significant_other(draft: &mut Draft, out: &mut Vec<u8>) {
    if draft.is_alone {
        out.extend_from_slice(b"null");
        return;
    }
    let firsts = if draft.is_female { &MALE } else { &FEMALE };
    let (first, last) = (draft.random.pick(firsts), draft.random.pick(&LAST));
    let number = draft.random.below(1_000_000);
    put(out, format_args!("{{\"id\":\"{number}\",\"name\":\"{first} {last}\"}}"));
}

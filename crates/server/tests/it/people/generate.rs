//! Generated worlds: repeatable, complete, unequal.

use countersign_demo::choices::mixed;
use countersign_demo::generate::{self, GenerateOptions};
use countersign_demo::generate_jsonl;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_people::store::People;
use countersign_service::people::import::{self, ImportOptions};
use countersign_service::people::import_jsonl;
use countersign_service::people::progress::Progress;

use crate::support::people::{MADE, default_schema, open};

fn generate(
    people: &People,
    count: u32,
    seed: u64,
) -> countersign_service::people::import::ImportReport {
    let schema = default_schema();
    let options = GenerateOptions {
        people: count,
        seed,
        beginning: mixed(seed),
        now: MADE.at,
        schema: &schema,
        progress: Progress::Hidden,
    };
    generate::run(people, &options).unwrap()
}

/// Friends of everybody, in the order of accounts.
fn degrees(people: &People) -> Vec<u32> {
    let view = people.view();
    (0..view.image().people_count())
        .map(|number| view.person(number).unwrap().friends_count())
        .collect()
}

#[test]
fn a_generated_world_is_complete_mutual_and_unequal() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let report = generate(&people, 3_000, 7);
    assert_eq!((report.people, report.people_new), (3_000, 3_000));
    let mean = 2 * report.friendships / report.people;
    assert!((300..380).contains(&mean), "{mean} friends on average");
    let degrees = degrees(&people);
    let mut sorted = degrees.clone();
    sorted.sort_unstable();
    assert!(sorted[0] >= 1);
    assert!(u64::from(sorted[1_500]) < mean * 4 / 5, "the median is {}", sorted[1_500]);
    assert!(u64::from(sorted[2_970]) > mean * 2, "the top percentile is {}", sorted[2_970]);

    let all = default_schema().all();
    let view = people.view();
    let (mut minors, mut closed, mut open_to_all) = (0, 0, 0);
    for number in 0..3_000 {
        let person = view.person(number).unwrap();
        assert_eq!(person.present(), all);
        minors += u32::from(person.is_minor());
        let set = person.settings().open(Route::FriendsDevice);
        closed += u32::from(set.is_empty());
        open_to_all += u32::from(all.is_within(set));
        let friends: Vec<u32> = person.friends().unwrap().collect();
        assert!(friends.is_sorted_by(|a, b| a < b));
        for friend in friends.iter().take(5) {
            assert_ne!(*friend, number);
            let mut theirs = view.person(*friend).unwrap().friends().unwrap();
            assert!(theirs.any(|other| other == number));
        }
    }
    assert!((100..300).contains(&minors), "{minors} minors");
    assert!((500..1_000).contains(&closed) && (900..1_500).contains(&open_to_all));
}

#[test]
fn a_seed_makes_the_same_world_again_and_another_seed_another() {
    let degrees_of = |seed| {
        let dir = tempfile::tempdir().unwrap();
        let people = open(dir.path());
        generate(&people, 500, seed);
        degrees(&people)
    };
    let first = degrees_of(1);
    assert_eq!(first, degrees_of(1));
    assert_ne!(first, degrees_of(2));
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let once = generate(&people, 500, 1);
    let twice = generate(&people, 500, 1);
    assert_eq!((twice.people_new, twice.store), (0, once.store));
}

#[test]
fn the_smallest_worlds_work_too() {
    for count in [0, 1, 2, 9] {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(generate(&open(dir.path()), count, 1).store.people, u64::from(count));
    }
}

#[test]
fn a_world_written_as_json_lines_is_the_same_when_it_is_read() {
    let (generated, read) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (generated, read) = (open(generated.path()), open(read.path()));
    generate(&generated, 300, 11);
    let schema = default_schema();
    // The settings come from the file; this preset would close everything.
    let options = |beginning| GenerateOptions {
        people: 300,
        seed: 11,
        beginning,
        now: MADE.at,
        schema: &schema,
        progress: Progress::Hidden,
    };
    let mut lines = Vec::new();
    generate_jsonl::write(&mut lines, &options(mixed(11))).unwrap();
    let file = tempfile::Builder::new().suffix(".jsonl").tempfile().unwrap();
    std::fs::write(file.path(), lines).unwrap();
    let import = ImportOptions {
        schema: &schema,
        beginning: Preset::Closed.into(),
        now: MADE.at,
        sequence: None,
        progress: Progress::Hidden,
    };
    import::run(&read, &import, |batch| import_jsonl::read(file.path(), read.folder(), batch))
        .unwrap();

    assert_eq!(generated.counts(), read.counts());
    let (generated, read) = (generated.view(), read.view());
    for number in 0..300 {
        let (one, other) = (generated.person(number).unwrap(), read.person(number).unwrap());
        assert_eq!(one.account(), other.account());
        assert_eq!(one.is_minor(), other.is_minor());
        let open = |settings: Settings| settings.sets().map(|set| set.and(schema.all()));
        let settings = (one.settings(), other.settings());
        assert_eq!(open(settings.0), open(settings.1));
        let friends = (one.friends().unwrap(), other.friends().unwrap());
        assert!(friends.0.eq(friends.1));
    }
}

//! The store: formats, locks, missing and damaged images, grants, and being killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_people::store::{
    Counts, GrantId, GrantRecord, ImageFault, People, StoreError, StoreOptions, Way, rebuild_image,
};

use crate::support::people::{Kind, MADE, import, open, set_settings, tell};

/// `count` people, each a friend of the next one.
fn jsonl(dir: &Path, count: usize) -> PathBuf {
    let line = |n: usize| {
        let friend = (n + 1) % count;
        format!(
            "{{\"account\":\"{n}\",\"profile\":{{\"name\":\"N\"}},\"friends\":[\"{friend}\"]}}\n"
        )
    };
    let path = dir.join(format!("{count}.jsonl"));
    fs::write(&path, (0..count).map(line).collect::<String>()).unwrap();
    path
}

fn images(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "image")).collect()
}

#[test]
fn a_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let _people = open(dir.path());
    let second = People::open(dir.path(), StoreOptions::default());
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
}

#[test]
fn nobody_else_may_read_what_the_store_holds() {
    let dir = tempfile::tempdir().unwrap();
    let _people = open(dir.path());
    for entry in fs::read_dir(dir.path()).unwrap() {
        let metadata = entry.unwrap().metadata().unwrap();
        let is_private = metadata.permissions().mode() & 0o077 == 0;
        assert!(is_private || metadata.len() == 0);
    }
}

#[test]
fn a_missing_or_damaged_image_is_named_with_the_command_that_makes_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("people");
    let people = open(&store);
    import(Kind::Jsonl, &jsonl(dir.path(), 10), &people, Preset::Default).unwrap();
    let someone = people.person_of_account("3").unwrap().unwrap();
    set_settings(&people, someone, Settings::CLOSED);
    drop(people);
    let [image] = &images(&store)[..] else { panic!("not one image") };

    let mut bytes = fs::read(image).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(image, &bytes).unwrap();
    let damaged = People::open(&store, StoreOptions::default()).unwrap_err();
    assert!(
        matches!(damaged, StoreError::ImageDamaged { fault: ImageFault::Checksum { .. }, .. }),
        "{damaged}"
    );
    assert!(damaged.to_string().contains("countersign people image"));

    fs::remove_file(image).unwrap();
    let missing = People::open(&store, StoreOptions::default()).unwrap_err();
    assert!(matches!(missing, StoreError::ImageMissing { .. }), "{missing}");
    assert!(missing.to_string().contains("countersign people image"));

    let counts = rebuild_image(&store, StoreOptions::default()).unwrap();
    assert_eq!(counts, Counts { people: 10, friendships: 10 });
    let people = open(&store);
    assert_eq!(people.person_of_account("3").unwrap(), Some(someone));
    assert_eq!(people.settings(someone).unwrap(), Settings::CLOSED);
    assert_eq!(people.account_of(someone).as_deref(), Some("3"));
}

#[test]
fn an_import_that_does_not_fit_changes_nothing_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("people");
    let options = StoreOptions { map_bytes: 1 << 20, ..StoreOptions::default() };
    let people = People::open(&store, options).unwrap();
    let file = jsonl(dir.path(), 20_000);
    let error = import(Kind::Jsonl, &file, &people, Preset::Default).unwrap_err();
    assert!(error.to_string().contains("set a larger map size"), "{error}");
    assert_eq!(people.counts().people, 0);
    let fits = import(Kind::Jsonl, &jsonl(dir.path(), 20), &people, Preset::Default);
    assert_eq!(fits.unwrap().store.people, 20);
}

#[test]
fn grants_are_kept_replaced_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let name = |text: &str| Identifier::parse(text).unwrap();
    let grant = Grant {
        client: name("aurora-home"),
        purpose: name("contacts"),
        viewer: FieldSet::ALL,
        friend: FieldSet::from_bits(6),
        until: Timestamp::from_seconds(2_000_000_000),
    };
    let viewer = people.enrol(["ada"], Settings::DEFAULT).unwrap()[0].handle;
    let created = Timestamp::from_seconds(1_900_000_000);
    let mut record = GrantRecord { viewer, grant, build: Some(name("aurora-home@41")), created };
    let id = GrantId::random().unwrap();
    assert_eq!(people.grant(id).unwrap(), None);
    let put = |people: &People, record: &GrantRecord| {
        people.put_grants(&[(id, record.clone())], Way::Command).unwrap();
        tell(people);
    };
    put(&people, &record);
    assert_eq!(people.grant(id).unwrap().as_ref(), Some(&record));
    record.build = None;
    record.grant.viewer = FieldSet::EMPTY;
    put(&people, &record);
    drop(people);
    let people = open(dir.path());
    assert_eq!(people.grant(id).unwrap(), Some(record));
    let other = countersign_domain::person::Handle([8; 16]);
    assert_eq!(people.end_grant(other, id, MADE).unwrap(), None, "somebody else's");
    assert_eq!(people.grants_of(viewer).unwrap().len(), 1);
    assert!(people.end_grant(viewer, id, MADE).unwrap().is_some());
    assert_eq!(people.end_grant(viewer, id, MADE).unwrap(), None);
    assert!(people.grants_of(viewer).unwrap().is_empty());
    assert_eq!(people.grant(id).unwrap(), None);
}

/// The folder in which a killed child imports; unset in an ordinary run.
const CHILD_DIR: &str = "COUNTERSIGN_TEST_IMPORT_DIR";
const FEW: usize = 100;
const MANY: usize = 2_000;

/// The child of the next test: imports few people and many in turn until it is killed.
#[test]
fn crash_child_imports_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let dir = Path::new(&dir);
    let files = [jsonl(dir, FEW), jsonl(dir, MANY)];
    let store = dir.join("people");
    loop {
        for file in &files {
            import(Kind::Jsonl, file, &open(&store), Preset::Default).unwrap();
        }
    }
}

#[test]
fn crash_kill_9_leaves_the_old_people_or_the_new_ones() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("people");
    drop(open(&store));
    let mut generation = 0;
    for round in 0..12_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "people::store::crash_child_imports_until_it_is_killed"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(40 + 23 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let people = open(&store);
        let Counts { people: found, friendships } = people.counts();
        let allowed = [(0, 0), (100, 100), (2_000, 2_000), (2_000, 2_001)];
        assert!(allowed.contains(&(found, friendships)), "{found} people, {friendships}");
        assert_eq!(images(&store).len(), 1);
        let now = people.view().image().generation();
        assert!(now >= generation);
        generation = now;
    }
    assert!(generation > 3, "the children were killed before they did anything");
}

//! Imports and feeds out of pipes, standard input and compressed files: everything in them counts, friendships
//! too, which are read after all people.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use countersign_domain::preset::Preset;
use countersign_people::store::People;
use countersign_service::people::import::ImportError;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::people::{Kind, import, open};
use crate::support::{World, finish, program};

const PEOPLE: &str = concat!(
    r#"{"account":"ada","profile":{"name":"Ada"},"friends":["bob"]}"#,
    "\n",
    r#"{"account":"bob","profile":{"name":"Bob"}}"#,
    "\n",
    r#"{"account":"eve","profile":{"name":"Eve"},"friends":["bob"]}"#,
    "\n",
);

/// Runs a line of shell in which `$0` is the program, `$1` the instance and `$2` a folder with the people.
fn shell(line: &str, world: &World, folder: &Path) -> (bool, String) {
    let mut command = Command::new("bash");
    command.args(["-c", line]).arg(program(&[]).get_program()).arg(world.path()).arg(folder);
    let output = finish(&mut command);
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(told).unwrap())
}

fn gzipped() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(PEOPLE.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn friendships(people: &People) -> (u64, u64) {
    let counts = people.counts();
    (counts.people, counts.friendships)
}

#[test]
fn people_import_reads_a_pipe_as_it_reads_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("people.jsonl", PEOPLE.as_bytes());
    write("people.jsonl.gz", &gzipped());
    write("people.jsonl.zst", &zstd::encode_all(PEOPLE.as_bytes(), 0).unwrap());
    let world = World::founded();
    assert!(shell("mkfifo \"$2/fifo\"", &world, folder.path()).0);
    let import = "people import jsonl --dir \"$1\"";
    for line in [
        format!("$0 {import} \"$2/people.jsonl\""),
        format!("$0 {import} \"$2/people.jsonl.gz\""),
        format!("$0 {import} \"$2/people.jsonl.zst\""),
        format!("$0 {import} <(cat \"$2/people.jsonl\")"),
        format!("$0 {import} <(zcat \"$2/people.jsonl.gz\")"),
        format!("cat \"$2/people.jsonl\" | $0 {import} /dev/stdin"),
        format!("$0 {import} - < \"$2/people.jsonl.gz\""),
        format!("cat \"$2/people.jsonl.zst\" | $0 {import} -"),
        format!("cat \"$2/people.jsonl\" > \"$2/fifo\" & $0 {import} \"$2/fifo\""),
    ] {
        let (is_done, told) = shell(&line, &world, folder.path());
        assert!(
            is_done && told.contains("3 people") && told.contains("2 friendships"),
            "{line}: {told}"
        );
        assert_eq!(friendships(&world.people()), (3, 2), "{line}");
    }
    // Nothing is left of the copies that were made.
    let left = fs::read_dir(world.path().join("people")).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.starts_with(".tmp")));
}

#[test]
fn people_import_refuses_a_compressed_file_that_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::founded();
    let whole = gzipped();
    fs::write(folder.path().join("cut.gz"), &whole[..whole.len() - 12]).unwrap();
    let (is_done, told) =
        shell("$0 people import jsonl --dir \"$1\" \"$2/cut.gz\"", &world, folder.path());
    assert!(
        !is_done && told.contains("reading failed") && told.contains("nothing was imported"),
        "{told}"
    );
    assert_eq!(friendships(&world.people()), (0, 0));
}

#[test]
fn people_import_and_feed_pass_a_byte_order_mark_over() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    let file = dir.path().join("people.jsonl");
    fs::write(&file, format!("\u{feff}{PEOPLE}")).unwrap();
    import(Kind::Jsonl, &file, &people, Preset::Default).unwrap();
    assert_eq!(friendships(&people), (3, 2));
    // One alone, at the beginning.
    fs::write(&file, format!("\u{feff}\u{feff}{PEOPLE}")).unwrap();
    let twice = import(Kind::Jsonl, &file, &people, Preset::Default);
    assert!(matches!(twice, Err(ImportError::Malformed { line: 1, column: 1, .. })), "{twice:?}");

    let world = World::founded();
    let feed = dir.path().join("feed.jsonl");
    fs::write(&feed, "\u{feff}{\"sequence\":1,\"friendship\":[\"ada\",\"bob\"]}\n").unwrap();
    for (line, told) in [
        ("$0 people upsert --dir \"$1\" \"$2/feed.jsonl\"", "Applied 1 changes"),
        ("gzip -c \"$2/feed.jsonl\" | $0 people upsert --dir \"$1\"", "Skipped 1"),
    ] {
        let (is_done, said) = shell(line, &world, dir.path());
        assert!(is_done && said.contains(told), "{said}");
    }
    let serving = world.serve();
    let (is_done, said) =
        shell("$0 people upsert --dir \"$1\" \"$2/feed.jsonl\"", &world, dir.path());
    assert!(is_done && said.contains("Skipped 1"), "{said}");
    drop(serving);
    assert_eq!(friendships(&world.people()), (2, 1));
}

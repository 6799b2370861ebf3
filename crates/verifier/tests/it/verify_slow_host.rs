//! Hosts that draw a check out: each command gives up in time and says why, and a monitor keeps what it has proved and
//! raises its alarm all the same.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::slow_host::{Host, Manner};
use crate::verify_monitor::{Running, until};
use crate::verify_world::{BEGINNING_S, World, log_key, name};

/// A log of a little more than five bundles, and its host.
struct Hosted {
    folder: tempfile::TempDir,
    world: World,
    host: Host,
}

const SIZE: u64 = 1_300;

impl Hosted {
    fn new() -> Self {
        Self::of(|_| {})
    }

    fn of(change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::governed();
        change(&mut world);
        while world.size() < SIZE {
            world.disclose(|_| {});
        }
        let folder = tempfile::tempdir().unwrap();
        world.publish(&folder.path().join("log"));
        let host = Host::of(&folder.path().join("log"));
        Self { folder, world, host }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.args(arguments).args(["--key", &log_key().to_string()]);
        command
    }

    fn monitor(&self, more: &[&str]) -> Command {
        let mut command = self.command(&[&["monitor", self.host.url()], more].concat());
        command.args(["--state", &self.path("log.state"), "--json"]);
        command.args(["--on-alert", &format!("cat >> {}", self.path("alarms"))]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command
    }

    /// A round that has twelve seconds for reading, two for each file.
    fn round(&self) -> (Option<i32>, Vec<Value>) {
        let limits = ["--once", "--file-timeout-s", "2", "--deadline-s", "16"];
        let Output { status, stdout, .. } = self.monitor(&limits).output().unwrap();
        let lines = std::str::from_utf8(&stdout).unwrap().lines();
        (status.code(), lines.map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    fn alarms(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("alarms")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn a_host_that_draws_a_file_out_ends_in_time_with_what_it_was() {
    let hosted = Hosted::new();
    for (manner, limits, expected) in [
        (
            (|path| {
                if path.starts_with("tile/entries/002") { Manner::Trickled } else { Manner::Served }
            }) as fn(&str) -> Manner,
            ["--file-timeout-s", "1"],
            "tile/entries/002 cannot be read: ",
        ),
        (|_| Manner::Silent, ["--file-timeout-s", "1"], "/checkpoint cannot be read: "),
        (|_| Manner::Trickled, ["--deadline-s", "1"], "--deadline-s gives it more"),
        (|_| Manner::After(200), ["--deadline-s", "1"], "--deadline-s gives it more"),
    ] {
        hosted.host.serve(manner);
        let log = hosted.command(&[&["log", hosted.host.url()][..], &limits].concat()).output();
        let Output { status, stderr, .. } = log.unwrap();
        let said = String::from_utf8_lossy(&stderr).into_owned();
        assert_eq!(status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_round_that_is_cut_off_keeps_what_it_proved_and_the_next_goes_on_there() {
    let hosted = Hosted::new();
    let stops_at_3 = |path: &str| {
        let is_third = path.starts_with("tile/entries/003");
        if is_third { Manner::Trickled } else { Manner::Served }
    };
    hosted.host.serve(stops_at_3);
    let (code, lines) = hosted.round();
    assert_eq!((code, &lines[0]["round"]), (Some(2), &"cut".into()), "{lines:?}");
    assert_eq!((&lines[0]["verified"], &lines[0]["size"]), (&768.into(), &SIZE.into()));
    hosted.host.asked();
    let (code, lines) = hosted.round();
    assert_eq!((code, &lines[0]["round"]), (Some(2), &"unread".into()), "{lines:?}");
    assert_eq!(lines[0]["verified"], 768);
    hosted.host.serve(|_| Manner::Served);
    let (code, lines) = hosted.round();
    assert_eq!((code, &lines[0]["round"]), (Some(0), &"holds".into()), "{lines:?}");
    assert_eq!((&lines[0]["verified"], &lines[0]["new_entries"]), (&SIZE.into(), &532.into()));
    let asked = hosted.host.asked();
    assert!(!asked.iter().any(|path| path.starts_with("tile/entries/002")), "{asked:?}");
    assert_eq!(hosted.alarms(), [] as [Value; 0]);
}

#[test]
fn what_is_under_no_signature_of_the_log_is_not_kept() {
    // Entries and tiles that fit one another, and not the checkpoint that the log signed.
    let hosted = Hosted::new();
    let mut other = hosted.world.clone();
    other.entries.truncate(300);
    other.disclose(|disclosure| disclosure.people = 8);
    while other.size() < SIZE {
        other.disclose(|_| {});
    }
    let log = hosted.folder.path().join("log");
    let checkpoint = fs::read(log.join("checkpoint")).unwrap();
    other.publish(&log);
    fs::write(log.join("checkpoint"), checkpoint).unwrap();
    hosted.host.serve(|path| {
        if path.starts_with("tile/entries/003") { Manner::Trickled } else { Manner::Served }
    });
    let (code, lines) = hosted.round();
    assert_eq!((code, &lines[0]["round"]), (Some(2), &"unread".into()), "{lines:?}");
    assert_eq!(lines[0]["verified"], 0);
    assert!(!Path::new(&hosted.path("log.state")).exists());
}

#[test]
fn a_lie_in_what_was_read_is_told_although_the_round_was_cut_off() {
    let mut lie = 0;
    let hosted = Hosted::of(|world| lie = world.disclose(|d| d.build = name("aurora-home@42")));
    hosted.host.serve(|path| {
        if path.starts_with("tile/entries/003") { Manner::Silent } else { Manner::Served }
    });
    let (code, lines) = hosted.round();
    assert_eq!((code, &lines[0]["round"]), (Some(1), &"lie".into()), "{lines:?}");
    assert_eq!(hosted.alarms()[0]["failures"][0]["entry"], lie);
}

#[test]
fn the_last_round_raises_the_alarm_if_nothing_fresh_was_verified() {
    let hosted = Hosted::new();
    // What a host keeps silent about is not fresh, even if watching began just now.
    let once = |more: &[&str]| {
        let limits = ["--once", "--file-timeout-s", "1", "--deadline-s", "2"];
        let output = hosted.monitor(&[&limits[..], more].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        hosted.alarms().len()
    };
    hosted.host.serve(|_| Manner::Silent);
    assert_eq!(once(&[]), 0, "nobody asked how old it may be");
    assert_eq!(once(&["--max-age-s", "3600"]), 1);
    let alarm = &hosted.alarms()[0];
    assert_eq!((&alarm["holds"], &alarm["newest_verified"]), (&Value::Null, &Value::Null));
    // What was verified before counts for as long as it is fresh.
    hosted.host.serve(|_| Manner::Served);
    let state = hosted.path("log.state");
    let log = hosted.command(&["log", hosted.host.url(), "--state", &state]).output().unwrap();
    assert_eq!(log.status.code(), Some(0), "{log:?}");
    hosted.host.serve(|_| Manner::Silent);
    assert_eq!(once(&["--max-age-s", "100000000000"]), 1);
    assert_eq!(once(&["--max-age-s", "3600"]), 2);
    assert_eq!(hosted.alarms()[1]["newest_verified"].as_u64(), Some(BEGINNING_S));
}

#[test]
fn the_alarm_about_age_does_not_wait_for_a_round_that_hangs() {
    let hosted = Hosted::new();
    hosted.host.serve(|_| Manner::Trickled);
    let more = ["--every-s", "1", "--max-age-s", "1", "--deadline-s", "600"];
    let running =
        Running::start(hosted.monitor(&[&more[..], &["--file-timeout-s", "600"]].concat()));
    until("the alarm", || hosted.alarms().len() == 1);
    drop(running);
    let alarm = &hosted.alarms()[0];
    assert_eq!((&alarm["holds"], &alarm["newest_verified"]), (&Value::Null, &Value::Null));
}

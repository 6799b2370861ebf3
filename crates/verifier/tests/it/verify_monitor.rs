//! The monitor as people and timers meet it: a log that grows, a lie, an alarm, and an end.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::verify_witnesses::{cosigned, policy_text};
use crate::verify_world::{World, log_key, name};

/// How long what has to happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A folder with a log, a state file beside it, and a file that the alarm command appends to.
struct Watched {
    folder: tempfile::TempDir,
    world: World,
}

impl Watched {
    fn new() -> Self {
        let watched = Self { folder: tempfile::tempdir().unwrap(), world: World::governed() };
        watched.publish();
        watched
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn publish(&self) {
        self.world.publish(&self.folder.path().join("log"));
    }

    fn grow(&mut self, entries: u64) {
        for _ in 0..entries {
            self.world.disclose(|_| {});
        }
        self.publish();
    }

    fn lie(&mut self) -> u64 {
        let index = self.world.disclose(|d| d.build = name("aurora-home@42"));
        self.publish();
        index
    }

    fn monitor_of(&self, log: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.args(["monitor", log, "--key", &log_key().to_string()]);
        command.args(["--state", &self.path("log.state")]).args(more);
        command.args(["--on-alert", &format!("cat >> {}", self.path("alarms"))]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn monitor(&self, more: &[&str]) -> Command {
        self.monitor_of(&self.path("log"), more)
    }

    fn once(&self, more: &[&str]) -> Output {
        self.monitor(&[&["--once"], more].concat()).output().unwrap()
    }

    fn alarms(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("alarms")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until something is so.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(POLL);
    }
}

/// A monitor that runs, and that no test leaves behind.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(mut monitor: Command) -> Self {
        Self(Some(monitor.spawn().unwrap()))
    }

    /// Ends it with this signal, if with any, and says what it printed.
    fn end(mut self, signal: Option<&str>) -> Output {
        let child = self.0.as_mut().unwrap();
        if let Some(signal) = signal {
            let pid = child.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        }
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "it did not end");
            std::thread::sleep(POLL);
        }
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn rounds_of_a_timer_go_on_from_one_another_and_end_in_one_at_the_first_lie() {
    let mut watched = Watched::new();
    let first = watched.once(&["--json"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert_eq!(
        (&lines(&first)[0]["round"], &lines(&first)[0]["new_entries"]),
        (&"holds".into(), &7.into())
    );
    watched.grow(300);
    assert_eq!(lines(&watched.once(&["--json"]))[0]["new_entries"], 300);
    assert_eq!(watched.alarms(), [] as [Value; 0]);
    let lie = watched.lie();
    for again in 0..2 {
        let output = watched.once(&["--json"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(lines(&output)[0]["round"], "lie");
        let verdict = &lines(&output)[1];
        assert_eq!(verdict["failures"][0]["rule"], "build_known");
        assert_eq!(verdict["failures"][0]["entry"], lie);
        assert_eq!(&watched.alarms()[again], verdict, "the alarm gets what is printed");
        watched.grow(10);
    }
    let report = watched.once(&[]);
    assert!(text(&report.stdout).contains(": build_known: found build aurora-home@42; expected "));
}

#[test]
fn a_lie_in_a_log_that_grows_ends_the_watching() {
    let mut watched = Watched::new();
    let running = Running::start(watched.monitor(&["--every-s", "1", "--json"]));
    until("the first round", || Path::new(&watched.path("log.state")).exists());
    watched.grow(20);
    watched.lie();
    let output = running.end(None);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(watched.alarms().len(), 1);
    let rounds: Vec<_> = lines(&output).iter().map(|line| line["round"].clone()).collect();
    assert_eq!(rounds[0], "holds");
    assert_eq!(rounds[rounds.len() - 2..], ["lie".into(), Value::Null]);
}

#[test]
fn who_keeps_going_is_alarmed_once_for_each_thing_and_can_end_it() {
    for signal in ["-INT", "-TERM"] {
        let mut watched = Watched::new();
        let lie = watched.lie();
        let more = ["--every-s", "1", "--json", "--keep-going"];
        let running = Running::start(watched.monitor(&more));
        until("the first alarm", || watched.alarms().len() == 1);
        watched.grow(5);
        std::thread::sleep(Duration::from_millis(1_300));
        let second = watched.lie();
        until("the second alarm", || watched.alarms().len() == 2);
        let output = running.end(Some(signal));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let entries = |alarm: &Value| {
            let failures = alarm["failures"].as_array().unwrap();
            failures.iter().map(|failure| failure["entry"].as_u64().unwrap()).collect::<Vec<_>>()
        };
        let alarms = watched.alarms();
        assert_eq!(alarms.iter().map(entries).collect::<Vec<_>>(), [vec![lie], vec![lie, second]]);
    }
}

#[test]
fn a_fork_raises_one_alarm_and_is_remembered_by_the_next_start() {
    let mut watched = Watched::new();
    watched.grow(20);
    assert_eq!(watched.once(&[]).status.code(), Some(0));
    let honest = watched.world.clone();
    watched.world.entries.pop();
    watched.world.disclose(|d| d.people = 8);
    watched.publish();
    let running = Running::start(watched.monitor(&["--every-s", "1", "--json", "--keep-going"]));
    until("the alarm", || watched.alarms().len() == 1);
    std::thread::sleep(Duration::from_millis(1_300));
    running.end(Some("-INT"));
    assert_eq!(watched.alarms().len(), 1);
    assert_eq!(watched.alarms()[0]["failures"][0]["rule"], "consistency");
    watched.world = honest;
    watched.publish();
    let after = watched.once(&[]);
    assert_eq!(after.status.code(), Some(1));
    assert!(text(&after.stdout).contains("\nremembered from "), "{}", text(&after.stdout));
}

#[test]
fn a_stale_log_raises_an_alarm_and_is_no_lie() {
    let watched = Watched::new();
    let output = watched.once(&["--json", "--max-age-s", "3600"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&output)[0]["round"], "stale");
    assert_eq!(watched.alarms()[0]["failures"][0]["rule"], "fresh");
    assert_eq!(watched.once(&["--json"]).status.code(), Some(0), "it is not remembered");
}

#[test]
fn a_log_that_cannot_be_read_is_asked_again_and_raises_an_alarm_after_a_while() {
    let watched = Watched::new();
    let checkpoint = Path::new(&watched.path("log")).join("checkpoint");
    let bytes = fs::read(&checkpoint).unwrap();
    assert_eq!(watched.once(&[]).status.code(), Some(0));
    fs::remove_file(&checkpoint).unwrap();
    assert_eq!(watched.once(&[]).status.code(), Some(2));
    let far = 100_000_000_000_u64.to_string();
    let running =
        Running::start(watched.monitor(&["--every-s", "1", "--json", "--max-age-s", &far]));
    std::thread::sleep(Duration::from_millis(1_500));
    fs::write(&checkpoint, &bytes).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let output = running.end(Some("-INT"));
    let rounds: Vec<_> = lines(&output).iter().map(|line| line["round"].clone()).collect();
    assert_eq!((&rounds[0], rounds.last()), (&"unread".into(), Some(&"holds".into())));
    assert_eq!(watched.alarms(), [] as [Value; 0]);
    fs::remove_file(&checkpoint).unwrap();
    let running =
        Running::start(watched.monitor(&["--every-s", "1", "--json", "--max-age-s", "1"]));
    until("the alarm", || watched.alarms().len() == 1);
    running.end(Some("-INT"));
    let alarm = &watched.alarms()[0];
    assert_eq!((&alarm["holds"], &alarm["error"]), (&Value::Null, &"checkpoint is missing".into()));
}

#[test]
fn what_is_another_logs_or_an_old_copy_is_no_lie() {
    let mut watched = Watched::new();
    watched.grow(20);
    assert_eq!(watched.once(&[]).status.code(), Some(0));
    let newest = watched.world.clone();
    watched.world.entries.pop();
    watched.publish();
    let is_unread = |says: &str| {
        let output = watched.once(&["--json"]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        let line = &lines(&output)[0];
        assert_eq!((&line["round"], &line["verified"]), (&"unread".into(), &newest.size().into()));
        assert!(line["error"].as_str().unwrap().starts_with(says), "{line}");
    };
    is_unread(
        "Out of date: proves nothing after its 26 entries: found 26 entries; expected at least 27",
    );
    let checkpoint = Path::new(&watched.path("log")).join("checkpoint");
    fs::write(&checkpoint, "<!doctype html>\n").unwrap();
    is_unread("Not checked: ");
    assert_eq!(watched.alarms(), [] as [Value; 0]);
    // It is as if there were no log, and so it raises the alarm about age.
    assert_eq!(watched.once(&["--max-age-s", "3600"]).status.code(), Some(2));
    assert_eq!(watched.alarms().len(), 1);
    watched.world = newest;
    watched.publish();
    assert_eq!(watched.once(&[]).status.code(), Some(0));
}

#[test]
fn a_log_that_withholds_a_file_raises_the_alarm_at_once_and_is_watched_on() {
    let mut watched = Watched::new();
    watched.grow(20);
    let bundle = Path::new(&watched.path("log")).join("tile/entries/000.p/27");
    let bytes = fs::read(&bundle).unwrap();
    fs::remove_file(&bundle).unwrap();
    let running = Running::start(watched.monitor(&["--every-s", "1", "--json"]));
    until("the alarm", || watched.alarms().len() == 1);
    std::thread::sleep(Duration::from_millis(1_300));
    fs::write(&bundle, bytes).unwrap();
    std::thread::sleep(Duration::from_millis(1_300));
    let output = running.end(Some("-INT"));
    let rounds: Vec<_> = lines(&output).iter().map(|line| line["round"].clone()).collect();
    assert_eq!((&rounds[0], rounds.last()), (&"doubt".into(), Some(&"holds".into())));
    assert_eq!(watched.alarms().len(), 1, "one for one thing");
    assert_eq!(watched.alarms()[0]["outcome"], "not_checked");
}

#[test]
fn under_a_policy_the_log_is_watched_as_far_as_its_witnesses_have_seen_it() {
    let mut watched = Watched::new();
    fs::write(watched.path("policy"), policy_text()).unwrap();
    let policy = watched.path("policy");
    let once = |watched: &Watched, more: &[&str]| {
        let output = watched.once(&[&["--json", "--policy", &policy], more].concat());
        (output.status.code(), lines(&output))
    };
    // Nobody has seen it: this host may show it to this reader alone.
    let (code, said) = once(&watched, &[]);
    assert_eq!((code, &said[0]["round"]), (Some(2), &"doubt".into()), "{said:?}");
    assert_eq!(watched.alarms()[0]["failures"][0]["rule"], "witnesses");
    let seen = |watched: &Watched, time_s| {
        let note = cosigned(&watched.world.checkpoint(), &["one", "two"], time_s);
        fs::write(Path::new(&watched.path("log")).join("checkpoint.witnessed"), note).unwrap();
    };
    let clock_s = watched.world.clock_s;
    seen(&watched, clock_s);
    assert_eq!(once(&watched, &[]).0, Some(0));
    watched.grow(3);
    let (code, said) = once(&watched, &[]);
    assert_eq!((code, &said[0]["new_entries"]), (Some(0), &0.into()), "{said:?}");
    seen(&watched, clock_s);
    let (code, said) = once(&watched, &[]);
    assert_eq!((code, &said[0]["new_entries"]), (Some(0), &3.into()), "{said:?}");
    // They have to have seen it lately; the log's own newest entry is not enough, nor is a time ahead.
    let (code, said) = once(&watched, &["--max-age-s", "3600"]);
    assert_eq!((code, &said[0]["round"]), (Some(2), &"stale".into()), "{said:?}");
    let of_witnesses = said[1]["failures"].as_array().unwrap().iter();
    assert!(of_witnesses.clone().any(|one| one["file"] == "checkpoint.witnessed"), "{said:?}");
    seen(&watched, crate::verify_command::clock_s() + 1_000);
    let (code, said) = once(&watched, &[]);
    assert_eq!((code, &said[0]["round"]), (Some(2), &"doubt".into()), "{said:?}");
    assert_eq!(said[1]["failures"][0]["rule"], "not_future");
    seen(&watched, clock_s - 901);
    let (code, said) = once(&watched, &[]);
    assert_eq!(code, Some(1), "{said:?}");
    assert_eq!(said[1]["failures"][0]["rule"], "witness_time");
}

#[test]
fn every_round_has_its_own_deadline() {
    let watched = Watched::new();
    let more = ["--every-s", "1", "--deadline-s", "2", "--json"];
    let running = Running::start(watched.monitor(&more));
    std::thread::sleep(Duration::from_millis(4_500));
    let output = running.end(Some("-INT"));
    let rounds: Vec<_> = lines(&output).iter().map(|line| line["round"].clone()).collect();
    assert!(rounds.len() > 2 && rounds.iter().all(|round| round == "holds"), "{rounds:?}");
}

#[test]
fn a_torn_state_is_an_error_and_stays_where_it_is() {
    let watched = Watched::new();
    assert_eq!(watched.once(&[]).status.code(), Some(0));
    let state = watched.path("log.state");
    let bytes = fs::read(&state).unwrap();
    fs::write(&state, &bytes[..bytes.len() / 2]).unwrap();
    for arguments in [vec!["--once"], vec![]] {
        let output = watched.monitor(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains("log.state: it is damaged"),
            "{}",
            text(&output.stderr)
        );
    }
    assert_eq!(fs::read(&state).unwrap(), &bytes[..bytes.len() / 2]);
}

#[test]
fn an_alarm_that_fails_is_told_and_changes_nothing() {
    let mut watched = Watched::new();
    watched.lie();
    let output = watched.once(&["--on-alert", "exit 3"]);
    assert_eq!(output.status.code(), Some(2), "one alarm command: {}", text(&output.stderr));
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
    command.args(["monitor", &watched.path("log"), "--key", &log_key().to_string(), "--once"]);
    command.args(["--state", &watched.path("log.state"), "--on-alert", "exit 3"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the alarm command failed: exit status: 3"));
}

//! The template's table of witnesses, held against its settings.

use countersign_service::settings::witnesses::Witnesses;

use super::{Config, new_text};

#[test]
fn the_template_states_the_defaults() {
    let text = new_text("log.example", "127.0.0.1:1", "http://127.0.0.1:1");
    assert!(Config::check_text(&text).unwrap().witnesses.is_none());
    let (start, section) = text.split_once("# [witnesses]\n").unwrap();
    let section = section.lines().filter_map(|line| line.strip_prefix("# "));
    let settings = section.filter(|line| line.contains(" = "));
    let stated = settings.map(|line| format!("{line}\n")).collect::<String>();
    let bare = format!("{start}[witnesses]\npolicy = \"witnesses.policy\"\n");
    let bare = Config::check_text(&bare).unwrap().witnesses.unwrap();
    let stated = Config::check_text(&format!("{start}[witnesses]\n{stated}")).unwrap();
    let stated = stated.witnesses.unwrap();
    assert_eq!(stated.ca_file.as_deref(), Some("tls/witnesses-ca.pem".as_ref()));
    assert_eq!(Witnesses { ca_file: None, ..stated }, bare);
}

#[test]
fn numbers_out_of_their_range_are_refused_by_name() {
    let text = new_text("log.example", "127.0.0.1:1", "http://127.0.0.1:1");
    let with =
        |line: &str| Config::check_text(&format!("{text}\n[witnesses]\npolicy = \"p\"\n{line}\n"));
    assert!(with("ask_interval_ms = 60000").is_ok());
    for (line, expected) in [
        ("ask_interval_ms = 60001", "witnesses.ask_interval_ms: 60001 is not allowed"),
        ("ask_interval_min_ms = 10001", "use 10 to 10000"),
        ("ask_timeout_ms = 0", "witnesses.ask_timeout_ms: 0 is not allowed"),
        ("wait_max_ms = 300001", "witnesses.wait_max_ms: 300001 is not allowed"),
        ("polcy = 1", "witnesses.polcy: unknown key; allowed: policy, ask_interval_ms, "),
    ] {
        let refused = with(line).unwrap_err().without_place();
        assert!(refused.contains(expected), "{line}: {refused}");
    }
}

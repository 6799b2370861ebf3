//! The template's table of the HTTP source, held against its settings.

use countersign_source::settings::SourceKind;
use countersign_source::settings::http::HttpSettings;

use super::{Config, new_text};

/// The template with the tables of this source, which are comments in it.
fn with_http() -> String {
    let template = new_text("log.example/2026", "127.0.0.1:8080", "http://127.0.0.1:8080")
        .replacen("kind = \"image\"", "kind = \"http\"", 1);
    let (before, rest) = template.split_once("# [source.http]").unwrap();
    let (tables, after) = rest.split_once("\n[graph]").unwrap();
    let is_setting = |line: &&str| line.contains(" = ") || line.starts_with("# [source");
    let settings = tables.lines().filter(is_setting).map(|line| line.trim_start_matches("# "));
    let settings: Vec<_> = settings.collect();
    format!("{before}[source.http]\n{}\n[graph]{after}", settings.join("\n"))
}

#[test]
fn the_template_states_the_defaults() {
    let config = Config::check_text(&with_http()).unwrap();
    assert_eq!(config.source.kind, SourceKind::Http);
    let stated = config.source.http.unwrap();
    assert_eq!(stated, HttpSettings::with_mapping("mapping.toml".into()));
}

#[test]
fn what_is_wrong_is_named() {
    for (from, to, expected) in [
        ("retries = 2", "retries = 11", "source.http.retries: 11 is not allowed; use 0 to 10"),
        (
            "open_ms = 2000",
            "open_ms = 0",
            "source.http.breaker.open_ms: 0 is not allowed; use 1 to 3600000",
        ),
        (
            "friends_max = 10000",
            "friends_max = 70000",
            "source.http.friends_max: 70000 is not allowed; use 1 to 65534",
        ),
        (
            "[source.http]",
            "[source.htp]",
            "source.htp: unknown key; allowed: kind, new_people, postgres, http; did you mean \"http\"?",
        ),
    ] {
        let text = with_http().replacen(from, to, 1);
        let message = Config::check_text(&text).unwrap_err().without_place();
        assert!(message.contains(expected), "{message}");
    }
    let text = with_http();
    let (before, rest) = text.split_once("[source.http]").unwrap();
    let without = format!("{before}[graph]{}", rest.split_once("[graph]").unwrap().1);
    let message = Config::check_text(&without).unwrap_err().without_place();
    assert!(message.starts_with("source.kind: \"http\" needs a table [source.http]"), "{message}");
}

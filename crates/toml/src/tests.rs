//! What is refused, where, and in which words.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what matters is what is refused")]
struct File {
    version: u32,
    listen: Option<Ipv4Addr>,
    log: Option<Log>,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default)]
    names: BTreeMap<String, Field>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what matters is what is refused")]
struct Log {
    wait_ms: u64,
    path: Option<String>,
    kind: Option<Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what matters is what is refused")]
struct Field {
    name: Spanned<String>,
    #[serde(default)]
    special: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "what matters is what is refused")]
enum Kind {
    Clear,
    Sealed,
    Days(u8),
}

fn refused(text: &str) -> String {
    parse::<File>(text).unwrap_err().to_string()
}

#[test]
fn keys_that_are_missing_or_unknown_are_named_with_their_tables() {
    for (text, expected) in [
        ("", "1:1: version: this key is missing"),
        ("listen = \"127.0.0.1\"", "1:1: version: this key is missing"),
        ("version = 1\n[log]\n", "2:1: log.wait_ms: this key is missing"),
        ("version = 1\nlog = {}", "2:7: log.wait_ms: this key is missing"),
        (
            "version = 1\n[[fields]]\nname = \"a\"\n[[fields]]\n",
            "4:1: fields.name: this key is missing",
        ),
        (
            "version = 1\n[[fields]]\nname = \"a\"\n[[fields]]\nnam = \"b\"",
            "5:1: fields.nam: unknown key; allowed: name, special; did you mean \"name\"?",
        ),
        (
            "version = 1\n[names.\"a b\"]\nnaam = 1",
            "3:1: names.\"a b\".naam: unknown key; allowed: name, special; did you mean \"name\"?",
        ),
        (
            "version = 1\nlog.duration = 1",
            "2:5: log.duration: unknown key; allowed: wait_ms, path, kind",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn values_are_refused_with_what_was_found_and_what_is_allowed() {
    let in_log = |line: &str| format!("version = 1\n[log]\nwait_ms = 1\n{line}");
    for (text, expected) in [
        (
            "version = true",
            "1:11: version: found true; allowed: a whole number from 0 to 4294967295",
        ),
        (
            "version = -1",
            "1:11: version: found the number -1; allowed: a whole number from 0 to 4294967295",
        ),
        (
            "version = 2026-01-01",
            "1:11: version: found a date or time; allowed: a whole number from 0 to 4294967295",
        ),
        (
            "version = []",
            "1:11: version: found a list; allowed: a whole number from 0 to 4294967295",
        ),
        ("version = 1\nlog = \"a secret\"", "2:7: log: found a text; allowed: a table"),
        ("version = 1\nlisten = \"::1\"", "2:10: listen: invalid IPv4 address syntax"),
        (
            &in_log("path = 1.5"),
            "4:8: log.path: found the number 1.5; allowed: a text in quotation marks",
        ),
        (
            &in_log("kind = \"cleer\""),
            "4:8: log.kind: found \"cleer\"; allowed: \"clear\", \"sealed\", \"days\"; did you mean \"clear\"?",
        ),
        (
            &in_log("kind = { dais = 3 }"),
            "4:10: log.kind.dais: found \"dais\"; allowed: \"clear\", \"sealed\", \"days\"; did you mean \"days\"?",
        ),
        (
            &in_log("kind = { days = 300 }"),
            "4:17: log.kind.days: found the number 300; allowed: a whole number from 0 to 255",
        ),
        (
            &in_log("kind = \"days\""),
            "4:8: log.kind: found a name alone; allowed: a table that gives this name a value",
        ),
        (
            &in_log("kind = 5"),
            "4:8: log.kind: found another type; allowed: a text in quotation marks, or a table",
        ),
        (
            "version = 1\n[fields]\nname = \"a\"",
            "2:1: fields: found a table; allowed: a list: write [[fields]]",
        ),
        (&in_log("kind = {}"), "4:8: log.kind: allowed: a table with one key"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn a_text_that_is_not_toml_is_refused_with_the_key_where_it_stops() {
    for (text, expected) in [
        (
            "version = one",
            "1:11: version: found a text without quotation marks; allowed: version = \"…\"",
        ),
        (
            "version = 1\nlisten = 127.0.0.1:80 # here",
            "2:15: listen: found a text without quotation marks; allowed: listen = \"…\"",
        ),
        ("version =\n", "1:10: version: the value is missing"),
        (
            "version = True",
            "1:11: version: found True; allowed: version = true, or version = false",
        ),
        (
            "version = 1\n[log]\nwait_ms = 60ms",
            "3:11: log.wait_ms: found 60ms; allowed: a number alone, of milliseconds, as wait_ms = 60",
        ),
        (
            "listen = 127.0.0.1\"",
            "1:15: listen: found one quotation mark; allowed: listen = \"…\", with one on either side",
        ),
        (
            "{ \"version\": 1 }",
            "1:1: found JSON; allowed: TOML, a key and its value a line, as version = 1",
        ),
        ("version: 1", "1:10: found a colon; allowed: version = …"),
        (
            "listen = “127.0.0.1”",
            "1:10: listen: found the curly quotation mark “; allowed: the straight ones, \" and '",
        ),
        (
            "version =\u{a0}1",
            "1:10: version: found the character U+00A0 outside of quotation marks; allowed: plain spaces and letters",
        ),
        ("version = 01", "1:11: version: unexpected leading zero"),
        ("version = 1\n[log]\nwait_ms 1", "3:9: key with no value; allowed: `=`"),
        (
            "version = 1\nlog.path = \"é\" x",
            "2:16: log.path: unexpected key or value; allowed: newline, `#`",
        ),
        (
            "\u{feff}version = x",
            "1:11: version: found a text without quotation marks; allowed: version = \"…\"",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn a_doubled_key_is_refused_with_the_line_of_the_first() {
    let again = "allowed: each key once in its table";
    for (text, expected) in [
        ("version = 1\nversion = 2", "2:1: version: given on line 1 already; "),
        (
            "version = 1\n[log]\nwait_ms = 1\nwait_ms = 2",
            "4:1: log.wait_ms: given on line 3 already; ",
        ),
        (
            "version = 1\nlog = { path = \"\", wait_ms = 1,\npath = \"\" }",
            "3:1: log.path: given on line 2 already; ",
        ),
        ("version = 1\n[log]\nwait_ms = 1\n[log]\n", "4:2: log: given twice; "),
        ("version = 1\n[[log]]\nwait_ms = 1\n[log]\n", "4:2: log: given twice; "),
    ] {
        assert_eq!(refused(text), format!("{expected}{again}"), "{text}");
    }
}

#[test]
fn a_check_points_at_a_value_or_at_a_key_with_its_tables() {
    let text = "version = 1\n[a.b]\nwait = 1\n[a.c]\nwait = 2\n[[fields]]\nname = \"é\"\n[[fields]]\nname = \"x\"";
    let fault = |place: Place| {
        let check = |_: toml::Table| Err::<(), _>(Fault::at(place, "wrong"));
        parse_checked(text, check).unwrap_err().to_string()
    };
    for (key, expected) in [
        ("version", "1:11: version: wrong"),
        ("a.b.wait", "3:8: a.b.wait: wrong"),
        // Two tables have a key of this name.
        ("a.c.wait", "5:8: a.c.wait: wrong"),
        ("a.c", "4:1: a.c: wrong"),
        // What the text leaves out is in its table, or nowhere.
        ("a.c.left_out", "4:1: a.c.left_out: wrong"),
        ("d.wait", "1:1: d.wait: wrong"),
    ] {
        assert_eq!(fault(key.into()), expected);
    }
    assert_eq!(fault((0..0).into()), "1:1: wrong");
    #[derive(Deserialize)]
    struct Fields {
        fields: Vec<Field>,
    }
    let last = |file: Fields| match file.fields.last() {
        Some(field) => Err::<(), _>(Fault::at(field.name.span(), "wrong")),
        None => Ok(()),
    };
    assert_eq!(parse_checked(text, last).unwrap_err().to_string(), "9:8: fields.name: wrong");
    assert_eq!(Fault::at("a.b", "wrong").to_string(), "a.b: wrong");
}

#[test]
fn a_file_is_put_in_front() {
    let error = parse::<File>("version = 1\n[log]\n").unwrap_err();
    assert_eq!(error.without_place(), "log.wait_ms: this key is missing");
    let error = error.in_file("my.toml".as_ref()).to_string();
    assert_eq!(error, "my.toml:2:1: log.wait_ms: this key is missing");
}

//! Reading a witness policy, line by line.
//!
//! What it is not: it judges no quorum; what it makes is a [`Policy`] in which every name is resolved and
//! every group's members come before it.
//!
//! Spec: C2SP tlog-policy. Where its text leaves something open, less is read: numbers have no leading
//! zeroes, and the last line ends like the others.

use std::collections::BTreeMap;

use super::error::{POLICY_BYTES_MAX, PolicyError, PolicyReason};
use super::{Component, Policy, PolicyLog, PolicyWitness};
use crate::cosignature::WitnessKey;
use crate::note::{NoteKey, NoteKeyError};

const NONE: &[u8] = b"none";
const GROUP: PolicyReason = PolicyReason::Items { expected: "group NAME any|all|K MEMBER…" };

pub(super) fn policy(bytes: &[u8]) -> Result<Policy, PolicyError> {
    if let Some(taken) = bytes.get(..POLICY_BYTES_MAX).filter(|taken| *taken != bytes) {
        return Err(PolicyError { line: line_of_end(taken), reason: PolicyReason::TooLong });
    }
    let mut reader = Reader::default();
    let mut line = 0;
    for text in bytes.split_inclusive(|byte| *byte == b'\n') {
        line += 1;
        reader.read(line, text).map_err(|reason| PolicyError { line, reason })?;
    }
    let Some((_, quorum)) = reader.quorum else {
        return Err(PolicyError { line: line.max(1), reason: PolicyReason::NoQuorum });
    };
    Ok(Policy { logs: reader.logs, components: reader.components, quorum })
}

fn line_of_end(bytes: &[u8]) -> usize {
    1 + bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// A name that a policy defines.
struct Name {
    place: usize,
    line: usize,
    /// The line of the group that it is a member of.
    member_on: Option<usize>,
}

#[derive(Default)]
struct Reader {
    logs: Vec<PolicyLog>,
    components: Vec<Component>,
    names: BTreeMap<Vec<u8>, Name>,
    /// The line of each log's public key, and of each witness's; a log and a witness may share one.
    log_keys: BTreeMap<[u8; 32], usize>,
    witness_keys: BTreeMap<[u8; 32], usize>,
    quorum: Option<(usize, Option<usize>)>,
}

impl Reader {
    fn read(&mut self, line: usize, text: &[u8]) -> Result<(), PolicyReason> {
        let text = text.strip_suffix(b"\n").ok_or(PolicyReason::NotEnded)?;
        let control = text.iter().find(|byte| (**byte < 0x20 && **byte != b'\t') || **byte == 0x7f);
        if let Some(byte) = control {
            return Err(PolicyReason::Control { byte: *byte });
        }
        let mut items = text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|i| !i.is_empty());
        let Some(keyword) = items.next().filter(|first| !first.starts_with(b"#")) else {
            return Ok(());
        };
        let items: Vec<&[u8]> = items.collect();
        match keyword {
            b"log" => self.log(line, &items),
            b"witness" => self.witness(line, &items),
            b"group" => self.group(line, &items),
            b"quorum" => self.quorum(line, &items),
            _ => Err(PolicyReason::Keyword { found: shown(keyword) }),
        }
    }

    fn log(&mut self, line: usize, items: &[&[u8]]) -> Result<(), PolicyReason> {
        let (vkey, url) = match items {
            [vkey] => (vkey, None),
            [vkey, url] => (vkey, Some(url.to_vec())),
            _ => return Err(PolicyReason::Items { expected: "log VKEY [URL]" }),
        };
        let key = NoteKey::parse(vkey_text(vkey)?)?;
        first_use(&mut self.log_keys, key.key().0, line)?;
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, line: usize, items: &[&[u8]]) -> Result<(), PolicyReason> {
        let (name, vkey, url) = match items {
            [name, vkey] => (name, vkey, None),
            [name, vkey, url] => (name, vkey, Some(url.to_vec())),
            _ => return Err(PolicyReason::Items { expected: "witness NAME VKEY [URL]" }),
        };
        let key = WitnessKey::parse(vkey_text(vkey)?)?;
        first_use(&mut self.witness_keys, key.key().0, line)?;
        self.define(line, name, Component::Witness(PolicyWitness { key, url }))
    }

    fn group(&mut self, line: usize, items: &[&[u8]]) -> Result<(), PolicyReason> {
        let [name, threshold, listed @ ..] = items else { return Err(GROUP) };
        if listed.is_empty() {
            return Err(GROUP);
        }
        let threshold = read_threshold(threshold, listed.len())?;
        let members = listed.iter().map(|member| self.take_member(line, member));
        let members = members.collect::<Result<_, _>>()?;
        self.define(line, name, Component::Group { threshold, members })
    }

    fn quorum(&mut self, line: usize, items: &[&[u8]]) -> Result<(), PolicyReason> {
        let [name] = items else {
            return Err(PolicyReason::Items { expected: "quorum NAME|none" });
        };
        if let Some((first, _)) = self.quorum {
            return Err(PolicyReason::SecondQuorum { first });
        }
        let place = match *name {
            NONE => None,
            name => Some(self.names.get(name).ok_or_else(|| unknown(name))?.place),
        };
        self.quorum = Some((line, place));
        Ok(())
    }

    fn define(
        &mut self,
        line: usize,
        name: &[u8],
        component: Component,
    ) -> Result<(), PolicyReason> {
        if name == NONE {
            return Err(PolicyReason::NoneElsewhere);
        }
        if let Some(Name { line: first, .. }) = self.names.get(name) {
            return Err(PolicyReason::SameName { name: shown(name), first: *first });
        }
        let place = self.components.len();
        self.names.insert(name.to_vec(), Name { place, line, member_on: None });
        self.components.push(component);
        Ok(())
    }

    /// The place of a member, which from now on is that of this line's group and of no other.
    fn take_member(&mut self, line: usize, name: &[u8]) -> Result<usize, PolicyReason> {
        if name == NONE {
            return Err(PolicyReason::NoneElsewhere);
        }
        let member = self.names.get_mut(name).ok_or_else(|| unknown(name))?;
        match member.member_on.replace(line) {
            None => Ok(member.place),
            Some(first) => Err(PolicyReason::MemberTwice { name: shown(name), first }),
        }
    }
}

fn read_threshold(text: &[u8], members: usize) -> Result<usize, PolicyReason> {
    let found = || PolicyReason::Threshold { found: shown(text), members };
    match text {
        b"any" => Ok(1),
        b"all" => Ok(members),
        _ => {
            let text = std::str::from_utf8(text).map_err(|_| found())?;
            let number = text.parse::<usize>().ok().filter(|number| number.to_string() == text);
            number.filter(|number| (1..=members).contains(number)).ok_or_else(found)
        }
    }
}

fn first_use(
    lines: &mut BTreeMap<[u8; 32], usize>,
    key: [u8; 32],
    line: usize,
) -> Result<(), PolicyReason> {
    match lines.insert(key, line) {
        None => Ok(()),
        Some(first) => Err(PolicyReason::SameKey { first }),
    }
}

fn vkey_text(bytes: &[u8]) -> Result<&str, PolicyReason> {
    std::str::from_utf8(bytes).map_err(|_| PolicyReason::Key(NoteKeyError::Form))
}

fn unknown(name: &[u8]) -> PolicyReason {
    PolicyReason::Unknown { name: shown(name) }
}

/// Names are bytes of no encoding; this is how messages show them.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::PublicKey;
    use proptest::prelude::*;

    use super::*;

    fn log(seed: u8) -> String {
        NoteKey::new(&format!("log.example/{seed}"), PublicKey([seed; 32])).unwrap().to_string()
    }

    fn witness(seed: u8) -> String {
        WitnessKey::new(&format!("w.example/{seed}"), PublicKey([seed; 32])).unwrap().to_string()
    }

    /// Lines 1 to 4 define the witnesses A and B, the log, and the group G of A.
    fn start() -> String {
        let (a, b, l) = (witness(1), witness(2), log(1));
        format!("witness A {a}\nwitness B {b}\nlog {l}\ngroup G any A\n")
    }

    fn error(text: &[u8]) -> (usize, PolicyReason) {
        let error = policy(text).unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("line {} of the policy: ", error.line)), "{shown}");
        (error.line, error.reason)
    }

    #[test]
    fn each_wrong_line_is_told_with_its_number() {
        use PolicyReason as R;
        let name = |name: &str| name.to_owned();
        let threshold = |found: &str, members| R::Threshold { found: found.to_owned(), members };
        let items = |expected| R::Items { expected };
        let (a, c, l) = (witness(1), witness(3), log(1));
        let renamed = WitnessKey::new("another.example", PublicKey([2; 32])).unwrap();
        for (line, reason) in [
            ("logs".to_owned(), R::Keyword { found: name("logs") }),
            ("Quorum A".to_owned(), R::Keyword { found: name("Quorum") }),
            ("log".to_owned(), items("log VKEY [URL]")),
            (format!("log {l} url more"), items("log VKEY [URL]")),
            (format!("log {l}"), R::SameKey { first: 3 }),
            ("witness C".to_owned(), items("witness NAME VKEY [URL]")),
            (format!("witness C {c} url more"), items("witness NAME VKEY [URL]")),
            (format!("witness C {a}"), R::SameKey { first: 1 }),
            (format!("witness C {renamed}"), R::SameKey { first: 2 }),
            (format!("witness A {c}"), R::SameName { name: name("A"), first: 1 }),
            (format!("witness G {c}"), R::SameName { name: name("G"), first: 4 }),
            (format!("witness none {c}"), R::NoneElsewhere),
            ("witness C w+00+AA".to_owned(), R::Key(NoteKeyError::Form)),
            ("group".to_owned(), items("group NAME any|all|K MEMBER…")),
            ("group H any".to_owned(), items("group NAME any|all|K MEMBER…")),
            ("group A any B".to_owned(), R::SameName { name: name("A"), first: 1 }),
            ("group none any B".to_owned(), R::NoneElsewhere),
            ("group H any none".to_owned(), R::NoneElsewhere),
            ("group H any C".to_owned(), R::Unknown { name: name("C") }),
            ("group H any a".to_owned(), R::Unknown { name: name("a") }),
            ("group H any H".to_owned(), R::Unknown { name: name("H") }),
            ("group H any A".to_owned(), R::MemberTwice { name: name("A"), first: 4 }),
            ("group H 2 B B".to_owned(), R::MemberTwice { name: name("B"), first: 5 }),
            ("group H 0 B".to_owned(), threshold("0", 1)),
            ("group H 2 B".to_owned(), threshold("2", 1)),
            ("group H 01 B".to_owned(), threshold("01", 1)),
            ("group H +1 B".to_owned(), threshold("+1", 1)),
            ("group H 99999999999999999999 B G".to_owned(), threshold("99999999999999999999", 2)),
            ("group H ANY B".to_owned(), threshold("ANY", 1)),
            ("quorum".to_owned(), items("quorum NAME|none")),
            ("quorum A B".to_owned(), items("quorum NAME|none")),
            ("quorum C".to_owned(), R::Unknown { name: name("C") }),
            ("# a bell \u{7}".to_owned(), R::Control { byte: 7 }),
            ("quorum A\r".to_owned(), R::Control { byte: b'\r' }),
            ("quorum A\u{7f}".to_owned(), R::Control { byte: 0x7f }),
        ] {
            let text = format!("{}{line}\nquorum G\n", start());
            assert_eq!(error(text.as_bytes()), (5, reason), "{line:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_whole_is_told_with_a_line_too() {
        use PolicyReason as R;
        let twice = format!("{}quorum G\n# again\nquorum none\n", start());
        assert_eq!(error(twice.as_bytes()), (7, R::SecondQuorum { first: 5 }));
        assert_eq!(error(b""), (1, R::NoQuorum));
        assert_eq!(error(start().as_bytes()), (4, R::NoQuorum));
        assert_eq!(error(b"# two lines\nquorum none"), (2, R::NotEnded));
        let mut long = b"quorum none\n".to_vec();
        long.resize(POLICY_BYTES_MAX, b'\n');
        assert!(policy(&long).is_ok());
        long.push(b'\n');
        assert_eq!(error(&long), (POLICY_BYTES_MAX - 10, R::TooLong));
    }

    #[test]
    fn keys_of_the_wrong_type_are_refused() {
        let not = |name: &str, expected| {
            PolicyReason::Key(NoteKeyError::NotEd25519 { name: name.to_owned(), expected })
        };
        let logs = format!("\nwitness A {}\n", log(1));
        assert_eq!(error(logs.as_bytes()), (2, not("log.example/1", 4)));
        let witnesses = format!("log {}\n", witness(1));
        assert_eq!(error(witnesses.as_bytes()), (1, not("w.example/1", 1)));
        assert_eq!(error(b"log \xff\n"), (1, PolicyReason::Key(NoteKeyError::Form)));
    }

    #[test]
    fn blanks_comments_urls_and_names_are_read_as_the_specification_has_them() {
        let (a, b, l) = (witness(1), witness(2), log(1));
        let text = [
            format!("\t # log\n\n \t \n  log\t{l}  https://log.example/ \nwitness all {a}\n"),
            format!("witness #b {b} b\u{fc}cher.example\ngroup \u{212a} 2 all #b\n"),
        ]
        .concat();
        let mut bytes = text.into_bytes();
        bytes.extend(b"group \xfe all \xe2\x84\xaa\nquorum \xfe\n# later\n");
        let read = policy(&bytes).unwrap();
        assert_eq!(read.logs()[0].key.to_string(), l);
        assert_eq!(read.logs()[0].url.as_deref(), Some(&b"https://log.example/"[..]));
        let witnesses: Vec<_> = read.witnesses().map(|one| one.key.to_string()).collect();
        assert_eq!(witnesses, [a, b]);
        let urls: Vec<_> = read.witnesses().map(|one| one.url.clone()).collect();
        assert_eq!(urls, [None, Some("b\u{fc}cher.example".as_bytes().to_vec())]);
        assert_eq!(read.quorum, Some(3));
    }

    #[test]
    fn a_log_and_a_witness_may_have_one_public_key() {
        let text = format!("log {}\nwitness A {}\nquorum A\n", log(1), witness(1));
        assert!(policy(text.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reading(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "log", "witness", "group", "quorum", "none", "any", "all", "A", "B", "C", "G", "1", "\n",
                    "\nquorum", "\ngroup", "#", "\t", "\u{e9}",
                ]),
                0..60,
            ),
        ) {
            let _ = policy(&bytes);
            let text = format!("{}{}\n", start(), words.join(" "));
            match policy(text.as_bytes()) {
                Ok(read) => {
                    // Members come before their groups, without which evaluation would miss them.
                    for (place, component) in read.components.iter().enumerate() {
                        if let Component::Group { threshold, members } = component {
                            prop_assert!((1..=members.len()).contains(threshold));
                            prop_assert!(members.iter().all(|member| *member < place));
                        }
                    }
                }
                Err(error) => prop_assert!((1..=text.lines().count()).contains(&error.line)),
            }
        }
    }
}

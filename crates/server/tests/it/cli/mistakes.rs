//! What beginners get wrong in the files that they write, and what they are told: a table that is reviewed like code.
//! Each sentence says where it is, what was found, what is allowed, and where it helps a line to paste.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::postgres::said;
use crate::support::{World, assert_golden, finish, program};

const MAPPING: &str = "version = 1\n[people]\ntable = \"users\"\naccount = \"id\"\n[friendships]\ntable = \"friends\"\n\
    columns = [\"a\", \"b\"]\nstored = \"once\"\n[fields]\nname = \"name\"\n";

const PARTNER: &str = "id = \"aurora\"\nname = \"Aurora\"\ncountry = \"NL\"\nparent_country = \"NL\"\nowners = []\nkey = \"KEY\"\n";

const AGREEMENT: &str = "version = 2\nagreement = \"a-1\"\nplatform = \"Example\"\npartner = \"aurora\"\nclient = \"aurora-home\"\n\
    kind = \"device\"\nnot_before = 2026-01-01T00:00:00Z\nnot_after = 2027-01-01T00:00:00Z\ndelivery = \"clear\"\n\
    [[purpose]]\npurpose = \"service\"\ndpv = \"dpv:ServiceProvision\"\nself = [\"id\", \"name\"]\nfriend = [\"id\"]\n";

const BUILD: &str = "build = \"aurora-home@1\"\nclient = \"aurora-home\"\npackage = \"nl.aurora.home\"\nsigner = \"abababababababababababababababababababababababababababababababab\"\n\
    version_code = 1\nartifact = \"abababababababababababababababababababababababababababababababab\"\npurposes = [\"service\"]\nself = [\"id\"]\nfriend = [\"id\"]\n";

const RULES: &str = "special_categories_of_friends = false\nminor_friend_fields = [\"id\"]\n";

/// A mistake: what is changed into what, in the file that a command reads.
type Mistake = (&'static str, &'static str);

/// Mistakes in countersign.toml.
const CONFIG: [Mistake; 19] = [
    ("listen = \"127", "listen = 127"),
    ("listen = \"", "listen = \u{201c}"),
    ("listen = ", "listen: "),
    ("listen = ", "lsiten = "),
    ("origin = ", "# origin = "),
    ("[log]\n", "pool_wait_ms = 1\n[log]\n"),
    ("pool_wait_ms = 1", "pool_wait_ms = \"1ms\""),
    ("pool_wait_ms = 1", "pool_wait_ms = 1ms"),
    ("pool_wait_ms = 1", "pool_wait_ms = 1.5"),
    ("pool_wait_ms = 1", "pool_wait_ms = 99999"),
    ("pool_wait_ms = 1", "pool_wait_ms = 1\npool_wait_ms = 2"),
    ("pool_wait_ms = 1", "pool_wait_ms =\u{a0}1"),
    ("[log]\n", "[logs]\n"),
    ("network_file_system = false", "network_file_system = False"),
    ("network_file_system = false", "network_file_system = \"no\""),
    ("kind = \"image\"", "kind = image"),
    ("kind = \"image\"", "kind = \"image"),
    ("kind = \"image\"", "kind = \"postgresql\""),
    ("kind = \"image\"", "kind = \"postgres\""),
];

/// Mistakes in mapping.toml.
const OF_MAPPING: [Mistake; 9] = [
    ("table = \"users\"\n", ""),
    ("table = \"users\"", "table = users"),
    ("account = ", "acount = "),
    ("stored = \"once\"", "stored = \"one\""),
    ("stored = \"once\"\n", ""),
    ("columns = [\"a\", \"b\"]", "columns = \"a\""),
    ("name = \"name\"", "nmae = \"name\""),
    ("name = \"name\"", "name = 7"),
    (
        "[fields]\n",
        "[[settings]]\ncolumn = \"v\"\nopen_at = [true]\nfields = [\"*\"]\nroutes = [\"friend_app\"]\n[fields]\n",
    ),
];

/// Mistakes in partner.toml and rules.toml.
const OF_PARTNER: [Mistake; 5] = [
    ("country = \"NL\"\n", ""),
    ("country = \"NL\"", "country = \"Netherlands\""),
    ("id = \"aurora\"", "id = \"Aurora Devices\""),
    ("owners = []", "owners = [{ name = \"A\", country = \"NL\", percent = \"20%\" }]"),
    ("name = \"Aurora\"", "nane = \"Aurora\""),
];

const OF_RULES: [Mistake; 3] = [
    ("= false", "= no"),
    ("[\"id\"]", "[\"ids\"]"),
    ("minor_friend_fields", "minor_friends_fields"),
];

const OF_AGREEMENT: [Mistake; 8] = [
    ("kind = \"device\"\n", ""),
    ("kind = \"device\"", "kind = \"phone\""),
    ("2026-01-01T00:00:00Z", "\"2026-01-01\""),
    ("2026-01-01T00:00:00Z", "2026-01-01"),
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00"),
    ("dpv:ServiceProvision", "dpv:ServiceProvison"),
    ("[[purpose]]", "[purpose]"),
    ("\"name\"]", "\"nmae\"]"),
];

const OF_BUILD: [Mistake; 3] = [
    ("signer = \"ab", "signer = \"zz"),
    ("version_code = 1", "version_code = \"1\""),
    ("purposes = [\"service\"]", "purposes = \"service\""),
];

/// The table.
struct Table {
    folder: String,
    text: String,
}

impl Table {
    /// Tries a command; what was changed, and the sentence that came of it.
    fn tried(&mut self, what: &str, command: &mut Command) {
        let (is_content, said) = said(command);
        assert!(!is_content, "{what}: {said}");
        let said = said.replace(&self.folder, "DIR");
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        self.text += &format!("{}\n    {first}\n", what.replace('\n', "⏎"));
    }

    fn mistakes(
        &mut self,
        file: &Path,
        text: &str,
        mistakes: &[Mistake],
        mut command: impl FnMut() -> Command,
    ) {
        self.text += &format!("{}\n", file.file_name().unwrap().display());
        for (from, to) in mistakes {
            let wrong = text.replacen(from, to, 1);
            assert_ne!(wrong, text, "{from}");
            fs::write(file, wrong).unwrap();
            self.tried(&format!("  {from} → {to}"), &mut command());
        }
        fs::write(file, text).unwrap();
        self.text += "\n";
    }
}

#[test]
fn golden_mistakes_in_files_are_told_with_what_is_allowed() {
    let world = World::founded();
    let file = |name: &str| world.path().join(name);
    let folder = world.path().display().to_string();
    let mut table = Table { folder, text: String::new() };
    let with_dir = |arguments: &[&str]| {
        let mut command = program(arguments);
        command.arg("--dir").arg(world.path());
        command
    };
    let config = fs::read_to_string(world.directory.config()).unwrap();
    let port = world.address.to_string();
    table.mistakes(&world.directory.config(), &config, &CONFIG, || with_dir(&["check"]));

    let source = "\n[source.postgres]\nurl = \"postgresql://r@127.0.0.1:1/d\"\ntls = \"disable\"\nmapping = \"mapping.toml\"\n[graph]";
    world.configure("kind = \"image\"", "kind = \"postgres\"");
    world.configure("\n[graph]", source);
    let check = || with_dir(&["source", "check"]);
    table.mistakes(&file("mapping.toml"), MAPPING, &OF_MAPPING, check);
    let in_file = |command: &[&str], name: &str| {
        let mut command = with_dir(command);
        command.arg(file(name));
        command
    };
    let key = finish(program(&["key", "show"]).arg(world.directory.key("partner-aurora")));
    let partner = PARTNER.replace("KEY", String::from_utf8(key.stdout).unwrap().trim());
    let register = || in_file(&["partner", "register"], "partner.toml");
    table.mistakes(&file("partner.toml"), &partner, &OF_PARTNER, register);
    let rules = || in_file(&["governance", "rules", "check"], "rules.toml");
    table.mistakes(&file("rules.toml"), RULES, &OF_RULES, rules);

    let agreement = || in_file(&["agreement", "check"], "agreement.toml");
    table.mistakes(&file("agreement.toml"), AGREEMENT, &OF_AGREEMENT, agreement);
    let build = || in_file(&["partner", "build", "submit"], "build.toml");
    table.mistakes(&file("build.toml"), BUILD, &OF_BUILD, build);

    table.text += "whole files\n";
    let written = |bytes: &[u8]| fs::write(file("mapping.toml"), bytes).unwrap();
    fs::rename(file("mapping.toml"), file("maping.toml")).unwrap();
    table.tried("  mapping.toml is called maping.toml", &mut check());
    fs::create_dir(file("mapping.toml")).unwrap();
    table.tried("  mapping.toml is a folder", &mut check());
    fs::remove_dir(file("mapping.toml")).unwrap();
    written(b"");
    table.tried("  mapping.toml is empty", &mut check());
    written(b"version = 1\n[people]\ntable = \"caf\xe9\"\n");
    table.tried("  mapping.toml is in Latin-1", &mut check());
    let wide: Vec<u8> = MAPPING.encode_utf16().flat_map(u16::to_le_bytes).collect();
    written(&[&[0xff, 0xfe], &wide[..]].concat());
    table.tried("  mapping.toml is in UTF-16", &mut check());
    written(b"{ \"version\": 1 }");
    table.tried("  mapping.toml is JSON", &mut check());
    // What is no mistake: a byte order mark, tabs, line ends of Windows. Then the database is asked.
    let windows = format!("\u{feff}{}", MAPPING.replace(" = ", "\t=\t").replace('\n', "\r\n"));
    written(windows.as_bytes());
    table
        .tried("  mapping.toml has a byte order mark, tabs and line ends of Windows", &mut check());
    assert_golden("file_mistakes.txt", &table.text.replace(&port, "ADDRESS"));
}

//! Partners whose names look alike: who registers the second is told, and so is whoever reads the register or checks
//! the log. What is invisible in a name is shown.

use std::fs;
use std::process::Command;

use countersign_people::data_dir::DataDir;

use crate::cli::commands::{ANN, BEN, Desk};
use crate::support::log_key;
use crate::support::{finish, verifier};

#[test]
fn confusable_names_are_told_where_acts_are_made_and_on_the_register_page() {
    let desk = Desk::new();
    let run = |arguments: &[&str]| {
        let output = desk.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let said = run(&["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN]);
    assert!(!said.contains("look alike"), "{said}");
    let toml = fs::read_to_string(desk.path("aurora.toml")).unwrap();
    let key = run(&["key", "new", "other.key"]);
    let own = toml.lines().find(|line| line.starts_with("key = ")).unwrap();
    let second = toml.replace("id = \"aurora\"", "id = \"second\"");
    let second = second.replace(own, &format!("key = \"{}\"", key.trim()));
    let second = second.replace("Aurora Devices Ltd", "\u{410}urora\u{200b} Devices Ltd");
    desk.write("second.toml", &second);
    // Nobody is to sign what they cannot see.
    let said = run(&["partner", "register", "--dir", "p", "second.toml", "--out", "act.json", ANN]);
    assert!(said.contains("\u{410}urora\\u{200b} Devices Ltd"), "{said}");
    let said = run(&["governance", "act", "show", "act.json"]);
    assert!(said.contains("\u{410}urora\\u{200b} Devices Ltd"), "{said}");
    let alike = "partners whose names look alike: aurora \"Aurora Devices Ltd\", second \"\\u{410}urora\\u{200b} Devices Ltd\"";
    run(&["governance", "act", "sign", "act.json", "--dir", "p", BEN]);
    let said = run(&["governance", "act", "submit", "--dir", "p", "act.json"]);
    assert!(said.contains(&format!("notice: {alike}")), "{said}");

    let agreement = fs::read_to_string(desk.path("agreement.toml")).unwrap();
    desk.write("second.agreement", &agreement.replace("\"aurora", "\"second"));
    let second = "--sign=partner:second=other.key";
    run(&["agreement", "conclude", "--dir", "p", "second.agreement", second, ANN, BEN]);
    let _server = desk.serve();
    let page = desk.page();
    let page = page.replace("&#34;", "\"").replace("&quot;", "\"");
    assert!(page.contains(alike), "{page}");
    assert!(page.contains(">\u{410}urora\\u{200b} Devices Ltd<"), "{page}");
    assert!(!page.contains('\u{200b}'), "what is invisible is on the page");

    let key = log_key(&DataDir::new(&desk.path("p")));
    let mut check = Command::new(verifier());
    let output = finish(check.args(["log"]).arg(desk.path("p/log")).args(["--key", &key]));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("notice: {alike}")), "{said}");
}

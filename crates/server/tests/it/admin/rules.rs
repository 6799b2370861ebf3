//! The platform's own rules in Cedar, from a file to the next answer.

use std::fs;

use serde_json::{Value, json};

use crate::support::village;
use crate::support::{World, finish, program};

const READ: &str = "/v3.0/me?fields=name,work,friends.limit(400){name,work}";

/// A rules file in the world's folder that names these Cedar texts.
fn write(world: &World, cedar: &[&str]) -> String {
    let names: Vec<_> = (0..cedar.len()).map(|number| format!("rule-{number}.cedar")).collect();
    for (name, text) in names.iter().zip(cedar) {
        fs::write(world.path().join(name), text).unwrap();
    }
    let file = world.path().join("rules.toml");
    let text = format!(
        "special_categories_of_friends = false\nminor_friend_fields = [\"id\", \"name\"]\nclosed_territories = [\"KP\"]\ncedar = {names:?}\n"
    );
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

fn run(world: &World, arguments: &[&str]) -> Result<String, String> {
    let output = finish(program(arguments).current_dir(world.path()));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn publish(world: &World, file: &str) -> Result<String, String> {
    let folder = world.path().to_str().unwrap();
    let sign = |name: &str| {
        format!(
            "--sign=reviewer:{name}={}",
            world.directory.key(&format!("reviewers/{name}")).display()
        )
    };
    run(
        world,
        &["governance", "rules", "publish", "--dir", folder, file, &sign("ines"), &sign("omar")],
    )
}

const NO_WORK: &str = r#"@id("work stays with the people") @reason("special_category")
forbid (principal, action, resource)
when { resource == Field::"work" && context.relation == "friend" };"#;

fn works(answer: &Value) -> (bool, usize) {
    let friends = answer["friends"]["data"].as_array().unwrap();
    let of_friends = friends.iter().filter(|friend| friend.get("work").is_some()).count();
    (answer.get("work").is_some(), of_friends)
}

#[test]
fn a_rule_in_cedar_holds_from_the_next_request_on_and_is_named_by_explain() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let (viewer, friends) = works(&serving.read(READ, &token));
    assert!(viewer && friends > 0);
    let said = publish(&world, &write(&world, &[NO_WORK])).unwrap();
    assert!(said.contains("The rules are in the log"), "{said}");
    assert_eq!(works(&serving.read(READ, &token)), (true, 0));
    let wanted = json!({ "build": countersign_demo::world::BUILD, "purpose": countersign_demo::world::PURPOSE, "fields": ["work"] });
    let reply = serving.client.post("/admin/v1/explain", &serving.admin_token(), &wanted).unwrap();
    let explained: Value = serde_json::from_slice(&reply.body).unwrap();
    let work = &explained["friend"][0];
    assert_eq!(work["reason"], "special_category");
    assert_eq!(work["clause"], "platform rule \"work stays with the people\"");
    assert_eq!(work["entry"], serving.head() - 2, "the act, before the last answer");
    let shown =
        run(&world, &["governance", "rules", "show", "--dir", world.path().to_str().unwrap()])
            .unwrap();
    assert!(shown.contains("rule \"work stays with the people\" (special_category)"), "{shown}");
    // Without it, things are as they were.
    publish(&world, &write(&world, &[])).unwrap();
    assert_eq!(works(&serving.read(READ, &token)), (viewer, friends));
    world.verified(serving.head());
}

#[test]
fn rules_that_cannot_be_taken_are_refused_with_what_to_do_and_nothing_changes() {
    let world = village::founded();
    let head = world.log().head();
    for (cedar, expected) in [
        ("forbid everything", "rule-0.cedar: the rules cannot be read"),
        (
            "@reason(\"minor\") forbid (principal, action, resource);",
            "rule number 1 has no name: put @id(\"…\") in front of it",
        ),
        (
            "@id(\"a\") forbid (principal, action, resource);",
            "rule \"a\" has no reason: put @reason(\"…\")",
        ),
        (
            "@id(\"a\") @reason(\"minors\") forbid (principal, action, resource);",
            "did you mean \"minor\"?",
        ),
        (
            "@id(\"a\") @reason(\"minor\") permit (principal, action, resource);",
            "rule \"a\" permits: rules only forbid",
        ),
        (
            "@id(\"a\") @reason(\"minor\") forbid (principal, action, resource) when { principal.approved };",
            "rule \"a\" looks at the principal",
        ),
        (
            "@id(\"a\") @reason(\"minor\") forbid (principal == Build::\"x\", action, resource);",
            "rule \"a\" looks at the principal",
        ),
        (
            "@id(\"a\") @reason(\"minor\") forbid (principal, action, resource) when { context.age < 18 };",
            "rule \"a\" does not fit what rules can look at",
        ),
        (
            "@id(\"a\") @reason(\"minor\") forbid (principal, action, resource) when { context.now + 1 > 5 };",
            "context.now may only be compared",
        ),
    ] {
        let file = write(&world, &[cedar]);
        let said = publish(&world, &file).unwrap_err();
        assert!(said.contains(expected), "{cedar}: {said}");
        let folder = world.path().to_str().unwrap();
        assert!(run(&world, &["governance", "rules", "check", "--dir", folder, &file]).is_err());
    }
    let twice = "@id(\"a\") @reason(\"minor\") forbid (principal, action, resource) when { context.minor };";
    let said = publish(&world, &write(&world, &[twice, twice])).unwrap_err();
    assert!(said.contains("rule \"a\" is there twice"), "{said}");
    assert_eq!(world.log().head(), head);
}

#[test]
fn the_examples_to_start_from_are_rules() {
    let world = village::founded();
    let examples = ["special_categories", "minors", "territory"].map(|name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/rules");
        fs::read_to_string(format!("{folder}/{name}.cedar")).unwrap()
    });
    let file = write(&world, &examples.each_ref().map(String::as_str));
    let said = run(
        &world,
        &["governance", "rules", "check", "--dir", world.path().to_str().unwrap(), &file],
    )
    .unwrap();
    assert_eq!(said.matches("\nrule ").count(), 6, "{said}");
    publish(&world, &file).unwrap();
    let token = world.token(village::VIEWER);
    assert_eq!(world.serve().get(READ, &token).status, 200);
}

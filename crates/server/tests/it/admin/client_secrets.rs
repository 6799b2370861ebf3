//! Clients' secrets: made, shown once, replaced and removed, by the admin API and by command.

use countersign_demo::world::CLIENT;
use countersign_domain::identifier::Identifier;
use serde_json::Value;

use crate::support::{Serving, World, finish, program, send};

fn call(serving: &Serving<'_>, method: &str, client: &str) -> (u16, Value) {
    let admin = format!("Bearer {}", serving.admin_token());
    let path = format!("/admin/v1/clients/{client}/secret");
    let reply = send(&serving.world.url(), method, &path, &[("authorization", &admin)], "");
    (reply.status, reply.json().unwrap_or_default())
}

/// Whether this is the client's secret, while no server runs.
fn is_secret(world: &World, secret: &Value) -> bool {
    let kept = world.people().client_secret(&Identifier::parse(CLIENT).unwrap()).unwrap();
    kept.is_some_and(|kept| kept.is(secret.as_str().unwrap()))
}

#[test]
fn a_client_of_the_register_gets_a_secret_that_replaces_the_one_before() {
    let world = World::founded();
    let serving = world.serve();
    let (status, first) = call(&serving, "POST", CLIENT);
    assert_eq!((status, first["client"].as_str()), (200, Some(CLIENT)));
    let (_, second) = call(&serving, "POST", CLIENT);
    assert_ne!(first["secret"], second["secret"]);
    for unknown in ["nobody", "Not%20a%20name"] {
        assert_eq!(call(&serving, "POST", unknown).0, 404);
        assert_eq!(call(&serving, "DELETE", unknown).0, 404);
    }
    assert!(!serving.said().contains(second["secret"].as_str().unwrap()));
    serving.stop();
    assert!(is_secret(&world, &second["secret"]) && !is_secret(&world, &first["secret"]));
    let serving = world.serve();
    assert_eq!(call(&serving, "DELETE", CLIENT).1["removed"], true);
    assert_eq!(call(&serving, "DELETE", CLIENT).1["removed"], false);
    serving.stop();
    assert!(!is_secret(&world, &second["secret"]));
}

#[test]
fn the_command_does_the_same_with_and_without_a_server() {
    let world = World::founded();
    let run = |client: &str, more: &[&str]| {
        let mut command = program(&["partner", "client", "secret", "--json", client]);
        let output = finish(command.arg("--dir").arg(world.path()).args(more));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.success(), document, String::from_utf8(output.stderr).unwrap())
    };
    let (done, offline, _) = run(CLIENT, &[]);
    assert!(done && is_secret(&world, &offline["secret"]));
    let serving = world.serve();
    let (done, online, _) = run(CLIENT, &[]);
    assert!(done && online["secret"] != offline["secret"]);
    assert!(run("nobody", &[]).2.contains("no such client in the register"));
    serving.stop();
    assert!(is_secret(&world, &online["secret"]));
    assert!(run("nobody", &[]).2.contains("no such client in the register"));
    assert_eq!(run(CLIENT, &["--remove"]).1["removed"], true);
    let serving = world.serve();
    assert_eq!(run(CLIENT, &["--remove"]).1["removed"], false);
    serving.stop();
    assert!(!is_secret(&world, &online["secret"]));
}

//! Two programs on one instance: the second one refuses, says why, and harms nothing; and the first one's
//! violent end is no reason to refuse.

use std::process::{Child, Command, Stdio};

use countersign_service::instance::log;

use crate::support::village;
use crate::support::{World, eventually, finish, program};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";

/// Runs a command that has to refuse: exit code 1, and a sentence on what to do.
fn assert_refused(command: &mut Command, expected: &str) {
    let output = finish(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    assert!(said.contains(expected) && said.contains("stop it first"), "{command:?}: {said}");
}

fn people_file(world: &World) -> std::path::PathBuf {
    let path = world.path().join("more.jsonl");
    std::fs::write(&path, "{\"account\":\"newcomer\",\"profile\":{\"name\":\"N\"}}\n").unwrap();
    path
}

#[test]
fn crash_second_program_beside_a_server_refuses_and_harms_nothing() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let file = people_file(&world);
    let serving = world.serve();
    let before = serving.read(READ, &token);
    let people_in_use = "another program has these people open";
    assert_refused(program(&["serve"]).arg("--dir").arg(world.path()), people_in_use);
    let import = || {
        let mut command = program(&["people", "import", "jsonl"]);
        command.arg("--dir").arg(world.path()).arg(&file);
        command
    };
    assert_refused(&mut import(), people_in_use);
    let mut generate = program(&["people", "generate"]);
    assert_refused(generate.arg("--dir").arg(world.path()).args(["--people", "5"]), people_in_use);
    assert_refused(program(&["people", "image"]).arg("--dir").arg(world.path()), people_in_use);
    // What can be asked of the server is asked of it.
    let settings = finish(
        program(&["people", "settings"]).arg("--dir").arg(world.path()).arg(village::VIEWER),
    );
    assert!(settings.status.success());
    let suspended = finish(
        program(&["partner", "suspend"])
            .arg("--dir")
            .arg(world.path())
            .args(suspend_arguments(&world)),
    );
    assert!(suspended.status.success(), "{}", String::from_utf8_lossy(&suspended.stderr));
    serving.reinstate();
    world.assert_checks();
    assert_eq!(serving.read(READ, &token), before);
    serving.kill();
    // The kernel has let go of every lock.
    assert!(finish(&mut import()).status.success());
    let serving = world.serve();
    assert_eq!(serving.read(READ, &token), before);
    assert!(serving.stop().success());
    world.assert_checks();
}

fn suspend_arguments(world: &World) -> Vec<String> {
    let key = world.directory.key("reviewers/ines");
    let signer = format!("reviewer:ines={}", key.display());
    ["partner:aurora", "--reason", "one directory", "--sign", &signer].map(str::to_owned).to_vec()
}

#[test]
fn crash_second_program_beside_a_command_refuses_and_harms_nothing() {
    let world = village::founded();
    // This process has the people open, as an import does.
    let people = world.people();
    let people_in_use = "another program has these people open";
    assert_refused(program(&["serve"]).arg("--dir").arg(world.path()), people_in_use);
    assert_refused(
        program(&["people", "import", "jsonl"])
            .arg("--dir")
            .arg(world.path())
            .arg(people_file(&world)),
        people_in_use,
    );
    drop(people);
    // This process has the log open, as a command does that appends while no server runs.
    let log = log::open(&world.directory, &world.config().settings()).unwrap();
    let log_in_use = "another process uses this log";
    assert_refused(program(&["serve"]).arg("--dir").arg(world.path()), log_in_use);
    assert_refused(
        program(&["people", "settings"]).arg("--dir").arg(world.path()).arg(village::VIEWER),
        log_in_use,
    );
    assert_refused(
        program(&["partner", "suspend"])
            .arg("--dir")
            .arg(world.path())
            .args(suspend_arguments(&world)),
        log_in_use,
    );
    assert_eq!(log.register().suspended().len(), 0);
    log.shutdown();
    world.assert_checks();
    let serving = world.serve();
    assert!(serving.stop().success());
}

#[test]
fn crash_of_many_servers_at_once_one_serves() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    for _ in 0..3 {
        let start = || {
            let mut command = program(&["serve"]);
            let command =
                command.arg("--dir").arg(world.path()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let mut servers: Vec<Child> = (0..5).map(|_| start()).collect();
        eventually("all but one refuse", || {
            let ended = |server: &mut Child| server.try_wait().unwrap();
            let codes: Vec<_> = servers.iter_mut().filter_map(ended).collect();
            assert!(codes.iter().all(|status| status.code() == Some(1)), "{codes:?}");
            assert!(codes.len() < servers.len(), "none serves");
            codes.len() + 1 == servers.len()
        });
        let client = countersign_demo::client::Client::new(&world.url());
        eventually("the one serves", || {
            client.get(READ, &token).is_ok_and(|reply| reply.status == 200)
        });
        for mut server in servers {
            let _ = server.kill();
            server.wait().unwrap();
        }
        world.assert_checks();
    }
}

//! The command that an alarm runs. Whatever becomes of it, the monitor says so and goes on: the alarm is also in
//! what it prints and in its exit code.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::report;

/// How long the command may take before it is ended.
const ALERT_TIMEOUT: Duration = Duration::from_secs(60);
/// How often it is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);

/// Runs the command with this text on its standard input, and says if it fails.
pub(super) fn run(command: &str, input: &str) {
    if let Err(reason) = tried(command, input) {
        report::aside(&format!("the alarm command failed: {reason}"));
    }
}

fn tried(command: &str, input: &str) -> Result<(), String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        // What it prints is not part of the report.
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let stdin = child.stdin.take();
    let input = format!("{input}\n");
    // On a thread of its own: a command that does not read must not hold the monitor up. One that ends without
    // having read everything has had what it wanted.
    std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
    ended(&mut child)
}

fn ended(child: &mut Child) -> Result<(), String> {
    let began = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(status.to_string()),
            None if began.elapsed() < ALERT_TIMEOUT => std::thread::sleep(POLL),
            None => {
                child.kill().map_err(|error| error.to_string())?;
                let _ = child.wait();
                return Err(format!(
                    "it took longer than {} s and was ended",
                    ALERT_TIMEOUT.as_secs()
                ));
            }
        }
    }
}

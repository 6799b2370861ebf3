//! Programs that a benchmark starts, and what the system says about them (Linux's `/proc`).

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::failure::{Failure, Outcome, While};

/// Clock ticks a second in `/proc/*/stat`: 100 on every Linux that we build on.
const TICKS_PER_S: f64 = 100.0;

/// A program that is killed when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a program and reads what it prints until a line for which `ready` has an answer.
    pub(crate) fn start<T>(
        command: &mut Command,
        ready: impl Fn(&str) -> Option<T>,
    ) -> Outcome<(Self, T)> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child =
            command.stdout(Stdio::piped()).spawn().during(|| format!("starting {program}"))?;
        let output = child.stdout.take();
        let running = Self(child);
        let mut lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
        while let Some(Ok(line)) = lines.next() {
            if let Some(answer) = ready(&line) {
                // Nobody must stop because nobody reads.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok((running, answer));
            }
        }
        Err(Failure::new(format!("{program} ended before it said that it was ready")))
    }

    /// CPU time that it has taken, all threads together.
    pub(crate) fn cpu_s(&self) -> Outcome<f64> {
        let stat = self.proc("stat")?;
        cpu_s_of(&stat).ok_or_else(|| Failure::new("/proc/…/stat is not what was expected"))
    }

    /// CPU time that it and the programs that it started have taken.
    pub(crate) fn tree_cpu_s(&self) -> Outcome<f64> {
        tree_cpu_s(self.0.id())
    }

    /// Memory in use: all of it, and the part that is not mapped files.
    pub(crate) fn memory_bytes(&self) -> Outcome<Memory> {
        let status = self.proc("status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 =
                line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
            Some(kibibytes * 1024)
        };
        match (field("VmRSS"), field("RssAnon")) {
            (Some(resident), Some(anonymous)) => Ok(Memory { resident, anonymous }),
            _ => Err(Failure::new("/proc/…/status is not what was expected")),
        }
    }

    fn proc(&self, file: &str) -> Outcome<String> {
        let path = format!("/proc/{}/{file}", self.0.id());
        fs::read_to_string(&path).during(|| format!("reading {path}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU time that a program and all that it started, and that still run, have taken.
pub(crate) fn tree_cpu_s(root: u32) -> Outcome<f64> {
    let mut parents = HashMap::new();
    let mut times_s = HashMap::new();
    let folders = fs::read_dir("/proc").during(|| "reading /proc".to_owned())?;
    for folder in folders.flatten() {
        let Some(pid) = folder.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // It may have ended in between.
        let Ok(stat) = fs::read_to_string(folder.path().join("stat")) else { continue };
        if let (Some(parent), Some(cpu_s)) = (parent_of(&stat), cpu_s_of(&stat)) {
            parents.insert(pid, parent);
            times_s.insert(pid, cpu_s);
        }
    }
    let is_inside = |pid: &u32| {
        let mut ancestors = std::iter::successors(Some(*pid), |pid| parents.get(pid).copied());
        ancestors.any(|ancestor| ancestor == root)
    };
    Ok(times_s.iter().filter(|(pid, _)| is_inside(pid)).map(|(_, cpu_s)| cpu_s).sum())
}

/// Resident memory of a process, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    /// Everything, mapped files included.
    pub(crate) resident: u64,
    /// What is not backed by a file.
    pub(crate) anonymous: u64,
}

/// CPU time of the calling thread; zero where the system does not tell.
pub(crate) fn this_thread_cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    cpu_s_of(&stat).unwrap_or(0.0)
}

/// The parent: field 4.
fn parent_of(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

/// User and system time: fields 14 and 15, counted behind the name, which may hold spaces.
fn cpu_s_of(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|f| f.parse::<u64>().ok());
    let ticks: u64 = ticks.sum::<Option<u64>>()?;
    Some(ticks as f64 / TICKS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_user_and_system_time() {
        let stat = "17 (a name) S 1 2 3 0 -1 4 5 6 7 8 250 50 0 0 20 0 1 0 9";
        assert_eq!(cpu_s_of(stat), Some(3.0));
        assert_eq!(parent_of(stat), Some(1));
    }
}

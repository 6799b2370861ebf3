//! What the process is told by signals while it serves, and what it tells systemd.

use std::fs::File;
use std::io;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the process is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Instruction {
    /// To stop, by the signal of this name.
    Stop(&'static str),
    /// To read the certificate again.
    Reload,
}

/// The signals of this process.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    /// A process that has a terminal is hung up when that is closed; one without is told to reload.
    has_terminal: bool,
}

impl Signals {
    /// Listens to SIGINT, SIGTERM and SIGHUP from here on. A process that was started to ignore SIGHUP, as `nohup` does
    /// it, goes on to.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn listen() -> io::Result<Self> {
        let hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup,
            has_terminal: File::open("/dev/tty").is_ok(),
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Instruction {
        let hung_up = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Instruction::Stop("SIGINT"),
            _ = self.terminate.recv() => Instruction::Stop("SIGTERM"),
            _ = hung_up => if self.has_terminal { Instruction::Stop("SIGHUP") } else { Instruction::Reload },
        }
    }
}

/// Whether this process was started to ignore SIGHUP.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Tells the service manager that requests are answered.
pub(crate) fn tell_ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells the service manager that the certificate is being read; [`tell_ready`] ends it.
pub(crate) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("the service manager was not told of the reload: {error}"),
    }
}

/// Tells the service manager that the process is about to end.
pub(crate) fn tell_stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Nothing is told, where nobody asked to be.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager was not told: {error}");
    }
}

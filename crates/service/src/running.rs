//! What runs beside the operations of an instance that is served: it folds people's changes, closes periods, asks
//! witnesses, tells the log what nobody waits for, and looks at the disk.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use countersign_log::Log;
use countersign_people::store::Folder;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::MissedTickBehavior;

use crate::closes::Closing;
use crate::consents::Consents;
use crate::operations::Service;
use crate::witnesses::Asking;

/// How often the log is told what nobody waits for.
const TELLING: Duration = Duration::from_secs(1);

/// How often it is looked how much room the log's disk has.
const LOOKING: Duration = Duration::from_secs(1);

/// What runs until this is dropped; then the log takes nothing any more.
pub struct Running {
    every_second: JoinSet<()>,
    log: Log,
    _asking: Option<Asking>,
    _closing: Closing,
    _folding: Folder,
}

impl Service {
    /// Starts what runs beside the operations.
    ///
    /// # Errors
    /// What the system says about a thread.
    pub fn run(self: &Arc<Self>) -> io::Result<Running> {
        let witnesses = self.witnesses.as_ref();
        let mut every_second = JoinSet::new();
        every_second.spawn(tell_every_second(self.consents.clone()));
        every_second.spawn(look_every_second(Arc::clone(self)));
        Ok(Running {
            log: self.log.clone(),
            _folding: Folder::start(Arc::clone(&self.people))?,
            _closing: self.closes.start()?,
            _asking: witnesses.map(|witnesses| witnesses.ask(&self.log)).transpose()?,
            every_second,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.every_second.abort_all();
        self.log.shutdown();
    }
}

/// Tells the log what nobody waits for: what newcomers begin with, and what could not be told before.
async fn tell_every_second(consents: Consents) {
    let mut ticks = tokio::time::interval(TELLING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = consents.tell().await {
            tracing::warn!(%error, "the log could not be told what people chose; it is tried again");
        }
    }
}

/// Looks how much room the log's disk has, so that no request has to.
async fn look_every_second(service: Arc<Service>) {
    let mut ticks = tokio::time::interval(LOOKING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let service = Arc::clone(&service);
        // It waits for the disk. A look that panicked has said so, and the next one is taken all the same.
        let _ = spawn_blocking(move || service.disk.look()).await;
    }
}

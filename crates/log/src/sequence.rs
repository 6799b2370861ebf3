//! The sequencer: one thread that assigns every entry its index. It rejects any decision that predates a governance
//! act or is too old, asks admission control about each disclosure, and makes batches durable.

use std::sync::Arc;
use std::time::Instant;

use countersign_domain::budget::BudgetName;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::{ACT_SKEW_S, Chronology};
use countersign_protocol::entry::{Disclosure, Entry, EntryError, SignedAct};
use countersign_protocol::merkle::{Frontier, Hash, leaf_hash};
use countersign_protocol::replay::Replay;
use tokio::sync::oneshot;

use crate::admission::{Admission, Teller, Weighed};
use crate::annex::{ActAnnex, Annex};
use crate::append::{ActError, AppendError, Stale};
use crate::backend::{Backend, replace};
use crate::batch::Batch;
use crate::clock_watch::{ClockJump, ClockWatch};
use crate::metrics::{add, set};
use crate::pool::{Next, PendingDisclosure, Pool};
use crate::publish::document_path;
use crate::released::Placed;
use crate::shared::{Durable, Shared};
use crate::writer::{StreamWriter, WriteError};

/// The one thread that appends.
pub(crate) struct Sequencer {
    pub(crate) pool: Pool,
    pub(crate) writer: StreamWriter,
    pub(crate) replay: Replay,
    pub(crate) frontier: Frontier,
    /// What the entries so far say about time: nothing is appended that an outsider would find too early.
    pub(crate) chronology: Chronology,
    pub(crate) clock: Arc<ClockWatch>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) admission: Option<Arc<dyn Admission>>,
    pub(crate) teller: Teller,
    pub(crate) merge_delay_s: u64,
}

/// A disclosure that has its place in the batch that is being made.
struct Sequenced {
    placed: Placed,
    weighed: Option<Box<dyn Weighed>>,
    alerts: Vec<BudgetName>,
    client: Identifier,
    reply: oneshot::Sender<Result<Placed, AppendError>>,
}

/// Whether a batch has changed the register.
enum RegisterChange {
    Yes,
    No,
}

impl Sequencer {
    /// Works until it is stopped.
    pub(crate) fn run(mut self) {
        loop {
            match self.pool.next() {
                Next::Disclosures(disclosures) => self.sequence(disclosures),
                Next::Act(pending) => {
                    let result =
                        self.sequence_act(pending.act, pending.document, pending.submitted_by);
                    // Whoever has stopped waiting finds the act in the register.
                    let _ = pending.reply.send(result);
                }
                Next::Own(pending) => {
                    let result = self.sequence_own(pending.entry, &pending.annex);
                    let _ = pending.reply.send(result);
                }
                Next::Stop => return,
            }
        }
    }

    /// Makes one batch of these disclosures durable, those excepted that no longer hold.
    fn sequence(&mut self, disclosures: Vec<PendingDisclosure>) {
        let time = match self.time() {
            Ok(time) => time,
            Err(error) => {
                for pending in disclosures {
                    drop(pending.reply.send(Err(error.clone())));
                }
                return;
            }
        };
        let mut batch = Batch::default();
        let mut sequenced = Vec::with_capacity(disclosures.len());
        for mut pending in disclosures {
            let index = self.frontier.size() + sequenced.len() as u64;
            match self.place(&mut pending, time, index, &mut batch) {
                Ok((placed, alerts)) => {
                    let PendingDisclosure { disclosure, weighed, reply, .. } = pending;
                    let client = disclosure.client;
                    sequenced.push(Sequenced { placed, weighed, alerts, client, reply });
                }
                // A caller that has gone away needs no answer.
                Err(error) => drop(pending.reply.send(Err(error))),
            }
        }
        if sequenced.is_empty() {
            return;
        }
        let leaves = sequenced.iter().map(|sequenced| sequenced.placed.leaf_hash);
        let written = self.write(&batch, leaves.collect());
        if written.is_ok() {
            // `now` is never below the floor, so this cannot be too early.
            let _ = self.chronology.clock(time, self.frontier.size());
            self.clock.appended(self.chronology.floor());
            self.publish(RegisterChange::No, time);
        }
        for sequenced in sequenced {
            self.finish(sequenced, time, written.clone());
        }
    }

    /// Puts one disclosure into the batch, if it still holds and is admitted. The budgets that it goes
    /// beyond and that only ask for an alert come with its place.
    fn place(
        &mut self,
        pending: &mut PendingDisclosure,
        time: Timestamp,
        index: u64,
        batch: &mut Batch,
    ) -> Result<(Placed, Vec<BudgetName>), AppendError> {
        self.check_order(pending, time).inspect_err(|_| {
            add(&self.shared.counters.refused_stale, 1);
        })?;
        let disclosure = Disclosure { time, ..pending.disclosure.clone() };
        let entry = Entry::Disclosure(disclosure).to_bytes()?;
        let alerts = match &mut pending.weighed {
            Some(weighed) => weighed.admit(time).inspect_err(|refusal| {
                self.teller.refusal(refusal, time, &self.shared.counters);
            })?,
            None => Vec::new(),
        };
        if let Err(error) = push(batch, &entry, &pending.annex) {
            pending.weighed.take().into_iter().for_each(Weighed::take_back);
            return Err(error);
        }
        Ok((self.placed(index, (&entry, &pending.annex), time, time), alerts))
    }

    /// Tells everybody what became of a disclosure. Whoever admitted it comes last: that takes longest, and
    /// nothing is admitted on this thread meanwhile.
    fn finish(&mut self, sequenced: Sequenced, time: Timestamp, written: Result<(), AppendError>) {
        let Sequenced { placed, weighed, alerts, client, reply } = sequenced;
        let is_durable = written.is_ok();
        for budget in alerts.iter().filter(|_| is_durable) {
            self.teller.alert(budget, &client, time, &self.shared.counters);
        }
        drop(reply.send(written.map(|()| placed)));
        match weighed {
            Some(weighed) if is_durable => weighed.settle(),
            Some(weighed) => weighed.take_back(),
            None => {}
        }
    }

    /// INVARIANT: no disclosure stands behind an act that its decision had not seen, at a time at which its
    /// decision no longer held, or more than two seconds behind what people chose and it had not seen. Maintained
    /// here, on the only thread that appends.
    fn check_order(&self, pending: &PendingDisclosure, now: Timestamp) -> Result<(), Stale> {
        let PendingDisclosure { disclosure, decided_at, valid_until, .. } = pending;
        let (as_of, decided_at, valid_until) = (disclosure.as_of, *decided_at, *valid_until);
        if as_of > self.frontier.size() {
            return Err(Stale::Ahead { as_of, size: self.frontier.size() });
        }
        if let Some(last_act) = self.replay.register().last_act().filter(|act| *act >= as_of) {
            return Err(Stale::ActBetween { as_of, last_act });
        }
        let as_of_min = self.chronology.as_of_min(now);
        if as_of < as_of_min {
            return Err(Stale::Behind { as_of, as_of_min });
        }
        if now < decided_at {
            return Err(Stale::Early { decided_at, now });
        }
        if now >= valid_until {
            return Err(Stale::Expired { valid_until, now });
        }
        Ok(())
    }

    /// Checks an act against the register, publishes its document, and makes it durable.
    fn sequence_act(
        &mut self,
        act: SignedAct,
        document: Option<Vec<u8>>,
        submitted_by: Option<String>,
    ) -> Result<Placed, ActError> {
        let (now, jump) = self.time_for_act();
        let mut chronology = self.chronology;
        let is_near = act.time.seconds().abs_diff(now.seconds()) <= ACT_SKEW_S;
        if !is_near || chronology.act(act.time).is_err() {
            let untimely = ActError::Untimely { time: act.time, now };
            return Err(jump.map_or(untimely, |jump| AppendError::Clock(jump).into()));
        }
        // What the act does not name is not published, and so not kept either.
        let document = document.filter(|_| act.act.document().is_some());
        let index = self.frontier.size();
        let mut replay = self.replay.clone();
        replay.apply(index, &act, document.as_deref())?;
        if let (Some(digest), Some(document)) = (act.act.document(), &document) {
            replace(&*self.backend, &document_path(&digest), document).map_err(|error| {
                self.shared.disk.refused(error.kind(), 0, document.len());
                AppendError::Disk { kind: error.kind() }
            })?;
        }
        let time = act.time;
        let entry = Entry::Act(act).to_bytes().map_err(AppendError::from)?;
        let annex = Annex::Act(ActAnnex { document, submitted_by }).to_bytes();
        let placed = self.placed(index, (&entry, &annex), time, now);
        let mut batch = Batch::default();
        push(&mut batch, &entry, &annex)?;
        self.write(&batch, vec![placed.leaf_hash])?;
        self.replay = replay;
        self.chronology = chronology;
        self.clock.appended(chronology.floor());
        self.publish(RegisterChange::Yes, now);
        Ok(placed)
    }

    /// Makes what the platform itself says durable, dated now. It is not kept waiting by a clock that
    /// nobody believes: among it is what people close.
    fn sequence_own(&mut self, mut entry: Entry, annex: &[u8]) -> Result<Placed, AppendError> {
        let (now, _) = self.time_for_act();
        match &mut entry {
            Entry::Consents(consents) => consents.time = now,
            Entry::Close(close) => close.time = now,
            // Those come by ways of their own, with their times.
            Entry::Act(_) | Entry::Disclosure(_) => {}
        }
        let entry = entry.to_bytes()?;
        let placed = self.placed(self.frontier.size(), (&entry, annex), now, now);
        let mut batch = Batch::default();
        push(&mut batch, &entry, annex)?;
        self.write(&batch, vec![placed.leaf_hash])?;
        // `now` is never below the floor, so this cannot be too early.
        let _ = self.chronology.clock(now, self.frontier.size());
        self.clock.appended(self.chronology.floor());
        self.publish(RegisterChange::No, now);
        Ok(placed)
    }

    /// The time for disclosures, or why there are none now.
    fn time(&self) -> Result<Timestamp, AppendError> {
        let time = self.clock.time()?;
        match self.shared.overdue_since(self.clock.now(), self.merge_delay_s) {
            Some(since) => Err(AppendError::Unpublished { since }),
            None => Ok(time),
        }
    }

    /// The time that an act's is held against. If the clock has jumped, it is what it should be: what
    /// closes something is taken from whoever has a clock that is right.
    fn time_for_act(&self) -> (Timestamp, Option<ClockJump>) {
        match self.clock.time() {
            Ok(now) => (now, None),
            Err(jump) => (jump.expected.max(self.chronology.floor()), Some(jump)),
        }
    }

    fn placed(
        &self,
        index: u64,
        (entry, annex): (&[u8], &[u8]),
        time: Timestamp,
        now: Timestamp,
    ) -> Placed {
        let deadline = now.plus_seconds(self.merge_delay_s);
        let bytes = entry.len() + annex.len();
        Placed { index, leaf_hash: leaf_hash(entry), time, deadline, bytes }
    }

    fn write(&mut self, batch: &Batch, leaves: Vec<Hash>) -> Result<(), AppendError> {
        let counters = &self.shared.counters;
        let began = Instant::now();
        let before = self.writer.durable();
        let synced_in = self.writer.append(batch).map_err(|error| {
            add(&counters.write_errors, 1);
            match error {
                WriteError::Refused(kind) => {
                    tracing::warn!(%kind, "the disk refused a batch; nothing of it was released");
                    self.shared.disk.refused(kind, before.offset, batch.length_bytes());
                    AppendError::Disk { kind }
                }
                WriteError::Poisoned(kind) => {
                    set(&counters.poisoned, 1);
                    AppendError::Poisoned { kind }
                }
            }
        })?;
        self.shared.disk.wrote();
        counters.write_us.add(began.elapsed().as_micros() as u64);
        counters.sync_us.add(synced_in.as_micros() as u64);
        counters.batch_entries.add(leaves.len() as u64);
        add(&counters.entries, leaves.len() as u64);
        add(&counters.stream_bytes, self.writer.durable().offset - before.offset);
        for leaf in leaves {
            self.frontier.push(leaf);
        }
        Ok(())
    }

    /// Shows what is durable to everybody else; with the register, if it has changed.
    fn publish(&self, change: RegisterChange, now: Timestamp) {
        let durable = Durable { end: self.writer.durable(), root: self.frontier.root() };
        let register = match change {
            RegisterChange::Yes => Some(Arc::new(self.replay.register().clone())),
            RegisterChange::No => None,
        };
        // INVARIANT: whoever admits knows the register before anybody can decide on it, so that what is
        // weighed for such a decision is weighed with its schema. Maintained here and in `open.rs`.
        if let (Some(admission), Some(register)) = (&self.admission, &register) {
            admission.governed(register);
        }
        self.shared.publish(durable, register, now);
    }
}

fn push(batch: &mut Batch, entry: &[u8], annex: &[u8]) -> Result<(), AppendError> {
    let too_long = || EntryError::TooLong { found_bytes: entry.len().max(annex.len()) };
    batch.push(entry, annex).ok_or_else(|| AppendError::Entry(too_long()))
}

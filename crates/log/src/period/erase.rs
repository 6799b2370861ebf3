//! Erasing people from the closed periods: what the annexes of the stream say about them.
//!
//! Their items are found as the people themselves would find them, by their labels. In place of the handle
//! comes the first half of the label, which nobody can connect with anything once the secret is destroyed, and
//! by which the period's own files give the commitment that others' proofs need.
//!
//! What it is not: it destroys neither secrets nor what else is known of the people, and does not look into
//! the period that is open. It may be done again, and then finds nothing to do.

use std::collections::{BTreeMap, HashMap};

use countersign_domain::person::{Handle, Secret};
use countersign_protocol::merkle::Hash;
use countersign_protocol::person_index::Label;

use super::{Period, PeriodError, Periods, open_period};
use crate::annex;
use crate::rewrite::{Rewritten, rewrite};
use crate::stream::{Found, Position};

/// How many bytes of batches are rewritten at once.
const AT_ONCE_BYTES: usize = 64 << 20;

/// How much was overwritten.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Overwritten {
    /// Records and consent records.
    pub items: u64,
    /// Batches of the stream.
    pub batches: u64,
}

/// People in the places of one period: what stands for each from now on.
struct Instead {
    /// The first entry behind the period.
    until: u64,
    people: HashMap<Handle, Handle>,
}

impl Periods {
    /// Overwrites what the stream says about these people in all closed periods. Durable when it returns. It
    /// blocks.
    ///
    /// # Errors
    /// [`PeriodError`]. Some of it may have been overwritten then, and the next call does the rest.
    pub fn erase(&self, people: &[(Handle, Secret)]) -> Result<Overwritten, PeriodError> {
        let (mut batches, mut periods) = (BTreeMap::new(), Vec::new());
        let closed = self.last.as_ref().map_or(0, |last| last.number + 1);
        for number in 0..closed {
            let period = open_period(&*self.backend, number)?;
            let mut instead = Instead { until: period.head().until, people: HashMap::new() };
            for (handle, secret) in people {
                let label = Label::of(secret, number);
                instead.people.insert(*handle, nobody(&label));
                for item in period.show(&label)?.items.unwrap_or_default() {
                    let at = self.batch_of(&period, item.index)?;
                    batches.insert(at.offset, at.index);
                }
            }
            periods.push(instead);
        }
        self.overwrite(&batches, &periods)
    }

    /// The batch that an entry of a period is in.
    fn batch_of(&self, period: &Period, index: u64) -> Result<Position, PeriodError> {
        let mut at = period.place(index)?;
        loop {
            let Found::Batch { end, .. } = self.stream.read(at)? else {
                return Err(PeriodError::Short { found: at.index, until: index + 1 });
            };
            if index < end.index {
                return Ok(at);
            }
            at = end;
        }
    }

    fn overwrite(
        &self,
        batches: &BTreeMap<u64, u64>,
        periods: &[Instead],
    ) -> Result<Overwritten, PeriodError> {
        let mut done = Overwritten::default();
        let (mut waiting, mut waiting_bytes) = (Vec::new(), 0);
        for (offset, index) in batches {
            let at = Position { index: *index, offset: *offset };
            let Found::Batch { batch, .. } = self.stream.read(at)? else {
                return Err(PeriodError::Short { found: at.index, until: at.index + 1 });
            };
            let bytes = batch.rewritten(&self.stream.id, at.index, |index, annex| {
                let number = periods.partition_point(|period| period.until <= index);
                let Some(instead) = periods.get(number) else { return Ok(false) };
                let erased = annex::erase(annex, &instead.people);
                let erased = erased.map_err(|error| PeriodError::annex(index, &error))?;
                done.items += u64::from(erased);
                Ok::<_, PeriodError>(erased > 0)
            })?;
            let Some(bytes) = bytes else { continue };
            done.batches += 1;
            waiting_bytes += bytes.len();
            waiting.push(Rewritten { offset: *offset, bytes });
            if waiting_bytes > AT_ONCE_BYTES {
                rewrite(&*self.backend, &self.stream, &waiting)?;
                (waiting, waiting_bytes) = (Vec::new(), 0);
            }
        }
        rewrite(&*self.backend, &self.stream, &waiting)?;
        Ok(done)
    }
}

/// What stands for whoever had this label.
fn nobody(label: &Label) -> Handle {
    Handle(label.0.first_chunk().copied().unwrap_or_default())
}

impl Period {
    /// The commitment at this place of an entry, of somebody who is erased and for whom this stands in the
    /// annex; `None` if there is none.
    ///
    /// # Errors
    /// [`PeriodError`] if the files cannot be read.
    pub(crate) fn remains(
        &self,
        nobody: Handle,
        index: u64,
        position: u32,
    ) -> Result<Option<Hash>, PeriodError> {
        let Some(items) = self.items_from(&nobody.0)? else { return Ok(None) };
        let item = items.iter().find(|item| (item.index, item.position) == (index, position));
        Ok(item.map(|item| item.commitment))
    }
}

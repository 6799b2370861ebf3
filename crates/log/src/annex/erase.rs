//! Erasing people from an annex: in place, so that the stream around it stays where it is.
//!
//! Of an erased person the handle is overwritten by what is put in its place, the first half of their label in
//! the period of the entry: whoever has the period's files finds the commitment there that the entry needs, and
//! nothing else. Their line is overwritten if it is nobody else's. With a viewer go the circumstances and what
//! was withheld, of everybody in the answer: all of it says something of the viewer.
//!
//! What stays: the seed, from which the others' salts come, and how many people there were, which the
//! commitments tell anyway.

use std::collections::HashMap;

use countersign_domain::person::Handle;
use countersign_domain::reason::Reason;

use super::{
    ANNEX_VERSION, AnnexError, FIELDS_BYTES, HANDLE_BYTES, KIND_CONSENTS, KIND_DISCLOSURE, NOBODY,
    place_bytes,
};

const SEED_BYTES: usize = 32;
const PERSON_BYTES: usize = 16;
const REASON_BYTES: usize = 1 + FIELDS_BYTES;
const LINE_BYTES: usize = 1 + 2 * FIELDS_BYTES;

/// Overwrites what an annex says of these people, each of whom is replaced by another handle, which leads to
/// nobody. How many records and consent records were overwritten.
///
/// # Errors
/// [`AnnexError`] for bytes that are no annex; then some of them may have been overwritten.
pub(crate) fn erase(annex: &mut [u8], people: &HashMap<Handle, Handle>) -> Result<u32, AnnexError> {
    let mut input = InPlace { rest: annex };
    match input.array("version and kind")? {
        [ANNEX_VERSION, KIND_DISCLOSURE] => input.disclosure(people),
        [ANNEX_VERSION, KIND_CONSENTS] => input.consents(people),
        [ANNEX_VERSION, _] => Ok(0),
        [found, _] => Err(AnnexError::UnknownVersion { found }),
    }
}

/// What is left to go through.
struct InPlace<'a> {
    rest: &'a mut [u8],
}

impl<'a> InPlace<'a> {
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a mut [u8], AnnexError> {
        let rest = std::mem::take(&mut self.rest);
        let (taken, rest) = rest.split_at_mut_checked(length).ok_or(AnnexError::CutOff { what })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], AnnexError> {
        let taken = self.take(N, what)?;
        taken.first_chunk().copied().ok_or(AnnexError::CutOff { what })
    }

    fn many(
        &mut self,
        count: usize,
        bytes: usize,
        what: &'static str,
    ) -> Result<Vec<&'a mut [u8]>, AnnexError> {
        // No more is set aside than there are bytes for.
        let all = self.take(count.saturating_mul(bytes), what)?;
        Ok(all.chunks_exact_mut(bytes).collect())
    }

    fn text(&mut self, what: &'static str) -> Result<&'a mut [u8], AnnexError> {
        match self.array(what)? {
            [0] => Ok(&mut []),
            [_] => {
                let [length] = self.array(what)?;
                self.take(usize::from(length), what)
            }
        }
    }

    fn disclosure(&mut self, people: &HashMap<Handle, Handle>) -> Result<u32, AnnexError> {
        self.take(SEED_BYTES, "seed")?;
        let circumstances = [self.text("grant")?, self.text("network")?, self.text("zone")?];
        let hidden_count = self.take(4, "hidden count")?;
        let mut withheld = Vec::new();
        for _ in 0..3 {
            let [count] = self.array("reasons")?;
            withheld.append(&mut self.many(count.into(), REASON_BYTES, "withheld fields")?);
        }
        let lines = u16::from_le_bytes(self.array("decisions")?).into();
        let mut lines = self.many(lines, LINE_BYTES, "decisions")?;
        let records = u32::from_le_bytes(self.array("records")?) as usize;
        let record_bytes = HANDLE_BYTES + place_bytes(lines.len());
        let mut records = self.many(records, record_bytes, "records")?;

        let erased = records.iter_mut().map(|record| erase_record(record, people));
        let erased: Vec<bool> = erased.collect();
        let mut in_use = vec![false; lines.len()];
        for record in &records {
            let place = record.iter().skip(HANDLE_BYTES).rev();
            let place = place.fold(0, |place, byte| place << 8 | usize::from(*byte));
            if let Some(in_use) = in_use.get_mut(place) {
                *in_use = true;
            }
        }
        for (line, _) in lines.iter_mut().zip(in_use).filter(|(_, in_use)| !in_use) {
            line.fill(0);
        }
        if erased.first() == Some(&true) {
            circumstances.into_iter().for_each(|text| text.fill(0));
            hidden_count.fill(0);
            for line in withheld {
                line.fill(0);
                if let [reason, ..] = line {
                    *reason = Reason::ALL.first().map_or(0, |reason| reason.code());
                }
            }
        }
        Ok(erased.iter().map(|erased| u32::from(*erased)).sum())
    }

    fn consents(&mut self, people: &HashMap<Handle, Handle>) -> Result<u32, AnnexError> {
        self.take(SEED_BYTES, "seed")?;
        let count = u32::from_le_bytes(self.array("consent records")?);
        let mut erased = 0;
        for _ in 0..count {
            let handle = self.take(HANDLE_BYTES, "handle")?;
            let person = self.take(PERSON_BYTES, "person")?;
            let length = u16::from_le_bytes(self.array("consent record")?);
            let record = self.take(length.into(), "consent record")?;
            if replace(handle, people) {
                person.fill(0);
                record.fill(0);
                erased += 1;
            }
        }
        Ok(erased)
    }
}

/// Overwrites a record if it is of one of these people; whether it is.
fn erase_record(record: &mut [u8], people: &HashMap<Handle, Handle>) -> bool {
    let Some((handle, place)) = record.split_at_mut_checked(HANDLE_BYTES) else { return false };
    let is_erased = replace(handle, people);
    if is_erased {
        place.fill(NOBODY);
    }
    is_erased
}

fn replace(handle: &mut [u8], people: &HashMap<Handle, Handle>) -> bool {
    let found = handle.first_chunk().and_then(|bytes| people.get(&Handle(*bytes)));
    if let Some(instead) = found {
        handle.copy_from_slice(&instead.0);
    }
    found.is_some()
}

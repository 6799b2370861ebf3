//! Searching what no close covers yet, entry by entry. A handle is 16 random bytes, so an annex in which
//! its bytes do not stand is not about that person.

use countersign_domain::person::Handle;

use super::{LedgerError, OwnSecret, Subject};
use crate::annex::Annex;
use crate::period::{PeriodHead, for_each_pair};
use crate::stream::Stream;

/// What was found about the person.
pub(super) struct Found<'a> {
    /// The place of the secret that it is under.
    pub(super) place: u16,
    /// That secret.
    pub(super) own: &'a OwnSecret,
    pub(super) index: u64,
    pub(super) position: u32,
    /// The entry and its annex.
    pub(super) pair: &'a (Vec<u8>, Vec<u8>),
}

/// Shows everything about the person among the entries of this range, which begins where a period does.
pub(super) fn each(
    stream: &Stream,
    newest: Option<&PeriodHead>,
    (from, until): (u64, u64),
    subject: &Subject,
    mut show: impl FnMut(Found<'_>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut failed = None;
    for_each_pair(stream, newest, until, |index, entry, annex| {
        let is_named = |own: &OwnSecret| annex.windows(16).any(|window| window == own.handle.0);
        if failed.is_some() || index < from || !subject.secrets.iter().any(is_named) {
            return;
        }
        let pair = (entry.to_vec(), annex.to_vec());
        failed = show_pair(index, &pair, subject, &mut show).err();
    })?;
    failed.map_or(Ok(()), Err)
}

fn show_pair(
    index: u64,
    pair: &(Vec<u8>, Vec<u8>),
    subject: &Subject,
    show: &mut impl FnMut(Found<'_>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let annex = Annex::parse(&pair.1).map_err(|error| LedgerError::entry(index, error))?;
    for (handle, position) in handles(&annex).into_iter().zip(0..) {
        let own = (0..).zip(&subject.secrets).find(|(_, own)| own.handle == handle);
        if let Some((place, own)) = own {
            show(Found { place, own, index, position, pair })?;
        }
    }
    Ok(())
}

fn handles(annex: &Annex) -> Vec<Handle> {
    match annex {
        Annex::Disclosure(annex) => annex.records.iter().map(|record| record.handle).collect(),
        Annex::Consents(annex) => annex.records.iter().map(|consent| consent.handle).collect(),
        Annex::Act(_) | Annex::Close => Vec::new(),
    }
}

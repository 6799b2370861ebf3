//! Possible matches: who of a subject may be which listing of which list. Each waits for a person.
//!
//! A match carries names of people and a score: it is private. Its id is a hash of names that anybody
//! can list, so it is private too.

use std::collections::BTreeMap;

use countersign_domain::digest::Digest;
use countersign_domain::partner::Country;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::index::{Found, Index, WordMatch};
use super::list::{Listing, ListingKind};
use super::name::Name;
use super::subject::{Party, Role, Subject};

/// The least score at which a name may be a listing's, so that a person has to decide.
/// `docs/screening.md` has what it finds and what it costs, as measured.
pub const POSSIBLE_MATCH_SCORE_MIN: u16 = 840;

/// What a match is known by: its party and its listing. It stays when lists are published anew, so a
/// decision holds as long as the listing says of the party's identity what it said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MatchId(Digest);

/// A party that may be a listed one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// What decisions know it by.
    pub id: MatchId,
    /// In what part the party was screened.
    pub role: Role,
    /// The party's name, as it was screened.
    pub name: String,
    /// How much alike the names are: [`POSSIBLE_MATCH_SCORE_MIN`] to 1,000.
    pub score: u16,
    /// The listed name that is most like the party's.
    pub listed_name: String,
    /// The words that both share.
    pub words: Vec<WordMatch>,
    /// Whether the list connects the listing with the party's country. It tells the person who decides
    /// something; it changes no score, since who is listed may move.
    pub country: CountryAgreement,
    /// The listing.
    pub listing: Listing,
}

/// What the countries of a party and a listing say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountryAgreement {
    /// The list connects the listing with the party's country.
    Same,
    /// It connects it with other countries only.
    Different,
    /// It connects it with none.
    NotListed,
}

/// Why somebody cannot be screened: it would clear them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotScreenable {
    /// There is no list.
    #[error("there is no list to screen against; load one")]
    NoList,
    /// A name without a letter or digit that could be compared.
    #[error("the {} {name:?} has no letters that can be compared with a list's", role.as_str())]
    NoLetters {
        /// In what part the party was to be screened.
        role: Role,
        /// The name.
        name: String,
    },
}

/// Screens everybody behind a subject against lists. The order of the lists makes no difference.
///
/// # Errors
/// [`NotScreenable`] where finding nothing would say nothing.
pub fn screen(subject: &Subject, lists: &[&Index]) -> Result<Vec<Match>, NotScreenable> {
    if lists.is_empty() {
        return Err(NotScreenable::NoList);
    }
    let mut matches = BTreeMap::new();
    for party in subject.parties() {
        if Name::new(party.name).is_empty() {
            let (role, name) = (party.role, party.name.to_owned());
            return Err(NotScreenable::NoLetters { role, name });
        }
        for index in lists {
            for found in index.find(party.name, POSSIBLE_MATCH_SCORE_MIN) {
                let id = MatchId::new(&party, found.listing);
                let held: Option<&Match> = matches.get(&id);
                // The same listing on two lists is one match; the clearer one is shown.
                if held.is_some_and(|held| held.score >= found.score) {
                    continue;
                }
                let listing = found.listing.clone();
                let listed_name = found.listed_name.to_owned();
                let country = CountryAgreement::of(party.country, &listing);
                let (role, name) = (party.role, party.name.to_owned());
                let Found { score, words, .. } = found;
                matches.insert(
                    id,
                    Match { id, role, name, score, listed_name, words, country, listing },
                );
            }
        }
    }
    let mut matches: Vec<_> = matches.into_values().collect();
    matches.sort_by_key(|found| (found.role, std::cmp::Reverse(found.score), found.id));
    Ok(matches)
}

impl MatchId {
    /// Derives the id: role, name and country of the party; list, id, kind, names and countries of the
    /// listing. Programmes are left out: they say nothing about who somebody is.
    #[must_use]
    pub fn new(party: &Party<'_>, listing: &Listing) -> Self {
        let mut hash = Sha256::new_with_prefix(b"countersign screening match v1");
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        let country = party.country.to_string();
        let kind = match listing.kind {
            ListingKind::Organisation => "organisation",
            ListingKind::Person => "person",
            ListingKind::Vessel => "vessel",
            ListingKind::Aircraft => "aircraft",
            ListingKind::Unknown => "unknown",
        };
        [
            party.role.as_str(),
            party.name,
            &country,
            &listing.source,
            &listing.id,
            kind,
            &listing.name,
        ]
        .into_iter()
        .for_each(&mut text);
        // A publisher may write the same names in another order.
        let mut names: Vec<_> = listing.alternative_names.iter().collect();
        names.sort();
        text(&names.len().to_string());
        names.into_iter().for_each(|name| text(name));
        listing.countries.iter().for_each(|country| text(&country.to_string()));
        Self(Digest(hash.finalize().into()))
    }

    /// The digest itself.
    #[must_use]
    pub const fn digest(self) -> Digest {
        self.0
    }
}

impl CountryAgreement {
    fn of(country: Country, listing: &Listing) -> Self {
        if listing.countries.is_empty() {
            Self::NotListed
        } else if listing.countries.contains(&country) {
            Self::Same
        } else {
            Self::Different
        }
    }
}

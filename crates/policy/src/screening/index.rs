//! An index of a list: from the words of a name to the names on the list that have words like them.
//!
//! INVARIANT: the score of a name against a listing never falls when listings are added to the list. The
//! words that both have count what they count in any list; how often a word stands on this one only
//! makes it cheaper to leave out. So a list that grew never clears somebody.

mod score;
mod vocabulary;

use std::collections::HashMap;

use score::{Pair, score};
use serde::{Deserialize, Serialize};
use vocabulary::{Place, Vocabulary};

use super::list::{Listing, ScreeningList};
use super::name::Name;

/// A list, ready to be asked.
#[derive(Debug)]
pub struct Index {
    list: ScreeningList,
    names: Vec<ListedName>,
    vocabulary: Vocabulary,
    joined: HashMap<String, Vec<(usize, usize)>>,
}

#[derive(Debug)]
struct ListedName {
    listing: usize,
    text: String,
    name: Name,
}

/// A listing that a name may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<'a> {
    /// The listing.
    pub listing: &'a Listing,
    /// The one of its names that is most like it.
    pub listed_name: &'a str,
    /// How much alike they are: 0 to 1,000.
    pub score: u16,
    /// The words that they share, in Latin letters.
    pub words: Vec<WordMatch>,
}

/// Two words that were taken for one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordMatch {
    /// The word, or two adjacent ones, of the name that was asked about.
    pub asked: String,
    /// The word, or two adjacent ones, of the listed name.
    pub listed: String,
    /// How much alike they are: 0 to 1,000.
    pub similarity: u16,
}

impl Index {
    /// Indexes a list.
    #[must_use]
    pub fn new(list: ScreeningList) -> Self {
        let mut names = Vec::new();
        let mut vocabulary = Vocabulary::default();
        let mut joined: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (listing, listed) in list.listings().iter().enumerate() {
            for text in listed.names() {
                let name = Name::new(text);
                vocabulary.add(names.len(), listing, &name);
                let (letters, words) = name.joined();
                joined.entry(letters).or_default().push((names.len(), words));
                names.push(ListedName { listing, text: text.to_owned(), name });
            }
        }
        vocabulary.finish();
        Self { list, names, vocabulary, joined }
    }

    /// The list.
    #[must_use]
    pub const fn list(&self) -> &ScreeningList {
        &self.list
    }

    /// The listings whose score against a name is at least `score_min`, the likeliest first.
    #[must_use]
    pub fn find(&self, name: &str, score_min: u16) -> Vec<Found<'_>> {
        let asked = Name::new(name);
        let mut best: HashMap<usize, (u16, usize, Vec<Pair>)> = HashMap::new();
        let mut take = |at: usize, scored: (u16, Vec<Pair>)| {
            let Some(listed) = self.names.get(at).filter(|_| scored.0 >= score_min) else { return };
            let held = best.get(&listed.listing);
            if held.is_none_or(|held| (scored.0, held.1) > (held.0, at)) {
                best.insert(listed.listing, (scored.0, at, scored.1));
            }
        };
        for (at, pairs) in self.pairs(&asked) {
            let Some(listed) = self.names.get(at) else { continue };
            take(at, score(&asked, &listed.name, pairs, &self.vocabulary));
        }
        let (letters, words) = asked.joined();
        let same = self.joined.get(&letters).into_iter().flatten();
        let otherwise_split = same.filter(|(_, listed)| *listed != words && !letters.is_empty());
        otherwise_split.for_each(|(at, _)| take(*at, (score::SAME_LETTERS, Vec::new())));
        let mut found: Vec<_> = best
            .into_values()
            .filter_map(|(score, at, pairs)| self.found(&asked, score, at, &pairs))
            .collect();
        // The order may not depend on how a hash map iterates.
        let known_by = |found: &Found<'_>| (found.listing.id.clone(), found.listing.source.clone());
        found.sort_by_cached_key(|found| (std::cmp::Reverse(found.score), known_by(found)));
        found
    }

    /// For each listed name with a word like one of these, the pairs of words.
    fn pairs(&self, asked: &Name) -> HashMap<usize, Vec<Pair>> {
        let mut pairs: HashMap<usize, Vec<Pair>> = HashMap::new();
        let single = asked.words.iter().enumerate().filter(|(_, word)| !word.says_nothing());
        let single = single.map(|(at, word)| (at, 1, word.clone()));
        for (start, span, word) in single.chain(asked.pairs().map(|(at, word)| (at, 2, word))) {
            for (unit, similarity) in self.vocabulary.like(&word, span == 2) {
                for Place { name, start: listed, span: listed_span } in self.vocabulary.places(unit)
                {
                    let pair = Pair {
                        asked: start..start + span,
                        listed: *listed..*listed + usize::from(*listed_span),
                        similarity,
                    };
                    pairs.entry(*name).or_default().push(pair);
                }
            }
        }
        pairs
    }

    fn found(&self, asked: &Name, score: u16, at: usize, pairs: &[Pair]) -> Option<Found<'_>> {
        let listed = self.names.get(at)?;
        let text = |name: &Name, range: &std::ops::Range<usize>| {
            let words = name.words.get(range.clone()).unwrap_or_default();
            words.iter().map(|word| word.spelling.as_str()).collect::<Vec<_>>().join(" ")
        };
        let words = pairs.iter().map(|pair| WordMatch {
            asked: text(asked, &pair.asked),
            listed: text(&listed.name, &pair.listed),
            similarity: u16::try_from(pair.similarity).unwrap_or(1_000),
        });
        Some(Found {
            listing: self.list.listings().get(listed.listing)?,
            listed_name: &listed.text,
            score,
            words: words.collect(),
        })
    }
}

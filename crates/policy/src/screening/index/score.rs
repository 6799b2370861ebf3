//! The score of two names: the weight of what they share, of all that both say.

use std::ops::Range;

use super::vocabulary::Vocabulary;
use crate::screening::name::{Name, Word, edits_max_in_place, similarity};

/// The score of names that are the same letters in other words.
pub(super) const SAME_LETTERS: u16 = 970;

/// Below this, the words that two names share are too few to look at the rest.
const SCORE_BY_WORDS_MIN: u64 = 400;

/// From this similarity on, a word is the same word.
const SAME_WORD: u32 = 950;

/// A word from this weight on is distinctive.
const DISTINCTIVE: u64 = 500;

/// A word below this weight is a legal form or a small word.
const SAYS_SOMETHING: u64 = 100;

/// From this similarity on, which is one edit in seven letters, an edited word alone is no accident.
const SURE_ALONE: u32 = 914;

/// From this one on, one edit in five letters, it is none where a common word agrees too.
const SURE_WITH_COMMON_WORD: u32 = 880;

/// Common words that agree by accident weigh from here: thousands are a university or an airline.
const INSTITUTION: u64 = 400;

/// Two words taken as one have to be as like as this.
const PAIR_IN_PLACE: u32 = 940;

/// What two names lose that agree in nothing distinctive beyond doubt.
const DOUBT: u64 = 150;

/// Words of the one name that may be words of the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pair {
    pub(super) asked: Range<usize>,
    pub(super) listed: Range<usize>,
    pub(super) similarity: u32,
}

/// Scores two names, given the pairs of words that are alike wherever they stand; says which pairs count.
pub(super) fn score(
    asked: &Name,
    listed: &Name,
    pairs: Vec<Pair>,
    vocabulary: &Vocabulary,
) -> (u16, Vec<Pair>) {
    let mut sum = Sum { asked, listed, taken: Vec::new() };
    sum.take(pairs);
    if sum.score(vocabulary) < SCORE_BY_WORDS_MIN {
        return (0, Vec::new());
    }
    sum.take(sum.pairs_in_place());
    let score = sum.score(vocabulary).min(1_000);
    (u16::try_from(score).unwrap_or(1_000), sum.taken)
}

struct Sum<'a> {
    asked: &'a Name,
    listed: &'a Name,
    taken: Vec<Pair>,
}

impl Sum<'_> {
    /// Takes pairs of the same words first, then the most valuable; every word counts once.
    fn take(&mut self, mut pairs: Vec<Pair>) {
        pairs.sort_by_key(|pair| {
            let covered = weight(self.asked, &pair.asked) + weight(self.listed, &pair.listed);
            let worth = covered * u64::from(pair.similarity);
            let differs = pair.similarity < 1_000;
            let (asked, listed) = (&pair.asked, &pair.listed);
            (differs, std::cmp::Reverse(worth), asked.start, listed.start, asked.end, listed.end)
        });
        for pair in pairs {
            let overlaps = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
            let clashes =
                |t: &Pair| overlaps(&t.asked, &pair.asked) || overlaps(&t.listed, &pair.listed);
            if !self.taken.iter().any(clashes) {
                self.taken.push(pair);
            }
        }
    }

    /// The weight of a pair: of its lighter side, since a word is worth no more than what it is found as.
    fn shared(&self, pair: &Pair) -> u64 {
        weight(self.asked, &pair.asked).min(weight(self.listed, &pair.listed))
    }

    /// Pairs among the words that have none yet, less alike than a search by words finds.
    fn pairs_in_place(&self) -> Vec<Pair> {
        let asked = units(self.asked, |at| self.taken.iter().any(|pair| pair.asked.contains(&at)));
        let listed =
            units(self.listed, |at| self.taken.iter().any(|pair| pair.listed.contains(&at)));
        let mut pairs = Vec::new();
        for (asked, left) in &asked {
            for (listed, right) in &listed {
                let Some(similarity) = alike_in_place(left, right) else { continue };
                let enough = match asked.len() + listed.len() {
                    2 => true,
                    3 => similarity >= PAIR_IN_PLACE,
                    _ => false,
                };
                if enough {
                    pairs.push(Pair { asked: asked.clone(), listed: listed.clone(), similarity });
                }
            }
        }
        pairs
    }

    fn score(&self, vocabulary: &Vocabulary) -> u64 {
        let matched: u64 =
            self.taken.iter().map(|pair| self.shared(pair) * u64::from(pair.similarity)).sum();
        let total: u64 = self.taken.iter().map(|pair| self.shared(pair)).sum();
        let asked = missing(self.asked, vocabulary, |at| {
            self.taken.iter().any(|pair| pair.asked.contains(&at))
        });
        let listed = missing(self.listed, vocabulary, |at| {
            self.taken.iter().any(|pair| pair.listed.contains(&at))
        });
        let mut missing = u64::midpoint(asked, listed);
        // Names of common words alone differ by common words.
        if !self.taken.iter().any(|pair| self.shared(pair) >= DISTINCTIVE) {
            missing += missing / 2;
        }
        let score = matched.checked_div(total + missing).unwrap_or(0);
        if self.is_sure() { score } else { score.saturating_sub(DOUBT) }
    }

    /// Whether something distinctive agrees beyond doubt, or nothing distinctive is in the names.
    fn is_sure(&self) -> bool {
        let says = |pair: &Pair| {
            let shared = self.shared(pair);
            pair.similarity >= SAME_WORD && (SAYS_SOMETHING..INSTITUTION).contains(&shared)
        };
        let enough = if self.taken.iter().any(says) { SURE_WITH_COMMON_WORD } else { SURE_ALONE };
        let distinctive = |pair: &&Pair| self.shared(pair) >= DISTINCTIVE;
        let mut distinctive = self.taken.iter().filter(distinctive).peekable();
        distinctive.peek().is_none() || distinctive.any(|pair| pair.similarity >= enough)
    }
}

fn weight(name: &Name, range: &Range<usize>) -> u64 {
    let words = name.words.get(range.clone()).unwrap_or_default();
    words.iter().map(|word| u64::from(word.weight)).sum()
}

/// The weight of the words that are not taken, as far as it counts that they are missing.
fn missing(name: &Name, vocabulary: &Vocabulary, is_taken: impl Fn(usize) -> bool) -> u64 {
    let words = name.words.iter().enumerate().filter(|(at, _)| !is_taken(*at));
    let cost = |word: &Word| {
        if u64::from(word.weight) < DISTINCTIVE {
            1_000
        } else {
            u64::from(vocabulary.cost_of_missing(word))
        }
    };
    words.map(|(_, word)| u64::from(word.weight) * cost(word) / 1_000).sum()
}

/// The words that are not taken, and each two adjacent ones of them as one.
fn units(name: &Name, is_taken: impl Fn(usize) -> bool) -> Vec<(Range<usize>, Word)> {
    let single = name.words.iter().enumerate().map(|(at, word)| (at..at + 1, word.clone()));
    let pairs = name.all_pairs().map(|(at, word)| (at..at + 2, word));
    single.chain(pairs).filter(|(range, _)| !range.clone().any(&is_taken)).collect()
}

/// How alike two words are that stand in the same place. A short word may differ only where it says
/// nothing anyway.
fn alike_in_place(left: &Word, right: &Word) -> Option<u32> {
    if left.spelling == right.spelling || left.sound == right.sound {
        return Some(SAME_WORD);
    }
    let short = left.written.len().max(right.written.len()) < 5;
    if left.known && right.known || short && !left.says_nothing() && !right.says_nothing() {
        return None;
    }
    let edits_max = edits_max_in_place(left.written.len().max(right.written.len()));
    similarity(&left.written, &right.written, edits_max)
}

//! The words of a list, to be found by words like them.
//!
//! Words lie in buckets by length; each has a bit for every letter in it. A word that differs in more
//! letters than edits could change is passed over without a closer look, which is what makes a walk over
//! a whole vocabulary cheap.

use std::collections::{BTreeMap, HashMap};

use crate::screening::name::{
    Face, Name, SAME_SOUND, Script, Word, edits_max, letters_in, similarity,
};

/// A word, by its number.
pub(super) type Unit = usize;

/// Where a word stands: in which name, from which word on, how many words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) name: usize,
    pub(super) start: usize,
    pub(super) span: u8,
}

/// Every word of a list, and every two adjacent ones as one.
#[derive(Default, Debug)]
pub(super) struct Vocabulary {
    units: HashMap<(String, Script, bool), Unit>,
    places: Vec<Vec<Place>>,
    /// The number of listings in which a word stands, and the last one of them.
    listings: HashMap<String, (usize, Option<usize>)>,
    faces: BTreeMap<Face, Seen>,
    /// Words of the list whose own script says less than Latin, seen from its side only.
    own_faces: BTreeMap<Face, Seen>,
    words: Vec<(Word, bool)>,
}

/// The words, seen from one side.
#[derive(Default, Debug)]
struct Seen {
    single: Buckets,
    pairs: Buckets,
}

/// Words by their length, in letters.
type Buckets = BTreeMap<usize, Vec<Look>>;

/// Two adjacent words are compared as one, with an edit, from this length on.
const EDITED_PAIR_LETTERS_MIN: usize = 10;

/// Words that only sound the same are compared from this length on.
const SOUND_LETTERS_MIN: usize = 4;

/// How one word looks.
#[derive(Debug)]
struct Look {
    letters: u64,
    text: String,
    unit: Unit,
    known: bool,
    letters_written: usize,
}

impl Vocabulary {
    /// Adds a name's words.
    pub(super) fn add(&mut self, name_number: usize, listing: usize, name: &Name) {
        for (start, word) in name.words.iter().enumerate() {
            let unit = self.unit(word, false);
            let (listings, last) = self.listings.entry(word.spelling.clone()).or_default();
            if last.replace(listing) != Some(listing) {
                *listings += 1;
            }
            if !word.says_nothing() {
                self.place(unit, Place { name: name_number, start, span: 1 });
            }
        }
        for (start, word) in name.pairs() {
            let unit = self.unit(&word, true);
            self.place(unit, Place { name: name_number, start, span: 2 });
        }
    }

    /// Sorts the words into their buckets.
    pub(super) fn finish(&mut self) {
        for (unit, (word, is_pair)) in self.words.iter().enumerate() {
            if self.places.get(unit).is_none_or(Vec::is_empty) {
                continue;
            }
            let is_pair = *is_pair;
            for face in [Face::Spelling, Face::Sound, Face::Greek, Face::Consonants] {
                see(self.faces.entry(face).or_default(), word, face, unit, is_pair);
            }
            if let Some(face) = word.face_of_script() {
                see(self.own_faces.entry(face).or_default(), word, face, unit, is_pair);
            }
        }
    }

    fn unit(&mut self, word: &Word, is_pair: bool) -> Unit {
        let next = self.words.len();
        let unit = *self.units.entry((word.spelling.clone(), word.script, is_pair)).or_insert(next);
        if unit == next {
            self.words.push((word.clone(), is_pair));
            self.places.push(Vec::new());
        }
        unit
    }

    fn place(&mut self, unit: Unit, place: Place) {
        if let Some(places) = self.places.get_mut(unit) {
            places.push(place);
        }
    }

    /// Where a word stands.
    pub(super) fn places(&self, unit: Unit) -> &[Place] {
        self.places.get(unit).map_or(&[], Vec::as_slice)
    }

    /// The words like a word, and how much.
    pub(super) fn like(&self, word: &Word, is_pair: bool) -> HashMap<Unit, u32> {
        let mut found = HashMap::new();
        let sought = Sought { word, is_pair };
        for face in [Some(Face::Spelling), Some(Face::Sound), word.face_of_script()] {
            let Some(face) = face else { continue };
            if let Some(seen) = self.faces.get(&face) {
                sought.find(seen, face, &mut found);
            }
        }
        for (face, seen) in &self.own_faces {
            sought.find(seen, *face, &mut found);
        }
        found
    }

    /// What it costs to leave a word out, in thousandths of its weight: the less, the more listings have it.
    pub(super) fn cost_of_missing(&self, word: &Word) -> u32 {
        let listings = self.listings.get(&word.spelling).map_or(0, |(listings, _)| *listings);
        1_000_u32
            .saturating_sub(100 * (listings / 4).checked_ilog2().map_or(0, |log| log + 1))
            .max(500)
    }
}

fn see(seen: &mut Seen, word: &Word, face: Face, unit: Unit, is_pair: bool) {
    let text = word.seen(face);
    let letters_written = word.written.len();
    let letters = letters_in(&text);
    let buckets = if is_pair { &mut seen.pairs } else { &mut seen.single };
    let bucket = buckets.entry(text.len()).or_default();
    bucket.push(Look { letters, unit, known: word.known, letters_written, text });
}

/// What is looked for among the words.
struct Sought<'a> {
    word: &'a Word,
    is_pair: bool,
}

impl Sought<'_> {
    fn find(&self, seen: &Seen, face: Face, found: &mut HashMap<Unit, u32>) {
        let text = self.word.seen(face);
        // Few consonants are many words.
        if face == Face::Consonants && text.len() < 3 {
            return;
        }
        // Two words as one, on both sides, are what they are one by one.
        if self.is_pair {
            self.find_among(&seen.single, edits_max_of_pair, &text, face, found);
        } else {
            self.find_among(&seen.single, edits_max, &text, face, found);
            self.find_among(&seen.pairs, edits_max_of_pair, &text, face, found);
        }
    }

    fn find_among(
        &self,
        buckets: &Buckets,
        edits_max: fn(usize) -> usize,
        text: &str,
        face: Face,
        found: &mut HashMap<Unit, u32>,
    ) {
        let letters = letters_in(text);
        let reach = edits_max(text.len() + 3);
        for (length, looks) in buckets.range(text.len().saturating_sub(reach)..=text.len() + reach)
        {
            let edits = edits_max(text.len().max(*length));
            let bits = u32::try_from(2 * edits).unwrap_or(0);
            let near = |look: &&Look| (look.letters ^ letters).count_ones() <= bits;
            for look in looks.iter().filter(near) {
                if let Some(alike) = self.alike(text, look, face, edits) {
                    let held = found.entry(look.unit).or_insert(0);
                    *held = alike.max(*held);
                }
            }
        }
    }

    fn alike(&self, text: &str, look: &Look, face: Face, edits_max: usize) -> Option<u32> {
        if text != look.text {
            // Two common words are two words, however alike: Hunan and Henan.
            let common = self.word.known && look.known;
            return (!common).then(|| similarity(text, &look.text, edits_max)).flatten();
        }
        let letters = self.word.written.len().max(look.letters_written);
        match face {
            Face::Spelling => Some(1_000),
            // `GSS` and `GHS` sound the same and are not.
            _ => (letters >= SOUND_LETTERS_MIN).then_some(SAME_SOUND),
        }
    }
}

/// A break put in or left out is an edit already.
const fn edits_max_of_pair(letters: usize) -> usize {
    if letters < EDITED_PAIR_LETTERS_MIN { 0 } else { 1 }
}

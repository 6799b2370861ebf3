//! A name as it is compared: words in Latin letters, each with a weight.

mod classes;
mod edits;
mod letters;
mod sound;

pub(super) use edits::{SAME_SOUND, edits_max, edits_max_in_place, letters_in, similarity};
pub(super) use letters::Script;

/// A name, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// Its words, in their order.
    pub(super) words: Vec<Word>,
}

/// One word, or two adjacent ones written as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word {
    /// How it is written, in small Latin letters and digits.
    pub(super) written: String,
    /// The same; abbreviations and other forms of common words in full.
    pub(super) spelling: String,
    /// How it sounds, so that ways of romanising it agree.
    pub(super) sound: String,
    /// What counts when it, or what it is compared with, comes from a script that says less.
    pub(super) script: Script,
    /// How much of the name it is, in thousandths of a distinctive word.
    pub(super) weight: u32,
    /// Whether it is a common word.
    pub(super) known: bool,
}

/// Which form of two words is compared: one that both scripts can say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Face {
    /// As written.
    Spelling,
    /// As it sounds.
    Sound,
    /// As Greek letters can say it.
    Greek,
    /// Consonants alone: Arabic and Hebrew leave short vowels out.
    Consonants,
}

impl Name {
    /// Takes a name apart.
    pub(super) fn new(text: &str) -> Self {
        let mut words: Vec<_> = letters::fragments(text).into_iter().map(Word::from).collect();
        // A name may be nothing but small words; then they are what it says.
        if words.iter().all(Word::says_nothing) {
            words.iter_mut().for_each(|word| word.weight = classes::WEIGHT_OF_PLACE);
        }
        Self { words }
    }

    /// Whether nothing of the text could be read: it cannot be compared with anything.
    pub(super) const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Two adjacent words as one, where something is in them that names are found by: `Hua Wei` is
    /// `Huawei`.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, Word)> {
        let says = |(at, pair): &(usize, Word)| {
            let words = self.words.get(*at..at + 2).unwrap_or_default();
            !pair.says_nothing() && !words.iter().all(Word::says_nothing)
        };
        self.all_pairs().filter(says)
    }

    /// Any two adjacent words as one.
    pub(super) fn all_pairs(&self) -> impl Iterator<Item = (usize, Word)> {
        let pairs = self.words.iter().zip(self.words.iter().skip(1)).enumerate();
        pairs.map(|(at, (first, second))| (at, Word::joined(first, second)))
    }

    /// All words that are no legal form, as one: `Zhong Xing Tong Xun` is `Zhongxing Tongxun`. How many
    /// they are is said too: names of as many words are compared word by word.
    pub(super) fn joined(&self) -> (String, usize) {
        let said = || self.words.iter().filter(|word| !word.says_nothing());
        (said().map(|word| word.sound.as_str()).collect(), said().count())
    }
}

impl Word {
    fn from(fragment: letters::Fragment) -> Self {
        Self::new(fragment.letters, fragment.script)
    }

    fn new(written: String, script: Script) -> Self {
        let known = classes::in_full(&written, script);
        let spelling = known.or_else(|| classes::edited(&written)).unwrap_or(&written).to_owned();
        Self::spelt(written, spelling, script)
    }

    fn spelt(written: String, spelling: String, script: Script) -> Self {
        let (weight, known) = classes::weight(&spelling);
        Self { sound: sound::sound(&spelling), written, spelling, script, weight, known }
    }

    fn joined(first: &Self, second: &Self) -> Self {
        let script = if first.script == second.script { first.script } else { Script::Latin };
        let written = format!("{}{}", first.written, second.written);
        let spelling = classes::in_full(&written, script).unwrap_or(&written).to_owned();
        let joined = Self::spelt(written, spelling, script);
        // Unless it is a word that all names share, it is as much as both.
        let weight = if joined.known { joined.weight } else { first.weight + second.weight };
        Self { weight, ..joined }
    }

    /// Whether it is a legal form or a small word, which names are found without.
    pub(super) const fn says_nothing(&self) -> bool {
        self.weight <= classes::WEIGHT_OF_LEGAL_FORM
    }

    /// How the word looks from a side.
    pub(super) fn seen(&self, face: Face) -> String {
        match face {
            Face::Spelling => self.spelling.clone(),
            Face::Sound => self.sound.clone(),
            Face::Greek => sound::greek(&self.spelling),
            Face::Consonants => sound::consonants(&self.spelling),
        }
    }

    /// The side from which a word has to be seen because of its own script, besides the usual two.
    pub(super) const fn face_of_script(&self) -> Option<Face> {
        match self.script {
            Script::Greek => Some(Face::Greek),
            Script::Unvowelled => Some(Face::Consonants),
            Script::Other | Script::Latin => None,
        }
    }
}

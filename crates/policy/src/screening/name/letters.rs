//! Writes a name in small Latin letters and cuts it into words.
//!
//! The crate `any_ascii` knows the letters of every script, one by one. What takes more than one letter
//! is here: Greek pairs, Chinese words for kinds of company, letters between full stops.

use super::sound::GREEK_LETTERS;

/// Which script a word came from, as far as that script says less than Latin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in super::super) enum Script {
    /// Has one letter where Latin has several.
    Greek,
    /// Arabic, Hebrew: leaves short vowels out.
    Unvowelled,
    /// Every other script that is not Latin.
    Other,
    /// Latin.
    Latin,
}

/// A piece of a name without a break.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) letters: String,
    pub(super) script: Script,
}

/// Chinese, Japanese and Korean write no spaces, and lists translate these words where they romanise
/// the rest. Longer ones first.
const WORDS_WITHOUT_SPACES: [(&str, &str); 36] = [
    ("股份有限公司", " jsc "),
    ("有限责任公司", " llc "),
    ("有限責任公司", " llc "),
    ("有限公司", " ltd "),
    ("株式会社", " ltd "),
    ("株式會社", " ltd "),
    ("주식회사", " ltd "),
    ("유한회사", " llc "),
    ("研究所", " research institute "),
    ("研究院", " research institute "),
    ("进出口", " import export "),
    ("進出口", " import export "),
    ("集团", " group "),
    ("集團", " group "),
    ("公司", " company "),
    ("技术", " technology "),
    ("技術", " technology "),
    ("科技", " technology "),
    ("大学", " university "),
    ("大學", " university "),
    ("电子", " electronics "),
    ("電子", " electronics "),
    ("전자", " electronics "),
    ("工业", " industry "),
    ("工業", " industry "),
    ("国际", " international "),
    ("國際", " international "),
    ("贸易", " trading "),
    ("貿易", " trading "),
    ("航空", " aviation "),
    ("航天", " aerospace "),
    ("银行", " bank "),
    ("銀行", " bank "),
    ("控股", " holding "),
    ("中国", " china "),
    ("中國", " china "),
];

/// Cuts a text into words of small Latin letters and digits.
pub(super) fn fragments(text: &str) -> Vec<Fragment> {
    let mut text = text.to_lowercase();
    if text.chars().any(|c| c >= '\u{3000}') {
        for (from, to) in WORDS_WITHOUT_SPACES {
            text = text.replace(from, to);
        }
    }
    let mut fragments: Vec<Fragment> = Vec::new();
    let mut after_initial = false;
    for chunk in text.split_whitespace() {
        let mut pieces = with_initials_joined(cut(chunk));
        // `S. A.` is `S.A.`; but `S.A. S.L.` is two words.
        let is_initial = matches!(pieces.as_slice(), [piece] if piece.letters.len() == 1);
        match (fragments.last_mut(), pieces.as_slice()) {
            (Some(last), [piece]) if is_initial && after_initial => {
                last.letters.push_str(&piece.letters);
            }
            _ => fragments.append(&mut pieces),
        }
        after_initial = is_initial;
    }
    fragments
}

/// Cuts a text without spaces at its punctuation.
fn cut(chunk: &str) -> Vec<Fragment> {
    let mut cutter = Cutter { fragments: Vec::new(), word: String::new(), script: Script::Latin };
    let mut rest = chunk;
    while let Some(first) = rest.chars().next() {
        let greek = GREEK_LETTERS.iter().find(|(from, _)| rest.starts_with(from));
        let taken = greek.map_or(first.len_utf8(), |(from, _)| from.len());
        match greek {
            Some((_, to)) => cutter.push(to, Script::Greek),
            None => cutter.take(first),
        }
        rest = rest.get(taken..).unwrap_or("");
    }
    cutter.cut();
    cutter.fragments
}

struct Cutter {
    fragments: Vec<Fragment>,
    word: String,
    script: Script,
}

impl Cutter {
    fn take(&mut self, character: char) {
        if character == '&' {
            self.cut();
            self.push("and", Script::Latin);
            return self.cut();
        }
        let latin = any_ascii::any_ascii_char(character);
        if latin.is_empty() || APOSTROPHES.contains(&character) {
            // What is invisible or stands for a sound that Latin does not write breaks no word.
        } else if !latin.contains(|c: char| c.is_ascii_alphanumeric()) {
            self.cut();
        } else if is_han(character) {
            self.cut();
            self.push(latin, Script::Other);
            self.cut();
        } else {
            self.push(latin, script(character));
        }
    }

    fn push(&mut self, latin: &str, script: Script) {
        if self.word.is_empty() || script != Script::Latin {
            self.script = script;
        }
        let kept = latin.chars().filter(char::is_ascii_alphanumeric);
        self.word.extend(kept.map(|c| c.to_ascii_lowercase()));
    }

    fn cut(&mut self) {
        if !self.word.is_empty() {
            let letters = std::mem::take(&mut self.word);
            self.fragments.push(Fragment { letters, script: self.script });
        }
    }
}

const APOSTROPHES: [char; 9] = ['\'', '’', '‘', '`', '´', 'ʼ', 'ʹ', 'ь', 'ъ'];

/// Chinese characters, each a syllable.
const fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

const fn script(character: char) -> Script {
    match character {
        '\u{0}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{0590}'..='\u{06ff}' | '\u{0750}'..='\u{077f}' => Script::Unvowelled,
        '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => Script::Unvowelled,
        _ => Script::Other,
    }
}

/// `S.A.` is `SA`.
fn with_initials_joined(fragments: Vec<Fragment>) -> Vec<Fragment> {
    let mut joined: Vec<Fragment> = Vec::new();
    let mut in_initials = false;
    for fragment in fragments {
        let initial = fragment.letters.len() == 1;
        match joined.last_mut() {
            Some(last) if initial && in_initials => last.letters.push_str(&fragment.letters),
            _ => joined.push(fragment),
        }
        in_initials = initial;
    }
    joined
}

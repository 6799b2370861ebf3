//! How alike two words are, by edits: a letter changed, left out, put in, or two swapped.

/// The similarity, in thousandths, of two words that only sound the same.
pub(in super::super) const SAME_SOUND: u32 = 970;

/// What one edit costs, in thousandths, of a word of one letter.
const COST_OF_EDIT: usize = 600;

/// The longest word, in letters, that is compared letter by letter.
const LETTERS_MAX: usize = 64;

/// The most edits between two spellings of one word. A short word, edited, is another word.
pub(in super::super) const fn edits_max(letters: usize) -> usize {
    match letters {
        0..=4 => 0,
        5..=7 => 1,
        8..=12 => 2,
        _ => 3,
    }
}

/// The same of two words that stand in the same place of names that are otherwise alike.
pub(in super::super) const fn edits_max_in_place(letters: usize) -> usize {
    match letters {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        9..=13 => 3,
        _ => 4,
    }
}

/// How alike two words are that differ, in thousandths; nothing, if it takes more than so many edits.
pub(in super::super) fn similarity(left: &str, right: &str, edits_max: usize) -> Option<u32> {
    let letters = left.len().max(right.len());
    // Numbers differ by their digits.
    let has_digits = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
    let cannot = edits_max == 0
        || letters > LETTERS_MAX
        || left.len().abs_diff(right.len()) > edits_max
        || has_digits(left)
        || has_digits(right);
    let edits = if cannot { usize::MAX } else { edits(left.as_bytes(), right.as_bytes()) };
    let cost = || u32::try_from(COST_OF_EDIT * edits / letters).unwrap_or(1_000);
    (edits <= edits_max).then(|| 1_000_u32.saturating_sub(cost()))
}

/// The optimal string alignment distance, of texts of at most 64 bytes: a column of the table is two
/// words, the differences downwards (Hyyrö, *A bit-vector algorithm for computing Levenshtein and
/// Damerau edit distances*, 2003).
fn edits(pattern: &[u8], text: &[u8]) -> usize {
    let Some(last) = pattern.len().checked_sub(1) else { return text.len() };
    let places = |letter: u8| {
        let bits = pattern.iter().rev().map(|p| u64::from(*p == letter));
        bits.fold(0, |all, bit| all << 1 | bit)
    };
    let (mut rises, mut falls) = (u64::MAX, 0_u64);
    let (mut diagonal, mut before, mut edits) = (0_u64, 0_u64, pattern.len());
    for &letter in text {
        let here = places(letter);
        let swapped = ((!diagonal & here) << 1) & before;
        diagonal = ((here & rises).wrapping_add(rises) ^ rises) | here | falls | swapped;
        let mut rises_across = falls | !(diagonal | rises);
        let falls_across = diagonal & rises;
        edits += usize::from(rises_across >> last & 1 == 1);
        edits -= usize::from(falls_across >> last & 1 == 1);
        rises_across = rises_across << 1 | 1;
        rises = falls_across << 1 | !(diagonal | rises_across);
        falls = rises_across & diagonal;
        before = here;
    }
    edits
}

/// A bit for every letter that occurs: what differs in more bits than edits could change is no match.
pub(in super::super) fn letters_in(text: &str) -> u64 {
    text.bytes().fold(0, |bits, byte| bits | 1 << (byte & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table itself, as every textbook has it.
    fn edits_by_table(left: &[u8], right: &[u8]) -> usize {
        let mut table = vec![vec![0; right.len() + 1]; left.len() + 1];
        for row in 0..=left.len() {
            for column in 0..=right.len() {
                table[row][column] = if row == 0 || column == 0 {
                    row + column
                } else {
                    let same = left[row - 1] == right[column - 1];
                    let changed = table[row - 1][column - 1] + usize::from(!same);
                    let moved = table[row - 1][column].min(table[row][column - 1]) + 1;
                    let swaps = row > 1
                        && column > 1
                        && left[row - 1] == right[column - 2]
                        && left[row - 2] == right[column - 1];
                    let swapped = if swaps { table[row - 2][column - 2] + 1 } else { usize::MAX };
                    changed.min(moved).min(swapped)
                };
            }
        }
        table[left.len()][right.len()]
    }

    proptest::proptest! {
        #[test]
        fn property_edits_are_those_of_the_table(left in "[a-d]{0,64}", right in "[a-d]{0,64}") {
            let (left, right) = (left.as_bytes(), right.as_bytes());
            proptest::prop_assert_eq!(edits(left, right), edits_by_table(left, right));
        }
    }

    #[test]
    fn a_short_word_edited_is_another_word() {
        let alike = |left: &str, right: &str| similarity(left, right, edits_max(left.len()));
        assert_eq!(alike("bank", "tank"), None);
        assert_eq!(alike("gazprom", "gazporm"), Some(915));
        assert_eq!(alike("gazprom", "gzaporm"), None);
        assert_eq!(alike("block7ab", "block8ab"), None);
    }
}

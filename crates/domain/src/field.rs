//! A field by its number, and a set of fields as one machine word.

use std::fmt;

/// The most fields that a schema may have: a set of them is a `u128`.
pub const FIELDS_MAX: usize = 128;

/// A field's number in the schema, below [`FIELDS_MAX`]. Numbers are never reused, since records commit to them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u8);

impl FieldId {
    /// A person's name toward a partner. It is the first field of every schema: who may not have it
    /// does not learn that the person exists.
    pub const ID: Self = Self(0);
    /// The viewer's friends as a list. It is the second field of every schema.
    pub const FRIENDS: Self = Self(1);

    /// The field with this number, if there can be one.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < FIELDS_MAX { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A set of fields: bit *n* stands for the field with number *n*.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FieldSet(u128);

impl FieldSet {
    /// No field.
    pub const EMPTY: Self = Self(0);
    /// Every field that a schema could have.
    pub const ALL: Self = Self(u128::MAX);

    /// The set with these bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits of the set.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The set of one field.
    #[must_use]
    pub const fn of(field: FieldId) -> Self {
        Self(1 << field.0)
    }

    /// The fields that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The fields that are in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The fields that are in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// This set with the field in it.
    #[must_use]
    pub const fn with(self, field: FieldId) -> Self {
        self.or(Self::of(field))
    }

    /// Whether the field is in the set.
    #[must_use]
    pub const fn contains(self, field: FieldId) -> bool {
        self.0 >> field.0 & 1 == 1
    }

    /// Whether every field of this set is in the other.
    #[must_use]
    pub const fn is_within(self, other: Self) -> bool {
        self.without(other).is_empty()
    }

    /// Whether no field is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many fields are in the set.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The fields, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = FieldId> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let lowest = rest.trailing_zeros();
            if lowest as usize == FIELDS_MAX {
                return None;
            }
            rest &= rest - 1;
            Some(FieldId(lowest as u8))
        })
    }
}

impl FromIterator<FieldId> for FieldSet {
    fn from_iter<I: IntoIterator<Item = FieldId>>(fields: I) -> Self {
        fields.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn property_a_set_is_its_fields(bits: u128) {
            let set = FieldSet::from_bits(bits);
            prop_assert_eq!(set.iter().collect::<FieldSet>(), set);
            prop_assert_eq!(set.iter().count(), set.len());
            prop_assert!(set.iter().all(|field| set.contains(field)));
        }
    }
}

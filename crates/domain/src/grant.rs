//! A grant: a viewer's permission to a client.

use crate::field::{FieldId, FieldSet};
use crate::identifier::Identifier;
use crate::relation::Relation;
use crate::time::Timestamp;

/// What a viewer agreed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The client that may ask.
    pub client: Identifier,
    /// For what.
    pub purpose: Identifier,
    /// The fields of the viewer's own.
    pub viewer: FieldSet,
    /// The fields of friends that the client may ask for on the viewer's behalf.
    pub friend: FieldSet,
    /// The first second in which it no longer holds.
    pub until: Timestamp,
}

impl Grant {
    /// The fields that it gives of people of this relation.
    #[must_use]
    pub const fn fields(&self, relation: Relation) -> FieldSet {
        match relation {
            Relation::Viewer => self.viewer,
            Relation::Friend => self.friend,
        }
    }

    /// What of this grant is left where the viewer's user agent says, by the Global Privacy Control, that
    /// data be neither sold nor shared: nothing of friends, their list included, and no special category
    /// of the viewer's own. It is never more than the grant.
    #[must_use]
    pub fn under_gpc(&self, special: FieldSet) -> Self {
        let shared = special.with(FieldId::FRIENDS);
        Self { viewer: self.viewer.without(shared), friend: FieldSet::EMPTY, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_the_global_privacy_control_nothing_of_friends_and_nothing_special_is_left() {
        let name = |text| Identifier::parse(text).unwrap();
        let fields = |bits| FieldSet::from_bits(bits);
        let grant = Grant {
            client: name("home"),
            purpose: name("contacts"),
            viewer: fields(0b11_1111),
            friend: fields(0b1111),
            until: Timestamp::from_seconds(9),
        };
        let under = grant.under_gpc(fields(0b1001_0000));
        let expected = Grant { viewer: fields(0b10_1101), friend: FieldSet::EMPTY, ..grant };
        assert_eq!(under, expected);
    }
}

//! Partners whose names look alike: who reads one takes it for the other. Two reviewers sign each of them, and nobody
//! refuses a name that is written otherwise, so it is said wherever names are shown.
//!
//! Names look alike if their skeletons are equal, by UTS 39 (Unicode security mechanisms): with confusable
//! characters in place of each other, and without what is invisible.
//!
//! What it is not: a judgement. Companies may have one name in two countries.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_domain::text::quoted;
use unicode_security::confusable_detection::skeleton;

/// Partners whose names look alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfusableNames {
    /// Two partners or more with their names, by their identifiers.
    pub partners: Vec<(Identifier, String)>,
}

/// Every name among these that looks like another one's.
#[must_use]
pub fn confusable_names<'a>(
    partners: impl IntoIterator<Item = &'a Partner>,
) -> Vec<ConfusableNames> {
    let mut by_skeleton: BTreeMap<String, Vec<(Identifier, String)>> = BTreeMap::new();
    for partner in partners {
        let named = (partner.id.clone(), partner.name.clone());
        by_skeleton.entry(skeleton(&partner.name).collect()).or_default().push(named);
    }
    let alike = by_skeleton.into_values().filter(|partners| partners.len() > 1);
    alike.map(|partners| ConfusableNames { partners }).collect()
}

impl Display for ConfusableNames {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("partners whose names look alike: ")?;
        for (place, (id, name)) in self.partners.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{id} {}", quoted(name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::PublicKey;
    use countersign_domain::partner::Country;

    use super::*;

    fn partner(id: &str, name: &str) -> Partner {
        let country = Country::parse("IE").unwrap();
        Partner {
            id: Identifier::parse(id).unwrap(),
            name: name.to_owned(),
            country,
            parent: None,
            parent_country: country,
            owners: Vec::new(),
            key: PublicKey([1; 32]),
        }
    }

    #[test]
    fn names_that_look_alike_are_named_and_others_are_not() {
        let names = [
            ("a", "Aurora Devices"),
            ("b", "Borealis"),
            ("c", "\u{410}urora Devices"),
            ("d", "Aurora\u{200b} Devices"),
            ("e", "Bore4lis"),
        ];
        let partners = names.map(|(id, name)| partner(id, name));
        let alike = confusable_names(&partners);
        let [alike] = alike.as_slice() else { panic!("{alike:?}") };
        assert_eq!(
            alike.to_string(),
            r#"partners whose names look alike: a "Aurora Devices", c "\u{410}urora Devices", d "Aurora\u{200b} Devices""#
        );
        assert_eq!(confusable_names(&partners[..2]), []);
    }
}

//! Whether shares add up to control: by listed parties, or from a country of concern.
//!
//! The rules are 28 CFR 202.211 and OFAC's (50 percent, in the aggregate) and PADFA's (20 percent). An
//! owner whom such parties control passes its whole share on. One whom they own less of passes on as
//! much as they own, which is stricter than OFAC, who counts nothing there.

use countersign_domain::partner::Country;
use serde::{Deserialize, Serialize};

use super::matches::Match;
use super::outcome::{Decision, is_confirmed};
use super::subject::{Owner, Role, Subject};

/// The share from which ownership is control.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnershipRule {
    /// The least share, in percent.
    pub percent_min: u8,
    /// Whether the shares of several count together.
    pub aggregate: bool,
}

impl OwnershipRule {
    /// 28 CFR 202.211(a), and OFAC's rule for blocked persons.
    pub const HALF: Self = Self { percent_min: 50, aggregate: true };
    /// PADFA, section 2(c): a stake of 20 percent, of one person or a combination.
    pub const PADFA: Self = Self { percent_min: 20, aggregate: true };
}

/// Who controls a subject, by a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Control {
    /// Whether it is itself a listed party, or owned by such to the rule's share.
    pub by_listed: bool,
    /// Whether its seat, its parent's or that of owners with the rule's share is in a country of concern.
    pub from_country_of_concern: bool,
}

/// Says who controls a subject. Listed are the parties of matches that a person confirmed.
#[must_use]
pub fn control(
    subject: &Subject,
    matches: &[Match],
    decisions: &[Decision],
    rule: OwnershipRule,
) -> Control {
    let confirmed: Vec<_> = matches.iter().filter(|found| is_confirmed(found, decisions)).collect();
    let is_listed =
        |role, name: &str| confirmed.iter().any(|found| found.role == role && found.name == name);
    let parent_name = subject.parent.as_ref().and_then(|parent| parent.name.as_deref());
    let parent_country = subject.parent.as_ref().map(|parent| parent.country);
    let listed_owner = |owner: &Owner| is_listed(Role::Owner, &owner.name);
    let owner_of_concern = |owner: &Owner| owner.country.is_of_concern();
    Control {
        by_listed: is_listed(Role::Partner, &subject.name)
            || parent_name.is_some_and(|name| is_listed(Role::Parent, name))
            || rule.is_reached(share(&subject.owners, rule, &listed_owner)),
        from_country_of_concern: subject.country.is_of_concern()
            || parent_country.is_some_and(Country::is_of_concern)
            || rule.is_reached(share(&subject.owners, rule, &owner_of_concern)),
    }
}

/// All of something, in hundredths of a percent.
const WHOLE: u32 = 10_000;

impl OwnershipRule {
    fn is_reached(self, share: u32) -> bool {
        share > 0 && share >= u32::from(self.percent_min) * 100
    }
}

/// The share that counting owners have between them, directly or through others, in hundredths of a
/// percent. Depth first, with a stack of our own: owners nest as deep as somebody writes them.
fn share(owners: &[Owner], rule: OwnershipRule, counts: &dyn Fn(&Owner) -> bool) -> u32 {
    let mut open: Vec<(std::slice::Iter<'_, Owner>, u32, u32)> = vec![(owners.iter(), 100, 0)];
    loop {
        let Some((rest, percent, so_far)) = open.last_mut() else { return 0 };
        let Some(owner) = rest.next() else {
            let (percent, of_owner) = (*percent, (*so_far).min(WHOLE));
            open.pop();
            let whole = if rule.is_reached(of_owner) { WHOLE } else { of_owner };
            let Some((.., above)) = open.last_mut() else { return of_owner };
            rule.add(above, whole * percent / 100);
            continue;
        };
        let held = u32::from(owner.percent.min(100));
        if counts(owner) {
            rule.add(so_far, held * 100);
        } else {
            open.push((owner.owners.iter(), held, 0));
        }
    }
}

impl OwnershipRule {
    fn add(self, so_far: &mut u32, share: u32) {
        *so_far = if self.aggregate { so_far.saturating_add(share) } else { share.max(*so_far) };
    }
}

//! The lists of fields that policies written by hand are about, taken from the register.

use countersign_domain::field::FieldSet;
use countersign_domain::relation::Relation;
use countersign_domain::wind_down::Ends;

use crate::Trouble;
use crate::question::{NOW, PURPOSE, Question};

/// What holds of friends.
pub(crate) struct Lists {
    /// What the agreement gives.
    pub(crate) agreed: FieldSet,
    /// What steps have ended by now.
    pub(crate) ended: FieldSet,
    /// What the build declared.
    pub(crate) declared: FieldSet,
    /// What the platform's rules close as special categories.
    pub(crate) special: FieldSet,
    /// What they leave of minors.
    pub(crate) minors: FieldSet,
}

impl Lists {
    pub(crate) fn of(question: &Question) -> Result<Self, Trouble> {
        let register = &question.register;
        let (_, contract) =
            register.contract(&"aurora-home-1".parse()?).ok_or("there is no agreement")?;
        let agreed = contract.agreement.fields(&PURPOSE.parse()?, Relation::Friend);
        let come = contract.steps().filter(|(step, _)| step.at <= NOW);
        let ended = come.map(|(step, _)| match step.ends {
            Ends::Fields(fields) => fields,
            other => other.fields(Relation::Friend),
        });
        let rules = register.rules().ok_or("there are no rules")?;
        Ok(Self {
            agreed: agreed.ok_or("the agreement does not have the purpose")?,
            ended: ended.fold(FieldSet::EMPTY, FieldSet::or),
            declared: register.builds()["aurora-home@1"].declared(Relation::Friend),
            special: rules.special_of_friends,
            minors: rules.minor_friend_fields,
        })
    }
}

//! Where the log meets the budgets: what the log asks is answered by `countersign-policy`, and neither
//! knows the other.

use std::sync::Arc;

use countersign_domain::budget::BudgetName;
use countersign_domain::reason::Reason;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_log::admission::{Admission, Disclosed, Refusal, Weighed};
use countersign_policy::budget::{Admitted, Budgets, Reach, UsedUp};

/// Admits what budgets have room for.
pub struct ByBudgets(pub Budgets);

/// A disclosure with whom it reaches.
struct Reaching {
    budgets: Budgets,
    reach: Reach,
    admitted: Option<Admitted>,
}

impl ByBudgets {
    fn reach(&self, disclosed: &Disclosed<'_>) -> Reach {
        let Disclosed { client, partner, people } = disclosed;
        let people = people.iter().map(|record| (record.handle, record.fields));
        self.0.reach(client, partner, people)
    }
}

impl Admission for ByBudgets {
    fn governed(&self, register: &Arc<Register>) {
        self.0.governed(register);
    }

    fn replayed(&self, disclosed: &Disclosed<'_>, time: Timestamp) {
        self.0.replayed(&self.reach(disclosed), time);
    }

    fn weigh(&self, disclosed: &Disclosed<'_>) -> Box<dyn Weighed> {
        let (budgets, reach) = (self.0.clone(), self.reach(disclosed));
        Box::new(Reaching { budgets, reach, admitted: None })
    }
}

impl Weighed for Reaching {
    fn admit(&mut self, time: Timestamp) -> Result<Vec<BudgetName>, Refusal> {
        let refused = |UsedUp { budget, client }| {
            let reason = Reason::Budget;
            Refusal { reason, budget, client }
        };
        let mut admitted = self.budgets.admit(&self.reach, time).map_err(refused)?;
        let alerts = std::mem::take(&mut admitted.alerts);
        self.admitted = Some(admitted);
        Ok(alerts)
    }

    fn settle(self: Box<Self>) {
        let Self { budgets, reach, admitted } = *self;
        if let Some(admitted) = admitted {
            budgets.settle(&reach, admitted);
        }
    }

    fn take_back(self: Box<Self>) {
        let Self { budgets, reach, admitted } = *self;
        if let Some(admitted) = admitted {
            budgets.take_back(&reach, admitted);
        }
    }
}

//! Proofs of pledges, for all requests that there can be: Cedar's symbolic compiler turns the rendering of
//! an agreement and the platform's rules into logic, and the SMT solver cvc5 looks for a request that breaks
//! the pledge. If there is none, the pledge holds.
//!
//! A pledge that nothing could break says nothing. So each also needs a witness, an allowed request of the
//! kind that it speaks of, and a mutant, an agreement broken on purpose for which the same proof fails; and
//! each request that the solver finds is replayed with Cedar's own authoriser.
//!
//! What it is not: a proof about what is not in the rendering; [`ASSUMED`] lists that.

mod claim;
mod counterexample;
mod solver;

use countersign_domain::agreement::{Agreement, AgreementDocument, AgreementError};
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::rules::PlatformRules;
use countersign_domain::schema::FieldSchema;

pub use counterexample::Counterexample;
pub use solver::{ProveError, Solver};

use crate::cedar::render::{self, Part};
use solver::Question;

/// What every proof rests on without proving it.
pub const ASSUMED: [&str; 8] = [
    "that a request over HTTP is the request that was decided: the gateway's mapping of token, path and fields, which tests hold",
    "that the clock is right: the log refuses one that jumps",
    "that the register is the log's: partners' countries, builds' states and declarations",
    "that the partner certifies everything in time, for every pledge but those about certification: a lapse only ever stops more",
    "that suspensions, screening and obligations only ever stop more: they are ANDed outside of Cedar, which is tested exhaustively",
    "that settings and grants are those of the people: the store's, asked at each decision",
    "that budgets only ever stop more: they are counted before release",
    "that masks, terms and Cedar say the same: a property test holds them equal, over thousands of registers",
];

/// What came of one pledge.
#[derive(Debug)]
pub struct Proof {
    /// The pledge.
    pub pledge: PledgeDocument,
    /// Whether the agreement makes it itself; otherwise it is one that every agreement is held to.
    pub is_own: bool,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of one pledge.
#[derive(Debug)]
pub enum Outcome {
    /// It holds for all requests, and says something.
    Proved {
        /// An allowed request of the kind that it speaks of.
        witness: Counterexample,
        /// A request that breaks it, allowed by the agreement that was broken on purpose.
        mutant: Counterexample,
    },
    /// This request is allowed, and breaks it.
    Broken(Counterexample),
    /// No request of the kind that it speaks of is ever allowed, so that it says nothing.
    Vacuous,
    /// Even an agreement that was broken on purpose does not break it, so that it says nothing.
    Unbreakable,
}

impl Outcome {
    /// Whether the pledge is proved.
    #[must_use]
    pub const fn is_proved(&self) -> bool {
        matches!(self, Self::Proved { .. })
    }
}

/// An agreement with what holds beside it, about which pledges can be proved.
pub struct Subject<'a> {
    schema: &'a FieldSchema,
    rules: &'a PlatformRules,
    contract: Contract,
}

impl<'a> Subject<'a> {
    /// An agreement as it would stand in the register in its first second.
    ///
    /// # Errors
    /// [`AgreementError`] if it does not fit the schema.
    pub fn of_document(
        document: AgreementDocument,
        schema: &'a FieldSchema,
        rules: &'a PlatformRules,
    ) -> Result<Self, AgreementError> {
        let concluded = document.not_before;
        let agreement = Agreement::from_document(document, schema)?;
        let contract = Contract::new(agreement, Digest([0; 32]), 0, concluded);
        Ok(Self { schema, rules, contract })
    }

    /// The pledges to be proved: those of the agreement, then those that every agreement is held to.
    #[must_use]
    pub fn pledges(&self) -> Vec<(PledgeDocument, bool)> {
        let own = &self.contract.agreement.document.pledges;
        let every = claim::of_every_agreement(&self.contract);
        let others = every.into_iter().filter(|pledge| !own.contains(pledge));
        own.iter().cloned().map(|pledge| (pledge, true)).chain(others.map(|p| (p, false))).collect()
    }

    /// Proves one pledge, or shows why it cannot be proved.
    ///
    /// # Errors
    /// [`ProveError`] when the solver cannot be asked, gives no answer, or gives one that does not replay.
    pub fn prove(
        &self,
        (pledge, is_own): (PledgeDocument, bool),
        solver: &mut Solver,
    ) -> Result<Proof, ProveError> {
        let claim = claim::claim(&pledge, &self.contract, self.schema);
        let outcome = self.outcome(&claim, solver)?;
        Ok(Proof { pledge, is_own, outcome })
    }

    fn outcome(&self, claim: &claim::Claim, solver: &mut Solver) -> Result<Outcome, ProveError> {
        let base: &[Part] = if claim.of_certification { &[] } else { &[Part::Certification] };
        let whole = self.policies(base, &[]);
        if let Some(broken) = self.find(&whole, &claim.breaks, solver)? {
            return Ok(Outcome::Broken(broken));
        }
        let Some(witness) = self.find(&whole, &claim.speaks_of, solver)? else {
            return Ok(Outcome::Vacuous);
        };
        let mutant = self.policies(base, claim.mutant);
        let Some(mutant) = self.find(&mutant, &claim.breaks, solver)? else {
            return Ok(Outcome::Unbreakable);
        };
        Ok(Outcome::Proved { witness, mutant })
    }

    /// A request that these policies allow and of which this condition holds.
    fn find(
        &self,
        policies: &str,
        condition: &str,
        solver: &mut Solver,
    ) -> Result<Option<Counterexample>, ProveError> {
        let facts = render::facts(self.schema);
        solver.find(&Question { policies, facts: &facts, condition })
    }

    /// The agreement without some parts, with the platform's rules; or a mutant, without further ones. A
    /// platform's own rules could hide what a mutant lacks, so it does without them too.
    fn policies(&self, without: &[Part], mutant: &[Part]) -> String {
        let all = [without, mutant].concat();
        let mut policies = render::contract_without(&self.contract, self.schema, &all);
        if !mutant.contains(&Part::PlatformRules) {
            policies.push_str(&render::platform_rules(self.rules, self.schema));
        }
        if mutant.is_empty() {
            policies.push_str(&self.rules.cedar);
        }
        policies
    }
}

//! The solver: cvc5 as a process, asked through Cedar's symbolic compiler, one question after the other.

use std::collections::HashSet;

use cedar_policy::{Authorizer, Decision, PolicySet, RequestEnv};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};
use tokio::runtime::Runtime;

use super::Counterexample;
use crate::cedar::{self, CedarTrouble};

/// How long the solver may think about one question.
const TIME_MS_MAX: u32 = 60_000;

/// A running solver.
pub struct Solver {
    runtime: Runtime,
    compiler: CedarSymCompiler<LocalSolver>,
    environment: RequestEnv,
    /// The policies that are known never to fail.
    never_fail: HashSet<String>,
}

/// Why nothing could be proved or refuted.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The solver is not there.
    #[error(
        "the solver cvc5 cannot be started ({reason}); install it (on Debian: apt install cvc5), or name it in the environment as CVC5"
    )]
    NoSolver {
        /// What the system says.
        reason: String,
    },
    /// The policies cannot be asked about.
    #[error("the policies cannot be turned into logic: {reason}")]
    Policies {
        /// What Cedar says.
        reason: String,
    },
    /// The solver gave up, or died.
    #[error("the solver gave no answer: {reason}")]
    Undecided {
        /// What it says.
        reason: String,
    },
    /// A policy could fail, and Cedar would then pass it over.
    #[error("policy {policy} can fail, and would then be passed over")]
    CanFail {
        /// The policy's name.
        policy: String,
    },
    /// Its answer is not what was asked for.
    #[error("the solver's answer does not replay: {reason}")]
    Answer {
        /// What is wrong with it.
        reason: String,
    },
    /// Cedar itself.
    #[error(transparent)]
    Cedar(#[from] CedarTrouble),
}

impl ProveError {
    pub(super) fn answer(error: impl std::fmt::Display) -> Self {
        Self::Answer { reason: error.to_string() }
    }

    fn policies(error: impl std::fmt::Display) -> Self {
        Self::Policies { reason: error.to_string() }
    }
}

/// Is there a request that is allowed, and of which this holds?
pub(super) struct Question<'a> {
    /// The policies that allow.
    pub(super) policies: &'a str,
    /// What is so of every request, as a condition.
    pub(super) facts: &'a str,
    /// What holds of the request that is looked for.
    pub(super) condition: &'a str,
}

impl Solver {
    /// Starts cvc5: the program that the environment names as `CVC5`, or the one on the path.
    ///
    /// # Errors
    /// [`ProveError::NoSolver`] if it is not there.
    pub fn start() -> Result<Self, ProveError> {
        let no_solver =
            |error: &dyn std::fmt::Display| ProveError::NoSolver { reason: error.to_string() };
        let schema = cedar::schema()?;
        let environment = schema.request_envs().next();
        let environment =
            environment.ok_or_else(|| ProveError::policies("the schema has no action"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| no_solver(&error))?;
        let started = {
            let _inside = runtime.enter();
            LocalSolver::cvc5_with_args([format!("--tlimit-per={TIME_MS_MAX}")])
        };
        let solver = started.map_err(|error| no_solver(&error))?;
        let compiler = CedarSymCompiler::new(solver).map_err(|error| no_solver(&error))?;
        Ok(Self { runtime, compiler, environment, never_fail: HashSet::new() })
    }

    /// A request that answers the question, if there is one, replayed with Cedar's own authoriser.
    pub(super) fn find(
        &mut self,
        question: &Question<'_>,
    ) -> Result<Option<Counterexample>, ProveError> {
        let restricted = format!(
            "{}\nforbid (principal, action, resource) unless {{ {} }};\nforbid (principal, action, resource) unless {{ {} }};\n",
            question.policies, question.facts, question.condition
        );
        let policies: PolicySet = restricted.parse().map_err(ProveError::policies)?;
        self.check_never_fail(&policies)?;
        let schema = cedar::schema()?;
        let compiled = CompiledPolicySet::compile(&policies, &self.environment, schema);
        let compiled = compiled.map_err(ProveError::policies)?;
        let found = self
            .runtime
            .block_on(self.compiler.check_always_denies_with_counterexample_opt(&compiled));
        let found = found.map_err(|error| ProveError::Undecided { reason: error.to_string() })?;
        let Some(found) = found else { return Ok(None) };
        let answer = Authorizer::new().is_authorized(&found.request, &policies, &found.entities);
        if answer.decision() != Decision::Allow {
            return Err(ProveError::answer("Cedar's authoriser does not allow it"));
        }
        Counterexample::of(&found.request, &found.entities).map(Some)
    }

    /// Cedar passes over a policy that fails, a forbidding one too, so none may be able to.
    fn check_never_fail(&mut self, policies: &PolicySet) -> Result<(), ProveError> {
        let schema = cedar::schema()?;
        for policy in policies.policies() {
            if !self.never_fail.insert(policy.to_string()) {
                continue;
            }
            let compiled = CompiledPolicy::compile(policy, &self.environment, schema);
            let compiled = compiled.map_err(ProveError::policies)?;
            let never = self.runtime.block_on(self.compiler.check_never_errors_opt(&compiled));
            if !never.map_err(|error| ProveError::Undecided { reason: error.to_string() })? {
                let name = policy.annotation("id").unwrap_or_default();
                return Err(ProveError::CanFail { policy: format!("{name:?}") });
            }
        }
        Ok(())
    }
}

//! The masks of the newest register, swapped under readers when an act lands. Each is compiled when it is
//! first asked for, and again when a boundary of time has passed.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_domain::field::FieldId;
use countersign_domain::mask::Basis;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_policy::cedar::rules::SharedRules;
use countersign_policy::mask::Masks;

/// What is compiled from one state of the register.
pub struct Compiled {
    /// The masks, with their register and rules.
    pub masks: Masks,
    labels: Vec<Box<[u8]>>,
}

impl Compiled {
    fn new(register: Arc<Register>, before: Option<&Self>, has_witnesses: bool) -> Self {
        let label = |name: &str| format!("\"{name}\":").into_bytes().into_boxed_slice();
        let fields = register.schema().map(FieldSchema::fields).unwrap_or_default();
        let labels = fields.iter().map(|field| label(&field.name)).collect();
        let before = before.and_then(|before| before.masks.rules());
        let rules = register.rules().map(|rules| SharedRules::of(&rules.cedar, before));
        let masks = Masks::new(register, rules).with_witnesses(has_witnesses);
        Self { masks, labels }
    }

    /// The register.
    #[must_use]
    pub const fn register(&self) -> &Arc<Register> {
        self.masks.register()
    }

    /// The basis at this second for a build and a purpose that it declared.
    #[must_use]
    pub fn basis(&self, build: &str, purpose: &str, now: Timestamp) -> Option<Arc<Basis>> {
        self.masks.basis(build, purpose, now)
    }

    /// A field's name as it stands in an answer, quoted and with its colon.
    #[must_use]
    pub fn label(&self, field: FieldId) -> Option<&[u8]> {
        self.labels.get(field.number()).map(AsRef::as_ref)
    }
}

/// The newest [`Compiled`].
pub struct MaskCache {
    newest: ArcSwap<Compiled>,
    /// Whether there are witnesses that answers can wait for.
    has_witnesses: bool,
}

impl MaskCache {
    /// The masks of the register as it stands, on an instance with or without witnesses.
    #[must_use]
    pub fn new(register: Arc<Register>, has_witnesses: bool) -> Self {
        let compiled = Compiled::new(register, None, has_witnesses);
        Self { newest: ArcSwap::from_pointee(compiled), has_witnesses }
    }

    /// The masks of `register`, kept for whoever comes next.
    #[must_use]
    pub fn of(&self, register: &Arc<Register>) -> Arc<Compiled> {
        let current = self.newest.load();
        if Arc::ptr_eq(current.register(), register) {
            return Arc::clone(&current);
        }
        let compiled =
            Arc::new(Compiled::new(Arc::clone(register), Some(&current), self.has_witnesses));
        self.newest.store(Arc::clone(&compiled));
        compiled
    }
}

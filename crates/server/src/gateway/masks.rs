//! The compiled masks, swapped under readers when an act lands or a boundary of time passes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_domain::field::FieldId;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_policy::cedar::rules::SharedRules;
use countersign_policy::mask::Masks;

/// What is compiled from one state of the register.
pub struct Compiled {
    /// The register.
    pub register: Arc<Register>,
    /// The masks, by build and purpose.
    pub masks: Masks,
    /// The platform's own rules, read.
    pub rules: Option<SharedRules>,
    labels: Vec<Box<[u8]>>,
    since: Timestamp,
}

impl Compiled {
    fn new(register: Arc<Register>, before: Option<&Self>, now: Timestamp) -> Self {
        let label = |name: &str| format!("\"{name}\":").into_bytes().into_boxed_slice();
        let fields = register.schema().map(FieldSchema::fields).unwrap_or_default();
        let labels = fields.iter().map(|field| label(&field.name)).collect();
        let before = before.and_then(|before| before.rules.as_ref());
        let rules = register.rules().map(|rules| SharedRules::of(&rules.cedar, before));
        let masks = Masks::compile(&register, rules.as_ref(), now);
        Self { masks, rules, labels, since: now, register }
    }

    /// A field's name as it stands in an answer, quoted and with its colon.
    #[must_use]
    pub fn label(&self, field: FieldId) -> Option<&[u8]> {
        self.labels.get(field.number()).map(AsRef::as_ref)
    }

    fn holds(&self, register: &Arc<Register>, now: Timestamp) -> bool {
        Arc::ptr_eq(&self.register, register) && self.since <= now && now < self.masks.holds_until()
    }
}

/// The newest [`Compiled`].
pub struct MaskCache(ArcSwap<Compiled>);

impl MaskCache {
    /// Compiles the register as it stands.
    #[must_use]
    pub fn new(register: Arc<Register>, now: Timestamp) -> Self {
        Self(ArcSwap::from_pointee(Compiled::new(register, None, now)))
    }

    /// What is compiled from `register` and holds at `now`; compiles it if nobody has yet.
    #[must_use]
    pub fn at(&self, register: &Arc<Register>, now: Timestamp) -> Arc<Compiled> {
        let current = self.0.load();
        if current.holds(register, now) {
            return Arc::clone(&current);
        }
        let compiled = Arc::new(Compiled::new(Arc::clone(register), Some(&current), now));
        self.0.store(Arc::clone(&compiled));
        compiled
    }
}

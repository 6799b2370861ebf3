//! What people chose on the platform before Countersign met them, as a source reads it in the platform's own data.
//!
//! INVARIANT: what a person has open here is widened by it once, when they are met for the first time, and the log has
//! that as what they began with. From then on it only narrows.

use countersign_domain::settings::Settings;
use countersign_people::store::Choice;

/// What the platform's data says of one person's choices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlatformChoice {
    /// What the person begins with who is met for the first time.
    pub begins: Choice,
    /// What may be open at most as of now, whatever was chosen here.
    pub at_most: Settings,
}

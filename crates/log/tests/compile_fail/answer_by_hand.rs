//! An answer is made of what was released, and of nothing else.

use std::sync::Arc;

use countersign_domain::mask::Basis;
use countersign_log::released::{Answer, Placed};
use countersign_protocol::record::Seed;

fn made_up(body: Vec<u8>, placed: Placed, seed: Seed, basis: Arc<Basis>) -> Answer {
    Answer { body, placed, seed, basis, viewer: None }
}

fn main() {}

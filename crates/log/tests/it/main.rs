//! Tests of the log from outside: ordering, crashes, full disks, the static site.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod admission;
mod clock;
mod compile_fail;
mod crash;
mod disclosures;
mod erase;
mod example_embed;
mod faults;
mod memory_site;
mod order;
mod own;
mod period_support;
mod periods;
mod periods_crash;
mod periods_lists;
mod periods_restored;
mod site;
mod support;
mod trouble;
mod witness;
mod witness_front;

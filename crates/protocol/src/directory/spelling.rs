//! Whether the parts of a history proof are written in their one spelling, which `akd` 0.13 does not ask.
//!
//! It takes the scalar of a VRF proof beyond the group's order, and points beyond the field's prime, which RFC 9381
//! refuses; and of a first version it does not read what is said about the version before. None of this proves
//! anything that is not so. But verifiers have to agree, and nothing may stand in a proof that nobody reads.
//!
//! Spec: RFC 9381, sections 5.3 and 5.4.4; RFC 8032, section 5.1.3.

use akd_core::HistoryProof;

/// Numbers of 32 bytes, the lowest first.
type Number = [u8; 32];

/// 2^255 − 19, the field's prime.
const FIELD_PRIME: Number = [
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
];
/// The field's 1 and −1: the only y of which x is zero, and has no sign.
const WITHOUT_SIGN: [Number; 2] = [
    [
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
];
/// 2^252 + 27742317777372353535851937790883648493, the group's order.
const GROUP_ORDER: Number = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// Whether the proof says everything in the one way, and nothing besides.
pub(super) fn is_only(proof: &HistoryProof) -> bool {
    let of_updates = proof.update_proofs.iter().flat_map(|update| {
        std::iter::once(&update.existence_vrf_proof).chain(&update.previous_version_vrf_proof)
    });
    let mut vrf_proofs =
        of_updates.chain(&proof.past_marker_vrf_proofs).chain(&proof.future_marker_vrf_proofs);
    let is_without_surplus = proof.update_proofs.iter().all(|update| {
        let has_none =
            update.previous_version_proof.is_none() && update.previous_version_vrf_proof.is_none();
        update.version > 1 || has_none
    });
    is_without_surplus && vrf_proofs.all(|vrf_proof| is_vrf_proof(vrf_proof))
}

/// A point, a challenge of 16 bytes, and a scalar.
fn is_vrf_proof(proof: &[u8]) -> bool {
    let parts = proof.split_first_chunk::<32>().and_then(|(point, rest)| {
        let (_, scalar) = rest.split_first_chunk::<16>()?;
        Some((point, <Number>::try_from(scalar).ok()?))
    });
    parts.is_some_and(|(point, scalar)| is_point(point) && is_below(&scalar, &GROUP_ORDER))
}

/// Whether this is the one spelling of a point, if it is one.
pub(super) fn is_point(bytes: &Number) -> bool {
    let mut y = *bytes;
    y[31] &= 0x7f;
    let has_sign = y != *bytes;
    is_below(&y, &FIELD_PRIME) && !(has_sign && WITHOUT_SIGN.contains(&y))
}

fn is_below(number: &Number, end: &Number) -> bool {
    number.iter().rev().lt(end.iter().rev())
}

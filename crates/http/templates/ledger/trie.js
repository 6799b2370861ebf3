// What the directory's trie has under a label, or that it has nothing.
// Spec: docs/protocol.md, section 4.3: the trie of the crate akd 0.13, and what a verifier asks besides of a path.

import { bitOf, isSame, joined, prefixOf, u32, u8 } from "./bytes.js";
import { blake3 } from "./blake3.js";

const LEAF_BITS = 256;
/// The child that is missing, which only the topmost node can lack.
const MISSING = { label: { value: new Uint8Array(32).fill(1), bits: 0 }, hash: blake3(u8(0)) };
const TOP = { value: new Uint8Array(32), bits: 0 };

export function leafLabel(value) {
  return { value, bits: LEAF_BITS };
}

function nameOf({ value, bits }) {
  return blake3(joined(u32(bits), value));
}

function isSameLabel(one, other) {
  return one.bits === other.bits && isSame(one.value, other.value);
}

/// Whether a label is of a node, and goes on from another with this bit.
function goesOn(label, from, bit) {
  return (
    label.bits > from.bits &&
    isSame(prefixOf(label.value, label.bits), label.value) &&
    isSame(prefixOf(label.value, from.bits), from.value) &&
    bitOf(label.value, from.bits) === bit
  );
}

/// Whether a child stands on this side of a node. At the top it may be missing.
function standsAt({ label }, node, bit) {
  return goesOn(label, node, bit) || (isSameLabel(label, MISSING.label) && isSameLabel(node, TOP));
}

function hashOfNode(children) {
  return blake3(joined(...children.map(({ label, hash }) => blake3(joined(hash, nameOf(label))))));
}

/// The root that a path leads to, each node on its own side of the one above; null if one is not.
export function rootOfPath({ label, hash, steps }) {
  let node = { label, hash };
  for (const { label: above, sibling, direction } of steps.toReversed()) {
    if (!goesOn(node.label, above, direction) || !standsAt(sibling, above, 1 - direction)) return null;
    node = { label: above, hash: hashOfNode(direction === 0 ? [node, sibling] : [sibling, node]) };
  }
  return isSameLabel(node.label, TOP) ? blake3(joined(node.hash, nameOf(TOP))) : null;
}

/// The root of a trie that lacks a label, or null: its path ends at a node both of whose children lead elsewhere.
export function rootOfAbsence({ label, end, children, presence }) {
  const isEnd = isSameLabel(presence.label, end) && isSame(presence.hash, hashOfNode(children));
  const isOnWay = isSame(prefixOf(label.value, end.bits), end.value);
  const areChildren = children.every((child, bit) => standsAt(child, end, bit));
  const isElsewhere = children.every((child) => isSameLabel(child.label, MISSING.label) ||
    !isSame(prefixOf(label.value, child.label.bits), child.label.value));
  return isEnd && isOnWay && areChildren && isElsewhere ? rootOfPath(presence) : null;
}

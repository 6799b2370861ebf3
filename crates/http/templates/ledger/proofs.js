// What hashes prove: that leaves are in a tree, and what an index has of a label.
// Spec: RFC 6962; docs/protocol.md, sections 4.1 and 7.

import { HASH_BYTES, bitOf, isSame, prefixOf, sha256, tagged, u32, u64, u8 } from "./bytes.js";

const INDEX_STEPS_MAX = 256;
const LABEL_BITS = 256;

export function leafHash(leaf) {
  return sha256(u8(0), leaf);
}

export function nodeHash(left, right) {
  return sha256(u8(1), left, right);
}

/// The largest power of two below a number above 1.
export function split(count) {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

/// The root that one proof for all `leaves` leads to, or null. They are pairs of index and hash, and rise.
export async function sharedRoot(size, leaves, hashes) {
  let nextLeaf = 0;
  let nextHash = 0;
  const range = async (start, end) => {
    const isProved = nextLeaf < leaves.length && leaves[nextLeaf][0] < end;
    if (!isProved) return hashes[nextHash++] ?? null;
    if (end - start === 1) return leaves[nextLeaf++][1];
    const middle = start + split(end - start);
    const left = await range(start, middle);
    const right = left && (await range(middle, end));
    return right && nodeHash(left, right);
  };
  const root = await range(0, size);
  return nextLeaf === leaves.length && nextHash === hashes.length ? root : null;
}

/// The root that an audit path leads to from the leaf at `position` of `count`, or null.
export async function auditRoot(leaf, position, count, path) {
  if (position >= count) return null;
  let [node, at, last] = [leaf, position, count - 1];
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      node = await nodeHash(sibling, node);
      // The right edge of a tree has no sibling on some levels; there the node goes up as it is.
      while (at % 2 === 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      node = await nodeHash(node, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? node : null;
}

export function labelOf(secret, period) {
  return tagged("cs1:labe", secret, u64(period));
}

/// The hash of a list of `{index, position, commitment}`.
export function listOf(items) {
  const parts = items.flatMap(({ index, position, commitment }) => [u64(index), u32(position), commitment]);
  return tagged("cs1:list", u32(items.length), ...parts);
}

/// What a proof shows of a label: its root, and its list or null. Null if the proof has no such form.
export async function indexProof(label, proof) {
  const parts = readIndexProof(proof);
  const end = parts && (await endOf(label, parts));
  if (!end) return null;
  let root = end.hash;
  for (const { depth, sibling } of parts.steps.reverse()) {
    const pair = bitOf(label, depth) === 0 ? [root, sibling] : [sibling, root];
    root = await tagged("cs1:node", u8(depth), prefixOf(label, depth), ...pair);
  }
  return { root, list: end.list };
}

const END_BYTES = [0, HASH_BYTES, 2 * HASH_BYTES, 1 + 3 * HASH_BYTES];

function readIndexProof(proof) {
  if (proof.length < 3) return null;
  const count = proof[0] * 256 + proof[1];
  const end = 2 + count * (1 + HASH_BYTES);
  const kind = proof[end];
  if (count > INDEX_STEPS_MAX || kind > 3 || proof.length !== end + 1 + END_BYTES[kind]) return null;
  const steps = [];
  for (let at = 2; at < end; at += 1 + HASH_BYTES) {
    const depth = proof[at];
    if (steps.length > 0 && depth <= steps.at(-1).depth) return null;
    steps.push({ depth, sibling: proof.subarray(at + 1, at + 1 + HASH_BYTES) });
  }
  return { steps, kind, rest: proof.subarray(end + 1) };
}

/// The hash of what stands at the end of a label's path, and the label's list if it is that.
async function endOf(label, { steps, kind, rest }) {
  const [first, second] = [rest.subarray(0, HASH_BYTES), rest.subarray(HASH_BYTES)];
  if (kind === 0) return steps.length === 0 ? { hash: await tagged("cs1:none"), list: null } : null;
  if (kind === 1) return { hash: await tagged("cs1:leaf", label, first), list: first };
  const last = steps.length > 0 ? steps.at(-1).depth : -1;
  if (kind === 2) {
    return apart(label, first) > last && apart(label, first) < LABEL_BITS
      ? { hash: await tagged("cs1:leaf", first, second), list: null }
      : null;
  }
  const depth = rest[0];
  const prefix = rest.subarray(1, 1 + HASH_BYTES);
  const at = apart(label, prefix);
  if (at <= last || at >= depth || !isSame(prefix, prefixOf(prefix, depth))) return null;
  return { hash: await tagged("cs1:node", rest), list: null };
}

/// The first bit in which two labels differ.
function apart(a, b) {
  let n = 0;
  while (n < LABEL_BITS && bitOf(a, n) === bitOf(b, n)) n += 1;
  return n;
}

// An account's history in the directory: every secret that it ever had, and that it had no other.
// Spec: docs/protocol.md, section 4.3.

import { HASH_BYTES, bytesOf, isSame, joined, tagged, u64, u8 } from "./bytes.js";
import { blake3 } from "./blake3.js";
import { HistoryError, readHistory } from "./history.js";
import { leafLabel, rootOfAbsence, rootOfPath } from "./trie.js";
import { vrfOutput } from "./vrf.js";

/// What stands in a secret's place once it was erased.
export const ERASED = new Uint8Array(HASH_BYTES);
const STALE = 0;
const FRESH = 1;
const MARKERS = [2, 4, 16, 256, 2 ** 16, 2 ** 32];

/// The commitment to a secret that the directory has.
export function secretCommitment(secret) {
  return tagged("cs1:secr", secret);
}

/// Checks an account's history under a directory: its versions, the first one first. Throws a `HistoryError`.
export async function verifyHistory(account, bytes, directory) {
  if (directory.epoch === 0) throw new HistoryError("the directory is of epoch 0: nobody is in it");
  const history = readHistory(bytes);
  const versions = readVersions(history.updates, directory.epoch);
  const later = laterMarkers(versions.length, directory.epoch);
  const isCount = history.pastVrfs.length === 0 && history.past.length === 0 &&
    history.laterVrfs.length === later.length && history.later.length === later.length;
  if (!isCount) throw new HistoryError("the later versions whose absence is shown are not those that have to be");
  const labels = { account: bytesOf(account), vrf: directory.vrf };
  for (const update of history.updates) await checkUpdate(update, labels, directory.root);
  for (const [n, version] of later.entries()) {
    await checkLabel({ ...labels, freshness: FRESH, version }, history.laterVrfs[n], history.later[n].label);
    checkRoot(rootOfAbsence(history.later[n]), directory.root);
  }
  return versions;
}

/// Every version from the last down to 1 is there, each of an earlier epoch.
function readVersions(updates, epoch) {
  const versions = updates.toReversed().map(({ version, epoch: published, value }) => ({ version, epoch: published, value }));
  const isWhole = versions.length > 0 && versions.every(({ version, epoch: published, value }, n) => {
    const before = n === 0 ? 0 : versions[n - 1].epoch;
    return version === n + 1 && before < published && published <= epoch && value.length === HASH_BYTES;
  });
  if (!isWhole) throw new HistoryError("the versions are not all from the last down to 1, each of an earlier epoch");
  return versions;
}

/// The versions on the way to any later one, of which none can be there if no later one is.
function laterMarkers(last, epoch) {
  const markers = [];
  for (let bit = 1; bit <= last; bit *= 2) {
    const above = Math.floor(last / bit);
    if (above % 2 === 0) markers.push((above + 1) * bit);
  }
  const next = MARKERS.find((marker) => marker > last) ?? Infinity;
  for (let power = 1; power < next && power <= epoch; power *= 2) if (power > last) markers.push(power);
  return [...markers, ...MARKERS.filter((marker) => marker > last)].filter((marker) => marker <= epoch);
}

/// That a version is there, with its value and epoch, and that the one before became stale with it.
async function checkUpdate(update, labels, root) {
  const { version, epoch, value, nonce, presence, vrf, stale, staleVrf } = update;
  const commitment = blake3(joined(u64(value.length), value, u64(nonce.length), nonce));
  await checkLeaf({ ...labels, freshness: FRESH, version }, vrf, presence, commitment, epoch, root);
  const isFirst = version === 1;
  if ((stale === null) !== isFirst || (staleVrf === null) !== isFirst) {
    throw new HistoryError(`what became of the version before version ${version} is not what has to be shown`);
  }
  if (isFirst) return;
  const before = { ...labels, freshness: STALE, version: version - 1 };
  await checkLeaf(before, staleVrf, stale, blake3(u8(0)), epoch, root);
}

async function checkLeaf(labels, vrf, presence, commitment, epoch, root) {
  const isLeaf = isSame(presence.hash, blake3(joined(commitment, u64(epoch))));
  if (!isLeaf) throw new HistoryError(`a leaf is not that of version ${labels.version} and its epoch`);
  await checkLabel(labels, vrf, presence.label);
  checkRoot(rootOfPath(presence), root);
}

/// That a label is the account's: the directory's function gives it, and no other, for this version.
async function checkLabel({ account, vrf: key, freshness, version }, proof, label) {
  const input = blake3(joined(u64(account.length), account, u8(freshness), u64(version)));
  const output = await vrfOutput(key, input, proof);
  const expected = output && leafLabel(output.subarray(0, HASH_BYTES));
  if (!expected || label.bits !== expected.bits || !isSame(label.value, expected.value)) {
    throw new HistoryError(`a label is not shown to be that of version ${version} of this account`);
  }
}

function checkRoot(found, root) {
  if (!found || !isSame(found, root)) throw new HistoryError("a path does not lead to the directory's root");
}

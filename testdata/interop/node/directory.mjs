// Verifies histories of accounts with the page `/ledger`, as it stands: each perhaps with one bit flipped. Of each, its
// versions, or null.

import { readFileSync } from "node:fs";
import { bytesOfHex, hex } from "../../../crates/server/templates/ledger/bytes.js";
import { verifyHistory } from "../../../crates/server/templates/ledger/directory.js";
import { HistoryError } from "../../../crates/server/templates/ledger/history.js";

const { vectors, flips } = JSON.parse(readFileSync(0, "utf8"));
const histories = vectors.map(({ history }) => bytesOfHex(history));

async function versionsOf({ account, epoch, root, vrf }, bytes) {
  try {
    const versions = await verifyHistory(account, bytes, { epoch, root: bytesOfHex(root), vrf: bytesOfHex(vrf) });
    return versions.map(({ version, epoch: published, value }) => ({ version, epoch: published, value: hex(value) }));
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    return null;
  }
}

const whole = [];
const begun = performance.now();
for (const [n, vector] of vectors.entries()) whole.push(await versionsOf(vector, histories[n]));
const milliseconds = performance.now() - begun;
const flipped = [];
for (const [n, bit] of flips) {
  const bytes = Uint8Array.from(histories[n]);
  bytes[bit >> 3] ^= 1 << (bit & 7);
  flipped.push(await versionsOf(vectors[n], bytes));
}
process.stdout.write(JSON.stringify({ whole, flipped, milliseconds }));

// Verifies histories of accounts with the page `/ledger`, as it stands, and with one bit flipped: of each its versions,
// or null. And counts those that hold without one of their fields, with one twice, or with something behind the end.

import { readFileSync } from "node:fs";
import { bytesOfHex, hex } from "../../../crates/http/templates/ledger/bytes.js";
import { verifyHistory } from "../../../crates/http/templates/ledger/directory.js";
import { HistoryError } from "../../../crates/http/templates/ledger/history.js";

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

/// Where the fields of a message begin, and its end. All of a history's are messages or bytes.
function fieldsOf(bytes) {
  const begins = [0];
  while (begins.at(-1) < bytes.length) {
    let at = begins.at(-1) + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      length += (byte & 127) << shift;
      if (byte < 128) break;
    }
    begins.push(at + length);
  }
  return begins;
}

function* altered(bytes) {
  yield Uint8Array.of(...bytes, 0);
  const begins = fieldsOf(bytes);
  for (let n = 0; n + 1 < begins.length; n += 1) {
    yield Uint8Array.of(...bytes.subarray(0, begins[n]), ...bytes.subarray(begins[n + 1]));
    yield Uint8Array.of(...bytes.subarray(0, begins[n + 1]), ...bytes.subarray(begins[n]));
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
let held = 0;
for (const [n, vector] of vectors.entries()) {
  for (const bytes of altered(histories[n])) held += Number((await versionsOf(vector, bytes)) !== null);
}
process.stdout.write(JSON.stringify({ whole, flipped, altered_held: held, milliseconds }));

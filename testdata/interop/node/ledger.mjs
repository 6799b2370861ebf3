// Checks ledgers with the verifier of the page `/ledger`, as it stands: each a file, perhaps with one bit flipped.

import { readFileSync } from "node:fs";
import { checkLedger } from "../../../crates/server/templates/ledger/verify.js";

const { key, ledgers } = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (const { path, at, flipped } of ledgers) {
  const bytes = new Uint8Array(readFileSync(path));
  if (flipped !== undefined) bytes[flipped >> 3] ^= 1 << (flipped & 7);
  const { holds, rules, ledger } = await checkLedger(bytes, { key, at });
  const failed = Object.keys(rules).filter((rule) => rules[rule].failed > 0);
  found.push({ holds, failed, ledger });
}
process.stdout.write(JSON.stringify(found));

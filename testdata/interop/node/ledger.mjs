// Checks ledgers with the verifier of the page `/ledger`, as it stands: each a file, what its reader brings, and
// perhaps a bit to flip.

import { readFileSync } from "node:fs";
import { bytesOf, bytesOfHex } from "../../../crates/http/templates/ledger/bytes.js";
import { receiptsIn } from "../../../crates/http/templates/ledger/receipts.js";
import { checkLedger } from "../../../crates/http/templates/ledger/verify.js";

const { key, ledgers } = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (const { path, flipped, account_since: accountSince, receipts_key: digits, receipts: texts = [], ...question } of ledgers) {
  const bytes = new Uint8Array(readFileSync(path));
  if (flipped !== undefined) bytes[flipped >> 3] ^= 1 << (flipped & 7);
  const { holds, outcome, says, rules, failures, notices, ledger } = await checkLedger(bytes, {
    receipts: receiptsIn(bytesOf(texts.join("\n"))),
    key, accountSince: accountSince ?? null, receiptsKey: digits ? bytesOfHex(digits) : null, ...question,
  });
  const failed = Object.keys(rules).filter((rule) => rules[rule].failed > 0);
  found.push({ holds, outcome, says, failed, failures, notices, ledger });
}
process.stdout.write(JSON.stringify(found));

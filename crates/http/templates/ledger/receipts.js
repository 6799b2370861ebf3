// Receipts for choices, which a person kept: that each is in the ledger, under a secret of theirs.
// Spec: docs/protocol.md, sections 4.2 and 7.

import { bytesOf, bytesOfBase64, bytesOfHex, hex, isSame, tagged, textOf } from "./bytes.js";
import { canonical, readConsent, readConsentReceipt } from "./entries.js";
import { isSigned } from "./signature.js";
import { auditRoot, leafHash } from "./proofs.js";

const SIGNED = bytesOf("countersign/v1/consent-receipt\n");

/// Why a receipt does not hold, and whether it is one of this person's that the ledger should agree with.
class ReceiptError extends Error {
  constructor(message, isSigned = false) {
    super(message);
    this.isSigned = isSigned;
  }
}

const OTHER_SECRET = "a receipt under a secret that is not shown: it is another person's, or the platform used another secret for you";

/// Checks receipts by what they say. `ledger`: the log's origin, the bundle's secrets, its opened items, the first
/// entry in no period, and the first at which nothing is under a secret that was erased. `key`: the log's receipts key, 32 bytes, or null.
export async function checkReceipts(receipts, key, ledger, verdict) {
  if (receipts.length > 0 && key === null) {
    verdict.notice("The signatures of the receipts were not checked: for that, give the receipts key of the log.");
  }
  for (const text of receipts) {
    const checked = () => checkReceipt(text, key, ledger, verdict);
    await verdict.checkOf("ledger_receipt", ReceiptError, checked, "a receipt that the ledger agrees with");
  }
}

async function checkReceipt(text, key, ledger, verdict) {
  const { receipt, record } = await openReceipt(text, key);
  if (receipt.origin !== ledger.origin) throw new ReceiptError("it is of another log");
  const place = await placeOf(receipt.person, ledger.secrets);
  if (place < 0 && receipt.index < ledger.erasedUntil) {
    verdict.notice(`The receipt for entry ${receipt.index} is under no secret shown. It may be under the one that was erased.`);
    return;
  }
  if (place < 0) throw new ReceiptError(OTHER_SECRET);
  if (receipt.index >= ledger.until) {
    verdict.notice(`The receipt is for entry ${receipt.index}, which is in no period yet: whether it is in the log is not proved.`);
    return;
  }
  const own = ledger.items.find(({ index, position, place: under }) =>
    index === receipt.index && position === receipt.position && under === place);
  if (!own) throw new ReceiptError(`the choice of entry ${receipt.index} is not in the ledger`, true);
  const isIts = own.bytes && isSame(own.bytes, record) &&
    own.entry.records === receipt.records && own.entry.time === receipt.time;
  if (!isIts) throw new ReceiptError(`entry ${receipt.index} of the ledger has another choice`, true);
}

/// Reads a receipt: its form, its signature if there is a key, and the path from its record to the entry's root.
async function openReceipt(text, key) {
  const parts = text.trim().split(".").map(bytesOfBase64Url);
  const [bytes, signature] = parts;
  const receipt = parts.length === 2 && bytes && signature?.length === 64 ? readConsentReceipt(bytes) : null;
  const record = receipt && bytesOf(canonical(receipt.record));
  if (!record || !readConsent(record)) throw new ReceiptError("it is no receipt for a choice");
  if (key !== null && !(await isSigned(key, signature, Uint8Array.of(...SIGNED, ...bytes)))) {
    throw new ReceiptError("its signature does not hold under the receipts key");
  }
  const [salt, person] = [receipt.salt, receipt.person].map(bytesOfHex);
  const leaf = await leafHash(await tagged("cs1:cons", salt, person, record));
  const root = await auditRoot(leaf, receipt.position, receipt.count, receipt.path.map(bytesOfHex));
  if (root === null || hex(root) !== receipt.records) throw new ReceiptError("it does not prove that its choice is in its entry", true);
  return { receipt, record };
}

/// The place of the secret that somebody's own id is of, or -1.
async function placeOf(person, secrets) {
  for (const [place, { secret }] of secrets.entries()) {
    if (hex((await tagged("cs1:pair", secret)).subarray(0, 16)) === person) return place;
  }
  return -1;
}

function bytesOfBase64Url(text) {
  if (!/^[A-Za-z0-9_-]+$/u.test(text)) return null;
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return bytesOfBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

/// The receipts in a text, one a line. The platform's answer, which has one in JSON, is taken as it came.
export function receiptsIn(bytes) {
  const text = textOf(bytes).replaceAll(/\{\s*"receipt"\s*:\s*"([^"]*)"\s*\}/gu, " $1 ");
  return text.split(/\s+/u).filter((text) => text !== "");
}

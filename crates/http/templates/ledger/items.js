// What a bundle opens of the log, and that it is all that the log holds about its secrets.
// Spec: docs/protocol.md, sections 4, 4.1, 4.2 and 7.

import { bytesOfHex, bytesOf, fieldsOf, isSame, tagged, u8 } from "./bytes.js";
import { SELF } from "./bundle.js";
import { readConsent } from "./entries.js";
import { auditRoot, indexProof, labelOf, leafHash, listOf } from "./proofs.js";

const PAIRWISE_BYTES = 16;

/// The items that are what entries hold, each with its commitment. Others are left out, and so miss from their lists.
export async function openItems(bundle, entries, verdict) {
  const isRising = bundle.items.every((item, n, all) => n === 0 || isBefore(all[n - 1], item));
  verdict.check("ledger_opening", isRising, "items in another order", "the log's, each once");
  const opened = [];
  for (const item of bundle.items) {
    const open = await openItem(item, bundle.secrets[item.place]?.secret, entries.get(item.index));
    verdict.check("ledger_opening", open !== null, "what the entry does not hold", "what it holds", item.index);
    if (open) opened.push({ index: item.index, position: item.position, place: item.place, ...open });
  }
  return opened;
}

function isBefore(a, b) {
  return a.index < b.index || (a.index === b.index && a.position < b.position);
}

async function openItem(item, secret, entry) {
  const isOfKind = entry?.kind === (item.opening.consent ? "consents" : "disclosure");
  if (!secret || !isOfKind) return null;
  const { relation, fields, consent: bytes } = item.opening;
  const partner = bytes ? "" : entry.partner;
  const person = (await tagged("cs1:pair", secret, bytesOf(partner))).subarray(0, PAIRWISE_BYTES);
  const commitment = bytes
    ? await tagged("cs1:cons", item.salt, person, bytes)
    : await tagged("cs1:reco", item.salt, person, u8(relation), fields);
  const root = await auditRoot(await leafHash(commitment), item.position, item.count, item.path);
  if (root === null || !isSame(root, bytesOfHex(entry.records))) return null;
  if (!bytes) return { entry, commitment, relation, fields: fieldsOf(fields) };
  const consent = readConsent(bytes);
  return consent && { entry, commitment, bytes, consent };
}

/// Items by their secrets.
export function groupedByPlace(items) {
  const grouped = new Map();
  for (const item of items) {
    if (!grouped.has(item.place)) grouped.set(item.place, []);
    grouped.get(item.place).push(item);
  }
  return grouped;
}

/// Checks that every period's index has what is shown of it, and nothing else: under each secret, in every period.
export async function checkComplete(bundle, closes, items, verdict) {
  const byPlace = groupedByPlace(items);
  for (const close of closes) {
    const isEach = close.shown.length === bundle.secrets.length && close.shown.every(({ place }, n) => place === n);
    const proofs = `${close.shown.length} proofs in period ${close.period}`;
    verdict.check("ledger_complete", isEach, proofs, "one for each secret, in their order", close.index);
    for (const { place, proof } of close.shown) {
      const secret = bundle.secrets[place]?.secret;
      if (!secret) continue;
      const own = within(byPlace.get(place) ?? [], close);
      const isComplete = await isAllOf(close, secret, proof, own);
      const found = `${own.length} items of secret ${place} in period ${close.period}`;
      verdict.check("ledger_complete", isComplete, found, "those that the period's index has", close.index);
    }
  }
}

/// The items in a close's range.
function within(items, { from, until }) {
  return items.filter(({ index }) => index >= from && index < until);
}

async function isAllOf(close, secret, proof, items) {
  const proved = await indexProof(await labelOf(secret, close.period), proof);
  if (!proved || !isSame(proved.root, close.personIndex)) return false;
  if (items.length === 0) return proved.list === null;
  return proved.list !== null && isSame(proved.list, await listOf(items));
}

/// Checks that entries name the fields that left. `names`: the schema's, by number.
export function checkFields(released, names, verdict) {
  const { index, entry, relation, fields } = released;
  const named = relation === SELF ? entry.self : entry.friend;
  const isNamed = fieldNumbers(fields).every((number) => named.includes(names[number]));
  verdict.check("ledger_fields", isNamed, "a field that it does not name", `fields of ${named.join(", ")}`, index);
}

export function fieldNumbers(fields) {
  return Array.from({ length: 128 }, (_, number) => number).filter((number) => (fields >> BigInt(number)) & 1n);
}

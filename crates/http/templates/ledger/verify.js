// Checks a ledger bundle: everything that a log holds about one person, within what they chose. It asks nobody.
// Written from docs/protocol.md, sections 1 to 4.3 and 7, beside the verifier in Rust and not from it.

import { checkAccount } from "./account.js";
import { isSame } from "./bytes.js";
import { BundleError, SELF, readBundle } from "./bundle.js";
import { Choices } from "./choices.js";
import { checkCloses, checkCurrent, checkTimes, readCloses } from "./closes.js";
import { isAct, readDocuments, readEntry } from "./entries.js";
import { checkComplete, checkFields, fieldNumbers, groupedByPlace, openItems } from "./items.js";
import { NoteError, openCheckpoint, readKey } from "./note.js";
import { readPolicy, witnessedBy } from "./policy.js";
import { leafHash, sharedRoot } from "./proofs.js";
import { checkReceipts } from "./receipts.js";
import { Verdict } from "./verdict.js";

/// Checks a bundle's bytes. The ledger is to be believed only if the verdict holds. `outcome` is `holds`, `fails`,
/// `not_checked` or `out_of_date`, as the verifier in Rust says. What the reader brings:
///
/// * `key`: the log's vkey, from somewhere other than the platform; throws if it is none
/// * `at`: when the bundle was made, in seconds
/// * `account`: whose ledger it has to be, as the platform names the account; null to compare it with nothing
/// * `accountSince`: since when the reader has had it, in seconds, or null
/// * `receipts`: receipts for choices, as texts; `receiptsKey`: the log's key for these, 32 bytes, or null
/// * `policy`: a witness policy as text, or null; throws if it is none
export async function checkLedger(bytes, question) {
  const asked = { account: null, accountSince: null, receipts: [], receiptsKey: null, policy: null, ...question };
  const logKey = await readKey(asked.key);
  const policy = asked.policy === null ? null : await readPolicy(asked.policy);
  const verdict = new Verdict();
  const bundle = await verdict.checkOf("ledger_form", BundleError, () => readBundle(bytes), "a ledger bundle");
  const ledger = bundle && (await checkBundle(bundle, { ...asked, logKey, policy }, verdict));
  return verdict.report(ledger);
}

async function checkBundle(bundle, asked, verdict) {
  const open = () => openCheckpoint(bundle.checkpoint, asked.logKey);
  const checkpoint = await verdict.checkOf("checkpoint", NoteError, open, "a checkpoint that the log signed");
  if (!checkpoint) return null;
  const witnessed = await checkWitnesses(checkpoint, asked, verdict);
  const closes = witnessed && (await readCloses(bundle, verdict));
  if (!closes) return null;
  const newest = closes.at(-1);
  await checkProof(bundle, newest, checkpoint, verdict);
  const entries = readEntries(bundle, verdict);
  const documents = await readDocuments(bundle.documents);
  const names = checkDocuments(entries, documents, verdict);
  checkCloses(closes, verdict);
  checkTimes(closes, verdict);
  checkCurrent(closes, asked.at, witnessed.times, verdict);
  const account = await checkAccount(bundle, closes, asked, verdict);
  const opened = await openItems(bundle, entries, verdict);
  await checkComplete(bundle, closes, opened, verdict);
  checkChoices(opened, documents, names, verdict);
  const kept = { origin: checkpoint.origin, secrets: bundle.secrets, items: opened, until: newest?.until ?? 0 };
  await checkReceipts(asked.receipts, asked.receiptsKey, { ...kept, erasedUntil: account.erasedUntil }, verdict);
  checkEnd(bundle, newest, checkpoint, verdict);
  return ledgerOf({ bundle, closes, opened, names, account, witnessed: witnessed.times });
}

/// When a quorum of the reader's policy saw the checkpoint, as `times`; null if the policy does not take it.
async function checkWitnesses(checkpoint, { logKey, policy }, verdict) {
  if (!policy) return { times: null };
  const witnessed = () => witnessedBy(checkpoint, logKey, policy);
  const found = await verdict.checkOf("witnesses", NoteError, witnessed, "a checkpoint of the policy");
  const why = "the quorum of your policy has not cosigned this checkpoint";
  if (found) verdict.checkBrought("witnesses", found.isMet, "too few of its witnesses", "the quorum of the policy", why);
  return found;
}

/// One proof for all: that the entries, and the newest close, are in the checkpoint's tree.
async function checkProof(bundle, newest, { size, root }, verdict) {
  const leaves = newest ? [[newest.index, newest.leaf]] : [];
  for (const { index, bytes } of bundle.entries) leaves.push([index, await leafHash(bytes)]);
  const isRising = bundle.entries.every(({ index }, n, all) => n === 0 || all[n - 1].index < index);
  leaves.sort(([a], [b]) => a - b);
  const isApart = leaves.every(([index], n) => index < size && (n === 0 || leaves[n - 1][0] < index));
  const proved = isRising && isApart ? await sharedRoot(size, leaves, bundle.hashes) : null;
  const isProved = proved !== null && isSame(proved, root);
  verdict.check("ledger_entries", isProved, "entries that the log does not have there", "entries of the checkpoint's tree");
}

function readEntries(bundle, verdict) {
  const entries = new Map();
  for (const { index, bytes } of bundle.entries) {
    const entry = readEntry(bytes);
    verdict.check("entry_form", entry !== null, "bytes that are no entry", "an entry in canonical form", index);
    if (entry) entries.set(index, entry);
  }
  return entries;
}

/// Checks that documents are there, and no others. Says the names of the schema's fields, or null.
function checkDocuments(entries, documents, verdict) {
  const spokenOf = new Set();
  let schema = null;
  for (const [index, entry] of entries) {
    if (entry.kind === "field_schema") schema = { index, digest: entry.digest };
    if (isAct(entry) && entry.digest) spokenOf.add(entry.digest);
    if (entry.kind !== "disclosure") continue;
    entry.agreements.forEach((digest) => spokenOf.add(digest));
    const isKnown = kindOf(entry, documents) !== null;
    verdict.check("ledger_documents", isKnown, "not all of its agreements", "all, of one kind", index);
  }
  for (const digest of documents.keys()) {
    const isSpokenOf = spokenOf.has(digest);
    verdict.check("ledger_documents", isSpokenOf, `a document ${digest}`, "those that entries speak of");
  }
  const names = (schema && documents.get(schema.digest)?.names) ?? null;
  const expected = "the newest one's act and document";
  verdict.check("ledger_documents", names !== null, "no field schema that can be read", expected, schema?.index);
  return names;
}

/// The kind of client of a disclosure's agreements, or null.
function kindOf(entry, documents) {
  const kinds = new Set(entry.agreements.map((digest) => documents.get(digest)?.kind ?? null));
  return kinds.size === 1 ? [...kinds][0] : null;
}

function checkChoices(opened, documents, names, verdict) {
  for (const own of groupedByPlace(opened).values()) {
    const choices = new Choices();
    for (const chosen of own.filter(({ consent }) => consent)) choices.take(chosen, verdict);
    for (const released of own.filter(({ consent }) => !consent)) {
      choices.check(released, kindOf(released.entry, documents), verdict);
      if (names) checkFields(released, names, verdict);
    }
  }
}

function checkEnd({ items, searched }, newest, { size }, verdict) {
  const least = Math.max(newest?.until ?? 0, items.length > 0 ? items.at(-1).index + 1 : 0);
  const isInTree = least <= searched && searched <= size;
  verdict.check("ledger_form", isInTree, `a search up to ${searched}`, `from ${least} to ${size}`);
}

function ledgerOf({ bundle, closes, opened, names, account, witnessed }) {
  const newest = closes.at(-1);
  const completeUntil = newest?.until ?? 0;
  return {
    account: bundle.account,
    periods: closes.length,
    complete_since: account.completeSince,
    complete_until: completeUntil,
    closed_at: newest?.time ?? null,
    erased_versions: account.erased,
    searched_until: bundle.searched,
    beside: {
      field_names: names ?? [],
      closes: closes.map(({ time, until }) => ({ time, until })),
      published_in: account.publishedIn,
      witnessed,
    },
    lines: opened.map((item) => ({
      index: item.index,
      time: item.entry.time,
      is_provisional: item.index >= completeUntil,
      ...(item.consent ? { chose: item.consent } : { released: releasedOf(item, names) }),
    })),
  };
}

function releasedOf({ entry, relation, fields }, names) {
  const { partner, client, build, purpose, delivery } = entry;
  const named = fieldNumbers(fields).map((number) => names?.[number] ?? `field ${number}`);
  return { partner, client, build, purpose, relation: relation === SELF ? "self" : "friend", fields: named, delivery };
}

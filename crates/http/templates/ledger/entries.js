// What the bytes of entries, of consent records and of documents say, in their one spelling.
// Spec: docs/protocol.md, sections 3 and 4.2.

import { bytesOf, bytesOfHex, fieldsOf, hex, sha256, textOf } from "./bytes.js";

export const ENTRY_BYTES_MAX = 65_535;
const DOCUMENT_BYTES_MAX = 1_048_576;
const FIELDS_MAX = 128;
/// SHA-256 of nothing: the root over no commitments, which no entry is about.
const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The canonical form of RFC 8785, of what has whole numbers only.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${pairs.join(",")}}`;
  }
  if (typeof value === "number" && !isCount(value)) throw new RangeError(`a number of ${value}`);
  return JSON.stringify(value);
}

/// The object that bytes are the canonical form of, or null.
function readCanonical(bytes) {
  try {
    const text = textOf(bytes);
    const value = JSON.parse(text);
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    // A lone half of a character would be escaped again as it is, and is no text.
    const isText = !/\\ud[89a-f]/u.test(text.replaceAll("\\\\", ""));
    return isObject && isText && canonical(value) === text ? value : null;
  } catch {
    return null;
  }
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (value) => typeof value === "string";
const isDigits = (count) => (value) => isText(value) && value.length === count && /^[0-9a-f]*$/u.test(value);
const isDigest = isDigits(64);
const isRecords = (value) => isDigest(value) && value !== EMPTY_ROOT;
/// Numbers of people are rounded up to powers of two, so that nobody can be counted; 0 stays 0.
export const isRounded = (value) => isCount(value) && (BigInt(value) & (BigInt(value) - 1n)) === 0n;
const isName = (value) => isText(value) && /^[a-z0-9][a-z0-9_.@-]{0,63}$/u.test(value);
const isOneOf = (...values) => (value) => values.includes(value);
const isListOf = (is) => (value) => Array.isArray(value) && value.every(is);
const isAny = () => true;

/// Whether an object has these keys and no other; a name that ends in `?` may be left out.
function isShaped(value, shape) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const wanted = Object.entries(shape).map(([name, is]) => [name.replace("?", ""), is, name.endsWith("?")]);
  const isKnown = Object.keys(value).every((key) => wanted.some(([name]) => name === key));
  return isKnown && wanted.every(([name, is, isOptional]) =>
    Object.hasOwn(value, name) ? is(value[name]) : isOptional);
}

const shaped = (shape) => (value) => isShaped(value, shape);

const OWN = {
  disclosure: {
    partner: isName, client: isName, build: isName, purpose: isName, agreements: isListOf(isDigest), as_of: isCount,
    self: isListOf(isText), friend: isListOf(isText), people: isCount, "counted?": isCount,
    delivery: isOneOf("clear", "decided"), records: isRecords, request: isDigest,
  },
  consents: { records: isRecords },
  close: {
    period: isCount, from: isCount, until: isCount, people: isRounded, person_index: isDigest,
    "previous?": shaped({ index: isCount, leaf: isDigest }),
    directory: shaped({ epoch: isCount, root: isDigest, vrf: isDigest }),
  },
};

/// The keys of acts. Of what they say a ledger needs the digest of a schema alone.
const ACTS = {
  keys: "root receipts reviewers",
  field_schema: "digest",
  rules: "digest",
  partner: "id name country parent? parent_country owners key",
  agreement: "agreement partner client digest",
  certification: "agreement client partner categories",
  wind_down: "agreement client steps reason",
  obligation: "partner obligation step",
  budgets: "digest",
  build: "build client package signer version_code artifact purposes self friend",
  review: "build outcome",
  review_pause: "paused reason",
  suspension: "subject reason",
  reinstatement: "subject reason",
  screening: "partner lists outcome report",
};

const isSigner = (value) => isText(value) && /^(root|(partner|reviewer):[a-z0-9][a-z0-9_.@-]{0,63})$/u.test(value);
const isSignature = shaped({ by: isSigner, sig: isDigits(128) });

function shapeOf(kind) {
  if (Object.hasOwn(OWN, kind)) return OWN[kind];
  if (!Object.hasOwn(ACTS, kind)) return null;
  const keys = ACTS[kind].split(" ").map((key) => [key, key === "digest" ? isDigest : isAny]);
  return { ...Object.fromEntries(keys), signatures: isListOf(isSignature) };
}

/// The entry that bytes are, or null.
export function readEntry(bytes) {
  const entry = bytes.length <= ENTRY_BYTES_MAX ? readCanonical(bytes) : null;
  const shape = entry && shapeOf(String(entry.kind));
  const common = { kind: isText, time: isCount, v: (version) => version === 1 };
  return shape && isShaped(entry, { ...shape, ...common }) ? entry : null;
}

export function isAct(entry) {
  return Object.hasOwn(ACTS, entry.kind);
}

/// The bytes of a close's entry, or null if a number is larger than entries have.
export function closeEntry(close, { period, from, previous, vrf }) {
  const entry = {
    kind: "close",
    time: close.time,
    v: 1,
    period,
    from,
    until: close.until,
    people: close.people,
    person_index: hex(close.personIndex),
    directory: { epoch: close.epoch, root: hex(close.directory), vrf: close.epoch === 0 ? "0".repeat(64) : hex(vrf) },
  };
  if (previous) entry.previous = { index: previous.index, leaf: hex(previous.leaf) };
  try {
    return bytesOf(canonical(entry));
  } catch {
    return null;
  }
}

const isFields = isDigits(32);
const CHOICES = {
  settings: { friends_app: isFields, friends_device: isFields, my_app: isFields, my_device: isFields },
  grant: { client: isName, purpose: isName, viewer: isFields, friend: isFields, until: isCount, grant: isFields },
  grant_ended: { grant: isFields },
  erased: {},
  hold: { until: isCount },
};

/// The consent record that bytes are, or null.
export function readConsent(bytes) {
  const record = readCanonical(bytes);
  if (!record || !isShaped(record, { number: isCount, time: isCount, choice: isAny })) return null;
  const isChoice = Object.entries(CHOICES).some(([name, shape]) =>
    isShaped(record.choice, { [name]: shaped(shape) }));
  return isChoice ? record : null;
}

const RECEIPT = {
  count: isCount, deadline: isCount, index: isCount, origin: isText, path: isListOf(isDigest), person: isDigits(32),
  position: isCount, record: isAny, records: isRecords, salt: isDigest, time: isCount, v: isOneOf(1),
};

/// The receipt for a choice that bytes are, or null. Its record is read by itself.
export function readConsentReceipt(bytes) {
  const receipt = readCanonical(bytes);
  return receipt && isShaped(receipt, RECEIPT) ? receipt : null;
}

/// A set of fields of a consent record.
export function fieldSet(digits) {
  return fieldsOf(bytesOfHex(digits));
}

/// The documents of a bundle, by their digests: schemas as lists of names, agreements as kinds of clients.
export async function readDocuments(documents) {
  const read = new Map();
  for (const bytes of documents) {
    const document = bytes.length <= DOCUMENT_BYTES_MAX ? readCanonical(bytes) : null;
    read.set(hex(await sha256(bytes)), { names: schemaNames(document), kind: agreementKind(document) });
  }
  return read;
}

function schemaNames(document) {
  if (!document || !isShaped(document, { version: isOneOf(1), fields: Array.isArray })) return null;
  const names = document.fields.map((field) => field?.name);
  const isSchema = names.every(isText) && names[0] === "id" && names[1] === "friends" && names.length <= FIELDS_MAX;
  return isSchema ? names : null;
}

function agreementKind(document) {
  return document?.version === 2 && ["device", "app"].includes(document.kind) ? document.kind : null;
}

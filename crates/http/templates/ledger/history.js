// The bytes of an account's history in the directory: a `HistoryProof` of the crate akd 0.13, in protobuf.
// Spec: docs/protocol.md, section 4.3. It is read in the one spelling that the crate writes: fields in the order of
// their numbers, none besides, and no number longer than it has to be. Nothing here says that any of it is true.

import { HASH_BYTES } from "./bytes.js";

export const HISTORY_BYTES_MAX = 1_048_576;
const LABEL_BITS_MAX = 256;

/// Why bytes are no history, or prove none. They are part of a bundle that is to prove itself.
export class HistoryError extends Error {
  isSigned = true;
}

const NUMBER = 0;
const BYTES = 2;

/// How often a field stands there.
const ONCE = { least: 1, most: 1 };
const AT_MOST_ONCE = { least: 0, most: 1 };
const TWICE = { least: 2, most: 2 };
const ANY = { least: 0, most: Infinity };

/// The fields of each message, in the order of their numbers: a name, what it is, and how often.
const LABEL = [["value", BYTES, ONCE], ["bits", NUMBER, ONCE]];
const ELEMENT = [["label", LABEL, ONCE], ["hash", BYTES, ONCE]];
const STEP = [["label", LABEL, ONCE], ["sibling", ELEMENT, ONCE], ["direction", NUMBER, ONCE]];
const PRESENCE = [["label", LABEL, ONCE], ["hash", BYTES, ONCE], ["steps", STEP, ANY]];
const ABSENCE = [["label", LABEL, ONCE], ["end", LABEL, ONCE], ["children", ELEMENT, TWICE], ["presence", PRESENCE, ONCE]];
const UPDATE = [
  ["epoch", NUMBER, ONCE],
  ["value", BYTES, ONCE],
  ["version", NUMBER, ONCE],
  ["vrf", BYTES, ONCE],
  ["presence", PRESENCE, ONCE],
  ["staleVrf", BYTES, AT_MOST_ONCE],
  ["stale", PRESENCE, AT_MOST_ONCE],
  ["nonce", BYTES, ONCE],
];
const HISTORY = [
  ["updates", UPDATE, ANY],
  ["pastVrfs", BYTES, ANY],
  ["past", PRESENCE, ANY],
  ["laterVrfs", BYTES, ANY],
  ["later", ABSENCE, ANY],
];

/// Reads a history to its end; throws a `HistoryError`.
export function readHistory(bytes) {
  if (bytes.length > HISTORY_BYTES_MAX) {
    throw new HistoryError(`a history of ${bytes.length} bytes, of at most ${HISTORY_BYTES_MAX}`);
  }
  return message(bytes, HISTORY);
}

function otherSpelling() {
  return new HistoryError("a history in another spelling than the one of the directory");
}

/// A message as an object: a list of values for each field that may stand there more than once.
function message(bytes, fields) {
  const read = {};
  let at = 0;
  const number = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      // A last byte of zero would say nothing. Numbers that are not exact are in no directory.
      if (byte === undefined || (byte === 0 && factor > 1)) throw otherSpelling();
      value += (byte & 127) * factor;
      factor *= 128;
      if (!Number.isSafeInteger(value)) throw otherSpelling();
      if (byte < 128) return value;
    }
  };
  const some = (length) => {
    at += length;
    if (at > bytes.length) throw otherSpelling();
    return bytes.subarray(at - length, at);
  };
  for (const [place, [name, kind, often]] of fields.entries()) {
    const values = [];
    const tag = ((place + 1) << 3) | (kind === NUMBER ? NUMBER : BYTES);
    while (values.length < often.most && bytes[at] === tag) {
      at += 1;
      const value = kind === NUMBER ? number() : some(number());
      values.push(Array.isArray(kind) ? message(value, kind) : value);
    }
    if (values.length < often.least) throw otherSpelling();
    read[name] = often.most === 1 ? values[0] ?? null : values;
  }
  if (at !== bytes.length) throw otherSpelling();
  return checked(read, fields);
}

/// What the forms of the fields leave open: the lengths of labels and hashes, and that a direction is one of two.
function checked(read, fields) {
  if (fields === LABEL) return labelOfNode(read);
  const isHash = !("hash" in read) || read.hash.length === HASH_BYTES;
  const isDirection = !("direction" in read) || read.direction <= 1;
  if (!isHash || !isDirection) throw otherSpelling();
  return read;
}

/// A label is written without the zeros at its end.
function labelOfNode({ value, bits }) {
  if (value.length > HASH_BYTES || value.at(-1) === 0 || bits > LABEL_BITS_MAX) throw otherSpelling();
  const whole = new Uint8Array(HASH_BYTES);
  whole.set(value);
  return { value: whole, bits };
}

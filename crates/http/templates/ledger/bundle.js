// The bytes of a ledger bundle. Nothing here says that any of it is true.
// Spec: docs/protocol.md, section 7.

import { HASH_BYTES, bytesOf, isSame, textOf } from "./bytes.js";

export const BUNDLE_BYTES_MAX = 268_435_456;
/// The relation of a record about the viewer; a friend's is 1.
export const SELF = 0;
const VERSION = 1;
/// 9999-12-31T23:59:59Z.
const TIME_MAX_S = 253_402_300_799;

/// Why bytes are no bundle.
export class BundleError extends Error {}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  take(length) {
    if (length > this.bytes.length - this.at) {
      throw new BundleError(`it ends at byte ${this.bytes.length}, within something`);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8() {
    return this.take(1)[0];
  }

  u16() {
    this.take(2);
    return this.view.getUint16(this.at - 2);
  }

  u32() {
    this.take(4);
    return this.view.getUint32(this.at - 4);
  }

  /// A number above 2^53 − 1 is not exact; it is in no entry and no tree, and refused for that.
  u64() {
    this.take(8);
    return Number(this.view.getBigUint64(this.at - 8));
  }

  hash() {
    return this.take(HASH_BYTES);
  }

  blob() {
    return this.take(this.u32());
  }

  /// Nothing is set aside for a count before its things are there: each takes a byte at least.
  many(read) {
    const things = [];
    for (let left = this.u32(); left > 0; left -= 1) things.push(read(this));
    return things;
  }
}

/// Reads a bundle to its end; throws a `BundleError`.
export function readBundle(bytes) {
  if (bytes.length > BUNDLE_BYTES_MAX) {
    throw new BundleError(`${bytes.length} bytes, of at most ${BUNDLE_BYTES_MAX}`);
  }
  const reader = new Reader(bytes);
  if (bytes.length < 8 || !isSame(reader.take(8), bytesOf("cs1ledg\n"))) {
    throw new BundleError("it does not begin as a ledger bundle does");
  }
  const version = reader.u32();
  if (version !== VERSION) throw new BundleError(`it is of version ${version}, not ${VERSION}`);
  const bundle = {
    checkpoint: reader.blob(),
    account: account(reader.blob()),
    history: reader.blob(),
    vrf: reader.hash(),
    secrets: reader.many(secret),
    closes: reader.many(close),
    searched: reader.u64(),
    documents: reader.many((of) => of.blob()),
    entries: reader.many((of) => ({ index: of.u64(), bytes: of.blob() })),
    items: reader.many(item),
    hashes: reader.many((of) => of.hash()),
  };
  if (reader.at !== bytes.length) throw new BundleError(`something follows its end at byte ${reader.at}`);
  return bundle;
}

function account(bytes) {
  try {
    return textOf(bytes);
  } catch {
    throw new BundleError("its account is not UTF-8");
  }
}

function secret(reader) {
  return { version: reader.u64(), secret: reader.hash() };
}

function close(reader) {
  return {
    index: reader.u64(),
    epoch: reader.u64(),
    directory: reader.hash(),
    people: reader.u64(),
    personIndex: reader.hash(),
    time: time(reader.u64()),
    until: reader.u64(),
    shown: reader.many((of) => ({ place: of.u16(), proof: of.blob() })),
  };
}

function time(seconds) {
  if (seconds > TIME_MAX_S) throw new BundleError("a time beyond the year 9999");
  return seconds;
}

function item(reader) {
  return {
    place: reader.u16(),
    index: reader.u64(),
    position: reader.u32(),
    count: reader.u32(),
    salt: reader.hash(),
    opening: opening(reader),
    path: reader.many((of) => of.hash()),
  };
}

/// A record, with its `relation`, or a consent record, with its `consent`.
function opening(reader) {
  const kind = reader.u8();
  if (kind === 1) return { consent: reader.blob() };
  if (kind !== 0) throw new BundleError(`an opening of kind ${kind}, neither 0 nor 1`);
  const relation = reader.u8();
  if (relation > 1) throw new BundleError(`a relation of ${relation}, neither 0 nor 1`);
  return { relation, fields: reader.take(16) };
}

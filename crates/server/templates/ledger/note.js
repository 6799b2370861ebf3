// A log's key, and the checkpoint that it signed.
// Spec: docs/protocol.md, section 2; C2SP signed-note and tlog-checkpoint. Cosignatures are not read.

import { HASH_BYTES, NUMBER_MAX, bytesOf, bytesOfBase64, hex, isSame, sha256, textOf } from "./bytes.js";

const CHECKPOINT_BYTES_MAX = 1_000_000;
const ED25519 = 1;
const PRIME = 2n ** 255n - 19n;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/// The y-coordinates of the points of small order, 8 and less.
const SMALL_ORDER = [
  0n,
  1n,
  PRIME - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d7b6a17c7n,
];

/// Why a key or a checkpoint cannot be taken.
export class NoteError extends Error {}

/// Reads `origin+id+base64(0x01 ‖ public key)`.
export async function readKey(vkey) {
  const [, origin, id, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(vkey.trim()) ?? [];
  const typed = base64 && bytesOfBase64(base64);
  if (!typed || typed.length !== 1 + HASH_BYTES || typed[0] !== ED25519) {
    throw new NoteError("this is no key of a log: it has the form origin+id+base64");
  }
  const hash = await sha256(bytesOf(`${origin}\n`), typed);
  if (hex(hash.subarray(0, 4)) !== id) throw new NoteError("the id of this key is not its own: was it cut off?");
  return { origin, id: hash.subarray(0, 4), point: typed.subarray(1) };
}

/// Reads a checkpoint that the key signed.
export async function openCheckpoint(bytes, key) {
  if (bytes.length > CHECKPOINT_BYTES_MAX) throw new NoteError(`it has more than ${CHECKPOINT_BYTES_MAX} bytes`);
  const { text, signatures } = readNote(bytes);
  const own = signatures.filter(({ name, value }) => name === key.origin && isSame(value.subarray(0, 4), key.id));
  if (own.length === 0) throw new NoteError(`it has no signature by ${key.origin} with the key given`);
  for (const { value } of own) {
    if (!(await isSigned(key.point, value.subarray(4), bytesOf(text)))) {
      throw new NoteError(`the signature by ${key.origin} does not hold`);
    }
  }
  const [, origin, size, base64] = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([^\n]+)\n$/u.exec(text) ?? [];
  const root = base64 && bytesOfBase64(base64);
  if (!root || root.length !== HASH_BYTES || Number(size) > NUMBER_MAX) throw new NoteError("it is no checkpoint");
  if (origin !== key.origin) throw new NoteError("it is of another log than its signature");
  return { origin, size: Number(size), root };
}

function readNote(bytes) {
  let note;
  try {
    note = textOf(bytes);
  } catch {
    throw new NoteError("it is not UTF-8");
  }
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n") || /[\0-\x09\x0b-\x1f]/u.test(note)) throw new NoteError("it is no signed note");
  const lines = note.slice(end + 2, -1).split("\n");
  return { text: note.slice(0, end + 1), signatures: lines.map(signature) };
}

function signature(line) {
  const [, name, base64] = /^— ([^+\s]+) (\S+)$/u.exec(line) ?? [];
  const value = base64 && bytesOfBase64(base64);
  if (!value || value.length < 5) throw new NoteError("a line of its signatures is none");
  return { name, value };
}

/// Whether an Ed25519 signature holds, and neither the key nor its point is of small order.
async function isSigned(point, signature, message) {
  if (signature.length !== 64 || isSmall(point) || isSmall(signature.subarray(0, 32))) return false;
  if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) return false;
  const key = await crypto.subtle.importKey("raw", point, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, message);
}

function isSmall(point) {
  const y = littleEndian(point) & (2n ** 255n - 1n);
  return SMALL_ORDER.includes(y % PRIME);
}

function littleEndian(bytes) {
  return BigInt("0x" + hex(Uint8Array.from(bytes).reverse()));
}

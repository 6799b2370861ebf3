// A log's key, and the checkpoint that it signed.
// Spec: docs/protocol.md, section 2; C2SP signed-note and tlog-checkpoint. What witnesses add is for policy.js.

import { HASH_BYTES, NUMBER_MAX, bytesOf, bytesOfBase64, hex, isSame, sha256, textOf } from "./bytes.js";
import { isSigned } from "./signature.js";

const CHECKPOINT_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
/// The types of keys: of those who sign a text as it is, and of witnesses.
const ED25519 = 1;
export const COSIGNATURE = 4;

/// Why a key or a checkpoint cannot be taken, and whether the log has signed it all the same.
export class NoteError extends Error {
  constructor(message, isSigned = false) {
    super(message);
    this.isSigned = isSigned;
  }
}

/// Reads `origin+id+base64(type ‖ public key)`.
export async function readKey(vkey, type = ED25519) {
  const [, origin, id, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/iu.exec(vkey.trim()) ?? [];
  const typed = base64 && bytesOfBase64(base64);
  if (!typed || typed.length !== 1 + HASH_BYTES || typed[0] !== type) {
    const whose = type === ED25519 ? "a log" : "a witness";
    throw new NoteError(`this is no key of ${whose}: it has the form origin+id+base64`);
  }
  const hash = await sha256(bytesOf(`${origin}\n`), typed);
  if (hex(hash.subarray(0, 4)) !== id.toLowerCase()) throw new NoteError("the id of this key is not its own: was it cut off?");
  return { origin, id: hash.subarray(0, 4), point: typed.subarray(1) };
}

/// Reads a checkpoint that the key signed.
export async function openCheckpoint(bytes, key) {
  if (bytes.length > CHECKPOINT_BYTES_MAX) throw new NoteError(`it has more than ${CHECKPOINT_BYTES_MAX} bytes`);
  const { text, signatures } = readNote(bytes);
  // Of several lines by the log the first counts.
  const own = signatures.find(({ name, value }) => name === key.origin && isSame(value.subarray(0, 4), key.id));
  if (!own) throw new NoteError(`it has no signature by ${key.origin} with the key given`);
  if (!(await isSigned(key.point, own.value.subarray(4), bytesOf(text)))) {
    throw new NoteError(`the signature by ${key.origin} does not hold`);
  }
  const [, origin, size, base64] = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([^\n]+)\n$/u.exec(text) ?? [];
  const root = base64 && bytesOfBase64(base64);
  if (!root || root.length !== HASH_BYTES || Number(size) > NUMBER_MAX) throw new NoteError("it is no checkpoint", true);
  if (origin !== key.origin) throw new NoteError("it is of another log than its signature", true);
  return { origin, size: Number(size), root, text, signatures };
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
  if (lines.length > SIGNATURES_MAX) throw new NoteError(`it has more than ${SIGNATURES_MAX} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(signature) };
}

function signature(line) {
  const [, name, base64] = /^— ([^+\s]+) (\S+)$/u.exec(line) ?? [];
  const value = base64 && bytesOfBase64(base64);
  if (!value || value.length < 5) throw new NoteError("a line of its signatures is none");
  return { name, value };
}

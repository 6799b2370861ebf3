// Bytes, numbers and hashes, as docs/protocol.md writes them. The hashes here are WebCrypto's.

const ENCODER = new TextEncoder();

export const HASH_BYTES = 32;
/// Numbers go up to here, so that they are exact.
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

export function bytesOf(text) {
  return ENCODER.encode(text);
}

/// The text of bytes that are UTF-8; throws if they are not.
export function textOf(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/// A text between quotes, in which nothing looks like something else: what is not printable ASCII stands as its number.
export function escaped(text) {
  const characters = Array.from(text, (character) => {
    if (character === "\\" || character === '"') return `\\${character}`;
    return /[ -~]/u.test(character) ? character : `\\u{${character.codePointAt(0).toString(16)}}`;
  });
  return `"${characters.join("")}"`;
}

export function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function isSame(a, b) {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function bytesOfHex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/// The bytes of base64 in its one spelling, or null.
export function bytesOfBase64(text) {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    let back = "";
    for (const byte of bytes) back += String.fromCharCode(byte);
    return btoa(back) === text ? bytes : null;
  } catch {
    return null;
  }
}

export function u8(number) {
  return Uint8Array.of(number);
}

export function u32(number) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function u64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

export async function sha512(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-512", joined(...parts)));
}

/// A hash for one purpose, which its eight letters name.
export function tagged(tag, ...parts) {
  return sha256(bytesOf(tag), ...parts);
}

/// Bit `n` of a label, counted from the highest bit of the first byte.
export function bitOf(label, n) {
  return (label[n >> 3] >> (7 - (n & 7))) & 1;
}

/// The first bits of a label, and then zeros.
export function prefixOf(label, bits) {
  return label.map((byte, n) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - 8 * n))) & 0xff);
}

/// A set of fields, as a number whose bit `n` is field `n`.
export function fieldsOf(bytes) {
  return BigInt("0x" + hex(bytes));
}

/// Whether every field of the first set is in the second.
export function isWithin(some, all) {
  return (some & ~all) === 0n;
}

/// A time in seconds since 1970 as people read it: RFC 3339, in UTC.
export function dateOf(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace(/\.000Z$/u, "Z");
}

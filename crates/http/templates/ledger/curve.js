// The curve edwards25519, for checking what others signed and proved.
// Spec: RFC 8032, section 5.1. What it is not: constant in time. It is only ever given what is public.

import { hex } from "./bytes.js";

const FIELD_PRIME = 2n ** 255n - 19n;
/// The order of the base point.
export const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = field(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (FIELD_PRIME - 1n) / 4n);
const WINDOW_BITS = 4n;

/// Points are in extended coordinates: x = X/Z, y = Y/Z, x·y = T/Z.
const NEUTRAL = { X: 0n, Y: 1n, Z: 1n, T: 0n };

function field(number) {
  const rest = number % FIELD_PRIME;
  return rest < 0n ? rest + FIELD_PRIME : rest;
}

function power(base, exponent) {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD_PRIME;
    square = (square * square) % FIELD_PRIME;
  }
  return result;
}

function inverse(number) {
  return power(number, FIELD_PRIME - 2n);
}

/// The number that bytes are, the lowest byte first.
export function littleEndian(bytes) {
  return BigInt("0x" + hex(Uint8Array.from(bytes).reverse()));
}

/// The point that 32 bytes are in their one spelling, or null.
export function decodePoint(bytes) {
  const number = littleEndian(bytes);
  const y = number & (2n ** 255n - 1n);
  const isOdd = number >> 255n === 1n;
  if (y >= FIELD_PRIME) return null;
  const [u, v] = [field(y * y - 1n), field(D * y * y + 1n)];
  // A root of u/v, if it has one.
  const v3 = (((v * v) % FIELD_PRIME) * v) % FIELD_PRIME;
  const v7 = (((v3 * v3) % FIELD_PRIME) * v) % FIELD_PRIME;
  let x = (((u * v3) % FIELD_PRIME) * power((u * v7) % FIELD_PRIME, (FIELD_PRIME - 5n) / 8n)) % FIELD_PRIME;
  const square = (((x * x) % FIELD_PRIME) * v) % FIELD_PRIME;
  if (square !== u) {
    if (square !== field(-u)) return null;
    x = (x * ROOT_OF_MINUS_ONE) % FIELD_PRIME;
  }
  if (x === 0n && isOdd) return null;
  if ((x & 1n) !== BigInt(isOdd)) x = FIELD_PRIME - x;
  return { X: x, Y: y, Z: 1n, T: (x * y) % FIELD_PRIME };
}

export function encodePoint({ X, Y, Z }) {
  const unit = inverse(Z);
  const [x, y] = [(X * unit) % FIELD_PRIME, (Y * unit) % FIELD_PRIME];
  const digits = (y | ((x & 1n) << 255n)).toString(16).padStart(64, "0");
  return Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16)).reverse();
}

/// The sum of two points, which may be one.
export function addPoints(p, q) {
  const a = ((p.Y - p.X) * (q.Y - q.X)) % FIELD_PRIME;
  const b = ((p.Y + p.X) * (q.Y + q.X)) % FIELD_PRIME;
  const c = (2n * D * ((p.T * q.T) % FIELD_PRIME)) % FIELD_PRIME;
  const d = (2n * p.Z * q.Z) % FIELD_PRIME;
  return extended(b - a, d - c, d + c, b + a);
}

function doublePoint({ X, Y, Z }) {
  const [a, b] = [(X * X) % FIELD_PRIME, (Y * Y) % FIELD_PRIME];
  const h = a + b;
  const g = a - b;
  const f = 2n * Z * Z + g;
  return extended(h - (X + Y) ** 2n, f % FIELD_PRIME, g, h);
}

function extended(e, f, g, h) {
  return { X: field(e * f), Y: field(g * h), Z: field(f * g), T: field(e * h) };
}

export function negatePoint({ X, Y, Z, T }) {
  return { X: field(-X), Y, Z, T: field(-T) };
}

/// Eight times a point.
export function timesCofactor(point) {
  return doublePoint(doublePoint(doublePoint(point)));
}

export function isNeutral({ X, Y, Z }) {
  return X === 0n && Y === Z;
}

/// Whether a point is one of the eight that say nothing about a scalar.
export function isSmallOrder(point) {
  return isNeutral(timesCofactor(point));
}

/// The sum of products of scalars and points, as pairs; window by window for all of them at once.
export function sumOfProducts(...products) {
  const tables = products.map(([scalar, point]) => ({ scalar, multiples: multiplesOf(point) }));
  let sum = NEUTRAL;
  for (let bit = 256n - WINDOW_BITS; bit >= 0n; bit -= WINDOW_BITS) {
    for (let n = 0n; n < WINDOW_BITS; n += 1n) sum = doublePoint(sum);
    for (const { scalar, multiples } of tables) {
      const digit = Number((scalar >> bit) & (2n ** WINDOW_BITS - 1n));
      if (digit > 0) sum = addPoints(sum, multiples[digit]);
    }
  }
  return sum;
}

function multiplesOf(point) {
  const multiples = [NEUTRAL];
  while (multiples.length < 2 ** Number(WINDOW_BITS)) multiples.push(addPoints(multiples.at(-1), point));
  return multiples;
}

/// The base point: y = 4/5, and the even x.
export const BASE_POINT = decodePoint(Uint8Array.from({ length: 32 }, (_, n) => (n === 0 ? 0x58 : 0x66)));

// BLAKE3, the hash with 32 bytes of output, without a key.
// Spec: "BLAKE3: one function, fast everywhere", section 2. WebCrypto does not have it.

import { split } from "./proofs.js";

const BLOCK_BYTES = 64;
const CHUNK_BYTES = 1_024;
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
const ROUNDS = 7;

/// The first 32 bits of the fractional parts of the square roots of the first 8 primes, as in SHA-256.
const INITIAL = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
/// From which place each word of the message comes in the next round.
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/// The columns of the state, and then its diagonals.
const QUARTERS = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
];

export function blake3(bytes) {
  const hash = new DataView(new ArrayBuffer(32));
  chainingValue(bytes, 0, ROOT).forEach((word, n) => hash.setUint32(4 * n, word, true));
  return new Uint8Array(hash.buffer);
}

/// The eight words for a part of the input that begins with this chunk. `root`: the flag of the whole input.
function chainingValue(bytes, chunk, root) {
  if (bytes.length <= CHUNK_BYTES) return chunkValue(bytes, chunk, root);
  const chunks = split(Math.ceil(bytes.length / CHUNK_BYTES));
  const left = chainingValue(bytes.subarray(0, chunks * CHUNK_BYTES), chunk, 0);
  const right = chainingValue(bytes.subarray(chunks * CHUNK_BYTES), chunk + chunks, 0);
  return compress(INITIAL, [...left, ...right], 0, BLOCK_BYTES, PARENT | root);
}

function chunkValue(bytes, chunk, root) {
  const blocks = Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES));
  let value = INITIAL;
  for (let n = 0; n < blocks; n += 1) {
    const block = bytes.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES);
    const padded = new Uint8Array(BLOCK_BYTES);
    padded.set(block);
    const view = new DataView(padded.buffer);
    const words = Array.from({ length: 16 }, (_, word) => view.getUint32(4 * word, true));
    const flags = (n === 0 ? CHUNK_START : 0) | (n === blocks - 1 ? CHUNK_END | root : 0);
    value = compress(value, words, chunk, block.length, flags);
  }
  return value;
}

/// The compression function, of which the first eight words are taken.
function compress(value, words, counter, length, flags) {
  const high = Math.floor(counter / 2 ** 32);
  const state = Uint32Array.of(...value, ...INITIAL.slice(0, 4), counter, high, length, flags);
  let message = words;
  for (let round = 0; round < ROUNDS; round += 1) {
    QUARTERS.forEach((places, n) => mix(state, places, message[2 * n], message[2 * n + 1]));
    message = PERMUTATION.map((place) => message[place]);
  }
  return Array.from({ length: 8 }, (_, n) => (state[n] ^ state[n + 8]) >>> 0);
}

/// The quarter-round.
function mix(state, [a, b, c, d], first, second) {
  for (const [word, turnedD, turnedB] of [[first, 16, 12], [second, 8, 7]]) {
    state[a] += state[b] + word;
    state[d] = turned(state[d] ^ state[a], turnedD);
    state[c] += state[d];
    state[b] = turned(state[b] ^ state[c], turnedB);
  }
}

function turned(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

// Checks proofs of the verifiable random function under which the directory has its labels.
// Spec: RFC 9381, ECVRF-EDWARDS25519-SHA512-TAI, sections 5.2 to 5.4. It proves nothing itself.

import { isSame, sha512, u8 } from "./bytes.js";
import { BASE_POINT, GROUP_ORDER, decodePoint, encodePoint, isNeutral, isSmallOrder, littleEndian, negatePoint, sumOfProducts, timesCofactor } from "./curve.js";

const SUITE = 3;
const PROOF_BYTES = 80;
const END = u8(0);

/// The 64 bytes of output that a proof shows for an input under a key, or null.
export async function vrfOutput(key, input, proof) {
  const own = decodePoint(key);
  if (!own || isSmallOrder(own) || proof.length !== PROOF_BYTES) return null;
  const gamma = decodePoint(proof.subarray(0, 32));
  const challenge = proof.subarray(32, 48);
  const [c, s] = [littleEndian(challenge), littleEndian(proof.subarray(48))];
  if (!gamma || s >= GROUP_ORDER) return null;
  const h = await pointOfInput(key, input);
  const u = sumOfProducts([s, BASE_POINT], [c, negatePoint(own)]);
  const v = sumOfProducts([s, h], [c, negatePoint(gamma)]);
  const points = [h, gamma, u, v].map(encodePoint);
  const expected = await sha512(Uint8Array.of(SUITE, 2), key, ...points, END);
  if (!isSame(expected.subarray(0, 16), challenge)) return null;
  return sha512(Uint8Array.of(SUITE, 3), encodePoint(timesCofactor(gamma)), END);
}

/// Tries one hash after another until one is a point.
async function pointOfInput(key, input) {
  for (let counter = 0; ; counter += 1) {
    const hash = await sha512(Uint8Array.of(SUITE, 1), key, input, u8(counter), END);
    const point = decodePoint(hash.subarray(0, 32));
    const multiple = point && timesCofactor(point);
    if (multiple && !isNeutral(multiple)) return multiple;
  }
}

// Ed25519 signatures. Checked here and not by WebCrypto: not every browser has them, and none asks for points of
// small order.
// Spec: RFC 8032, section 5.1.7; docs/protocol.md, section 3.

import { isSame, joined, sha512 } from "./bytes.js";
import { BASE_POINT, GROUP_ORDER, decodePoint, encodePoint, isSmallOrder, littleEndian, negatePoint, sumOfProducts } from "./curve.js";

/// Whether a signature over a message holds, and neither the key nor its point is of small order.
export async function isSigned(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const [ownPoint, point] = [decodePoint(key), decodePoint(signature.subarray(0, 32))];
  const scalar = littleEndian(signature.subarray(32));
  if (!ownPoint || !point || scalar >= GROUP_ORDER || isSmallOrder(ownPoint) || isSmallOrder(point)) return false;
  const challenge = littleEndian(await sha512(signature.subarray(0, 32), key, message)) % GROUP_ORDER;
  const found = sumOfProducts([scalar, BASE_POINT], [challenge, negatePoint(ownPoint)]);
  return isSame(encodePoint(found), signature.subarray(0, 32));
}

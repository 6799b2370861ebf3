// Holds the hash, the signatures and the verifiable random function of the page `/ledger` against published vectors.

import { readFileSync } from "node:fs";
import { blake3 } from "../../../crates/http/templates/ledger/blake3.js";
import { bytesOfHex, hex } from "../../../crates/http/templates/ledger/bytes.js";
import { GROUP_ORDER, littleEndian } from "../../../crates/http/templates/ledger/curve.js";
import { isSigned } from "../../../crates/http/templates/ledger/signature.js";
import { vrfOutput } from "../../../crates/http/templates/ledger/vrf.js";

const { blake3: hashes, ed25519, ecvrf } = JSON.parse(readFileSync(0, "utf8"));

/// Each of the bytes with one of its bits flipped.
function* flipped(bytes) {
  for (let at = 0; at < bytes.length; at += 1) {
    const other = Uint8Array.from(bytes);
    other[at] ^= 1 << (at % 8);
    yield other;
  }
}

/// The bytes with the group's order added to the scalar in their last 32: the same number, spelled in another way.
function respelled(bytes) {
  const scalar = littleEndian(bytes.subarray(-32)) + GROUP_ORDER;
  const digits = scalar.toString(16).padStart(64, "0");
  return Uint8Array.of(...bytes.subarray(0, -32), ...bytesOfHex(digits).reverse());
}

const ofHashes = hashes.map(({ input_len: length }) => hex(blake3(Uint8Array.from({ length }, (_, n) => n % 251))));

/// Whether it holds, how often one bit more does, and whether another spelling or key does.
async function found(holds, proof, key) {
  let others = 0;
  for (const other of flipped(proof)) others += Number(Boolean(await holds(key, other)));
  const neutral = Uint8Array.from({ length: 32 }, (_, n) => Number(n === 0));
  const refused = [[key, respelled(proof)], [key, proof.subarray(1)], [neutral, proof], [new Uint8Array(32), proof]];
  for (const [ofKey, other] of refused) others += Number(Boolean(await holds(ofKey, other)));
  return others;
}

const ofSignatures = [];
for (const { key, message, signature } of ed25519) {
  const holds = (ofKey, other) => isSigned(ofKey, other, bytesOfHex(message));
  const [ownKey, proof] = [key, signature].map(bytesOfHex);
  ofSignatures.push({ holds: await holds(ownKey, proof), others: await found(holds, proof, ownKey) });
}

const ofProofs = [];
const begun = performance.now();
for (const { key, input, proof } of ecvrf) ofProofs.push(hex(await vrfOutput(bytesOfHex(key), bytesOfHex(input), bytesOfHex(proof))));
const milliseconds = (performance.now() - begun) / ecvrf.length;
let othersOfProofs = 0;
for (const { key, input, proof } of ecvrf) {
  const holds = (ofKey, other) => vrfOutput(ofKey, bytesOfHex(input), other);
  othersOfProofs += await found(holds, bytesOfHex(proof), bytesOfHex(key));
}

process.stdout.write(JSON.stringify({ hashes: ofHashes, signatures: ofSignatures, proofs: ofProofs, others_of_proofs: othersOfProofs, milliseconds }));

// What the reader brings, from the page's form. It is read anew for every check, and kept nowhere.

import { bytesOf, bytesOfHex } from "./bytes.js";
import { receiptsIn } from "./receipts.js";

const control = (id) => document.getElementById(id);

/// The ledger's bytes and the question to ask of it; throws where a field cannot be read. Null if file or key lack.
export async function readForm() {
  const [file] = control("file").files;
  const key = control("key").value;
  if (!file || !key.trim()) return null;
  const question = {
    key,
    at: timeIn("at", (value) => `${value}Z`) ?? Math.floor(Date.now() / 1000),
    account: control("account").value === "" ? null : control("account").value,
    accountSince: timeIn("since", (value) => `${value}T00:00:00Z`),
    receipts: await receiptsOf(control("receipts").files, control("receipt-text").value),
    receiptsKey: receiptsKeyIn(control("receipts-key").value.trim()),
    policy: policyIn(control("policy").value),
  };
  return { bytes: new Uint8Array(await file.arrayBuffer()), question };
}

/// The time in a field, in seconds, or null if it is empty.
function timeIn(id, written) {
  const { value, validity } = control(id);
  if (validity.badInput) throw new Error("a date is not whole");
  return value === "" ? null : Math.floor(Date.parse(written(value)) / 1000);
}

async function receiptsOf(files, text) {
  const read = receiptsIn(bytesOf(text));
  for (const file of files) read.push(...receiptsIn(new Uint8Array(await file.arrayBuffer())));
  return read;
}

function receiptsKeyIn(digits) {
  if (digits === "") return null;
  if (!/^[0-9a-f]{64}$/iu.test(digits)) throw new Error("the key for receipts has to have 64 hexadecimal digits");
  return bytesOfHex(digits);
}

/// A policy's last line ends like the others, which is not seen in a field.
function policyIn(text) {
  if (text.trim() === "") return null;
  return text.endsWith("\n") ? text : `${text}\n`;
}

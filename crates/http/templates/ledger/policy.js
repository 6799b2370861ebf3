// A reader's witness policy, and when a quorum of it had seen a checkpoint.
// Spec: C2SP tlog-policy and tlog-cosignature; docs/protocol.md, section 2.1.

import { bytesOf, isSame } from "./bytes.js";
import { COSIGNATURE, NoteError, readKey } from "./note.js";
import { isSigned } from "./signature.js";

const POLICY_BYTES_MAX = 262_144;
const COSIGNED_BYTES = 72;
const COSIGNATURE_TIME_MAX = 2n ** 63n - 1n;

/// Why a text is no policy, and on which line.
export class PolicyError extends Error {
  constructor(line, reason) {
    super(`line ${line} of the policy: ${reason}`);
  }
}

/// Reads a policy; throws a `PolicyError` for the first line that is wrong.
export async function readPolicy(text) {
  if (bytesOf(text).length > POLICY_BYTES_MAX) throw new PolicyError(1, `it has more than ${POLICY_BYTES_MAX} bytes`);
  const lines = text.split("\n");
  const policy = { logs: [], components: [], names: new Map(), members: new Set(), quorum: undefined };
  for (const [n, line] of lines.slice(0, -1).entries()) {
    try {
      await readLine(line, policy);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      throw new PolicyError(n + 1, error.message);
    }
  }
  if (lines.at(-1) !== "") throw new PolicyError(lines.length, "it does not end in a newline");
  if (policy.quorum === undefined) throw new PolicyError(Math.max(1, lines.length - 1), "no line says the quorum");
  return policy;
}

async function readLine(line, policy) {
  if (/[\0-\x08\x0a-\x1f\x7f]/u.test(line)) throw new NoteError("a control character");
  const [keyword, ...items] = line.split(/[ \t]+/u).filter((item) => item !== "");
  if (keyword === undefined || keyword.startsWith("#")) return;
  const read = { log: readLog, witness: readWitness, group: readGroup, quorum: readQuorum };
  if (!Object.hasOwn(read, keyword)) throw new NoteError("it begins with none of log, witness, group, quorum and #");
  await read[keyword](items, policy);
}

async function readLog(items, { logs }) {
  if (items.length < 1 || items.length > 2) throw new NoteError("write log VKEY [URL]");
  const key = await readKey(items[0]);
  if (logs.some((log) => isSame(log.point, key.point))) throw new NoteError("a log with this key is there already");
  logs.push(key);
}

async function readWitness(items, policy) {
  if (items.length < 2 || items.length > 3) throw new NoteError("write witness NAME VKEY [URL]");
  const witness = await readKey(items[1], COSIGNATURE);
  const isKnown = policy.components.some((one) => one.witness && isSame(one.witness.point, witness.point));
  if (isKnown) throw new NoteError("a witness with this key is there already");
  define(items[0], { witness }, policy);
}

function readGroup([name, threshold, ...listed], policy) {
  if (listed.length === 0) throw new NoteError("write group NAME any|all|K MEMBER…");
  const least = { any: 1, all: listed.length }[threshold] ?? (/^[1-9][0-9]{0,5}$/u.test(threshold) ? Number(threshold) : 0);
  if (least < 1 || least > listed.length) throw new NoteError(`write any, all or a number from 1 to ${listed.length}`);
  const members = listed.map((member) => {
    const place = placeNamed(member, policy);
    if (policy.members.has(place)) throw new NoteError(`${member} is a member of a group already`);
    policy.members.add(place);
    return place;
  });
  define(name, { least, members }, policy);
}

function readQuorum(items, policy) {
  if (items.length !== 1) throw new NoteError("write quorum NAME|none");
  if (policy.quorum !== undefined) throw new NoteError("the quorum is there already");
  policy.quorum = items[0] === "none" ? null : placeNamed(items[0], policy);
}

function define(name, component, { names, components }) {
  if (name === "none" || names.has(name)) throw new NoteError(`the name ${name} is taken`);
  names.set(name, components.length);
  components.push(component);
}

function placeNamed(name, { names }) {
  if (!names.has(name)) throw new NoteError(`no line before defines ${name}`);
  return names.get(name);
}

/// Whether a quorum had seen a checkpoint, and when: the earliest time by which one had, and the latest at which one
/// still did; no times if the policy asks for no witness. Throws a `NoteError` where a policy does not take it.
export async function witnessedBy({ text, signatures }, key, policy) {
  const isLogOf = policy.logs.some((log) => log.origin === key.origin && isSame(log.point, key.point));
  if (policy.logs.length > 0 && !isLogOf) throw new NoteError("the policy is for other logs than this one");
  const times = [];
  for (const { witness, least, members } of policy.components) {
    if (witness) times.push(await timesOf(witness, text, signatures));
    else times.push(timesOfGroup(least, members.map((place) => times[place]).filter((time) => time !== null)));
  }
  const ofQuorum = policy.quorum === null ? null : times[policy.quorum];
  return { isMet: policy.quorum === null || ofQuorum !== null, times: ofQuorum };
}

/// A group has witnessed as soon as, and for as long as, as many members as it asks for have.
function timesOfGroup(least, members) {
  if (members.length < least) return null;
  const [earliest, latest] = ["earliest", "latest"].map((which) => members.map((time) => time[which]).sort((a, b) => a - b));
  return { earliest: earliest[least - 1], latest: latest[latest.length - least] };
}

/// When a witness cosigned, first and last. All of its lines have to hold.
async function timesOf(witness, text, signatures) {
  const times = [];
  for (const { value } of signatures.filter((line) => line.name === witness.origin && isSame(line.value.subarray(0, 4), witness.id))) {
    const timed = value.subarray(4);
    const time = timed.length === COSIGNED_BYTES ? new DataView(timed.buffer, timed.byteOffset).getBigUint64(0) : null;
    const isTime = time !== null && time <= COSIGNATURE_TIME_MAX;
    const isHeld = isTime && (await isSigned(witness.point, timed.subarray(8), bytesOf(`cosignature/v1\ntime ${time}\n${text}`)));
    if (!isHeld) throw new NoteError(`the cosignature by ${witness.origin} does not hold`);
    times.push(Number(time));
  }
  return times.length > 0 ? { earliest: Math.min(...times), latest: Math.max(...times) } : null;
}

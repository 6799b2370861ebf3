// The closes of a log's periods, one after another, and times.
// Spec: docs/protocol.md, sections 3.5, 3.6 and 7.

import { hex, isSame } from "./bytes.js";
import { closeEntry, isRounded } from "./entries.js";
import { leafHash } from "./proofs.js";

const CLOSE_EVERY_MAX_S = 86_400;
// How far ahead of the clock of whoever checks a time may be.
const SKEW_S = 900;

/// The closes, each with its period, its `from` and its leaf; null if one cannot be an entry.
export async function readCloses(bundle, verdict) {
  const closes = [];
  let previous = null;
  for (const [period, close] of bundle.closes.entries()) {
    const from = previous?.until ?? 0;
    const bytes = closeEntry(close, { period, from, previous, vrf: bundle.vrf });
    const people = `${close.people} people`;
    verdict.check("entry_form", isRounded(close.people), people, "a power of two, or 0", close.index);
    if (!verdict.check("ledger_closes", bytes !== null, "numbers above 2^53 − 1", "those of a close")) return null;
    const isLater = previous === null || previous.index < close.index;
    verdict.check("ledger_closes", isLater, "a close before the one that it follows", "one behind it", close.index);
    previous = { ...close, period, from, leaf: await leafHash(bytes) };
    closes.push(previous);
  }
  return closes;
}

export function checkCloses(closes, verdict) {
  for (const [n, { index, from, until, epoch, directory }] of closes.entries()) {
    const before = closes[n - 1];
    const isOrdered = !before || epoch > before.epoch ||
      (epoch === before.epoch && isSame(directory, before.directory));
    const found = `epoch ${epoch} of ${hex(directory)}`;
    verdict.check("close_order", isOrdered, found, "a later epoch, or the same directory", index);
    const isRange = from < until && until <= index;
    verdict.check("close_range", isRange, `entries ${from} to ${until}`, "some before the close", index);
  }
}

/// Checks that the times of closes do not go back, and that none is late. A close shows itself what the clock was.
export function checkTimes(closes, verdict) {
  let [floor, latest] = [0, Infinity];
  for (const { index, time } of closes) {
    verdict.check("own_time", time >= floor, `time ${time}`, `${floor} or later`, index);
    floor = Math.max(floor, time);
    verdict.check("close_late", floor <= latest, `a close at ${floor}`, `one until ${latest}`, index);
    latest = floor + CLOSE_EVERY_MAX_S;
  }
}

/// Checks that the newest close is of the last day: before witnesses first and last saw the checkpoint, which is in the
/// last day before `at`; or before `at`, where nobody is asked who witnessed it. No moment takes another's place.
export function checkCurrent(closes, at, witnessed, verdict) {
  const time = closes.at(-1)?.time ?? null;
  const found = time === null ? "no close" : `a close at time ${time}`;
  const asked = witnessed ? [witnessed.earliest, witnessed.latest] : [at];
  const missed = asked.find((seen) => !isOfDay(time, seen));
  const expected = `a close from ${dayOf(missed ?? at)}`;
  verdict.check("ledger_current", missed === undefined, found, expected, closes.at(-1)?.index);
  if (!witnessed) return;
  const last = `a quorum of witnesses last at ${witnessed.latest}`;
  verdict.check("ledger_current", isOfDay(witnessed.latest, at), last, `one from ${dayOf(at)}`);
}

function isOfDay(time, at) {
  return time !== null && time + CLOSE_EVERY_MAX_S >= at && time <= at + SKEW_S;
}

function dayOf(at) {
  return `${at - CLOSE_EVERY_MAX_S} to ${at + SKEW_S}`;
}

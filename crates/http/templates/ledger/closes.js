// The closes of a log's periods, one after another, and times.
// Spec: docs/protocol.md, sections 3.5, 3.6 and 7.

import { dateOf, hex, isSame } from "./bytes.js";
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
    verdict.check("own_time", time >= floor, `a close at ${dateOf(time)}`, `${dateOf(floor)} or later`, index);
    floor = Math.max(floor, time);
    verdict.check("close_late", floor <= latest, `a close at ${dateOf(floor)}`, `one until ${dateOf(latest)}`, index);
    latest = floor + CLOSE_EVERY_MAX_S;
  }
}

/// Checks that the newest close is of the last day: before witnesses first and last saw the checkpoint, which is in the
/// last day before `at`; or before `at`, where nobody is asked who witnessed it. No moment takes another's place. What
/// is old is out of date, and accuses nobody; what witnesses saw without a close of that day is another thing.
export function checkCurrent(closes, at, witnessed, verdict) {
  const rule = "ledger_current";
  if (closes.length === 0) {
    const why = "it has no close, so nothing shows that it is complete";
    verdict.checkBrought(rule, false, "no close at all", dayOf(at), why);
    return;
  }
  const { time, index } = closes.at(-1);
  const found = `a newest close of ${dateOf(time)}`;
  if (!witnessed) {
    checkAge({ time, found, what: "the newest close was made" }, time, at, verdict);
    return;
  }
  const missed = [witnessed.earliest, witnessed.latest].find((seen) => !isOfDay(time, seen));
  verdict.check(rule, missed === undefined, found, dayOf(missed ?? at), index);
  const last = `a checkpoint that was last cosigned at ${dateOf(witnessed.latest)}`;
  checkAge({ time: witnessed.latest, found: last, what: "the checkpoint was cosigned" }, time, at, verdict);
}

/// Checks that something is of the day before the reader's own time; otherwise nothing is shown after `until`.
function checkAge({ time, found, what }, until, at, verdict) {
  const why = `${what} at ${dateOf(time)}, and it is ${dateOf(at)} by your clock or by the date that you gave: one of the two is wrong`;
  if (time > at + SKEW_S) verdict.checkBrought("ledger_current", false, found, dayOf(at), why);
  else verdict.checkReaches("ledger_current", isOfDay(time, at), found, dayOf(at), dateOf(until));
}

function isOfDay(time, at) {
  return time + CLOSE_EVERY_MAX_S >= at && time <= at + SKEW_S;
}

function dayOf(at) {
  return `one from ${dateOf(Math.max(0, at - CLOSE_EVERY_MAX_S))} to ${dateOf(at + SKEW_S)}`;
}

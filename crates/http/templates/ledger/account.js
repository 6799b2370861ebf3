// Whose ledger it is: that the directory has these secrets of the account, and no others, and since when.
// Spec: docs/protocol.md, sections 4.3 and 7.

import { dateOf, escaped, isSame } from "./bytes.js";
import { ERASED, secretCommitment, verifyHistory } from "./directory.js";
import { HistoryError } from "./history.js";

/// Checks the account's history against the newest close, and its secrets against the history. Says what the page
/// shows of the account: its versions, those that were erased and are not shown, and from when on it is complete.
export async function checkAccount(bundle, closes, question, verdict) {
  checkName(bundle.account, question.account, verdict);
  const isSome = bundle.secrets.length > 0;
  verdict.check("ledger_secrets", isSome, "no secret", "one at least: without one, nothing is about anybody");
  if (closes.length === 0) return { erased: [], erasedUntil: 0, publishedIn: null, completeSince: null };
  const versions = await readVersionsOf(bundle, closes.at(-1), verdict);
  await checkSecrets(bundle.secrets, versions, verdict);
  const erased = checkNoneMissing(bundle.secrets, versions, verdict);
  checkReplaced(versions, closes, verdict);
  checkSince(versions, closes, question.accountSince, verdict);
  const since = completeSince(bundle.secrets, versions, closes);
  const until = Math.max(0, ...erased.map((version) => erasedUntil(version, versions, closes)));
  return { erased, erasedUntil: until, publishedIn: periodOf(versions[0], closes), completeSince: since };
}

/// Where the first period ends whose directory says that this version was erased: nothing is under its secret behind it.
function erasedUntil(version, versions, closes) {
  const zeros = versions.find((next) => next.version === version + 1);
  const close = zeros && closes.find(({ epoch }) => epoch >= zeros.epoch);
  return close?.until ?? 0;
}

/// Two names may look alike and be two. The reader's own is compared byte for byte.
function checkName(found, expected, verdict) {
  if (expected === null) {
    verdict.notice(`You gave no account: whether ${escaped(found)} is yours was not compared.`);
  } else {
    const why = `this is the ledger of the account ${escaped(found)}, and yours is ${escaped(expected)}`;
    verdict.checkBrought("ledger_account", found === expected, escaped(found), escaped(expected), why);
  }
}

async function readVersionsOf({ account, history, vrf }, newest, verdict) {
  const directory = { epoch: newest.epoch, root: newest.directory, vrf };
  const verified = () => verifyHistory(account, history, directory);
  return (await verdict.checkOf("ledger_directory", HistoryError, verified, "the account's history")) ?? [];
}

const isErasure = ({ value }) => isSame(value, ERASED);

async function checkSecrets(secrets, versions, verdict) {
  for (const [n, { version, secret }] of secrets.entries()) {
    const known = versions.find((one) => one.version === version);
    const isLater = n === 0 || secrets[n - 1].version < version;
    const isIts = known !== undefined && isSame(known.value, await secretCommitment(secret));
    verdict.check("ledger_secrets", isLater && isIts, `a secret of version ${version}`, "that of the directory, once");
  }
}

/// Every version has its secret there, but those of zeros, and those that were erased: a version of zeros follows.
/// Says the versions that were erased and are not shown.
function checkNoneMissing(secrets, versions, verdict) {
  const erased = [];
  for (const [n, version] of versions.entries()) {
    if (isErasure(version)) continue;
    const isShown = secrets.some((shown) => shown.version === version.version);
    const next = versions[n + 1];
    if (!isShown && next && isErasure(next)) erased.push(version.version);
    else verdict.check("ledger_secrets", isShown, `no secret of version ${version.version}`, "that secret");
  }
  return erased;
}

/// A secret takes another's place only behind a close that says that the other was erased: else an account could have
/// two at once.
function checkReplaced(versions, closes, verdict) {
  for (const [n, version] of versions.entries()) {
    const before = versions[n - 1];
    if (!before || isErasure(version)) continue;
    const isAnnounced = closes.some(({ epoch }) => before.epoch <= epoch && epoch < version.epoch);
    const expected = "one behind a close that says that the one before was erased";
    verdict.check("ledger_secrets", isErasure(before) && isAnnounced, `a secret of version ${version.version}`, expected);
  }
}

/// Who has had an account since a day knows that the directory must have had it by the first close from then on.
function checkSince([oldest], closes, since, verdict) {
  const first = since === null ? undefined : closes.find(({ time }) => time >= since);
  if (since !== null && !first) verdict.notice("No period was closed since the day that you gave: the account need not be in the directory yet.");
  if (!first || !oldest) return;
  const found = `published in epoch ${oldest.epoch} of the directory`;
  const has = closes.find(({ epoch }) => oldest.epoch <= epoch);
  // Since when somebody has had an account is signed by nobody.
  const why = `the directory has this account since ${has ? `the close of ${dateOf(has.time)}` : "never"}, and you have had it since ${dateOf(since)}: if that is so, what came before is left out`;
  verdict.checkBrought("ledger_since", oldest.epoch <= first.epoch, found, `epoch ${first.epoch} or before`, why, first.index);
}

/// The first period whose directory has this version.
function periodOf(version, closes) {
  return (version && closes.find(({ epoch }) => epoch >= version.epoch)?.period) ?? null;
}

/// The period from which on nothing is missing: the first one whose directory has the account's newest secret, if that
/// is shown. Before, also between an erasure and the next secret, there may be a secret that no directory has.
function completeSince(secrets, versions, closes) {
  const newest = versions.findLast((version) => !isErasure(version));
  const isShown = newest !== undefined && secrets.some(({ version }) => version === newest.version);
  return isShown ? periodOf(newest, closes) : null;
}

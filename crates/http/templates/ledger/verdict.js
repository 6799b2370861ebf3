// What the rules came to.

const FAILURES_KEPT_MAX = 100;

/// The rules that are checked, in the order of docs/protocol.md, section 7, and what it means that one does not hold.
export const RULES = {
  checkpoint: "The checkpoint is not one that this log signed, so nothing in the file can be believed.",
  witnesses: "Too few of the witnesses of your policy have seen the log as it is shown.",
  entry_form: "An entry is not written in the one way in which a log writes it.",
  own_time: "Times in the log go back, or lie ahead.",
  close_order: "The log's periods do not follow on each other.",
  close_range: "A period does not cover what it should.",
  close_late: "The log went on for more than a day without saying what it holds about whom.",
  ledger_form: "The file is cut off, changed or of another kind.",
  ledger_closes: "The closes of the log's periods cannot be read in their order.",
  ledger_current: "What is shown ends more than a day before the file was made: newer things may be missing.",
  ledger_entries: "What is shown is not what stands in the log.",
  ledger_documents: "The agreements behind what left, or the list of fields, are missing or are others.",
  ledger_directory: "The log’s directory of accounts does not have this account with this history.",
  ledger_secrets: "The file shows no secret, others than the account has had, or not all of them.",
  ledger_account: "It is the ledger of another account than yours.",
  ledger_since: "The directory had the account later than you say that you had it: what came before may be left out.",
  ledger_receipt: "A choice that you have a receipt for is not in the ledger, or under a secret that is not shown.",
  ledger_complete: "Something that the log holds about you is left out, or something is shown that it does not hold.",
  ledger_opening: "What is said to have left is not what the log holds.",
  ledger_choices: "One of your choices is missing, or changed later.",
  ledger_settings: "Something left that your settings did not allow.",
  ledger_grant: "Something left about you that you had not granted.",
  ledger_fields: "The public entry does not name a field that left about you.",
};

/// What is checked only if the reader brings what it is checked against.
const BROUGHT = ["witnesses", "ledger_account", "ledger_since", "ledger_receipt"];

/// Whom a rule accuses that does not hold: nobody, where no signature of the log is on what was found.
const notChecked = (why) => ({ outcome: "not_checked", says: `Not checked: ${why}.` });
const outOfDate = (until, why) => ({ outcome: "out_of_date", says: `Out of date: proves nothing after ${until}: ${why}.` });

export class Verdict {
  constructor() {
    this.rules = {};
    this.failures = [];
    this.notices = [];
    this.unsaid = [];
    for (const rule of Object.keys(RULES)) this.rules[rule] = { checked: 0, failed: 0 };
  }

  /// Counts a check, of an entry if it is about one, and says whether it held.
  check(rule, isHeld, found, expected, entry = null) {
    this.rules[rule].checked += 1;
    if (isHeld) return true;
    this.rules[rule].failed += 1;
    if (this.failures.length < FAILURES_KEPT_MAX) this.failures.push({ rule, entry, found, expected });
    return false;
  }

  /// The same of what nobody is accused by: `why` says what is known.
  checkBrought(rule, isHeld, found, expected, why, entry = null) {
    if (!isHeld) this.unsaid.push(notChecked(why));
    return this.check(rule, isHeld, found, expected, entry);
  }

  /// Counts a check of whether something reaches as far as it should; if not, it shows nothing after `until`.
  checkReaches(rule, isHeld, found, expected, until, entry = null) {
    if (!isHeld) this.unsaid.push(outOfDate(until, `found ${found}; expected ${expected}`));
    return this.check(rule, isHeld, found, expected, entry);
  }

  /// Says something that is no failure, and that the reader has to know.
  notice(says) {
    this.notices.push(says);
  }

  /// What something comes to that throws an error of this kind where a rule does not hold; then null. An error is an
  /// accusation only if it says that the log signed what it is about (`isSigned`).
  async checkOf(rule, Kind, read, expected) {
    try {
      const value = await read();
      this.check(rule, true);
      return value;
    } catch (error) {
      if (!(error instanceof Kind)) throw error;
      if (error.isSigned) this.check(rule, false, error.message, expected);
      else this.checkBrought(rule, false, error.message, expected, error.message);
      return null;
    }
  }

  /// What it came to, and why if that cannot be said.
  outcome() {
    const failed = Object.values(this.rules).reduce((sum, rule) => sum + rule.failed, 0);
    if (failed === 0) return { outcome: "holds", says: null };
    if (failed > this.unsaid.length) return { outcome: "fails", says: null };
    return this.unsaid.find(({ outcome }) => outcome === "not_checked") ?? this.unsaid[0];
  }

  report(ledger) {
    const { outcome, says } = this.outcome();
    const leftOut = BROUGHT.filter((rule) => this.rules[rule].checked === 0);
    const { rules, failures, notices } = this;
    return { holds: outcome === "holds", outcome, says, rules, failures, notices, left_out: leftOut, ledger };
  }
}

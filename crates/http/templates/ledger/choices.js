// What a person had chosen: that their records have no gap, and that what left was within them.
// Spec: docs/protocol.md, section 7.

import { hex, isWithin } from "./bytes.js";
import { SELF } from "./bundle.js";
import { fieldSet } from "./entries.js";

const NOTHING = 0n;
const EVERYTHING = 2n ** 128n - 1n;
const CLOSED = { my_device: NOTHING, my_app: NOTHING, friends_device: NOTHING, friends_app: NOTHING };
const BEGUN_WITH = { my_device: EVERYTHING, my_app: EVERYTHING, friends_device: NOTHING, friends_app: NOTHING };

/// The choices under one secret, in the order of the log.
export class Choices {
  constructor() {
    this.byNumber = new Map();
    this.next = null;
    this.moments = [];
    this.settings = [];
    this.begunWith = BEGUN_WITH;
    this.grants = [];
    this.isErased = false;
  }

  /// Takes the next choice, of the entry at `index`. After a crash the log may be told once more what it has.
  take({ index, consent, bytes }, verdict) {
    const { number, choice } = consent;
    const known = this.byNumber.get(number);
    const isAgain = known === hex(bytes);
    const isNext = this.next === null ? number <= 1 : number === this.next;
    // Nobody chooses once they are erased. A hold is not theirs.
    const mayFollow = !this.isErased || Boolean(choice.hold);
    const expected = mayFollow ? `choice ${this.next ?? 1}, or an earlier one as it was` : "only holds behind an erasure";
    verdict.check("ledger_choices", isAgain || (isNext && mayFollow), `choice ${number}`, expected, index);
    if (isAgain) return;
    this.byNumber.set(number, hex(bytes));
    this.next = Math.max(this.next, number + 1);
    this.moments.push(index + 1);
    if (choice.settings) this.set(index, number, choice.settings);
    if (choice.grant) this.grants.push({ ...choice.grant, index, ended: Infinity });
    if (choice.grant_ended) this.end(index, ({ grant }) => grant === choice.grant_ended.grant);
    if (choice.erased) this.erase(index);
  }

  end(index, isEnded) {
    for (const grant of this.grants.filter(isEnded)) grant.ended = Math.min(grant.ended, index);
  }

  erase(index) {
    this.isErased = true;
    this.settings.push({ index, open: CLOSED });
    this.end(index, () => true);
  }

  set(index, number, routes) {
    const open = Object.fromEntries(Object.entries(routes).map(([route, digits]) => [route, fieldSet(digits)]));
    if (number === 0) this.begunWith = open;
    else this.settings.push({ index, open });
  }

  /// Checks that what left was open, and of the viewer granted.
  check({ index, entry, relation, fields }, kind, verdict) {
    const moments = this.momentsOf(entry.as_of, index);
    if (kind) {
      const route = `${relation === SELF ? "my" : "friends"}_${kind}`;
      const isOpen = moments.some((moment) => isWithin(fields, this.openAt(moment)[route]));
      verdict.check("ledger_settings", isOpen, "fields that were closed", `fields that ${route} opens`, index);
    }
    if (relation !== SELF) return;
    const isOf = ({ client, purpose, until }) =>
      client === entry.client && purpose === entry.purpose && entry.time < until;
    const grants = this.grants.filter((grant) => isOf(grant) && isWithin(fields, fieldSet(grant.viewer)));
    const isGranted = moments.some((moment) => grants.some((grant) => grant.index < moment && moment <= grant.ended));
    const expected = `a grant to ${entry.client} for ${entry.purpose}`;
    verdict.check("ledger_grant", isGranted, "fields without a grant", expected, index);
  }

  /// The moments at which it may have been decided, as far as they differ.
  momentsOf(from, until) {
    if (from > until) return [];
    return [from, ...this.moments.filter((moment) => moment > from && moment <= until)];
  }

  openAt(moment) {
    return this.settings.findLast(({ index }) => index < moment)?.open ?? this.begunWith;
  }
}

// The page around the verifier: takes what the reader brings, and shows what came out. Data is only ever set as text.

import { bytesOf, dateOf, escaped, hex, sha256 } from "./bytes.js";
import { fieldSet } from "./entries.js";
import { readForm } from "./form.js";
import { fieldNumbers } from "./items.js";
import { RULES } from "./verdict.js";
import { checkLedger } from "./verify.js";

const WAYS = { self: "as yourself", friend: "through a friend" };
const ROUTES = {
  my_device: "your devices",
  my_app: "your apps",
  friends_device: "friends’ devices",
  friends_app: "friends’ apps",
};
const FINGERPRINT_DIGITS = 32;

/// Rules that tell of what the platform did, while the file is as it should be.
const OF_THE_PLATFORM = [
  "own_time", "close_order", "close_range", "close_late", "ledger_choices", "ledger_settings", "ledger_grant", "ledger_fields",
];
const HOLDS = "This ledger holds.";
const NOT_COMPARED = "This ledger holds. Whether it is yours was not compared.";
const BROKEN = "This ledger shows something that should not have happened.";
const TRUE_AND_BROKEN =
  "The file is what the log holds, and the log shows that a promise was broken. Keep the file: it is the evidence.";
const REFUSED = "This ledger does not hold: it is not what the log signed. Fetch it again if it may be damaged, and do not rely on what it shows.";
const OLD = "Nothing here is wrong, and it accuses nobody. What came later is not in it: fetch a new one, or give the date when you got this one.";
const UNSAID = "This accuses nobody. Below is what the file says, and what it was held against. Do not rely on it until the two agree.";

const byId = (id) => document.getElementById(id);

/// An element with a class and children; strings become text.
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/// A time in UTC to the minute.
function timeOf(seconds) {
  return dateOf(seconds).slice(0, 16).replace("T", " ");
}

async function check() {
  byId("result").hidden = true;
  say("Checking…");
  try {
    const form = await readForm();
    if (form) await show(await checkLedger(form.bytes, form.question), form.question);
    say("");
  } catch (error) {
    say(`Not checked: ${crypto.subtle ? error.message : "browsers have cryptography for pages from https and from disk only"}.`);
  }
}

function say(text) {
  byId("status").textContent = text;
}

async function show({ holds, outcome, says, rules, failures, notices, ledger }, question) {
  const lines = ledger?.lines ?? [];
  const releases = lines.filter(({ released }) => released);
  const choices = lines.filter(({ chose }) => chose);
  const isTrue = failures.every(({ rule }) => OF_THE_PLATFORM.includes(rule));
  const isCompared = question.account !== null;
  const verdict = byId("verdict");
  // Red is for what accuses somebody.
  const failing = outcome === "fails" ? "bad" : "wait";
  verdict.className = `verdict ${!holds ? failing : isCompared ? "good" : "wait"}`;
  const conclusion = holds ? (isCompared ? HOLDS : NOT_COMPARED) : says ?? (isTrue ? BROKEN : REFUSED);
  verdict.textContent = [conclusion, ...erasedText(ledger)].join(" ");
  byId("meaning").textContent = meaning({ holds, outcome, isTrue }, ledger, releases.length);
  byId("notices").replaceChildren(...notices.map((notice) => element("li", "", notice)));
  fill("identity", ledger ? await identityRows(ledger, question) : []);
  fill("failures", failures.map((failure) => failureRow(failure, failing)));
  fill("partners", partnerRows(releases));
  fill("releases", releases.map(releaseRow));
  fill("choices", choices.map((line) => choiceRow(line, ledger.beside.field_names)));
  fill("rules", Object.entries(rules).map((rule) => ruleRow(rule, failing)));
  byId("result").hidden = false;
  verdict.focus();
}

/// What was erased is in nobody's reach, and so in no list that could be complete.
function erasedText(ledger) {
  const versions = ledger?.erased_versions ?? [];
  if (versions.length === 0) return [];
  const which = versions.length === 1 ? `version ${versions[0]}` : `versions ${versions.join(", ")}`;
  return [`It shows nothing of ${which} of the account, erased before.`];
}

function meaning({ holds, outcome, isTrue }, ledger, count) {
  if (!ledger) return "The file could not be read far enough to show anything.";
  if (outcome === "out_of_date") return OLD;
  if (outcome === "not_checked") return UNSAID;
  if (!holds && isTrue) return TRUE_AND_BROKEN;
  if (!holds) return "Below is what the file says, and which rules it breaks.";
  const things = count === 0 ? "no release" : count === 1 ? "one release" : `${count} releases`;
  const within = count === 0 ? "" : ", all within the choices shown";
  return `It shows ${things} of data${within}. ${completeText(ledger)} Newer lines are provisional: others may be missing beside them.`;
}

/// Since when the ledger is complete. Of the periods before, absence says less: the account may have had no secret yet.
function completeText({ complete_since: since, complete_until: until, closed_at: closedAt, lines, beside: { closes } }) {
  if (since === null) return "It is complete in no period: the account’s newest secret is not shown.";
  const complete = `It leaves out nothing that the log holds under its secrets from period ${since} on (closed ${timeOf(closes[since].time)} UTC), until ${timeOf(closedAt)} UTC (before entry ${until}).`;
  if (since === 0) return complete;
  const count = lines.filter(({ index }) => index < closes[since - 1].until).length;
  const periods = since === 1 ? "period 0" : `periods 0 to ${since - 1}`;
  return `${complete} Of ${periods} it shows ${count === 0 ? "nothing under its secrets" : "some lines, and others may be missing"}.`;
}

async function identityRows(ledger, { account, key, policy }) {
  const { closes, published_in: publishedIn, witnessed } = ledger.beside;
  const since = publishedIn === null
    ? "not in the directory"
    : `since period ${publishedIn}, closed ${timeOf(closes[publishedIn].time)} UTC`;
  const fingerprint = hex(await sha256(bytesOf(key.trim()))).slice(0, FINGERPRINT_DIGITS).replace(/.{4}(?=.)/gu, "$& ");
  const seen = witnessed
    ? `by a quorum of your policy, first at ${timeOf(witnessed.earliest)} UTC and last at ${timeOf(witnessed.latest)} UTC`
    : policy ? "by no quorum: your policy asks for none, or too few cosigned" : "nobody was asked: you gave no policy";
  const compared = account === null ? "not compared with yours" : account === ledger.account ? "the one that you typed" : "not the one that you typed";
  return [
    ["Account", element("code", "", escaped(ledger.account)), ` ${compared}`],
    ["In the directory", since],
    ["Key of the log", element("code", "", fingerprint), " (SHA-256 of the key as you gave it, the first half)"],
    ["Witnessed", seen],
  ].map(([name, ...content]) => [element("dt", "", name), element("dd", "", ...content)]).flat();
}

/// Fills a section's rows, and hides the section if there are none.
function fill(id, rows) {
  byId(id).replaceChildren(...rows);
  byId(id).closest("section").hidden = rows.length === 0;
}

function row(className, cells) {
  return element("tr", className, ...cells.map(([label, ...content]) => {
    const cell = element("td", "", element("span", "", ...content));
    cell.dataset.label = label;
    return cell;
  }));
}

function entryName(index) {
  return index === null ? "the whole" : `entry ${index}`;
}

function failureRow({ rule, entry, found, expected }, failing) {
  return row("", [
    ["Rule", element("code", failing, rule)],
    ["Meaning", RULES[rule]],
    ["Where", entryName(entry)],
    ["Found", `${found}; expected: ${expected}`],
  ]);
}

function partnerRows(releases) {
  const counts = new Map();
  for (const { released } of releases) {
    const count = counts.get(released.partner) ?? { self: 0, friend: 0 };
    count[released.relation] += 1;
    counts.set(released.partner, count);
  }
  const most = Math.max(1, ...[...counts.values()].map(({ self, friend }) => self + friend));
  const total = ([, { self, friend }]) => self + friend;
  return [...counts].sort((a, b) => total(b) - total(a)).map(([partner, count]) => {
    const bar = element("span", "bar", ...Object.keys(WAYS).map((way) => {
      const part = element("span", way);
      part.style.width = `${(100 * count[way]) / most}%`;
      return part;
    }));
    bar.setAttribute("aria-hidden", "true");
    const ways = Object.entries(WAYS).filter(([way]) => count[way] > 0);
    const words = ways.map(([way, name]) => `${count[way]} ${name}`);
    return row("", [["Partner", partner], ["Releases", words.join(", "), bar]]);
  });
}

function timeCell({ time, index, is_provisional: isProvisional }) {
  const mark = isProvisional ? [element("br"), element("span", "wait", "provisional")] : [];
  return ["Time (UTC)", timeOf(time), element("br"), element("span", "dim", entryName(index)), ...mark];
}

function releaseRow(line) {
  const { partner, client, build, purpose, relation, fields, delivery } = line.released;
  return row(line.is_provisional ? "provisional" : "", [
    timeCell(line),
    ["Who", partner, element("br"), element("span", "dim", `${client}, ${build}`)],
    ["Purpose", purpose, ...(delivery === "decided" ? [element("br"), element("span", "dim", "sent by the platform")] : [])],
    ["How", WAYS[relation]],
    ["Fields", fields.join(", ")],
  ]);
}

function choiceRow(line, names) {
  return row(line.is_provisional ? "provisional" : "", [
    timeCell(line), ["Number", String(line.chose.number)], ["Choice", choiceText(line.chose.choice, names)],
  ]);
}

function choiceText({ settings, grant, grant_ended: ended, erased, hold }, names) {
  const open = (digits) => openText(fieldSet(digits), names);
  if (settings) return Object.entries(ROUTES).map(([route, name]) => `${name}: ${open(settings[route])}`).join("; ");
  if (erased) return "erasure: everything is closed, and every grant has ended, from here on";
  if (hold) return `a legal hold, which is not your choice: records about you are kept until ${timeOf(hold.until)}, also if you are erased`;
  if (ended) return `the grant ${ended.grant.slice(0, 8)} ended`;
  const { client, purpose, viewer, friend, until } = grant;
  const what = `of yourself ${open(viewer)}; of friends ${open(friend)}`;
  return `a grant ${grant.grant.slice(0, 8)} to ${client} for ${purpose}, until ${timeOf(until)}: ${what}`;
}

function openText(fields, names) {
  const numbers = fieldNumbers(fields);
  if (numbers.length === 0) return "nothing";
  const isAll = names.length > 0 && names.every((_, number) => numbers.includes(number));
  return isAll ? "everything" : numbers.map((number) => names[number] ?? `field ${number}`).join(", ");
}

function ruleRow([rule, { checked, failed }], failing) {
  const words = failed > 0 ? `${failed} of ${checked} failed` : checked > 0 ? `${checked} held` : "nothing to check";
  return row("", [["Rule", element("code", failed > 0 ? failing : "", rule)], ["Checks", words]]);
}

function begin() {
  byId("form").hidden = false;
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length === 0) return;
    byId("file").files = event.dataTransfer.files;
    check();
  });
}

begin();

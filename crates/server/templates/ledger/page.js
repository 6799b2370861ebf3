// The page around the verifier: takes a file and a key, and shows what came out. Data is only ever set as text.

import { checkLedger } from "./verify.js";
import { fieldSet } from "./entries.js";
import { fieldNumbers } from "./items.js";
import { RULES } from "./verdict.js";

const WAYS = { self: "as yourself", friend: "through a friend" };
const ROUTES = {
  my_device: "your devices",
  my_app: "your apps",
  friends_device: "friends’ devices",
  friends_app: "friends’ apps",
};

/// Rules that tell of what the platform did, while the file is as it should be.
const OF_THE_PLATFORM = ["close_late", "ledger_settings", "ledger_grant", "ledger_fields"];
const HOLDS = "This ledger holds, as far as this page checks.";
const BROKEN = "This ledger shows something that should not have happened.";
const TRUE_AND_BROKEN =
  "The file is what the log holds, and the log shows that a promise was broken. Keep the file: it is the evidence.";
const REFUSED = "This ledger does not hold. Do not rely on what it shows.";

const byId = (id) => document.getElementById(id);

/// An element with a class and children; strings become text.
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function timeOf(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().slice(0, 16).replace("T", " ");
}

async function check() {
  const [file] = byId("file").files;
  const key = byId("key").value;
  if (!file || !key.trim()) return;
  byId("result").hidden = true;
  say("Checking…");
  try {
    const at = Math.floor(byId("at").value ? Date.parse(`${byId("at").value}Z`) / 1000 : Date.now() / 1000);
    show(await checkLedger(new Uint8Array(await file.arrayBuffer()), { key, at }));
    say("");
  } catch (error) {
    say(`Not checked: ${crypto.subtle ? error.message : "browsers have cryptography for pages from https and from disk only"}.`);
  }
}

function say(text) {
  byId("status").textContent = text;
}

function show({ holds, rules, failures, ledger }) {
  const lines = ledger?.lines ?? [];
  const releases = lines.filter(({ released }) => released);
  const choices = lines.filter(({ chose }) => chose);
  const verdict = byId("verdict");
  verdict.className = holds ? "verdict good" : "verdict bad";
  const isTrue = failures.every(({ rule }) => OF_THE_PLATFORM.includes(rule));
  verdict.textContent = holds ? HOLDS : isTrue ? BROKEN : REFUSED;
  byId("meaning").textContent = meaning(holds, isTrue, ledger, releases.length);
  fill("failures", failures.map(failureRow));
  fill("partners", partnerRows(releases));
  fill("releases", releases.map(releaseRow));
  fill("choices", choices.map((line) => choiceRow(line, ledger.field_names)));
  fill("rules", Object.entries(rules).map(ruleRow));
  byId("result").hidden = false;
  verdict.focus();
}

function meaning(holds, isTrue, ledger, count) {
  if (!ledger) return "The file could not be read far enough to show anything.";
  if (!holds && isTrue) return TRUE_AND_BROKEN;
  if (!holds) return "Below is what the file says, and which rules it breaks.";
  const things = count === 1 ? "one release" : `${count} releases`;
  const until = `${timeOf(ledger.closed_at)} UTC (entry ${ledger.complete_until})`;
  return `It shows ${things} of data, all within the choices shown, and leaves out nothing that the log holds under its secrets until ${until}. Newer lines are provisional: others may be missing beside them.`;
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

function failureRow({ rule, entry, found, expected }) {
  return row("", [
    ["Rule", element("code", "bad", rule)],
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

function ruleRow([rule, { checked, failed }]) {
  const words = failed > 0 ? `${failed} of ${checked} failed` : checked > 0 ? `${checked} held` : "nothing to check";
  return row("", [["Rule", element("code", failed > 0 ? "bad" : "", rule)], ["Checks", words]]);
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

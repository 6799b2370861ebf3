// The filter of the API reference. Without it the page has everything in view.
const field = document.getElementById("filter");
const count = document.getElementById("count");
const entries = [...document.querySelectorAll("[data-entry]")];
const groups = [...document.querySelectorAll("[data-group]")];
const words = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));

function apply() {
  const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const entry of entries) {
    const fits = wanted.every((word) => words.get(entry).includes(word));
    entry.hidden = !fits;
    for (const link of document.querySelectorAll(`nav a[href="#${entry.id}"]`)) {
      link.parentElement.hidden = !fits;
    }
    shown += fits ? 1 : 0;
  }
  for (const group of groups) {
    group.hidden = !group.querySelector("[data-entry]:not([hidden])");
    const list = document.querySelector(`nav [data-list="${group.id}"]`);
    if (list) list.hidden = group.hidden;
  }
  count.textContent = wanted.length ? `${shown} of ${entries.length} shown` : "";
}

// A link to something that the filter hides shows it again.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.hidden) {
    field.value = "";
    apply();
    target.scrollIntoView();
  }
}

document.getElementById("search").hidden = false;
field.addEventListener("input", apply);
addEventListener("hashchange", reveal);
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  }
  if (event.key === "Escape" && document.activeElement === field) {
    field.value = "";
    apply();
  }
});
if (field.value) apply();

// Lists: views that are kept, and what is done with many records at once. The list itself is
// replaced by htmx, so everything listens on the document.
import { api, ApiError, confirmed, toast } from "./api.js";
import { askChange, saveSheet, showResults } from "./many.js";
import { askView, shape } from "./shaping.js";

const list = () => document.getElementById("list");
const base = () => `/api/v1/forms/${list().dataset.form}`;
let isMatching = false; // chosen is every record that the list would show, not the ticks
const ticks = () => [...document.querySelectorAll("[data-tick]")];

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-tick-all]");
  if (all) setTicks(all.checked);
  if (all || event.target.closest("[data-tick]")) {
    isMatching = false;
    showChosen();
  }
});

// On a phone records are chosen in a mode of their own: there a card is touched to choose it, not to
// open it.
const PHONE = matchMedia("(max-width: 767.98px)");
let isChoosing = false;

function setChoosing(choosing) {
  isChoosing = choosing;
  list().toggleAttribute("data-chooses", choosing);
  document.querySelector("button[data-choosing]")?.setAttribute("aria-pressed", String(choosing));
  showChosen();
}

// A list that is wider than its card scrolls there; one that fits scrolls with the window.
function fit() {
  for (const card of document.querySelectorAll(".list-page .table-card")) {
    const box = card.querySelector(".grid-scroll");
    if (!box) continue;
    card.toggleAttribute("data-fits", true);
    card.toggleAttribute("data-fits", box.firstElementChild.offsetWidth <= card.clientWidth);
  }
}

fit();
addEventListener("resize", fit);
document.addEventListener("htmx:afterSwap", fit);

function setTicks(chosen, some = ticks()) {
  isMatching = false;
  for (const tick of some) tick.checked = chosen;
  showChosen();
}

document.addEventListener("htmx:afterSwap", () => isChoosing && setChoosing(true)); // the list is another one
document.addEventListener(
  "click",
  (event) => {
    const tick = isChoosing && PHONE.matches && event.target.closest("#list tbody tr")?.querySelector("[data-tick]");
    if (!tick || event.target === tick) return;
    event.preventDefault();
    event.stopPropagation();
    setTicks(!tick.checked, [tick]);
  },
  true,
);

// a tick is no filter: the form of the filters must not send itself for it
document.addEventListener("click", (event) => {
  if (event.target.closest("td.tick")) event.stopPropagation();
  const save = event.target.closest("[data-save-view]");
  if (save) keepView(save);
  const change = event.target.closest("[data-change-view]");
  if (change) changeView(change.dataset.changeView);
  if (event.target.closest("button[data-matching]")) {
    isMatching = true;
    showChosen();
  }
  if (event.target.closest("button[data-choosing]")) {
    setTicks(false);
    setChoosing(!isChoosing);
  }
  if (event.target.closest("[data-choose-all]")) setTicks(!ticks().every((tick) => tick.checked));
  const many = event.target.closest("[data-many]");
  if (many) doMany(many);
});

// -- groups: what is below one is folded away, and all of them are a sheet

document.addEventListener("click", (event) => {
  const fold = event.target.closest("[data-fold]");
  if (fold) setFolded(fold, fold.getAttribute("aria-expanded") === "true");
  const all = event.target.closest("[data-fold-all]");
  if (all) {
    const folded = all.getAttribute("aria-expanded") === "true";
    all.setAttribute("aria-expanded", String(!folded));
    for (const one of document.querySelectorAll("[data-fold]")) one.setAttribute("aria-expanded", String(!folded));
    showFolds();
  }
  const save = event.target.closest("[data-save-groups]");
  if (save) {
    const rows = [...document.querySelectorAll("table.grouped tr")];
    const indent = (row) => "  ".repeat(Math.max(0, Number(row.dataset.level ?? 1) - 1));
    saveSheet(save.dataset.saveGroups, rows.map((row) => [...row.cells].map((cell, at) => (at ? "" : indent(row)) + cell.textContent.trim())));
  }
});

function setFolded(button, folded) {
  button.setAttribute("aria-expanded", String(!folded));
  showFolds();
}

// a row is seen while every group that it lies in is open
function showFolds() {
  let closed = Infinity; // the level of the nearest closed group above
  for (const row of document.querySelectorAll("table.grouped tbody tr")) {
    const level = Number(row.dataset.level);
    if (level <= closed) closed = Infinity;
    row.hidden = level > closed;
    if (closed === Infinity && row.querySelector('[data-fold][aria-expanded="false"]')) closed = level;
  }
}

function showChosen() {
  const box = document.getElementById("chosen");
  if (!box) return;
  const chosen = ticks().filter((t) => t.checked);
  box.hidden = chosen.length === 0 && !isChoosing;
  for (const deed of box.querySelectorAll('[data-many]:not([data-many="none"])')) deed.disabled = chosen.length === 0;
  const count = box.querySelector("[data-count]");
  const said = isMatching ? count.dataset.matching : count.dataset.count;
  count.textContent = said.replace("{count}", isMatching ? list().dataset.total : chosen.length);
  const all = document.querySelector("[data-tick-all]");
  const more = box.querySelector("button[data-matching]");
  if (more) more.hidden = isMatching || chosen.length < ticks().length;
  all.checked = chosen.length > 0 && chosen.length === ticks().length;
  all.indeterminate = chosen.length > 0 && !all.checked;
}

const wish = () => JSON.parse(list().dataset.wish);

async function keepView(button) {
  const answers = await askView(button.dataset.saveView);
  if (!answers) return;
  await tried(async () => {
    const made = await api("POST", `${base()}/views`, { ...answers, wish: wish() });
    const address = new URL(location.href);
    address.searchParams.set("v", made.id);
    location.href = address;
  });
}

async function changeView(id) {
  await tried(async () => {
    await api("PATCH", `${base()}/views/${id}`, { wish: wish() });
    location.reload();
  });
}

async function doMany(button) {
  const action = button.dataset.many;
  if (action === "none") {
    setTicks(false);
    setChoosing(false);
    return;
  }
  const chosen = ticks().filter((t) => t.checked);
  const values = action === "update" ? await askChange(button.dataset.title, JSON.parse(list().dataset.fields)) : await confirmed(button.dataset.title, button.dataset.confirm, JSON.parse(button.dataset.asks ?? "[]"));
  if (values === null) return;
  const records = chosen.map((t) => ({ id: Number(t.dataset.tick), ...(t.dataset.revision ? { revision: Number(t.dataset.revision) } : {}) }));
  const { filter, q } = wish();
  const matching = { total: Number(list().dataset.total), ...(filter ? { filter } : {}), ...(q ? { q } : {}) };
  const meant = isMatching ? { matching } : { records };
  await tried(async () => {
    const answer = await api("POST", `${base()}/records/bulk`, { action, ...meant, ...(Object.keys(values).length ? { values } : {}) });
    await sayResults(button.dataset.title, answer);
    location.reload();
  });
}

// record by record: what was done, and why the others were refused
async function sayResults(title, answer) {
  const said = (await shape()).words;
  const lines = answer.results.map((one) => [
    `/f/${list().dataset.form}/${one.id}`,
    one.display || `#${one.id}`,
    one.done ? "" : [one.error.message, ...(one.error.fields ?? []).map((f) => f.message)].join(" "),
  ]);
  const counted = said.results.replace("{done}", answer.done).replace("{refused}", answer.refused);
  await showResults(`${title}: ${counted}`, lines, said);
}

async function tried(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast([error.message, ...error.fields.map((f) => f.message)].join(" "), "danger");
  }
}

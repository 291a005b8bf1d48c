// Lists: views that are kept, and what is done with many records at once. The list itself is
// replaced by htmx, so everything listens on the document.
import { api, ApiError, confirmed, toast, words } from "./api.js";

const list = () => document.getElementById("list");
const base = () => `/api/v1/forms/${list().dataset.form}`;
const ticks = () => [...document.querySelectorAll("[data-tick]")];

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-tick-all]");
  if (all) for (const tick of ticks()) tick.checked = all.checked;
  if (all || event.target.closest("[data-tick]")) showChosen();
});

// a tick is no filter: the form of the filters must not send itself for it
document.addEventListener("click", (event) => {
  if (event.target.closest("td.tick")) event.stopPropagation();
  const save = event.target.closest("[data-save-view]");
  if (save) keepView(save);
  const many = event.target.closest("[data-many]");
  if (many) doMany(many);
});

function showChosen() {
  const box = document.getElementById("chosen");
  if (!box) return;
  const chosen = ticks().filter((t) => t.checked);
  box.hidden = chosen.length === 0;
  const count = box.querySelector("[data-count]");
  count.textContent = count.dataset.count.replace("{count}", chosen.length);
  const all = document.querySelector("[data-tick-all]");
  all.checked = chosen.length > 0 && chosen.length === ticks().length;
  all.indeterminate = chosen.length > 0 && !all.checked;
}

async function keepView(button) {
  const answers = await confirmed(button.dataset.saveView, "", [{ name: "title", title: button.dataset.name, type: "text", required: true }]);
  if (!answers) return;
  await tried(async () => {
    await api("POST", `${base()}/views`, { title: answers.title, wish: JSON.parse(list().dataset.wish) });
    location.reload();
  });
}

async function doMany(button) {
  const action = button.dataset.many;
  if (action === "none") {
    for (const tick of ticks()) tick.checked = false;
    showChosen();
    return;
  }
  const chosen = ticks().filter((t) => t.checked);
  const values = action === "update" ? await askValues(button) : {};
  if (values === null) return;
  if (action === "delete" && !(await confirmed(button.dataset.title, button.dataset.confirm))) return;
  const records = chosen.map((t) => ({ id: Number(t.dataset.tick), ...(t.dataset.revision ? { revision: Number(t.dataset.revision) } : {}) }));
  await tried(async () => {
    const answer = await api("POST", `${base()}/records/bulk`, { action, records, ...(action === "update" ? { values } : {}) });
    await showResults(button.dataset.title, answer, chosen);
    location.reload();
  });
}

async function askValues(button) {
  const fields = JSON.parse(list().dataset.fields);
  const pick = { name: "field", title: button.dataset.field, type: "choice", options: fields.map((f) => [f.name, f.title]), required: true };
  const first = await confirmed(button.dataset.title, "", [pick]);
  if (!first) return null;
  const field = fields.find((f) => f.name === first.field);
  const kind = field.options.length ? "choice" : field.type;
  const second = await confirmed(`${button.dataset.title}: ${field.title}`, "", [{ name: "value", title: button.dataset.value, type: kind, options: field.options }]);
  if (!second) return null;
  const typed = second.value ?? null;
  return { [field.name]: field.type === "boolean" && typed !== null ? typed === "true" : typed };
}

// what was refused is said record by record
async function showResults(title, answer, chosen) {
  if (!answer.refused) {
    toast(words.done, "success");
    return;
  }
  const names = new Map(chosen.map((t) => [Number(t.dataset.tick), t.closest("tr").querySelector(".row-link").textContent]));
  const lines = answer.results
    .filter((one) => !one.done)
    .map((one) => `${names.get(one.id)}: ${[one.error.message, ...(one.error.fields ?? []).map((f) => f.message)].join(" ")}`);
  await confirmed(`${title}: ${answer.done} ✓ ${answer.refused} ✗`, lines.join("\n"));
}

async function tried(act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast([error.message, ...error.fields.map((f) => f.message)].join(" "), "danger");
  }
}

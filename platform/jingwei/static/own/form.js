// The form page: what is filled in (form_entry.js) is saved, and submitted.
import { api, ApiError, summarise, toast } from "./api.js";
import { conflict } from "./form_conflict.js";
import { begin, unsaved } from "./form_entry.js";
import { givenReasons, saidReasons } from "./form_follow.js";
import { base, form, held, isTable, model, state } from "./form_model.js";
import { unreadable } from "./form_read.js";
import { computed } from "./form_rules.js";
import { submit } from "./form_submit.js";
import { wanted } from "./form_tables.js";
import "./form_places.js";
import { blame, forgiveAll, warn } from "./form_wrong.js";
import { asNamed } from "./named.js";

form.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    form.requestSubmit(document.getElementById("save"));
  }
});

// -- saving

const asFilledIn = { "Form-Fingerprint": model.fingerprint }; // the server may know a newer form by now
let busy = false;
let outdated = false; // another form runs by now: only opening the page again helps

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy || outdated) return;
  busy = true;
  const thenSubmit = event.submitter?.value === "submit";
  forgiveAll();
  const wrong = [...unreadable(state), ...givenReasons().owed];
  if (wrong.length) {
    blame([...wrong, ...(await others(wrong, thenSubmit))], document.getElementById("summary").dataset.title);
    busy = false;
    return;
  }
  form.setAttribute("aria-busy", "true");
  for (const button of form.querySelectorAll(".actions button")) button.disabled = true;
  try {
    if (await warned(thenSubmit)) return;
    await save();
    if (thenSubmit && !(await submit())) return void toast(model.words.not_begun);
    unsaved.leave();
    location.href = `/f/${model.form}/${held.identity}`;
  } catch (error) {
    failed(error);
  } finally {
    busy = false;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll(".actions button")) button.disabled = outdated;
  }
});

// what the server finds wrong beside what the page sees by itself: all of it is told at once
async function others(wrong, submitting) {
  const said = new Set(wrong.map((one) => one.path));
  try {
    const { problems } = await computed(submitting);
    return problems.filter((one) => !said.has(one.path));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return []; // saving says what is wrong
  }
}

// what the form only warns of is shown once; going on, or asking again for the same, goes on
let seen = "";

async function warned(submitting) {
  if (!model.warns) return false;
  const { warnings } = await computed(submitting);
  const said = JSON.stringify(warnings);
  if (!warnings.length || said === seen) return false;
  seen = said;
  warn(warnings, model.words.warned, model.words.warned_go, () => form.requestSubmit(document.getElementById(submitting ? "submit" : "save")));
  return true;
}

async function save() {
  const { given } = givenReasons();
  const values = { ...wanted(), ...(Object.keys(given).length ? { _reasons: given } : {}) };
  if (held.identity !== null && !Object.keys(values).length) return;
  const answer =
    held.identity === null
      ? await api("POST", base, values, asFilledIn)
      : await api("PATCH", `${base}/${held.identity}`, values, { "If-Match": `"${held.revision}"`, ...asFilledIn });
  await unsaved.saved();
  settleSaved(answer);
}

// from here on the page edits the record that is there now
function settleSaved(answer) {
  held.identity = answer.id;
  held.revision = answer.revision;
  for (const name of model.order.filter(isTable)) {
    (answer[name] ?? []).forEach((row, index) => {
      if (state[name]?.[index]) state[name][index].id = row.id;
    });
  }
  held.kept = asNamed(state);
  saidReasons();
  history.replaceState(null, "", `/f/${model.form}/${held.identity}/edit`);
}

function failed(error) {
  if (!(error instanceof ApiError)) {
    toast(String(error), "danger");
    throw error;
  }
  if (error.status === 412) return void conflict();
  if (error.status === 401 || error.code === "form-changed") unsaved.hold();
  if (error.fields.length) blame(error.fields, error.message);
  else summarise(document.getElementById("summary"), error.message, []);
  if (error.code === "form-changed") offerReload();
}

// the page is opened again with what was typed, and what is typed until then
function offerReload() {
  outdated = true;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm btn-primary";
  button.textContent = model.words.reload;
  button.addEventListener("click", () => {
    unsaved.hold();
    unsaved.leave();
    location.reload();
  });
  document.getElementById("summary").append(button);
}

begin();

// The form page: what is typed, kept and saved. Its parts: form_model.js and what imports it.
import { api, ApiError, summarise, toast } from "./api.js";
import { conflict } from "./form_conflict.js";
import { upgrade } from "./form_controls.js";
import { removeFile, sign, upload } from "./form_files.js";
import { arrived, chose, forget, givenReasons, goBack, saidReasons, took } from "./form_follow.js";
import { base, blockOf, changed, controlIn, fine, follows, form, held, isTable, isTyped, locale, model, numbers, same, state, writable } from "./form_model.js";
import { put, read, unreadable, unreadAt } from "./form_read.js";
import { askLater, computed, refresh } from "./form_rules.js";
import { submit } from "./form_submit.js";
import { addRow, dragRow, draw, drawAll, indexOf, moveRow, paste, removeRow, rowsOf, upgradeCell, wanted } from "./form_tables.js";
import { blame, forgive, forgiveAll, note, warn } from "./form_wrong.js";
import { makeUnsaved } from "./unsaved.js";

// -- changes

form.addEventListener("input", (event) => take(event));
form.addEventListener("change", (event) => take(event));

// where a control stands: its field, and the record or row that holds its value
function placeOf(control) {
  const block = control.closest("[data-field]");
  const name = block.dataset.field;
  const cell = control.closest("[data-column]");
  const column = cell?.dataset.column;
  return {
    name,
    cell,
    block: cell ?? block,
    key: column ?? name,
    path: column ? `${name}.${column}` : name,
    field: column ? model.fields[name].columns[column] : model.fields[name],
    owner: cell ? rowsOf(name)[indexOf(cell.closest("[data-row]"))] : state,
  };
}

function take(event) {
  const control = event.target.closest("[data-input]");
  if (!control || (control.tomselect && event.type === "input")) return;
  const { block, field, key, owner, path } = placeOf(control);
  if (control.type === "file") return void (event.type === "change" && upload(control, [...control.files], placeOf(control)));
  // the calendar empties a box of what it cannot read: that stays as it was typed
  if (!event.isTrusted && control._flatpickr && control.value === "" && unreadAt(owner, key)) return draw(control, field, owner, key);
  const value = read(control, field);
  put(owner, key, value);
  took(owner, key, field);
  arrived(owner, key);
  if (model.fills[path] && event.type === "change") chose(owner, path);
  if (field.kind === "number") control.classList.toggle("neg", String(owner[key] ?? "").startsWith("-"));
  forgive(block, control);
  changed(path);
}

form.addEventListener("focusin", (event) => {
  const control = event.target.closest("[data-input]");
  if (!control) return;
  const { cell, field, key, name, owner } = placeOf(control);
  if (field.kind === "number" && !control.readOnly) {
    if (!unreadAt(owner, key)) control.value = numbers.edit(owner[key], field.scale);
    if (fine) control.select();
  }
  if (cell && field.kind === "select" && !control.tomselect && fine) {
    const long = control.options.length > 12 || field.filtered;
    if (long && field.type !== "period") {
      upgradeCell(name, cell.closest("[data-row]"), cell, control, field);
      control.tomselect?.focus();
    }
  }
  if (control.dataset.calendar) upgrade(control, field, name);
});

form.addEventListener("focusout", (event) => {
  const control = event.target.closest("[data-input]");
  if (!control) return;
  const { block, field, key, owner } = placeOf(control);
  if (!owner) return;
  const left = unreadAt(owner, key);
  if (left) {
    forgive(block, control);
    note(block, control, left.message);
  }
  const drawn = () => draw(control, field, owner, key);
  if (control._flatpickr && left) setTimeout(drawn); // after the calendar has looked
  else if (field.kind === "number" || field.follows || field.type === "duration") drawn();
});

form.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  const remove = event.target.closest("[data-remove]");
  if (add) {
    const line = addRow(add.closest("[data-table]").dataset.table);
    line.querySelector("[data-input]")?.focus();
  }
  const back = event.target.closest("[data-recompute]");
  if (back) {
    const name = back.closest("[data-field]").dataset.field;
    goBack(name);
    changed(name);
  }
  const move = event.target.closest("[data-move]");
  if (move) {
    moveRow(move.closest("[data-row]"), move.closest("[data-table]").dataset.table, Number(move.dataset.move));
    move.focus();
  }
  const file = event.target.closest("button[data-file]");
  if (file) removeFile(file, placeOf(file));
  const pen = event.target.closest("[data-sign]");
  if (pen) sign(pen.closest("[data-file-box]").querySelector("[data-input]"), placeOf(pen));
  const page = event.target.closest("[data-row-page]");
  if (page) openRow(page.closest("[data-row]"));
  if (remove) removeRow(remove.closest("[data-row]"), remove.closest("[data-table]").dataset.table);
});

function openRow(line) {
  const page = line.querySelector("dialog.row-page");
  page.querySelector("[data-page-title]").textContent = `${page.dataset.title} ${model.words.row.replace("{row}", indexOf(line) + 1)}`;
  page.showModal();
}
form.addEventListener("pointerdown", dragRow);
form.addEventListener("paste", paste);
// Enter in a line goes on; it does not send a half-filled form
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input:not([type=submit])")) event.preventDefault();
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    form.requestSubmit(document.getElementById("save"));
  }
});

// -- kept until it is saved

const unsaved = makeUnsaved({
  form: model.form,
  me: model.me,
  words: model.words,
  offered: model.unsaved,
  locale,
  identity: () => held.identity,
  revision: () => held.revision,
  changes: () => Object.fromEntries(model.order.filter(isTyped).filter((name) => !same(state[name], held.kept[name])).map((name) => [name, state[name] ?? null])),
  differs: (values) => model.order.some((name) => isTyped(name) && name in values && !same(values[name], state[name])),
  // what others saved since is seen when this is saved: the record is sent as the one that was opened
  restore(values, opened) {
    forget(state);
    for (const name of model.order) if (name in values && writable(name)) put(state, name, values[name]);
    held.revision = opened;
    drawAll();
    changed();
  },
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
    busy = false;
    return void blame(wrong, document.getElementById("summary").dataset.title);
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
  held.kept = structuredClone(state);
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

// -- start

for (const name of model.order) {
  if (isTable(name)) continue;
  const control = controlIn(blockOf(name));
  if (control?.matches("[data-input]") && !control.dataset.calendar) upgrade(control, model.fields[name], name);
}
follows.push(refresh, askLater, unsaved.changed);
drawAll();
refresh();
askLater();
unsaved.offer();
form.dataset.ready = "true";

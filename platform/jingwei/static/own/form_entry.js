// Filling in fields: what is typed, what follows from it, and what is kept until it is saved. The form
// page and the panel that decides a task save it, each in its own way.
import { upgrade } from "./form_controls.js";
import { removeFile, sign, upload } from "./form_files.js";
import { arrived, chose, forget, goBack, took } from "./form_follow.js";
import { blockOf, changed, controlIn, fine, follows, form, held, isTable, isTyped, locale, model, numbers, same, state, writable } from "./form_model.js";
import { put, read, unreadAt } from "./form_read.js";
import { askLater, refresh } from "./form_rules.js";
import { addRow, dragRow, draw, drawAll, indexOf, moveRow, paste, removeRow, rowsOf, upgradeCell } from "./form_tables.js";
import { forgive, note } from "./form_wrong.js";
import { named } from "./named.js";
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
  if (back) changed(goBack(back));
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
});

// the row that a task is about, where its columns stand alone
const ofRow = () => Object.fromEntries(model.order.filter((name) => model.fields[name].at).map((name) => [name.slice(4), state[name]]));

// -- kept until it is saved

const isKept = (name) => isTyped(name) && !model.fields[name].at;

// what was typed for one row is kept in its table: whoever opens the task of another row is not offered it
const rowNames = model.order.filter((name) => model.fields[name].at);
const ownRow = (rows) => (rows ?? []).find((row) => row.id === model.about?.id);
const withOwnRow = (changes) => {
  if (!rowNames.some((name) => !same(state[name], held.kept[name]))) return changes;
  const { table, id } = model.about;
  const rows = changes[table] ?? state[table] ?? [];
  return named(changes, { [table]: rows.map((row) => (row.id === id ? named(row, ofRow()) : row)) });
};
const keptInRow = (values) => {
  const row = model.about ? ownRow(values[model.about.table]) : null;
  return row ? rowNames.filter((name) => name.slice(4) in row).map((name) => [name, row[name.slice(4)]]) : [];
};

// secrets and what is sensitive are kept by their record alone
function keepable(changes) {
  const open = Object.entries(changes).filter(([name]) => !model.fields[name]?.unkept);
  return Object.fromEntries(
    open.map(([name, value]) => {
      const columns = model.fields[name]?.columns ?? {};
      const rows = (row) => Object.fromEntries(Object.entries(row).filter(([column]) => !columns[column]?.unkept));
      return [name, isTable(name) && Array.isArray(value) ? value.map(rows) : value];
    }),
  );
}

export const unsaved = makeUnsaved({
  form: model.form,
  me: model.me,
  part: model.about ? `:${model.about.table}:${model.about.id}` : "",
  words: model.words,
  offered: model.unsaved,
  locale,
  identity: () => held.identity,
  revision: () => held.revision,
  changes: () => withOwnRow(named(Object.fromEntries(model.order.filter(isKept).filter((name) => !same(state[name], held.kept[name])).map((name) => [name, state[name] ?? null])))),
  keepable,
  differs: (values) =>
    model.order.some((name) => isKept(name) && name in values && !same(values[name], state[name])) ||
    keptInRow(values).some(([name, value]) => !same(value, state[name])),
  // what others saved since is seen when this is saved: the record is sent as the one that was opened
  restore(values, opened) {
    forget(state);
    for (const name of model.order) if (name in values && isKept(name) && writable(name)) put(state, name, values[name]);
    for (const [name, value] of keptInRow(values)) put(state, name, value);
    held.revision = opened;
    drawAll();
    changed();
  },
});

// -- start

export function begin() {
  for (const name of model.order) {
    if (isTable(name)) continue;
    const control = controlIn(blockOf(name));
    if (control?.matches("[data-input]") && !control.dataset.calendar) upgrade(control, model.fields[name], model.fields[name].at ?? name, () => ofRow());
  }
  follows.push(refresh, askLater, unsaved.changed);
  drawAll();
  refresh();
  askLater();
  unsaved.offer();
  form.dataset.ready = "true";
}

// The tables of a form: rows, totals, a block pasted from a sheet; then everything that is drawn, and
// what of it is sent.
import { show, upgrade } from "./form_controls.js";
import { blockOf, changed, controlIn, held, isTable, model, nothing, numbers, same, state, touched, writable, x } from "./form_model.js";

export function rowsOf(name) {
  return (state[name] ??= []);
}

export function drawTable(name) {
  const block = blockOf(name);
  const body = block.querySelector("[data-rows]");
  const rows = rowsOf(name);
  while (body.children.length > rows.length) body.lastElementChild.remove();
  while (body.children.length < rows.length) body.append(newRow(name, block));
  rows.forEach((row, index) => {
    const line = body.children[index];
    line.querySelector("[data-number]").textContent = index + 1;
    for (const cell of line.querySelectorAll("[data-column]")) {
      const field = model.fields[name].columns[cell.dataset.column];
      show(controlIn(cell), field, row[cell.dataset.column]);
    }
  });
  totals(name);
}

let fresh = 0;

function newRow(name, block) {
  const line = block.querySelector("template").content.firstElementChild.cloneNode(true);
  fresh += 1;
  for (const cell of line.querySelectorAll("[data-column]")) {
    const control = controlIn(cell);
    const field = model.fields[name].columns[cell.dataset.column];
    control.id = `cell-${fresh}-${cell.dataset.column}`;
    cell.querySelector("label")?.setAttribute("for", control.id);
    if (field.type === "person" || field.type === "link" || field.many) upgradeCell(name, line, cell, control, field);
  }
  if (model.fields[name].readonly) line.querySelector("[data-remove]")?.remove();
  return line;
}

export const indexOf = (line) => [...line.parentElement.children].indexOf(line);

export function upgradeCell(name, line, cell, control, field) {
  upgrade(control, field, `${name}.${cell.dataset.column}`, () => rowsOf(name)[indexOf(line)]);
}

export function totals(name) {
  const block = blockOf(name);
  const rows = rowsOf(name);
  for (const cell of block.querySelectorAll("[data-total]")) {
    const field = model.fields[name].columns[cell.dataset.total];
    const sum = rows.map((r) => x.num(r[cell.dataset.total])).filter((n) => n !== null).reduce(x.add, x.num(0));
    cell.textContent = numbers.show(x.plain(sum), field.scale, field.digits);
  }
  block.querySelector("[data-count]").textContent = rows.length || "";
}

export function addRow(name, values = {}) {
  const row = { ...(model.row_defaults[name] ?? {}), ...values };
  rowsOf(name).push(row);
  drawTable(name);
  changed(name);
  return blockOf(name).querySelector("[data-rows]").lastElementChild;
}

export function removeRow(line, name) {
  const index = indexOf(line);
  rowsOf(name).splice(index, 1);
  line.remove();
  drawTable(name);
  changed(name);
  blockOf(name).querySelector("[data-add]")?.focus();
}

// a block copied from a sheet fills cells to the right and down
export function paste(event) {
  const cell = event.target.closest?.("[data-column]");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!cell || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const name = cell.closest("[data-table]").dataset.table;
  const line = cell.closest("[data-row]");
  const columns = [...line.querySelectorAll("[data-column]")].map((c) => c.dataset.column);
  const first = columns.indexOf(cell.dataset.column);
  const at = indexOf(line);
  text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((words, down) => {
    const row = (rowsOf(name)[at + down] ??= { ...(model.row_defaults[name] ?? {}) });
    words.split("\t").forEach((word, right) => {
      const column = columns[first + right];
      const field = model.fields[name].columns[column];
      if (!field || field.computed || field.readonly) return;
      row[column] = pasted(name, column, field, word.trim());
    });
  });
  drawTable(name);
  changed(name);
}

function pasted(name, column, field, word) {
  if (word === "") return null;
  if (field.kind === "number") return numbers.parse(word, field.scale);
  if (field.kind !== "select") return word;
  const offered = blockOf(name).querySelector("template").content.querySelector(`[data-column="${CSS.escape(column)}"] select`);
  const found = [...offered.options].find((o) => o.value === word || o.text.trim() === word);
  return found ? found.value : word;
}

export function sentRows(name) {
  return (state[name] ?? []).map((row) => {
    const sent = row.id === undefined || row.id === null ? {} : { id: row.id };
    for (const [column, field] of Object.entries(model.fields[name].columns)) {
      if (!field.computed && !field.readonly) sent[column] = row[column] ?? null;
    }
    return sent;
  });
}

export function drawAll() {
  for (const name of model.order) {
    if (isTable(name)) drawTable(name);
    else {
      const control = controlIn(blockOf(name));
      if (control) show(control, model.fields[name], state[name]);
    }
  }
}

export function wanted() {
  const values = {};
  for (const name of model.order.filter(writable)) {
    if (held.identity === null ? nothing(state[name]) && !touched.has(name) : same(state[name], held.kept[name])) continue;
    values[name] = isTable(name) ? sentRows(name) : (state[name] ?? null);
  }
  return values;
}

// The tables of a form: rows, totals, a block pasted from a sheet; then everything that is drawn, and
// what of it is sent.
import { REMOTE, show, upgrade } from "./form_controls.js";
import { isFollowing } from "./form_follow.js";
import { blockOf, changed, controlIn, held, isTable, model, nothing, numbers, same, state, touched, writable, x } from "./form_model.js";
import { put, read, readNumber, unreadAt } from "./form_read.js";
import { named } from "./named.js";

export function rowsOf(name) {
  return (state[name] ??= []);
}

// a control as its record or row has it; what could not be read stays as it was typed
export function draw(control, field, owner, name) {
  const left = unreadAt(owner, name);
  if (!left) show(control, field, owner[name]);
  else if (left.text && control.value !== left.text) control.value = left.text;
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
      draw(controlIn(cell), field, row, cell.dataset.column);
    }
  });
  totals(name);
}

let fresh = 0;

function newRow(name, block) {
  const line = block.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
  fresh += 1;
  for (const cell of line.querySelectorAll("[data-column]")) {
    const control = controlIn(cell);
    const field = model.fields[name].columns[cell.dataset.column];
    control.id = `cell-${fresh}-${cell.dataset.column}`;
    cell.querySelector("label")?.setAttribute("for", control.id);
    if (REMOTE.has(field.type) || field.many) upgradeCell(name, line, cell, control, field);
  }
  if (model.fields[name].readonly) for (const tool of line.querySelectorAll("[data-remove], [data-move]")) tool.remove();
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
    const sum = summed(rows.map((r) => r[cell.dataset.total]));
    cell.textContent = sum === null ? "" : numbers.show(sum, field.scale, field.digits);
  }
  block.querySelector("[data-count]").textContent = rows.length || "";
}

function summed(values) {
  try {
    return x.plain(values.map(x.num).filter((n) => n !== null).reduce(x.add, x.num(0)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null; // longer than a number may be
  }
}

export function addRow(name, values = {}) {
  const row = named(model.row_defaults[name], values);
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

// a row is put `by` places further down; what stands in it comes along
export function moveRow(line, name, by) {
  const body = line.parentElement;
  const from = indexOf(line);
  const to = Math.max(0, Math.min(from + by, body.children.length - 1));
  if (to === from) return;
  const rows = rowsOf(name);
  rows.splice(to, 0, ...rows.splice(from, 1));
  body.insertBefore(line, to > from ? body.children[to].nextSibling : body.children[to]);
  drawTable(name);
  changed(name);
}

// a grip is dragged with a mouse, a pen or a finger
export function dragRow(event) {
  const grip = event.target.closest("[data-grip]");
  if (!grip) return;
  event.preventDefault();
  const line = grip.closest("[data-row]");
  const { table } = line.closest("[data-table]").dataset;
  grip.setPointerCapture(event.pointerId);
  line.classList.add("moving");
  const move = ({ clientX, clientY }) => {
    const over = document.elementFromPoint(clientX, clientY)?.closest("[data-row]");
    if (over && over !== line && over.parentElement === line.parentElement) moveRow(line, table, indexOf(over) - indexOf(line));
  };
  const stop = () => {
    line.classList.remove("moving");
    grip.removeEventListener("pointermove", move);
  };
  grip.addEventListener("pointermove", move);
  grip.addEventListener("lostpointercapture", stop, { once: true });
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
    const row = (rowsOf(name)[at + down] ??= named(model.row_defaults[name]));
    words.split("\t").forEach((word, right) => {
      const column = columns[first + right];
      const field = model.fields[name].columns[column];
      if (!field || field.computed || field.readonly) return;
      put(row, column, pasted(name, column, field, word.trim()));
    });
  });
  drawTable(name);
  changed(name);
}

function pasted(name, column, field, word) {
  if (word === "") return null;
  if (field.kind === "number") return readNumber(word, field);
  if (field.kind !== "select") return read({ value: word }, field);
  const offered = blockOf(name).querySelector(":scope > template").content.querySelector(`[data-column="${CSS.escape(column)}"] select`);
  const found = [...offered.options].find((o) => o.value === word || o.text.trim() === word);
  return found ? found.value : word;
}

export function sentRows(name) {
  return rowsOf(name).map((row) => {
    const sent = named(row.id === undefined || row.id === null ? {} : { id: row.id });
    for (const [column, field] of Object.entries(model.fields[name].columns)) {
      if (model.fields[name].made.includes(column) && sent.id === undefined) sent[column] = row[column];
      if (!field.computed && !field.readonly) sent[column] = field.follows && isFollowing(row, column) ? null : (row[column] ?? null);
    }
    return sent;
  });
}

export function drawAll() {
  for (const name of model.order) {
    if (isTable(name)) drawTable(name);
    else {
      const control = controlIn(blockOf(name));
      if (control) draw(control, model.fields[name], state, name);
    }
  }
}

export function wanted() {
  const values = named();
  for (const name of model.order.filter(writable)) {
    const goesAlong = !isTable(name) && model.fields[name].follows && isFollowing(state, name);
    if (held.identity === null ? goesAlong || (nothing(state[name]) && !touched.has(name)) : same(state[name], held.kept[name])) continue;
    values[name] = isTable(name) ? sentRows(name) : goesAlong ? null : (state[name] ?? null); // none is computed anew
  }
  return values;
}

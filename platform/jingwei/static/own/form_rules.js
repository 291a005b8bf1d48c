// What follows from what in a form: computed values, what is visible, required and locked.
import { api } from "./api.js";
import { show, shownValue } from "./form_controls.js";
import { arrived, goesAlong, isAwaited, isComing, isFollowing, isFound, offerBack, offerBackIn, propose } from "./form_follow.js";
import { blockOf, controlIn, form, held, isTable, model, nothing, NUMERIC, rules, same, state, touched, x } from "./form_model.js";
import { put } from "./form_read.js";
import { draw, drawTable, sentRows, totals } from "./form_tables.js";
import { forgive } from "./form_wrong.js";
import { asNamed, named } from "./named.js";
import { settleTabs } from "./page_tabs.js";

let asked = asNamed({ visible: {}, required: {}, readonly: {} });
const variables = { me: model.me, today: model.today, now: model.now };

function environment(record, parent) {
  return { record, parent, this: state, old: held.kept, zone: model.zone, variables: { ...variables, is_new: held.identity === null } };
}

export function refresh() {
  for (const [table, name, always, compute] of rules.computes) {
    if (table === null) settle(state, name, model.fields[name], always, () => compute(x, environment(state)));
    else for (const row of state[table] ?? []) settle(row, name, model.fields[table]?.columns[name], always, () => compute(x, environment(row, state)));
  }
  const ofRecord = environment(state);
  const ofRow = model.about ? environment(rowAsTyped(), state) : null;
  for (const name of model.order) {
    const block = blockOf(name);
    const env = model.fields[name].at ? ofRow : ofRecord;
    const path = pathOf(name);
    const visible = rules.visible[path] ? holds(rules.visible[path], env) : (asked.visible[name] ?? true);
    block.hidden = !visible;
    if (isTable(name)) continue;
    const must = isRequired(name, env);
    block.querySelector("[data-must]")?.toggleAttribute("hidden", !must);
    const control = controlIn(block);
    if (control?.matches("[data-input]")) control.setAttribute("aria-required", String(must));
    const readonly = rules.readonly[path] ? holds(rules.readonly[path], env) : (asked.readonly[name] ?? false);
    if (control && !model.fields[name].readonly) lock(control, (readonly && !isAltered(state, held.kept, name)) || isFound(state, name, model.fields[name]));
    if (control?.matches("output")) show(control, model.fields[name], state[name]);
    if (goesAlong(state, name, model.fields[name]) && document.activeElement !== control) draw(control, model.fields[name], state, name);
    offerBack(name, shownValue);
  }
  for (const section of form.querySelectorAll("[data-section]")) {
    section.hidden = [...section.querySelectorAll(".fields > [data-field]")].every((block) => block.hidden);
  }
  settleTabs();
  for (const name of model.order.filter(isTable)) refreshTable(name);
  sayUnits();
}

// the field that a control is of: a column of the row that a task is about stands under its own name
const pathOf = (name) => model.fields[name].at ?? name;

// that row, with what is typed into its columns and what follows from them
function rowAsTyped() {
  const { table, id } = model.about;
  const row = named((state[table] ?? []).find((one) => one.id === id));
  for (const name of model.order) if (model.fields[name].at) row[name.slice(4)] = state[name];
  for (const [of, name, always, compute] of rules.computes) {
    if (of === table && always) row[name] = reckoned(() => compute(x, environment(row, state)));
  }
  return row;
}

// an amount in the currency that another field names
function sayUnits() {
  for (const place of form.querySelectorAll("[data-unit-from]")) {
    const name = place.dataset.unitFrom;
    const control = model.fields[name] && controlIn(blockOf(name));
    const words = control?.selectedOptions?.[0]?.value ? control.selectedOptions[0].text.trim() : shownUnit(name);
    place.textContent = words && place.dataset.in ? place.dataset.in.replace("%", words) : words;
    if (place.matches(".unit")) place.hidden = !words;
  }
}

const shownUnit = (name) => (nothing(state[name]) ? "" : (model.fields[name]?.titles?.[state[name]] ?? String(state[name])));

const isRequired = (name, env) =>
  requiredAlways(name) || (rules.required[pathOf(name)] ? holds(rules.required[pathOf(name)], env) : (asked.required[name] ?? false));
const requiredNames = new Set((form.dataset.required ?? "").split(" "));
const requiredAlways = (name) => requiredNames.has(name);

// what was typed before its field was locked can be taken out again: saving it is refused
const isAltered = (now, kept, name) => !same(now[name] ?? null, kept?.[name] ?? null);

const keptRow = (table, row) => (held.kept[table] ?? []).find((one) => one.id !== undefined && one.id === row.id) ?? model.row_defaults[table];

function lock(control, readonly) {
  if (control.tomselect) control.tomselect[readonly ? "disable" : "enable"]();
  else if (control.tagName === "SELECT" || control.type === "checkbox" || control.type === "file") control.disabled = readonly;
  else control.readOnly = readonly;
}

// what is longer than a number may be holds nothing
function reckoned(compute) {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

const holds = (rule, env) => reckoned(() => rule(x, env)) === true;

function settle(owner, name, field, always, compute) {
  if (always) owner[name] = reckoned(compute);
  else if (field) propose(owner, name, field, reckoned(compute));
}

function refreshTable(name) {
  const lines = blockOf(name).querySelector("[data-rows]").children;
  (state[name] ?? []).forEach((row, index) => {
    for (const cell of lines[index]?.querySelectorAll("[data-column]") ?? []) {
      const control = controlIn(cell);
      const column = cell.dataset.column;
      if (control.matches("output")) show(control, model.fields[name].columns[column], row[column]);
      else if (goesAlong(row, column, model.fields[name].columns[column]) && document.activeElement !== control) draw(control, model.fields[name].columns[column], row, column);
      offerBackIn(cell, name, row, column, shownValue);
      const shut = model.fields[name].columns[column].readonly ? null : rules.readonly[`${name}.${column}`];
      const found = isFound(row, column, model.fields[name].columns[column]);
      const finds = model.fields[name].columns[column].follows === "lock_if_found" && !model.fields[name].columns[column].readonly;
      if ((shut || finds) && control.matches("[data-input]")) lock(control, found || (shut && !isAltered(row, keptRow(name, row), column) ? holds(shut, environment(row, state)) : false));
      const rule = rules.visible[`${name}.${column}`];
      if (rule) (cell.matches(".field") ? cell : control).hidden = !holds(rule, environment(row, state));
    }
  });
  totals(name);
}

// what the browser cannot know is asked of the server, and never over what is being typed
let asking = null;
let round = 0;

// what the server put into an empty control that a person may change: asked for again until then
const suggested = new WeakMap();
const isSuggested = (owner, name) => suggested.get(owner)?.[name] !== undefined && suggested.get(owner)[name] === owner[name];

function suggest(owner, name, value, control, field) {
  if (!nothing(owner[name]) && !isSuggested(owner, name)) return;
  owner[name] = value;
  suggested.set(owner, named(suggested.get(owner), { [name]: value }));
  if (control) show(control, field, value);
}

const unsuggested = (owner, values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isSuggested(owner, name) ? null : value]));

export function askLater() {
  if (!model.asks.length && !isAwaited()) return;
  clearTimeout(asking);
  asking = setTimeout(ask, isAwaited() ? 0 : 500);
}

// what the record would be if it were saved, or submitted, now
export function computed(submitting) {
  const address = `/api/v1/forms/${model.form}/compute${submitting ? "?submitting=1" : ""}`;
  return api("POST", address, { ...(held.identity ? { id: held.identity } : {}), ...computable() });
}

async function ask() {
  const mine = ++round;
  let answer;
  try {
    answer = asNamed(await computed(false));
  } catch {
    return; // saving says what is wrong
  }
  if (mine !== round) return;
  asked = pick(answer);
  for (const path of model.asks) answered(path, answer);
  for (const path of Object.keys(model.fills)) brought(path, answer.values ?? named());
  refresh();
}

function answered(path, answer) {
  const [name, column] = path.split(".");
  const field = model.fields[name];
  if (!field) return;
  if (field.made?.length) return madeAnew(name, field, answer.values?.[name] ?? []);
  if (column === undefined) {
    if (field.computed) state[name] = textual(answer.values?.[name]);
    else if (field.follows) propose(state, name, field, textual((name in answer.computed ? answer.computed : answer.values)[name]));
    return;
  }
  const lines = blockOf(name).querySelector("[data-rows]").children;
  (answer.values?.[name] ?? []).forEach((row, index) => {
    const mine = state[name]?.[index];
    if (!mine) return;
    if (field.columns[column]?.computed) mine[column] = textual(row[column]);
    else if (field.columns[column]?.follows === "lock_if_found") {
      propose(mine, column, field.columns[column], answer.readonly?.[`${name}.${index}.${column}`] ? textual(row[column]) : null);
    } else if (!rules.visible[path]) {
      const cell = lines[index]?.querySelector(`[data-column="${CSS.escape(column)}"]`);
      suggest(mine, column, textual(row[column]), cell && controlIn(cell), field.columns[column]);
    }
  });
}

// rows that are made, such as the items of a score sheet as they are scored now, beside what is filled in here
function madeAnew(name, field, rows) {
  const key = (row) => JSON.stringify(field.made.map((column) => row[column] ?? null));
  const known = new Map((state[name] ?? []).map((row) => [key(row), row]));
  const open = Object.entries(field.columns).filter(([, column]) => !column.computed && !column.readonly).map(([one]) => one);
  state[name] = asHeld(field, rows).map((row) => {
    const mine = known.get(key(row));
    if (!mine) return row;
    for (const column of Object.keys(row)) if (column !== "id" && !open.includes(column)) mine[column] = row[column];
    return mine; // the same row: what could not be read in it stays typed
  });
  drawTable(name);
}

// what the links of the record and of its rows bring along
function brought(path, values) {
  const [table, column] = path.includes(".") ? path.split(".") : [null, path];
  for (const [target, mode] of Object.entries(model.fills[path])) {
    if (table === null) {
      if (model.fields[target] && (mode === "follow" || isComing(state, target)) && target in values) bring(state, target, values[target]);
      continue;
    }
    (values[table] ?? []).forEach((row, index) => {
      const mine = state[table]?.[index];
      if (mine && (mode === "follow" || isComing(mine, target)) && target in row) bring(mine, target, row[target], table, index);
    });
  }
}

function bring(owner, target, value, table = null, index = 0) {
  arrived(owner, target);
  const field = table === null ? model.fields[target] : model.fields[table]?.columns[target];
  const now = field ? asHeld(field, value) : null;
  if (!field || same(owner[target], now)) return;
  put(owner, target, now);
  touched.add(table ?? target);
  if (table === null && isTable(target)) return void drawTable(target);
  const line = table === null ? blockOf(target) : blockOf(table).querySelector("[data-rows]").children[index];
  const place = table === null ? line : line?.querySelector(`[data-column="${CSS.escape(target)}"]`);
  if (!place) return;
  forgive(place, controlIn(place));
  draw(controlIn(place), field, owner, target);
}

const textual = (v) => (typeof v === "number" ? String(v) : (v ?? null));
const asHeld = (field, value) => {
  if (field.kind === "table") return (value ?? []).map((row) => named(Object.fromEntries(Object.entries(row).map(([name, one]) => [name, field.columns[name] ? asHeld(field.columns[name], one) : one]))));
  return NUMERIC.has(field.type) ? textual(value) : (value ?? null);
};
const pick = ({ visible = named(), required = named(), readonly = named() }) => ({ visible, required, readonly });

function computable() {
  const values = named();
  for (const name of model.order) {
    const field = model.fields[name];
    if (["heading", "note"].includes(field.kind) || field.computed || field.at) continue;
    if (isComing(state, name)) continue;
    if (isTable(name)) values[name] = sentRows(name).map((row, index) => asAsked(state[name][index], row));
    else values[name] = field.follows && isFollowing(state, name) ? null : (state[name] ?? null);
  }
  return values;
}

// a row without what is being asked for
function asAsked(owner, row) {
  return Object.fromEntries(Object.entries(unsuggested(owner, row)).filter(([name]) => !isComing(owner, name)));
}

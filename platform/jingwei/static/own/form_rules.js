// What follows from what in a form: computed values, what is visible, required and locked.
import { api } from "./api.js";
import { show } from "./form_controls.js";
import { blockOf, controlIn, form, held, isTable, model, nothing, rules, state, touched, x } from "./form_model.js";
import { sentRows, totals } from "./form_tables.js";
import { settleTabs } from "./page_tabs.js";

let asked = { visible: {}, required: {}, readonly: {} };
const variables = { me: model.me, today: model.today, now: model.now };

function environment(record, parent) {
  return { record, parent, this: state, old: held.kept, zone: model.zone, variables: { ...variables, is_new: held.identity === null } };
}

export function refresh() {
  for (const [table, name, always, compute] of rules.computes) {
    if (table === null) settle(state, name, always, () => compute(x, environment(state)), name);
    else for (const row of state[table] ?? []) settle(row, name, always, () => compute(x, environment(row, state)), `${table}.${name}`);
  }
  const env = environment(state);
  for (const name of model.order) {
    const block = blockOf(name);
    const visible = rules.visible[name] ? rules.visible[name](x, env) === true : (asked.visible[name] ?? true);
    block.hidden = !visible;
    if (isTable(name)) continue;
    const must = isRequired(name, env);
    block.querySelector("[data-must]")?.toggleAttribute("hidden", !must);
    const control = controlIn(block);
    if (control?.matches("[data-input]")) control.setAttribute("aria-required", String(must));
    const readonly = rules.readonly[name] ? rules.readonly[name](x, env) === true : (asked.readonly[name] ?? false);
    if (control && !model.fields[name].readonly) lock(control, readonly);
    if (control?.matches("output")) show(control, model.fields[name], state[name]);
  }
  for (const section of form.querySelectorAll("[data-section]")) {
    section.hidden = [...section.querySelectorAll(".fields > [data-field]")].every((block) => block.hidden);
  }
  settleTabs();
  for (const name of model.order.filter(isTable)) refreshTable(name);
  sayUnits();
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
  requiredAlways(name) || (rules.required[name] ? rules.required[name](x, env) === true : (asked.required[name] ?? false));
const requiredNames = new Set((form.dataset.required ?? "").split(" "));
const requiredAlways = (name) => requiredNames.has(name);

function lock(control, readonly) {
  if (control.tomselect) control.tomselect[readonly ? "disable" : "enable"]();
  else if (control.tagName === "SELECT" || control.type === "checkbox" || control.type === "file") control.disabled = readonly;
  else control.readOnly = readonly;
}

function settle(owner, name, always, compute, path) {
  if (!always && (touched.has(path) || !nothing(owner[name]))) return;
  try {
    owner[name] = compute();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    owner[name] = null;
  }
}

function refreshTable(name) {
  const lines = blockOf(name).querySelector("[data-rows]").children;
  (state[name] ?? []).forEach((row, index) => {
    for (const cell of lines[index]?.querySelectorAll("[data-column]") ?? []) {
      const control = controlIn(cell);
      if (control.matches("output")) show(control, model.fields[name].columns[cell.dataset.column], row[cell.dataset.column]);
      const rule = rules.visible[`${name}.${cell.dataset.column}`];
      if (rule) (cell.matches(".field") ? cell : control).hidden = rule(x, environment(row, state)) !== true;
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
  suggested.set(owner, { ...suggested.get(owner), [name]: value });
  if (control) show(control, field, value);
}

const unsuggested = (owner, values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isSuggested(owner, name) ? null : value]));

export function askLater() {
  if (!model.asks.length) return;
  clearTimeout(asking);
  asking = setTimeout(ask, 500);
}

async function ask() {
  const mine = ++round;
  let answer;
  try {
    answer = await api("POST", `/api/v1/forms/${model.form}/compute`, { ...(held.identity ? { id: held.identity } : {}), ...computable() });
  } catch {
    return; // saving says what is wrong
  }
  if (mine !== round) return;
  asked = { visible: {}, required: {}, readonly: {}, ...pick(answer) };
  for (const path of model.asks) {
    const [name, column] = path.split(".");
    const field = model.fields[name];
    if (!field) continue;
    if (column === undefined) {
      if (field.computed) state[name] = textual(answer.values?.[name]);
      continue;
    }
    const lines = blockOf(name).querySelector("[data-rows]").children;
    (answer.values?.[name] ?? []).forEach((row, index) => {
      const mine = state[name]?.[index];
      if (!mine) return;
      if (field.columns[column]?.computed) mine[column] = textual(row[column]);
      else if (!rules.visible[path]) {
        const cell = lines[index]?.querySelector(`[data-column="${CSS.escape(column)}"]`);
        suggest(mine, column, textual(row[column]), cell && controlIn(cell), field.columns[column]);
      }
    });
  }
  refresh();
}

const textual = (v) => (typeof v === "number" ? String(v) : (v ?? null));
const pick = ({ visible = {}, required = {}, readonly = {} }) => ({ visible, required, readonly });

function computable() {
  const values = {};
  for (const name of model.order) {
    const field = model.fields[name];
    if (["heading", "note"].includes(field.kind) || field.computed) continue;
    values[name] = isTable(name)
      ? sentRows(name).map((row, index) => unsuggested(state[name][index], row))
      : (state[name] ?? null);
  }
  return values;
}

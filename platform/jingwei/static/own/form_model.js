// What the form page edits: its model, and the record as the API writes it.
import { asNamed } from "./named.js";
import { makeNumbers } from "./numbers.js";

export const form = document.getElementById("form");
export const model = asNamed(JSON.parse(form.dataset.model));
export const locale = document.documentElement.lang;
export const [x, rules, { TomSelect, flatpickr, calendarWords }] = await Promise.all([
  import(form.dataset.expressions),
  import(model.live),
  import(form.dataset.pickers),
]);
export const numbers = makeNumbers(x, locale);
export const NUMERIC = new Set(["integer", "number", "money", "percent", "rating", "duration"]);
export const fine = matchMedia("(pointer: fine)").matches;

export const state = asNamed(model.values);
// as it was saved: the values, and which record in which edition
export const held = { kept: asNamed(model.values), identity: model.id, revision: model.revision };
export const base = `/api/v1/forms/${model.form}/records`;
export const touched = new Set();
export const isTable = (name) => model.fields[name]?.kind === "table";
export const nothing = (v) => v === null || v === undefined || v === "" || (Array.isArray(v) && !v.length);
export const same = (a, b) => (nothing(a) && nothing(b)) || JSON.stringify(clean(a)) === JSON.stringify(clean(b));

function clean(value) {
  if (Array.isArray(value)) return value.map(clean);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).filter(([, v]) => !nothing(v)).map(([k, v]) => [k, clean(v)]));
  }
  return value;
}

// what follows from a change: each part of the page puts its own here
export const follows = [];

export function changed(name) {
  if (name) touched.add(name);
  for (const follow of follows) follow();
}

export const blockOf = (name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);
export const controlIn = (block) => block.querySelector("[data-input], [data-output]");
export const isTyped = (name) => !model.fields[name].computed && !["heading", "note"].includes(model.fields[name].kind);

// a table may be closed while single columns of its rows are open
const hasOpenCells = (field) => Object.values(field.columns ?? {}).some((column) => !column.readonly && !column.computed);

export const writable = (name) => {
  const field = model.fields[name];
  return field && (!field.readonly || hasOpenCells(field)) && !field.computed && !["heading", "note"].includes(field.kind);
};

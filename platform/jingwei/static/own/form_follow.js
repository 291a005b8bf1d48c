// Values that follow others until a person writes his own: what is computed and may be overridden,
// and what a link brings along.
import { blockOf, controlIn, form, held, model, nothing, NUMERIC, numbers, same, state, touched } from "./form_model.js";
import { named } from "./named.js";

const known = new WeakMap(); // by the record or row: {name: {computed, own}}
let reasons = new WeakMap(); // of what is overridden here, by the record or row: {name: why}

const at = (owner, name) => known.get(owner)?.[name];
const alike = (field, one, other) => (NUMERIC.has(field.type) ? numbers.same(one, other) : same(one, other));

function keep(owner, name, now) {
  known.set(owner, named(known.get(owner), { [name]: now }));
}

// Whether the value is the computed one, and goes with it.
export const isFollowing = (owner, name) => at(owner, name) !== undefined && !at(owner, name).own;
// Whether the page, not only a person, changes the value of a control.
export const goesAlong = (owner, name, field) => isFollowing(owner, name) || field?.follows === "lock_if_found";
export const isOwn = (owner, name) => at(owner, name)?.own === true;

// What is computed now: it is taken over where nobody wrote a value of his own.
export function propose(owner, name, field, computed) {
  if (field.follows === "lock_if_found") return void find(owner, name, computed);
  const own = at(owner, name)?.own ?? (!nothing(owner[name]) && !alike(field, owner[name], computed));
  keep(owner, name, { computed, own });
  if (!own && !alike(field, owner[name], computed)) owner[name] = computed;
}

// What is found is locked; while nothing is, a person types. What was found and is no more goes.
function find(owner, name, computed) {
  const was = at(owner, name)?.computed;
  if (!nothing(computed)) owner[name] = computed;
  else if (!nothing(was)) owner[name] = null;
  keep(owner, name, { computed, own: nothing(computed) });
}

export const isFound = (owner, name, field) => field?.follows === "lock_if_found" && !nothing(at(owner, name)?.computed);

// A person typed: another value is his own, none or the computed one follows again.
export function took(owner, name, field) {
  const before = at(owner, name);
  if (!before || field.follows === "lock_if_found") return;
  const own = !nothing(owner[name]) && !alike(field, owner[name], before.computed);
  keep(owner, name, { ...before, own });
}

// Values came from elsewhere: whether they are anybody's own is seen when they are computed again.
export function forget(owner) {
  known.delete(owner);
}

// -- the place under the control

export function offerBack(name, shown) {
  offer(blockOf(name), state, name, model.fields[name], held.kept[name], shown);
}

// the same in a cell of a row, which is known by its id
export function offerBackIn(cell, table, row, name, shown) {
  offer(cell, row, name, model.fields[table].columns[name], keptRow(table, row)?.[name], shown);
}

const keptRow = (table, row) => (row.id ? (held.kept[table] ?? []).find((one) => one.id === row.id) : undefined);

function offer(block, owner, name, field, kept, shown) {
  const place = block.querySelector("[data-override]");
  if (!place) return;
  const own = isOwn(owner, name) && !field.readonly;
  place.hidden = !own;
  if (!own) return void say(owner, name, "");
  place.querySelector("[data-computed]").textContent = model.words.computed_is.replace("{value}", shown(field, at(owner, name).computed));
  const why = place.querySelector("[data-reason]");
  if (!why) return;
  why.hidden = alike(field, owner[name], kept);
  const box = why.querySelector("input"); // a line of a table may show another row by now
  if (document.activeElement !== box) box.value = reasons.get(owner)?.[name] ?? "";
}

function say(owner, name, why) {
  reasons.set(owner, named(reasons.get(owner), { [name]: why }));
}

// the record or row that a place under a control is of, and its field or column
export function ownerAt(element) {
  const line = element.closest("[data-row]");
  const block = element.closest("[data-field]");
  if (!line) return { owner: state, name: block.dataset.field, field: model.fields[block.dataset.field] };
  const table = block.dataset.field;
  const { column } = element.closest("[data-column]").dataset;
  const row = state[table][[...line.parentElement.children].indexOf(line)];
  return { owner: row, name: column, field: model.fields[table].columns[column], table };
}

form.addEventListener("input", (event) => {
  const box = event.target.closest("[data-reason] input");
  if (!box) return;
  const { owner, name } = ownerAt(box);
  say(owner, name, box.value);
});

// The reasons to be sent, and the fields that owe one.
export function givenReasons() {
  const given = named();
  const owed = [];
  const ask = (path, owner, name, field, kept) => {
    if (field.follows !== "override_with_reason" || !isOwn(owner, name) || alike(field, owner[name], kept)) return;
    const why = (reasons.get(owner)?.[name] ?? "").trim();
    if (why) given[path] = why;
    else owed.push({ path, message: model.words.reason_owed, reason: true });
  };
  for (const name of model.order) {
    const field = model.fields[name];
    if (field.kind !== "table") ask(name, state, name, field, held.kept[name]);
    else
      (state[name] ?? []).forEach((row, index) => {
        for (const [column, one] of Object.entries(field.columns)) ask(`${name}.${index}.${column}`, row, column, one, keptRow(name, row)?.[column]);
      });
  }
  return { given, owed };
}

export function saidReasons() {
  reasons = new WeakMap();
  for (const box of form.querySelectorAll("[data-reason] input")) box.value = "";
}

export function goBack(element) {
  const { owner, name, table } = ownerAt(element);
  keep(owner, name, { ...at(owner, name), own: false });
  owner[name] = at(owner, name).computed;
  touched.add(table ?? name);
  controlIn(element.closest("[data-column]") ?? blockOf(name)).focus();
  return table ?? name;
}

// -- what a link brings along

const coming = new WeakMap(); // by the record or row: names that are asked for

export const isComing = (owner, name) => coming.get(owner)?.has(name) === true;
export const isAwaited = () => [state, ...rows()].some((owner) => coming.get(owner)?.size);

function* rows() {
  for (const [name, field] of Object.entries(model.fields)) if (field.kind === "table") yield* state[name] ?? [];
}

export function chose(owner, path) {
  const names = coming.get(owner) ?? new Set();
  for (const [target, mode] of Object.entries(model.fills[path] ?? {})) {
    if (mode !== "if_empty" || nothing(owner[target])) names.add(target);
  }
  coming.set(owner, names);
}

export function arrived(owner, name) {
  coming.get(owner)?.delete(name);
}

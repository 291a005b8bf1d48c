// Values that follow others until a person writes his own: what is computed and may be overridden,
// and what a link brings along.
import { blockOf, controlIn, form, held, model, nothing, NUMERIC, numbers, same, state, touched } from "./form_model.js";

const known = new WeakMap(); // by the record or row: {name: {computed, own}}
const reasons = new Map(); // of what is overridden here, by field

const at = (owner, name) => known.get(owner)?.[name];
const alike = (field, one, other) => (NUMERIC.has(field.type) ? numbers.same(one, other) : same(one, other));

function keep(owner, name, now) {
  known.set(owner, { ...known.get(owner), [name]: now });
}

// Whether the value is the computed one, and goes with it.
export const isFollowing = (owner, name) => at(owner, name) !== undefined && !at(owner, name).own;
export const isOwn = (owner, name) => at(owner, name)?.own === true;

// What is computed now: it is taken over where nobody wrote a value of his own.
export function propose(owner, name, field, computed) {
  const own = at(owner, name)?.own ?? (!nothing(owner[name]) && !alike(field, owner[name], computed));
  keep(owner, name, { computed, own });
  if (!own && !alike(field, owner[name], computed)) owner[name] = computed;
}

// A person typed: another value is his own, none or the computed one follows again.
export function took(owner, name, field) {
  const before = at(owner, name);
  if (!before) return;
  const own = !nothing(owner[name]) && !alike(field, owner[name], before.computed);
  keep(owner, name, { ...before, own });
}

// Values came from elsewhere: whether they are anybody's own is seen when they are computed again.
export function forget(owner) {
  known.delete(owner);
}

// -- the place under the control

export function offerBack(name, shown) {
  const field = model.fields[name];
  const place = blockOf(name).querySelector("[data-override]");
  if (!place) return;
  const own = isOwn(state, name) && !field.readonly;
  place.hidden = !own;
  if (!own) return void reasons.delete(name);
  place.querySelector("[data-computed]").textContent = model.words.computed_is.replace("{value}", shown(field, at(state, name).computed));
  const why = place.querySelector("[data-reason]");
  if (why) why.hidden = alike(field, state[name], held.kept[name]);
}

form.addEventListener("input", (event) => {
  const box = event.target.closest("[data-reason] input");
  if (box) reasons.set(box.closest("[data-field]").dataset.field, box.value);
});

// The reasons to be sent, and the fields that owe one.
export function givenReasons() {
  const given = {};
  const owed = [];
  for (const name of model.order) {
    if (model.fields[name].follows !== "override_with_reason" || !isOwn(state, name)) continue;
    if (alike(model.fields[name], state[name], held.kept[name])) continue;
    const why = (reasons.get(name) ?? "").trim();
    if (why) given[name] = why;
    else owed.push({ path: name, message: model.words.reason_owed, reason: true });
  }
  return { given, owed };
}

export function saidReasons() {
  reasons.clear();
  for (const box of form.querySelectorAll("[data-reason] input")) box.value = "";
}

export function goBack(name) {
  keep(state, name, { ...at(state, name), own: false });
  state[name] = at(state, name).computed;
  touched.add(name);
  controlIn(blockOf(name)).focus();
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

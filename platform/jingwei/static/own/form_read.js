// What is typed into a control, as the API takes it, or why it cannot be read.
import { readDuration } from "./form_durations.js";
import { secretOf } from "./form_kinds.js";
import { model, numbers } from "./form_model.js";
import { named } from "./named.js";
import { dayOf, instantTyped } from "./zones.js";

// what was typed stays in its box and hinders saving; `code` names the sentence that says why
export class Unread {
  constructor(text, code) {
    this.text = text;
    this.code = code;
  }
  get message() {
    return model.words[this.code];
  }
}

const unread = new WeakMap(); // by the record or row: {name: Unread}

export const unreadAt = (owner, name) => unread.get(owner)?.[name];

// The value of a control in its record or row; what cannot be read is no value.
export function put(owner, name, value) {
  const left = named(unread.get(owner));
  delete left[name];
  if (value instanceof Unread) left[name] = value;
  unread.set(owner, left);
  owner[name] = value instanceof Unread ? null : value;
}

export function read(control, field) {
  if (control.type === "checkbox") return control.checked;
  if (control.tagName === "SELECT") {
    const chosen = [...control.selectedOptions].map((o) => o.value).filter((v) => v !== "");
    const values = field.type === "link" ? chosen.map(linkOf) : chosen;
    return field.many ? values : (values[0] ?? null);
  }
  if (field.type === "secret") return secretOf(control);
  const typed = control.value;
  if (control.validity?.badInput) return new Unread("", "not_read");
  if (typed.trim() === "") return null;
  return (readers[field.type] ?? (field.kind === "number" ? readNumber : (text) => text))(typed, field);
}

function linkOf(key) {
  const [name, id] = key.split("/");
  return id === undefined ? Number(key) : { form: name, id: Number(id) };
}

export function readNumber(typed, field) {
  try {
    return numbers.parse(typed, field.scale);
  } catch (error) {
    if (error instanceof SyntaxError) return new Unread(typed, "not_number");
    if (error instanceof RangeError) return new Unread(typed, "number_long");
    throw error;
  }
}

const readers = {
  json(typed) {
    try {
      return JSON.parse(typed);
    } catch {
      return new Unread(typed, "not_json");
    }
  },
  date: (typed) => (dayOf(typed) ? written(dayOf(typed)) : new Unread(typed, "not_date")),
  datetime: (typed) => instantTyped(typed)?.toISOString() ?? new Unread(typed, "not_moment"),
  duration: (typed) => readDuration(typed) ?? new Unread(typed, "not_duration"),
  geolocation(typed) {
    const [lat, lon, ...more] = typed.trim().split(/[,，;；\s]+/).map(Number);
    const isPlace = !more.length && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    return isPlace ? { lat, lon } : new Unread(typed, "not_place");
  },
  color: (typed) => (/^#[0-9a-f]{6}$/i.test(typed.trim()) ? typed.trim() : new Unread(typed, "not_color")),
};

const written = (day) => [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((n) => String(n).padStart(2, "0")).join("-");

// Everything that cannot be read now, as the API would refuse it.
export function unreadable(state) {
  const found = [];
  for (const [name, field] of Object.entries(model.fields)) {
    if (field.kind !== "table") note(state, name, name, found);
    (field.kind === "table" ? (state[name] ?? []) : []).forEach((row, index) => {
      for (const column of Object.keys(field.columns)) note(row, column, `${name}.${index}.${column}`, found);
    });
  }
  return found;
}

function note(owner, name, path, found) {
  const left = unreadAt(owner, name);
  if (left) found.push({ path, message: left.message });
}

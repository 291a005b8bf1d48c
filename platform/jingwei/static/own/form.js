// The form page. `state` is the record as the API writes it; controls show it and change it.
import { api, ApiError, confirmed, summarise, toast } from "./api.js";
import { makeNumbers } from "./numbers.js";
import { makeUnsaved } from "./unsaved.js";

const form = document.getElementById("form");
const model = JSON.parse(form.dataset.model);
const locale = document.documentElement.lang;
const [x, rules, { TomSelect, flatpickr, calendarWords }] = await Promise.all([
  import(form.dataset.expressions),
  import(model.live),
  import(form.dataset.pickers),
]);
const numbers = makeNumbers(x, locale);
const NUMERIC = new Set(["integer", "number", "money", "percent", "rating", "duration"]);
const fine = matchMedia("(pointer: fine)").matches;

let state = structuredClone(model.values);
let kept = structuredClone(model.values);
let identity = model.id;
let revision = model.revision;
let asked = { visible: {}, required: {}, readonly: {} };
const touched = new Set();
const isTable = (name) => model.fields[name]?.kind === "table";
const nothing = (v) => v === null || v === undefined || v === "" || (Array.isArray(v) && !v.length);
const same = (a, b) => (nothing(a) && nothing(b)) || JSON.stringify(clean(a)) === JSON.stringify(clean(b));

function clean(value) {
  if (Array.isArray(value)) return value.map(clean);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).filter(([, v]) => !nothing(v)).map(([k, v]) => [k, clean(v)]));
  }
  return value;
}

// -- controls

const blockOf = (name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);
const controlIn = (block) => block.querySelector("[data-input], [data-output]");

function show(control, field, value) {
  if (control.matches("output")) {
    control.textContent = shownValue(field, value);
    control.classList.toggle("neg", NUMERIC.has(field.type) && String(value ?? "").startsWith("-"));
  } else if (control.type === "checkbox") control.checked = value === true;
  else if (control.type === "file") showFiles(control, field, value);
  else if (control.tagName === "SELECT") choose(control, field, value);
  else if (field.kind === "number") {
    const editing = document.activeElement === control;
    control.value = editing ? numbers.edit(value, field.scale) : numbers.show(value, field.scale, field.digits);
    control.classList.toggle("neg", String(value ?? "").startsWith("-"));
  } else if (field.type === "datetime") showMoment(control, value);
  else if (control._flatpickr) control._flatpickr.setDate(value ?? "", false);
  else if (value && typeof value === "object") control.value = field.type === "geolocation" ? `${value.lat}, ${value.lon}` : JSON.stringify(value, null, 1);
  else control.value = value ?? "";
}

function shownValue(field, value) {
  if (nothing(value)) return "—";
  if (NUMERIC.has(field.type)) return numbers.show(value, field.scale, field.digits) + (field.type === "percent" ? "%" : "");
  return field.titles?.[value] ?? String(value);
}

function choose(control, field, value) {
  const wanted = (Array.isArray(value) ? value : [value]).filter((v) => !nothing(v)).map(keyOf);
  if (control.tomselect) {
    control.tomselect.setValue(field.many ? wanted : (wanted[0] ?? ""), true);
    return;
  }
  for (const one of wanted) {
    if (![...control.options].some((o) => o.value === one)) control.add(new Option(one, one));
  }
  for (const option of control.options) option.selected = wanted.includes(option.value);
  if (!wanted.length && !field.many) control.value = "";
}

const keyOf = (v) => (v && typeof v === "object" ? `${v.form}/${v.id}` : String(v));

function read(control, field) {
  if (control.type === "checkbox") return control.checked;
  if (control.tagName === "SELECT") {
    const chosen = [...control.selectedOptions].map((o) => o.value).filter((v) => v !== "");
    const values = field.type === "link" ? chosen.map(linkOf) : chosen;
    return field.many ? values : (values[0] ?? null);
  }
  const typed = control.value;
  if (field.kind === "number") return field.type === "duration" && /[a-z]/.test(typed) ? typed.trim() : numbers.parse(typed, field.scale);
  if (typed.trim() === "") return null;
  if (field.type === "datetime") return readMoment(control);
  if (field.type === "geolocation") {
    const [lat, lon] = typed.split(/[,，\s]+/).map(Number);
    return Number.isFinite(lat) && Number.isFinite(lon) ? { lat, lon } : typed;
  }
  if (field.type === "json") {
    try {
      return JSON.parse(typed);
    } catch {
      return typed;
    }
  }
  return typed;
}

function linkOf(key) {
  const [name, id] = key.split("/");
  return id === undefined ? Number(key) : { form: name, id: Number(id) };
}

// an instant is typed and shown in the time of this browser
function showMoment(control, value) {
  if (nothing(value)) {
    if (control._flatpickr) control._flatpickr.clear(false);
    else control.value = "";
    return;
  }
  const at = new Date(value);
  if (control._flatpickr) control._flatpickr.setDate(at, false);
  else control.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function readMoment(control) {
  const at = control._flatpickr ? control._flatpickr.selectedDates[0] : new Date(control.value);
  return at && !Number.isNaN(at.valueOf()) ? at.toISOString() : control.value;
}

function showFiles(control, field, value) {
  const box = control.parentElement.querySelector("[data-files]");
  const ids = (Array.isArray(value) ? value : [value]).filter((v) => !nothing(v));
  box.replaceChildren(
    ...ids.map((id) => {
      const link = document.createElement("a");
      link.href = `/api/v1/files/${id}`;
      link.textContent = model.words.file_kept;
      return link;
    }),
  );
}

async function upload(control, field, owner, name) {
  const ids = field.many ? [...(owner[name] ?? [])] : [];
  for (const file of control.files) {
    const body = new FormData();
    body.append("file", file);
    try {
      const answer = await api("POST", "/api/v1/files", body);
      ids.push(answer.id);
    } catch (error) {
      toast(error.message, "danger");
    }
  }
  control.value = "";
  owner[name] = field.many ? ids : (ids[0] ?? owner[name]);
  changed(name);
}

// -- pickers

function upgrade(control, field, path, rowOf) {
  if (control.tagName === "SELECT" && !control.tomselect) {
    const remote = field.type === "person" || field.type === "link" || field.filtered;
    const long = control.options.length > 12 && field.type !== "period";
    if (!remote && !long && !field.many && field.type !== "tags") return;
    const label = control.getAttribute("aria-label") ?? form.querySelector(`label[for="${control.id}"]`)?.textContent ?? field.title;
    const settings = {
      plugins: field.many ? ["remove_button"] : [],
      create: field.type === "tags",
      maxOptions: 400,
      valueField: "value",
      labelField: "text",
      searchField: ["text", "value", "hint"],
      placeholder: control.options[0]?.value === "" ? control.options[0].text : "",
      allowEmptyOption: false,
      dropdownParent: "body",
      openOnFocus: true,
      render: { option: optionLine, no_results: () => `<div class="no-results">${escapeText(model.words.nothing_found)}</div>` },
      onInitialize() {
        this.control_input.setAttribute("aria-label", label.replace("*", "").trim());
      },
    };
    if (remote) {
      settings.preload = "focus";
      settings.load = (q, done) => {
        api("POST", `${model.options}/${path}`, { q, values: state, row: rowOf?.() ?? {} })
          .then(done)
          .catch(() => done());
      };
      settings.onFocus = function () {
        this.clearOptions();
        this.load("");
      };
    }
    new TomSelect(control, settings);
    // the select behind it stays on the page, and its label now belongs to what is seen
    control.setAttribute("aria-label", label.replace("*", "").trim());
    control.tomselect.on("change", () => control.dispatchEvent(new Event("change", { bubbles: true })));
  } else if (control.dataset.calendar && fine && !control._flatpickr && !control.readOnly) {
    const withTime = control.dataset.calendar === "datetime";
    control.type = "text";
    flatpickr(control, {
      allowInput: true,
      enableTime: withTime,
      time_24hr: true,
      dateFormat: withTime ? "Y-m-d H:i" : "Y-m-d",
      locale: calendarWords[locale.slice(0, 2)] ?? "default",
      disableMobile: true,
    });
  }
}

const escapeText = (text) => {
  const box = document.createElement("i");
  box.textContent = text;
  return box.innerHTML;
};

function optionLine(option) {
  const hint = option.hint ? `<small>${escapeText(option.hint)}</small>` : "";
  return `<div><span>${escapeText(option.text)}</span>${hint}</div>`;
}

// -- tables

function rowsOf(name) {
  return (state[name] ??= []);
}

function drawTable(name) {
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
    if (field.type === "person" || field.type === "link" || field.many) upgradeCell(name, line, cell, control, field);
  }
  if (model.fields[name].readonly) line.querySelector("[data-remove]")?.remove();
  return line;
}

const indexOf = (line) => [...line.parentElement.children].indexOf(line);

function upgradeCell(name, line, cell, control, field) {
  upgrade(control, field, `${name}.${cell.dataset.column}`, () => rowsOf(name)[indexOf(line)]);
}

function totals(name) {
  const block = blockOf(name);
  const rows = rowsOf(name);
  for (const cell of block.querySelectorAll("[data-total]")) {
    const field = model.fields[name].columns[cell.dataset.total];
    const sum = rows.map((r) => x.num(r[cell.dataset.total])).filter((n) => n !== null).reduce(x.add, x.num(0));
    cell.textContent = numbers.show(x.plain(sum), field.scale, field.digits);
  }
  block.querySelector("[data-count]").textContent = rows.length || "";
}

function addRow(name, values = {}) {
  const row = { ...(model.row_defaults[name] ?? {}), ...values };
  rowsOf(name).push(row);
  drawTable(name);
  changed(name);
  return blockOf(name).querySelector("[data-rows]").lastElementChild;
}

function removeRow(line, name) {
  const index = indexOf(line);
  rowsOf(name).splice(index, 1);
  line.remove();
  drawTable(name);
  changed(name);
  blockOf(name).querySelector("[data-add]")?.focus();
}

// a block copied from a sheet fills cells to the right and down
function paste(event) {
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

// -- what follows from what: computes, visibility, obligations

const variables = { me: model.me, today: model.today, now: model.now };

function environment(record, parent) {
  return { record, parent, this: state, old: kept, zone: model.zone, variables: { ...variables, is_new: identity === null } };
}

function refresh() {
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
  for (const [index, rule] of Object.entries(rules.sections)) {
    const section = form.querySelector(`[data-section="${index}"]`);
    if (section) section.hidden = rule(x, env) !== true;
  }
  for (const name of model.order.filter(isTable)) refreshTable(name);
}

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
      if (rule) control.hidden = rule(x, environment(row, state)) !== true;
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

function askLater() {
  if (!model.asks.length) return;
  clearTimeout(asking);
  asking = setTimeout(ask, 500);
}

async function ask() {
  const mine = ++round;
  let answer;
  try {
    answer = await api("POST", `/api/v1/forms/${model.form}/compute`, { ...(identity ? { id: identity } : {}), ...computable() });
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

// -- changes

function changed(name) {
  if (name) touched.add(name);
  refresh();
  askLater();
  unsaved.changed();
}

form.addEventListener("input", (event) => take(event));
form.addEventListener("change", (event) => take(event));

function take(event) {
  const control = event.target.closest("[data-input]");
  if (!control || (control.tomselect && event.type === "input")) return;
  const block = control.closest("[data-field]");
  const name = block.dataset.field;
  const cell = control.closest("[data-column]");
  const owner = cell ? rowsOf(name)[indexOf(cell.closest("[data-row]"))] : state;
  const key = cell ? cell.dataset.column : name;
  const field = cell ? model.fields[name].columns[key] : model.fields[name];
  if (control.type === "file") {
    if (event.type === "change") upload(control, field, owner, key);
    return;
  }
  owner[key] = read(control, field);
  if (field.kind === "number") control.classList.toggle("neg", String(owner[key] ?? "").startsWith("-"));
  forgive(cell ?? block, control);
  changed(cell ? `${name}.${key}` : name);
}

form.addEventListener("focusin", (event) => {
  const control = event.target.closest("[data-input]");
  if (!control) return;
  const cell = control.closest("[data-column]");
  const name = control.closest("[data-field]").dataset.field;
  const field = cell ? model.fields[name].columns[cell.dataset.column] : model.fields[name];
  if (field.kind === "number" && !control.readOnly) {
    const owner = cell ? rowsOf(name)[indexOf(cell.closest("[data-row]"))] : state;
    control.value = numbers.edit(owner[cell ? cell.dataset.column : name], field.scale);
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
  const cell = control.closest("[data-column]");
  const name = control.closest("[data-field]").dataset.field;
  const field = cell ? model.fields[name].columns[cell.dataset.column] : model.fields[name];
  if (field.kind !== "number") return;
  const owner = cell ? rowsOf(name)[indexOf(cell.closest("[data-row]"))] : state;
  if (owner) control.value = numbers.show(owner[cell ? cell.dataset.column : name], field.scale, field.digits);
});

form.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  const remove = event.target.closest("[data-remove]");
  if (add) {
    const line = addRow(add.closest("[data-table]").dataset.table);
    line.querySelector("[data-input]")?.focus();
  }
  if (remove) removeRow(remove.closest("[data-row]"), remove.closest("[data-table]").dataset.table);
});
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
  identity: () => identity,
  revision: () => revision,
  changes: () => Object.fromEntries(model.order.filter(isTyped).filter((name) => !same(state[name], kept[name])).map((name) => [name, state[name] ?? null])),
  differs: (values) => model.order.some((name) => isTyped(name) && name in values && !same(values[name], state[name])),
  // what others saved since is seen when this is saved: the record is sent as the one that was opened
  restore(values, opened) {
    for (const name of model.order) if (name in values && writable(name)) state[name] = values[name];
    revision = opened;
    drawAll();
    changed();
  },
});

const isTyped = (name) => !model.fields[name].computed && !["heading", "note"].includes(model.fields[name].kind);

// -- what is wrong

function forgive(block, control) {
  const wrong = block.querySelector("[data-wrong]");
  if (wrong && !wrong.hidden) {
    wrong.hidden = true;
    wrong.textContent = "";
  }
  control?.removeAttribute("aria-invalid");
  control?.tomselect?.control_input.removeAttribute("aria-invalid");
}

function forgiveAll() {
  for (const wrong of form.querySelectorAll("[data-wrong]")) {
    wrong.hidden = true;
    wrong.textContent = "";
  }
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  document.getElementById("summary").hidden = true;
}

function blame(fields, message) {
  const lines = fields.map(({ path, message: words }) => {
    const [name, index, column] = path.split(".");
    const field = model.fields[name];
    if (!field) return { words };
    const block = blockOf(name);
    let place = block;
    let title = field.title;
    if (index !== undefined && isTable(name)) {
      const line = block.querySelector("[data-rows]").children[Number(index)];
      title += ` ${model.words.row.replace("{row}", Number(index) + 1)}`;
      place = line ?? block;
      if (column !== undefined) {
        title += ` ${field.columns[column]?.title ?? column}`;
        place = line?.querySelector(`[data-column="${CSS.escape(column)}"]`) ?? place;
      }
    }
    const control = place === block && isTable(name) ? block : controlIn(place);
    note(place, control, words);
    return { words: `${title}: ${words}`, id: control?.id ?? block.id, go: () => goTo(block, control) };
  });
  summarise(document.getElementById("summary"), message, lines);
}

function note(place, control, words) {
  const wrong = place.querySelector("[data-wrong]");
  if (wrong) {
    wrong.textContent = wrong.textContent ? `${wrong.textContent} ${words}` : words;
    wrong.hidden = false;
    if (!wrong.id && control?.id) wrong.id = `${control.id}-wrong`;
  }
  const target = control?.tomselect?.control_input ?? control;
  target?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-invalid", "true");
  if (wrong?.id) target?.setAttribute("aria-describedby", wrong.id);
}

function goTo(block, control) {
  block.hidden = false;
  const target = control?.tomselect?.control_input ?? control ?? block;
  target.focus();
  target.scrollIntoView({ block: "center" });
}

// -- saving

const writable = (name) => {
  const field = model.fields[name];
  return field && !field.readonly && !field.computed && !["heading", "note"].includes(field.kind);
};

function sentRows(name) {
  return (state[name] ?? []).map((row) => {
    const sent = row.id === undefined || row.id === null ? {} : { id: row.id };
    for (const [column, field] of Object.entries(model.fields[name].columns)) {
      if (!field.computed && !field.readonly) sent[column] = row[column] ?? null;
    }
    return sent;
  });
}

function wanted() {
  const values = {};
  for (const name of model.order.filter(writable)) {
    if (identity === null ? nothing(state[name]) && !touched.has(name) : same(state[name], kept[name])) continue;
    values[name] = isTable(name) ? sentRows(name) : (state[name] ?? null);
  }
  return values;
}

const base = `/api/v1/forms/${model.form}/records`;
const asFilledIn = { "Form-Fingerprint": model.fingerprint }; // the server may know a newer form by now
let busy = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  busy = true;
  const thenSubmit = event.submitter?.value === "submit";
  forgiveAll();
  form.setAttribute("aria-busy", "true");
  for (const button of form.querySelectorAll(".actions button")) button.disabled = true;
  try {
    await save().catch(withReasons);
    if (thenSubmit) await api("POST", `${base}/${identity}/submit`, {});
    unsaved.leave();
    location.href = `/f/${model.form}/${identity}`;
  } catch (error) {
    failed(error);
  } finally {
    busy = false;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll(".actions button")) button.disabled = false;
  }
});

// values that are computed are overridden for a reason: it is asked for, and the save goes on
async function withReasons(error) {
  const owed = error instanceof ApiError ? error.fields : [];
  if (!owed.length || owed.some((f) => f.code !== "reason-needed" || !model.fields[f.path])) throw error;
  const questions = owed.map((f) => ({ name: `reasons.${f.path}`, title: model.words.reason_of.replace("{title}", model.fields[f.path].title), type: "long_text", required: true }));
  const answers = await confirmed(model.words.reasons, "", questions);
  if (!answers) throw error;
  await save(answers.reasons);
}

async function save(reasons) {
  const values = { ...wanted(), ...(reasons ? { _reasons: reasons } : {}) };
  if (identity !== null && !Object.keys(values).length) return;
  const answer =
    identity === null
      ? await api("POST", base, values, asFilledIn)
      : await api("PATCH", `${base}/${identity}`, values, { "If-Match": `"${revision}"`, ...asFilledIn });
  await unsaved.saved();
  settleSaved(answer);
}

// from here on the page edits the record that is there now
function settleSaved(answer) {
  identity = answer.id;
  revision = answer.revision;
  for (const name of model.order.filter(isTable)) {
    (answer[name] ?? []).forEach((row, index) => {
      if (state[name]?.[index]) state[name][index].id = row.id;
    });
  }
  kept = structuredClone(state);
  history.replaceState(null, "", `/f/${model.form}/${identity}/edit`);
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
}

// somebody saved meanwhile: both values, one choice each
async function conflict() {
  const theirs = await api("GET", `${base}/${identity}`);
  const mine = Object.keys(wanted());
  const dialog = document.getElementById("conflict");
  const body = dialog.querySelector("tbody");
  body.replaceChildren();
  const differing = mine.filter((name) => !same(textualDeep(theirs[name]), state[name]));
  for (const name of differing) {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = model.fields[name].title;
    row.append(head, choice(name, "theirs", textualDeep(theirs[name])), choice(name, "mine", state[name]));
    body.append(row);
  }
  dialog.returnValue = "no";
  dialog.showModal();
  dialog.addEventListener("close", () => settleConflict(dialog, theirs, differing), { once: true });
}

function choice(name, side, value) {
  const cell = document.createElement("td");
  const label = document.createElement("label");
  const radio = document.createElement("input");
  radio.type = "radio";
  radio.name = `side-${name}`;
  radio.value = side;
  radio.checked = side === "mine";
  const words = document.createElement("span");
  words.textContent = isTable(name) ? model.words.conflict.replace("{count}", (value ?? []).length) : spoken(name, value);
  label.append(radio, words);
  cell.append(label);
  return cell;
}

function spoken(name, value) {
  const control = controlIn(blockOf(name));
  if (control?.tagName === "SELECT") {
    const found = [...control.options].find((o) => o.value === keyOf(value ?? ""));
    if (found) return found.text.trim();
  }
  return shownValue(model.fields[name], value);
}

const textualDeep = (v) => {
  if (typeof v === "number" && !Number.isInteger(v)) return String(v);
  if (Array.isArray(v)) return v.map(textualDeep);
  if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, w]) => [k, textualDeep(w)]));
  return v;
};

function settleConflict(dialog, theirs, differing) {
  const agreed = dialog.returnValue === "yes";
  for (const name of model.order) {
    if (!(name in theirs)) continue;
    const value = textualDeep(theirs[name]);
    const untouched = same(state[name], kept[name]);
    const side = dialog.querySelector(`input[name="side-${CSS.escape(name)}"]:checked`)?.value;
    if (agreed && (side === "theirs" || untouched)) state[name] = value;
    if (agreed) kept[name] = structuredClone(value);
  }
  if (!agreed) return;
  revision = theirs.revision;
  drawAll();
  changed();
  if (differing.length) form.requestSubmit(document.getElementById("save"));
}

// -- start

function drawAll() {
  for (const name of model.order) {
    if (isTable(name)) drawTable(name);
    else {
      const control = controlIn(blockOf(name));
      if (control) show(control, model.fields[name], state[name]);
    }
  }
}

for (const name of model.order) {
  if (isTable(name)) continue;
  const control = controlIn(blockOf(name));
  if (control?.matches("[data-input]") && !control.dataset.calendar) upgrade(control, model.fields[name], name);
}
drawAll();
refresh();
askLater();
unsaved.offer();
form.dataset.ready = "true";

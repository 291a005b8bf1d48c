// One value for many records: which field, and the control that its type has.
import { instantTyped } from "./zones.js";
import { make, open, select, shape } from "./shaping.js";

const LONG = ["long_text", "rich_text", "markdown", "code", "json"];
const NUMBERS = ["integer", "number", "money", "percent", "rating"];
const NATIVE = { date: "date", datetime: "datetime-local", time: "time", email: "email", phone: "tel", url: "url" };

// The values to be sent, or null when nothing is to be changed.
export async function askChange(title, fields) {
  const { words } = await shape();
  const pick = select(fields.map((f) => [f.name, f.title]), fields[0].name, words.field);
  const place = make("div");
  const clear = make("input", { type: "checkbox", className: "form-check-input" });
  const clearing = make("label", { className: "ask-tick" }, clear, words.clear);
  let editor = null;
  const field = () => fields.find((f) => f.name === pick.value);
  const draw = () => {
    clear.checked = false;
    clearing.hidden = field().required;
    editor = editorOf(field(), words);
    place.hidden = false;
    place.replaceChildren(labelled(field(), editor), ...(field().help ? [make("p", { className: "hint", textContent: field().help })] : []));
  };
  clear.addEventListener("change", () => {
    place.hidden = clear.checked;
    for (const one of place.querySelectorAll("input, textarea, select")) one.disabled = clear.checked; // owes nothing
  });
  pick.addEventListener("change", draw);
  draw();
  const asked = make("label", { className: "ask-field" }, make("span", { textContent: words.field }), pick);
  const none = () => (field().many ? [] : null);
  const apply = () => ({ [field().name]: clear.checked ? none() : editor.value() });
  return (await open(title, [asked, place, clearing], words, apply)) ?? null;
}

function labelled(field, editor) {
  const said = make("span", { textContent: field.unit ? `${field.title} (${field.unit})` : field.title });
  return make(editor.group ? "fieldset" : "label", { className: "ask-field" }, said, editor.shown);
}

function editorOf(field, words) {
  if (field.offers) return picked(field, words);
  if (field.options.length) return field.many ? ticked(field) : chosen(field, words);
  if (LONG.includes(field.type)) return written(field, make("textarea", { className: "form-control", rows: 4, required: true }), words);
  if (field.type === "color") return written(field, make("input", { type: "color", className: "swatch", value: "#0b5cad" }), words);
  const input = make("input", { className: "form-control", type: NATIVE[field.type] ?? "text", required: true, placeholder: field.example ?? "" });
  if (NUMBERS.includes(field.type)) input.inputMode = "decimal";
  return written(field, input, words);
}

function chosen(field, words) {
  const shown = select([["", words.pick], ...field.options], "", field.title);
  shown.required = true;
  return { shown, value: () => (field.type === "boolean" ? shown.value === "true" : shown.value) };
}

function ticked(field) {
  const shown = make("div", { className: "ticks" });
  for (const [value, said] of field.options) shown.append(make("label", {}, make("input", { type: "checkbox", className: "form-check-input", value }), said));
  const judge = () => {
    const ticks = [...shown.querySelectorAll("input")];
    for (const tick of ticks) tick.required = !ticks.some((one) => one.checked);
  };
  shown.addEventListener("change", judge);
  judge();
  return { shown, group: true, value: () => [...shown.querySelectorAll("input:checked")].map((tick) => tick.value) };
}

// What is typed, refused where it cannot be read before anything is sent.
function written(field, control, words) {
  const read = READERS[field.type] ?? (NUMBERS.includes(field.type) ? numberOf : (text) => text);
  const one = (text) => read(text, field);
  control.addEventListener("input", () => {
    let wrong = false;
    try {
      wrong = control.value.trim() !== "" && one(control.value) === undefined;
    } catch {
      wrong = true;
    }
    control.setCustomValidity(wrong ? words.unread : "");
  });
  return { shown: control, value: () => one(control.value) };
}

const READERS = {
  json: (text) => JSON.parse(text),
  tags: (text) => [...new Set(text.split(/[,，、;；\n]+/).map((one) => one.trim()).filter(Boolean))],
  datetime: (text) => instantTyped(text).toISOString(),
  geolocation(text) {
    const [lat, lon, ...more] = text.trim().split(/[,，;；\s]+/).map(Number);
    return !more.length && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined;
  },
};

// A shown number as it is kept: scales are powers of ten, so only the point moves.
export function numberOf(text, { scale = "1" }) {
  const found = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text.replaceAll(",", "").replaceAll("，", "").trim());
  if (!found || !(found[2] || found[3])) return undefined;
  const [, sign, whole, part = ""] = found;
  const places = scale.includes(".") ? -(scale.length - 2) : scale.length - 1;
  const digits = whole + part;
  const point = whole.length + places;
  const padded = point < 0 ? "0".repeat(-point) + digits : digits.padEnd(point, "0");
  const at = Math.max(point, 0);
  return `${sign}${padded.slice(0, at) || "0"}${padded.slice(at) ? `.${padded.slice(at)}` : ""}`;
}

// Looked for by name, like a filter; several stand as chips.
function picked(field, words) {
  const input = make("input", { className: "form-control", type: "search", role: "combobox", autocomplete: "off", required: true, "aria-autocomplete": "list", "aria-expanded": "false", "aria-label": field.title });
  const hidden = make("input", { type: "hidden" });
  const list = make("ul", { className: "people-list", role: "listbox", hidden: true, "aria-label": field.title });
  const of = field.forms ? [Object.assign(select([["", words.form], ...field.forms], "", words.form), { required: true })] : [];
  for (const one of of) one.dataset.formOf = "";
  const shown = make("span", { className: "picks" }, ...of, input, hidden, list);
  shown.dataset.pick = field.offers;
  const keyOf = (key) => (field.type !== "link" ? key : key.includes("/") ? { form: key.split("/")[0], id: Number(key.split("/")[1]) } : Number(key));
  if (!field.many) {
    const judge = () => input.setCustomValidity(hidden.value ? "" : words.unread);
    hidden.addEventListener("change", judge);
    input.addEventListener("input", judge);
    judge();
    return { shown, group: true, value: () => keyOf(hidden.value) };
  }
  const chips = make("div", { className: "people-chips" });
  const keys = () => [...chips.querySelectorAll("[data-key]")].map((one) => one.dataset.key);
  const judge = () => (input.required = !keys().length);
  hidden.addEventListener("change", () => {
    if (!hidden.value) return;
    if (!keys().includes(hidden.value)) {
      const away = make("button", { type: "button", textContent: "×", "aria-label": `${words.remove} ${input.value}` });
      const chip = make("span", { className: "people-chip" }, input.value, away);
      chip.dataset.key = hidden.value;
      away.addEventListener("click", () => (chip.remove(), judge()));
      chips.append(chip);
    }
    hidden.value = "";
    input.value = "";
    judge();
  });
  shown.prepend(chips);
  return { shown, group: true, value: () => keys().map(keyOf) };
}

// -- what became of each record

// `lines`: [address, name, reason], the reason empty for what was done
export async function showResults(title, lines, words) {
  const [refused, done] = [lines.filter(([, , reason]) => reason), lines.filter(([, , reason]) => !reason)];
  const save = make("button", { type: "button", className: "btn btn-sm", textContent: words.download });
  save.addEventListener("click", () => download(title, [...refused, ...done], words));
  const body = [];
  if (refused.length) body.push(tableOf(refused, words));
  if (done.length) body.push(make("details", { open: !refused.length }, make("summary", { textContent: `${words.was_done} ${done.length}` }), tableOf(done, words)));
  body.push(save);
  await open(title, body, words);
}

function tableOf(lines, words) {
  const rows = lines.map(([address, name, reason]) =>
    make("tr", {}, make("td", {}, make("a", { href: address, textContent: name })), make("td", { textContent: reason || words.was_done })),
  );
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col", textContent: words.record }), make("th", { scope: "col", textContent: words.outcome })));
  return make("div", { className: "rows-scroll results", tabIndex: 0 }, make("table", { className: "grid plain" }, head, make("tbody", {}, ...rows)));
}

// A program that opens the file must not take a text for a formula: the rule of `sheet_cells`. What
// was quoted before is quoted again; a negative number is none.
const RISKY = /^'*[=+\-@\t\r\n＝＋－＠]/;
export const quoted = (text) => `"${(RISKY.test(text) && !/^-[\d,.]+%?$/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

function download(title, lines, words) {
  saveSheet(title, [[words.record, words.outcome], ...lines.map(([, name, reason]) => [name, reason || words.was_done])]);
}

export function saveSheet(title, rows) {
  const text = `\ufeff${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}\r\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  make("a", { href: address, download: `${title.replace(/[\\/:*?"<>|]/g, " ")}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

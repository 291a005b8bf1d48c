// The dialogs of a list: which columns, in which groups, under which conditions, kept as a view.
// What they ask for goes into the address.
import { api, confirmed } from "./api.js";
import { readDuration, showDuration } from "./form_durations.js";

const list = () => document.getElementById("list");
const dialog = document.getElementById("shape");
let known = null;

export async function shape() {
  known ??= await api("GET", `/f/${list().dataset.form}/shape`);
  return known;
}

export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const sprite = document.querySelector(".topbar use")?.getAttribute("href")?.split("#")[0];

function tool(icon, label, act) {
  const button = make("button", { type: "button", className: "tool", "aria-label": label });
  button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${sprite}#${icon}"></use></svg>`;
  button.addEventListener("click", act);
  return button;
}

export const select = (options, value, label) => {
  const made = make("select", { className: "form-select", "aria-label": label });
  for (const [v, words, depth = 0] of options) made.add(new Option("\u3000".repeat(depth) + words, v, false, v === value));
  return made;
};

function go(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries({ page: "", ...changes })) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  location.href = address;
}

export function open(title, body, words, apply, standard) {
  dialog.querySelector("#shape-title").textContent = title;
  dialog.querySelector("#shape-body").replaceChildren(...body);
  const buttons = dialog.querySelector(".ask-buttons");
  buttons.replaceChildren();
  if (standard) {
    const back = make("button", { type: "button", className: "btn", textContent: words.standard });
    back.dataset.standard = "";
    back.addEventListener("click", standard);
    buttons.append(back);
  }
  if (apply) buttons.append(make("button", { value: "no", className: "btn", textContent: words.cancel, formNoValidate: true }));
  const yes = make("button", { value: "yes", className: "btn btn-primary", textContent: apply ? words.apply : words.close });
  buttons.append(yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(apply && dialog.returnValue === "yes" ? apply() : undefined), { once: true });
  });
}

// -- columns

async function columns() {
  const { fields, words } = await shape();
  const shown = list().dataset.columns.split(",");
  const place = (f) => (shown.includes(f.path) ? shown.indexOf(f.path) : shown.length);
  const lines = make("ul");
  for (const field of [...fields].sort((a, b) => place(a) - place(b))) {
    const tick = make("input", { type: "checkbox", className: "form-check-input", value: field.path, checked: shown.includes(field.path) });
    const line = make("li", {}, make("label", {}, tick, field.title));
    const move = (by) => {
      const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
      if (by < 0) other?.before(line);
      else other?.after(line);
    };
    line.append(
      tool("arrow-up", words.up.replace("{title}", field.title), (event) => (move(-1), event.currentTarget.focus())),
      tool("arrow-down", words.down.replace("{title}", field.title), (event) => (move(1), event.currentTarget.focus())),
    );
    lines.append(line);
  }
  const chosen = () => [...lines.querySelectorAll("input:checked")].map((t) => t.value).join(",");
  await open(words.columns, [lines], words, () => go({ columns: chosen() }), () => go({ columns: "" }));
}

// -- groups

async function groups() {
  const { fields, words, grains } = await shape();
  const keys = list().dataset.groups.split(",");
  const values = list().dataset.values.split(",");
  const plain = "beginsGrouped" in list().dataset ? "none" : ""; // what says that there are none
  const options = fields.flatMap((f) => f.groups.map((g) => (g ? [`${f.path}:${g}`, `${f.title} ${grains[g]}`] : [f.path, f.title])));
  const picks = [1, 2, 3].map((n) => select([["", words.none], ...options], keys[n - 1] ?? "", words[`group_${n}`]));
  const labels = picks.map((p, n) => make("label", { className: "ask-field" }, make("span", { textContent: words[`group_${n + 1}`] }), p));
  const sums = make("fieldset", {}, make("legend", { textContent: words.sums }));
  const ticks = make("div", { className: "ticks" });
  for (const field of fields.filter((f) => f.sums)) {
    const value = `sum(${field.path})`;
    ticks.append(make("label", {}, make("input", { type: "checkbox", className: "form-check-input", value, checked: values.includes(value) }), field.title));
  }
  sums.append(ticks);
  const apply = () => {
    const by = [...new Set(picks.map((p) => p.value).filter(Boolean))];
    const summed = [...ticks.querySelectorAll("input:checked")].map((t) => t.value);
    go({ group: by.join(",") || plain, values: by.length ? summed.join(",") : "" });
  };
  await open(words.groups, ticks.children.length ? [...labels, sums] : labels, words, apply, () => go({ group: "", values: "" }));
}

// -- conditions: rows that a clerk fills in, written in the language of expressions

const NUMBERS = ["integer", "number", "money", "percent", "rating"];
const literal = (v) => JSON.stringify(v);
const TESTS = {
  has: (p, v) => `contains(${p}, ${literal(v)})`,
  has_not: (p, v) => `not contains(${p}, ${literal(v)})`,
  is: (p, v) => `${p} == ${v}`,
  is_not: (p, v) => `${p} != ${v}`,
  ge: (p, v) => `${p} >= ${v}`,
  le: (p, v) => `${p} <= ${v}`,
  gt: (p, v) => `${p} > ${v}`,
  lt: (p, v) => `${p} < ${v}`,
  from: (p, v) => `${p} >= ${v}`,
  until: (p, v) => `${p} <= ${v}`,
  includes: (p, v) => `${v} in ${p}`,
  excludes: (p, v) => `not (${v} in ${p})`,
  called: (p, v, f) => (f.many ? `any(contains(${p}.display, ${literal(v)}))` : `contains(${p}.display, ${literal(v)})`),
  of_form: (p, v, f) => (f.many ? `any(${p}.form == ${literal(v)})` : `${p}.form == ${literal(v)}`),
  below: (p, v) => `is_below(${v})`,
  within: (p, v) => `starts_with(${p}, ${literal(v.replace(/(00)+$/, ""))})`,
  me: (p) => `${p} == me`,
  empty: (p) => `${p} == null`,
  filled: (p) => `${p} != null`,
};
const BARE = ["me", "empty", "filled"];
const ONLY_THERE = ["file", "image", "signature", "json", "geolocation", "secret"];
const PLAIN = ["has", "has_not", "within", "called", "of_form"]; // what is typed is put into quotes by the test itself

function testsOf(field) {
  const ends = [...(field.called ? ["called"] : []), ...(field.of_forms.length ? ["of_form"] : []), "empty", "filled"];
  if (ONLY_THERE.includes(field.type)) return ends;
  if (field.type === "region") return ["within", "is", "is_not", ...ends];
  if (field.path === "org") return ["below", "is", "is_not"];
  if (field.type === "boolean") return ["is"];
  if (field.many) return ["includes", "excludes", ...ends];
  if ([...NUMBERS, "duration", "time"].includes(field.type)) return ["is", "ge", "le", "gt", "lt", ...ends];
  if (field.type === "date" || field.type === "datetime") return ["from", "until", "is", ...ends];
  if (field.type === "person" || ["owner", "created_by", "updated_by"].includes(field.path)) return ["me", "is", "is_not", ...ends];
  if (field.options.length || field.type === "link") return ["is", "is_not", ...ends];
  return ["has", "has_not", "is", "is_not", ...ends];
}

const shifted = (text, factor) => String(Number((Number(text.replaceAll(",", "")) * factor).toPrecision(15)));

// what is typed, as the language writes it
function written(field, value) {
  if (NUMBERS.includes(field.type)) return shifted(value, Number(field.scale));
  if (field.type === "link" && /^(\w+\/)?\d+$/.test(value)) return value.split("/").pop(); // ids are of one record in all forms
  if (["boolean", "date", "datetime"].includes(field.type)) return value;
  if (field.type === "duration") return String(readDuration(value) ?? literal(value)); // the server says what it cannot read
  return literal(value);
}

function shown(field, text) {
  if (NUMBERS.includes(field.type)) return shifted(text, 1 / Number(field.scale));
  if (field.type === "duration" && /^\d+$/.test(text)) return showDuration(text);
  return text.startsWith('"') ? JSON.parse(text) : text;
}

// `a and b`, `a or b` → [joint, parts]; quotes and brackets are kept whole
function apart(text) {
  const parts = [];
  const joints = new Set();
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"' && text[at - 1] !== "\\") quoted = !quoted;
    if (quoted) continue;
    depth += sign === "(" ? 1 : sign === ")" ? -1 : 0;
    const joint = depth === 0 && / (and|or) /y;
    if (!joint) continue;
    joint.lastIndex = at;
    const found = joint.exec(text);
    if (!found) continue;
    joints.add(found[1]);
    parts.push(text.slice(from, at));
    from = at + found[0].length;
    at = from - 1;
  }
  parts.push(text.slice(from));
  return joints.size > 1 ? ["and", [text]] : [joints.has("or") ? "or" : "and", parts.map((p) => p.trim()).filter(Boolean)];
}

const SHAPES = [
  [/^any\(contains\((\w+)\.display, (".*")\)\)$/, "called"],
  [/^contains\((\w+)\.display, (".*")\)$/, "called"],
  [/^any\((\w+)\.form == (".*")\)$/, "of_form"],
  [/^(\w+)\.form == (".*")$/, "of_form"],
  [/^contains\((\S+), (".*")\)$/, "has"],
  [/^not contains\((\S+), (".*")\)$/, "has_not"],
  [/^starts_with\((\S+), (".*")\)$/, "within"],
  [/^is_below\((".*")\)$/, "below"],
  [/^not \((\S+) in (\S+)\)$/, "excludes"],
  [/^(\S+) in (\S+)$/, "includes"],
  [/^(\S+) (==|!=|>=|<=|>|<) (".*"|\S+)$/, "sign"],
];
const SIGNS = { "==": "is", "!=": "is_not", ">=": "ge", "<=": "le", ">": "gt", "<": "lt" };

function parsed(part, fields) {
  for (const [pattern, kind] of SHAPES) {
    const found = pattern.exec(part);
    if (!found) continue;
    let [path, test, value] = [found[1], kind, found[2]];
    if (kind === "below") [path, value] = ["org", found[1]];
    if (kind === "within") value = `"${JSON.parse(value).padEnd(6, "0")}"`;
    if (kind === "includes" || kind === "excludes") [value, path] = [found[1], found[2]];
    if (kind === "sign") [test, value] = [SIGNS[found[2]], found[3]];
    const field = fields.find((f) => f.path === path && f.asked);
    if (!field) return null;
    if (value === "null") test = test === "is" ? "empty" : "filled";
    else if (value === "me") test = "me";
    else if (field.type.startsWith("date")) test = { ge: "from", le: "until" }[test] ?? test;
    return testsOf(field).includes(test) ? { field, test, value: BARE.includes(test) ? "" : shown(field, value) } : null;
  }
  return null;
}

async function conditions() {
  const { fields, words } = await shape();
  const asked = fields.filter((f) => f.asked);
  const [joint, parts] = apart(new URLSearchParams(location.search).get("filter") ?? "");
  const how = select([["and", words.all], ["or", words.any]], joint, words.conditions);
  const rows = make("div");
  const add = make("button", { type: "button", className: "btn btn-sm", textContent: words.add });
  const addRow = (given) => rows.append(given?.raw ? rawRow(given.raw, words) : row(asked, words, given));
  add.addEventListener("click", () => (addRow(), rows.lastElementChild.querySelector("select").focus()));
  for (const part of parts) addRow(parsed(part, fields) ?? { raw: part });
  if (!parts.length) addRow();
  const apply = () => {
    const terms = [...rows.children].map((r) => r.term()).filter(Boolean);
    go({ filter: terms.join(` ${how.value} `) });
  };
  await open(words.conditions, [make("div", { className: "ask-field" }, how), rows, add], words, apply, () => go({ filter: "" }));
}

function rawRow(text, words) {
  const input = make("input", { className: "form-control", value: text, "aria-label": words.raw });
  const made = make("div", { className: "condition raw" }, input);
  made.append(tool("x", words.remove, () => made.remove()));
  made.term = () => (input.value.trim() ? `(${input.value.trim().replace(/^\((.*)\)$/, "$1")})` : "");
  return made;
}

function row(fields, words, given) {
  const made = make("div", { className: "condition" });
  const pick = select(fields.map((f) => [f.path, f.title]), given?.field.path ?? fields[0].path, words.field);
  const place = make("span");
  let test = null;
  let value = null;
  const field = () => fields.find((f) => f.path === pick.value);
  const drawValue = (text = "") => {
    value = BARE.includes(test.value) ? null : control(field(), text, words, test.value);
    place.replaceChildren(...(value ? [value, ...(value.beside ?? [])] : []));
  };
  const drawTest = (chosen, text) => {
    const fresh = select(testsOf(field()).map((t) => [t, words[t]]), chosen ?? testsOf(field())[0], words.test);
    fresh.addEventListener("change", () => drawValue(value?.value));
    test?.replaceWith(fresh);
    test = fresh;
    drawValue(text);
  };
  pick.addEventListener("change", () => drawTest());
  drawTest(given?.test, given?.value);
  made.append(pick, test, place, tool("x", words.remove, () => made.remove()));
  made.term = () => {
    if (!value) return TESTS[test.value](pick.value);
    const typed = (value.meant?.() ?? value.value).trim();
    if (!typed) return "";
    const plain = PLAIN.includes(test.value);
    return TESTS[test.value](pick.value, plain ? typed : written(field(), typed), field());
  };
  return made;
}

let lists = 0;

function control(field, text, words, test) {
  if (test === "of_form") return select(field.of_forms, text || field.of_forms[0][0], words.value);
  if (test === "called") return make("input", { className: "form-control", value: text, "aria-label": words.value });
  if (field.options.length) return select(field.options, text || field.options[0][0], words.value);
  const kind = { date: "date", datetime: "date", time: "time" }[field.type] ?? "text";
  const input = make("input", { className: "form-control", type: kind, value: text, "aria-label": words.value });
  if (NUMBERS.includes(field.type)) input.inputMode = "decimal";
  if (field.type === "duration") input.placeholder = "1h30min";
  if (!field.offers) return input;
  lists += 1;
  const offered = make("datalist", { id: `offers-${lists}` });
  const meant = new Map();
  input.setAttribute("list", offered.id);
  input.addEventListener("input", async () => {
    const found = await api("POST", field.offers, { q: input.value, values: {}, row: {}, form: of?.value ?? "" });
    offered.replaceChildren(...found.map((o) => make("option", { value: o.text, label: o.hint ?? "" })));
    for (const one of found) meant.set(one.text, one.value);
  });
  const of = field.forms.length ? select([["", words.form], ...field.forms], "", words.form) : null;
  of?.addEventListener("change", () => ((input.value = ""), input.dispatchEvent(new Event("input"))));
  if (text) nameHeld(field, input, text, meant);
  input.beside = of ? [of, offered] : [offered];
  input.meant = () => meant.get(input.value) ?? input.value;
  return input;
}

// what a value that is asked for already is called
async function nameHeld(field, input, value, meant) {
  const [held] = await api("POST", field.offers, { held: [value] });
  if (!held || input.value !== value) return;
  meant.set(held.text, value);
  input.value = held.text;
}

// -- views

export async function askView(title) {
  const { orgs, words } = await shape();
  const questions = [{ name: "title", title: words.name, type: "text", required: true }];
  const whose = [["", words.mine], ...orgs.map(([code, name]) => [code, `${name} ${words.below}`])];
  questions.push({ name: "org", title: words.whose, type: "choice", options: whose });
  questions.push({ name: "locked", title: words.locked, type: "choice", options: [["", words.open], ["yes", words.lock]] });
  questions.push({ name: "opens", title: words.opens, type: "choice", options: [["", words.opens_no], ["yes", words.opens_yes]] });
  const answers = await confirmed(title, "", questions);
  const [locked, opens] = [answers?.locked === "yes", answers?.opens === "yes"];
  return answers && { title: answers.title, org: answers.org ?? null, locked, opens };
}

const DIALOGS = { columns, groups, conditions };

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-shape]");
  if (opener) DIALOGS[opener.dataset.shape]();
});

// Somebody saved meanwhile: both values, one choice each.
import { api } from "./api.js";
import { keyOf, shownValue } from "./form_controls.js";
import { base, blockOf, changed, controlIn, form, held, isTable, model, same, state } from "./form_model.js";
import { drawAll, wanted } from "./form_tables.js";
import { asNamed, named } from "./named.js";

export async function conflict() {
  const theirs = asNamed(await api("GET", `${base}/${held.identity}`));
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
  if (v && typeof v === "object") return named(Object.fromEntries(Object.entries(v).map(([k, w]) => [k, textualDeep(w)])));
  return v;
};

function settleConflict(dialog, theirs, differing) {
  const agreed = dialog.returnValue === "yes";
  for (const name of model.order) {
    if (!(name in theirs)) continue;
    const value = textualDeep(theirs[name]);
    const untouched = same(state[name], held.kept[name]);
    const side = dialog.querySelector(`input[name="side-${CSS.escape(name)}"]:checked`)?.value;
    if (agreed && (side === "theirs" || untouched)) state[name] = value;
    if (agreed) held.kept[name] = asNamed(value);
  }
  if (!agreed) return;
  held.revision = theirs.revision;
  drawAll();
  changed();
  if (differing.length) form.requestSubmit(document.getElementById("save"));
}

// Finding one's way in a long form: a field by its name, and from one mistake to the next.
import { blockOf, form, isTable, model } from "./form_model.js";
import { goTo } from "./form_wrong.js";

const MANY = 20; // fields; fewer are seen at a glance
const dialog = document.getElementById("places");
const open = form.querySelector("[data-places]");
const next = form.querySelector("[data-next-wrong]");
const query = dialog.querySelector("input");
const list = dialog.querySelector("ul");

const fields = Object.entries(model.fields).filter(([, field]) => !["heading", "note"].includes(field.kind));
open.hidden = fields.length < MANY;

// what is wrong, in the order of the page: a control, or a table as a whole
const wrongs = () => [...form.querySelectorAll('[aria-invalid="true"]:not(.ts-control *)')];
const isWrong = (block) => block.matches('[aria-invalid="true"]') || block.querySelector('[aria-invalid="true"]') !== null;
const folded = (text) => text.toLocaleLowerCase().replace(/\s+/g, "");

function showWrongs() {
  const count = wrongs().length;
  next.hidden = count < 2;
  const words = next.dataset.words.replace("{count}", count);
  next.setAttribute("aria-label", words);
  next.querySelector("[data-said]").textContent = words;
  next.querySelector("[data-count]").textContent = count;
}

next.addEventListener("click", () => {
  const all = wrongs();
  const place = document.activeElement === next ? last : document.activeElement;
  const after = all.find((one) => place && place.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING && !place.contains(one));
  visit(after ?? all[0]);
});

let last = null; // where one was before the button was pressed
form.addEventListener("focusin", ({ target }) => {
  if (!target.closest(".actions")) last = target.closest("[data-column], [data-field]") ?? target;
});

function visit(control) {
  if (!control) return;
  const block = control.closest("[data-field]");
  last = control.closest("[data-column]") ?? block;
  goTo(block, control === block ? null : control);
}

// -- a field by its name

function fill() {
  const asked = folded(query.value);
  const found = fields.filter(([name, field]) => {
    const block = blockOf(name);
    if (!block || block.hidden || block.closest("[data-section]")?.hidden) return false;
    const columns = Object.values(field.columns ?? {}).map((column) => column.title);
    return folded([field.title, ...(asked ? columns : [])].join("\n")).includes(asked);
  });
  let above = null;
  list.replaceChildren();
  for (const [name, field] of found) {
    const block = blockOf(name);
    const section = block.closest("[data-section]")?.querySelector(".block-title")?.textContent ?? "";
    if (section !== above && section) list.append(Object.assign(document.createElement("li"), { className: "places-head", textContent: section }));
    above = section;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "menu-item" });
    button.append(field.title);
    if (isWrong(block)) button.append(Object.assign(document.createElement("span"), { className: "tag tag-red", textContent: dialog.dataset.wrong }));
    button.addEventListener("click", () => {
      dialog.close();
      const control = isTable(name) ? null : block.querySelector("[data-input], [data-output]");
      last = block;
      goTo(block, control);
    });
    const line = document.createElement("li");
    line.append(button);
    list.append(line);
  }
  dialog.querySelector("[data-none]").hidden = found.length > 0;
}

open.addEventListener("click", () => {
  query.value = "";
  fill();
  dialog.showModal();
  query.focus();
});
query.addEventListener("input", fill);
query.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (query.value) list.querySelector("button")?.click();
});
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());

form.addEventListener("wrongs", showWrongs);

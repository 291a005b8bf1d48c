// A filter for a record or a person: type part of its name, choose; the list is narrowed by it. Lists
// are replaced by htmx, so everything listens on the document.
import { api } from "./api.js";

const PATIENCE = 180; // milliseconds after the last letter
let waiting = null;
let newest = 0;
let made = 0;

const partsOf = (element) => {
  const box = element.closest?.("[data-pick]");
  return box && { box, of: box.querySelector("[data-form-of]"), input: box.querySelector("[role=combobox]"), value: box.querySelector("[type=hidden]"), list: box.querySelector("ul") };
};

function close({ input, list }) {
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function narrow({ value }, wanted) {
  if (value.value === wanted) return;
  value.value = wanted;
  value.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(parts, option) {
  parts.input.value = option.dataset.words;
  close(parts);
  narrow(parts, option.dataset.value);
}

// what was chosen before is no search: all that may be chosen instead is offered
const typed = ({ input, value }) => (value.value && input.value === input.defaultValue ? "" : input.value);

async function look(parts) {
  const mine = (newest += 1);
  let found = [];
  const more = { ...(parts.of ? { form: parts.of.value } : {}), inside: parts.box.dataset.inside ?? "" };
  try {
    found = await api("POST", parts.box.dataset.pick, { q: typed(parts), values: {}, row: {}, ...more });
  } catch {
    return; // the box stays as it is; the next letter asks again
  }
  if (mine !== newest || document.activeElement !== parts.input) return;
  parts.list.id ||= `picks-${(made += 1)}`;
  parts.input.setAttribute("aria-controls", parts.list.id);
  parts.list.replaceChildren(
    ...found.slice(0, 60).map((one, number) => {
      const line = document.createElement("li");
      line.id = `${parts.list.id}-${number}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.dataset.value = one.value;
      line.dataset.words = one.text;
      line.append(one.text);
      if (one.hint) line.append(Object.assign(document.createElement("small"), { textContent: ` ${one.hint}` }));
      return line;
    }),
  );
  parts.list.hidden = !found.length;
  parts.input.setAttribute("aria-expanded", String(found.length > 0));
}

function mark(parts, by) {
  const options = [...parts.list.children];
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const to = Math.max(0, Math.min(options.length - 1, at + by));
  options.forEach((one, number) => one.setAttribute("aria-selected", String(number === to)));
  if (options[to]) parts.input.setAttribute("aria-activedescendant", options[to].id);
}

document.addEventListener("input", (event) => {
  const parts = partsOf(event.target);
  if (!parts || event.target !== parts.input) return;
  event.stopPropagation();
  clearTimeout(waiting);
  if (!parts.input.value) {
    close(parts);
    narrow(parts, "");
    return;
  }
  waiting = setTimeout(() => look(parts), PATIENCE);
}, true);

// what is typed narrows nothing until something is chosen, nor does a form without a record of it
document.addEventListener("change", (event) => {
  const of = event.target.closest?.("[data-pick] [data-form-of]");
  if (of) {
    event.stopPropagation();
    const parts = partsOf(of);
    parts.input.value = "";
    if (parts.value.value) narrow(parts, "");
    else if (of.value) parts.input.focus();
  }
  if (event.target.matches?.("[data-pick] [role=combobox]")) event.stopPropagation();
}, true);

document.addEventListener("focusin", (event) => {
  const parts = partsOf(event.target);
  if (parts && event.target === parts.input) look(parts);
});
document.addEventListener("focusout", (event) => {
  const parts = partsOf(event.target);
  if (parts) setTimeout(() => document.activeElement !== parts.input && close(parts), 150);
});
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.("[data-pick] [role=option]");
  if (!option) return;
  event.preventDefault();
  choose(partsOf(option), option);
});
document.addEventListener("keydown", (event) => {
  const parts = partsOf(event.target);
  if (!parts || event.target !== parts.input) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(parts, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    event.preventDefault(); // the form is sent by the choice, not by the letters
    const option = parts.list.querySelector('[aria-selected="true"]') ?? (parts.list.children.length === 1 ? parts.list.firstElementChild : null);
    if (option) choose(parts, option);
  } else if (event.key === "Escape") close(parts);
});

// What stands beside a control and writes into it: stars, a colour, marks of formatted text, whether
// there is a secret.
import { api } from "./api.js";
import { form, model } from "./form_model.js";

const told = (control) => {
  for (const name of ["input", "change"]) control.dispatchEvent(new Event(name, { bubbles: true }));
};

// stars and swatches as the control has it
export function paintBeside(control) {
  const beside = control.closest("[data-beside]");
  if (!beside) return;
  for (const star of beside.querySelectorAll("[data-star]")) {
    star.setAttribute("aria-pressed", String(Number(star.dataset.star) <= Number(control.value)));
    star.disabled = control.readOnly;
  }
  const swatch = beside.querySelector('input[type="color"]');
  if (swatch) {
    swatch.value = /^#[0-9a-f]{6}$/i.test(control.value) ? control.value.toLowerCase() : "#ffffff";
    swatch.disabled = control.readOnly;
  }
  if ("secret" in beside.dataset) paintSecret(control, beside);
}

// -- secrets: what is typed replaces the one that is there, which nobody sees

export const MASK = "•••"; // stands for one that is there

export function showSecret(control, value) {
  if (value === MASK) control.dataset.there = "";
  control.value = value === MASK ? "" : (value ?? "");
}

export const secretOf = (control) => control.value || ("there" in control.dataset ? MASK : null);

function paintSecret(control, beside) {
  const said = beside.querySelector("[data-said]");
  const is = control.value ? "new" : secretOf(control) ? "set" : "unset";
  said.textContent = said.dataset[is];
  said.classList.toggle("text-secondary", is === "unset");
  const empty = beside.querySelector("[data-empty]");
  if (empty) empty.hidden = is === "unset";
}

form.addEventListener("input", (event) => {
  const beside = event.target.closest("[data-beside]");
  if (!beside) return;
  const control = beside.querySelector("[data-input]");
  if (event.target === control) return paintBeside(control);
  if (event.target.type !== "color") return;
  control.value = event.target.value;
  told(control);
});

form.addEventListener("click", (event) => {
  const star = event.target.closest("[data-star]");
  if (star) {
    const control = star.closest("[data-beside]").querySelector("[data-input]");
    control.value = control.value === star.dataset.star ? "" : star.dataset.star; // the same star again: none
    told(control);
    paintBeside(control);
  }
  const empty = event.target.closest("[data-empty]");
  if (empty) {
    const control = empty.closest("[data-beside]").querySelector("[data-input]");
    control.value = "";
    delete control.dataset.there;
    told(control);
    control.focus();
  }
  const mark = event.target.closest("[data-mark]");
  if (mark) write(mark.closest("[data-marked]").querySelector("textarea"), mark.dataset.mark);
  const preview = event.target.closest("[data-preview]");
  if (preview) look(preview);
});

// -- formatted text

const AROUND = { bold: ["**", "**"], italic: ["*", "*"], link: ["[", "](https://)"] };
const BEFORE = { heading: "## ", list: "- ", quote: "> " };

function write(area, mark) {
  if (area.readOnly) return;
  const { selectionStart: from, selectionEnd: to, value } = area;
  area.focus();
  if (AROUND[mark]) {
    const [left, right] = AROUND[mark];
    insert(area, from, to, left + value.slice(from, to) + right);
    area.setSelectionRange(from + left.length, to + left.length);
  } else {
    const start = value.lastIndexOf("\n", from - 1) + 1;
    const lines = value.slice(start, to).split("\n").map((line) => BEFORE[mark] + line);
    insert(area, start, to, lines.join("\n"));
  }
  told(area);
}

// the way of the browser keeps what can be undone
function insert(area, from, to, text) {
  area.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, text)) area.setRangeText(text, from, to, "end");
}

async function look(button) {
  const around = button.closest("[data-marked]");
  const area = around.querySelector("textarea");
  const seen = around.querySelector("[data-seen]");
  const opens = seen.hidden;
  if (opens) seen.innerHTML = (await api("POST", model.preview, { text: area.value })).html;
  seen.hidden = !opens;
  area.hidden = opens;
  button.setAttribute("aria-pressed", String(opens));
}

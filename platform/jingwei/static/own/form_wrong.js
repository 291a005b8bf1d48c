// What is wrong in a form: beside its field, and on top with a way to it.
import { summarise } from "./api.js";
import { blockOf, controlIn, form, isTable, model } from "./form_model.js";
import { markTabs, reveal } from "./page_tabs.js";

export function forgive(block, control) {
  const wrong = block.querySelector("[data-wrong]");
  if (wrong && !wrong.hidden) {
    wrong.hidden = true;
    wrong.textContent = "";
  }
  control?.removeAttribute("aria-invalid");
  control?.tomselect?.control_input.removeAttribute("aria-invalid");
  form.dispatchEvent(new Event("wrongs"));
}

export function forgiveAll() {
  for (const wrong of form.querySelectorAll("[data-wrong]")) {
    wrong.hidden = true;
    wrong.textContent = "";
  }
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  document.getElementById("summary").hidden = true;
  document.getElementById("summary").classList.replace("alert-warning", "alert-danger");
  markTabs();
  form.dispatchEvent(new Event("wrongs"));
}

export function blame(fields, message) {
  const lines = told(fields);
  summarise(document.getElementById("summary"), message, lines);
  markTabs();
  form.dispatchEvent(new Event("wrongs"));
}

// what does not hinder: said alike, with a way to go on
export function warn(fields, message, go, onGo) {
  const box = document.getElementById("summary");
  box.classList.replace("alert-danger", "alert-warning");
  const lines = told(fields, true);
  summarise(box, message, lines);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: go });
  button.addEventListener("click", onGo);
  box.append(button);
}

function told(fields, mild = false) {
  return fields.map(({ path, message: words, reason }) => {
    const [name, index, column] = model.fields[path] ? [path] : path.split(".");
    const field = model.fields[name];
    if (!field) return { words: model.elsewhere[name] ? `${model.elsewhere[name]}: ${words}` : words };
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
    const control = place === block && isTable(name) ? block : reason ? place.querySelector("[data-reason] input") : controlIn(place);
    note(place, control, words, mild);
    return { words: `${title}: ${words}`, id: control?.id ?? block.id, go: () => goTo(block, control) };
  });
}

export function note(place, control, words, mild = false) {
  const wrong = place.querySelector("[data-wrong]");
  if (wrong) {
    wrong.className = mild ? "warned" : "wrong";
    wrong.textContent = wrong.textContent ? `${wrong.textContent} ${words}` : words;
    wrong.hidden = false;
    if (!wrong.id && control?.id) wrong.id = `${control.id}-wrong`;
  }
  const target = control?.tomselect?.control_input ?? control;
  if (wrong?.id) target?.setAttribute("aria-describedby", wrong.id);
  if (mild) return;
  target?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-invalid", "true");
}

export function goTo(block, control) {
  block.hidden = false;
  reveal(control ?? block);
  const target = control?.tomselect?.control_input ?? control ?? block;
  target.focus();
  target.scrollIntoView({ block: "center" });
}

// The controls of a form: what they show, what is read from them, and pickers.
import { api } from "./api.js";
import { showDuration } from "./form_durations.js";
import { showFiles } from "./form_files.js";
import { paintBeside, showSecret } from "./form_kinds.js";
import { calendarWords, fine, flatpickr, form, locale, model, nothing, NUMERIC, numbers, state, TomSelect } from "./form_model.js";
import { dayOf, momentOf, wallOf } from "./zones.js";

export const REMOTE = new Set(["person", "link", "region"]); // chosen among what the server finds

export function show(control, field, value) {
  if (control.matches("output")) {
    control.textContent = shownValue(field, value);
    control.classList.toggle("neg", NUMERIC.has(field.type) && String(value ?? "").startsWith("-"));
  } else if (control.type === "checkbox") control.checked = value === true;
  else if (control.type === "file") showFiles(control, field, value);
  else if (control.tagName === "SELECT") choose(control, field, value);
  else if (field.type === "secret") showSecret(control, value);
  else if (field.kind === "number") {
    const editing = document.activeElement === control;
    control.value = editing ? numbers.edit(value, field.scale) : numbers.show(value, field.scale, field.digits);
    control.classList.toggle("neg", String(value ?? "").startsWith("-"));
  } else if (field.type === "datetime") showMoment(control, value);
  else if (control._flatpickr) control._flatpickr.setDate(value ?? "", false);
  else control.value = writtenAs(field, value);
  paintBeside(control);
}

function writtenAs(field, value) {
  if (nothing(value)) return "";
  if (field.type === "json") return JSON.stringify(value, null, 2);
  if (field.type === "duration") return showDuration(value);
  if (field.type === "geolocation" && typeof value === "object") return `${value.lat}, ${value.lon}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function shownValue(field, value) {
  if (nothing(value)) return "—";
  if (field.type === "duration") return showDuration(value);
  if (NUMERIC.has(field.type)) return numbers.show(value, field.scale, field.digits) + (field.type === "percent" ? "%" : "");
  return field.titles?.[value] ?? String(value);
}

// where a link may lead to any form, which one: chosen beside it
const formOf = (control) => control.closest(".of-form")?.querySelector("[data-form-of]");

function choose(control, field, value) {
  const wanted = (Array.isArray(value) ? value : [value]).filter((v) => !nothing(v)).map(keyOf);
  if (wanted.length && formOf(control)) formOf(control).value = wanted[wanted.length - 1].split("/")[0];
  if (control.tomselect) {
    const unnamed = wanted.filter((one) => !control.tomselect.options[one]);
    for (const one of unnamed) control.tomselect.addOption({ value: one, text: REMOTE.has(field.type) ? "…" : one });
    if (unnamed.length && REMOTE.has(field.type)) nameHeld(control, unnamed);
    control.tomselect.setValue(field.many ? wanted : (wanted[0] ?? ""), true);
    return;
  }
  for (const one of wanted) {
    if (![...control.options].some((o) => o.value === one)) control.add(new Option(one, one));
  }
  for (const option of control.options) option.selected = wanted.includes(option.value);
  if (!wanted.length && !field.many) control.value = "";
}

// what a link or a person is called that was not chosen here: brought along, or kept from before
async function nameHeld(control, keys) {
  const { field: name } = control.closest("[data-field]").dataset;
  const field = model.fields[name]?.at ?? name;
  const column = control.closest("[data-column]")?.dataset.column;
  const address = `${model.options}/${column ? `${field}.${column}` : field}`;
  for (const one of await api("POST", address, { held: keys })) control.tomselect.updateOption(one.value, one);
}

export const keyOf = (v) => (v && typeof v === "object" ? `${v.form}/${v.id}` : String(v));

// an instant is typed and shown in the house's zone, as on every page
function showMoment(control, value) {
  if (nothing(value)) {
    if (control._flatpickr) control._flatpickr.clear(false);
    else control.value = "";
    return;
  }
  if (control._flatpickr) {
    control._flatpickr.setDate(wallOf(value), false);
    control.value = wallOf(value); // whatever hour this browser's zone leaves out
  } else control.value = wallOf(value, "T");
}

// -- pickers

export function upgrade(control, field, path, rowOf) {
  if (control.tagName === "SELECT" && !control.tomselect) {
    const remote = REMOTE.has(field.type) || field.filtered;
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
      dropdownParent: control.closest("dialog") ?? "body", // what is open in front hides the page
      openOnFocus: true,
      render: { option: optionLine, no_results: () => `<div class="no-results">${escapeText(model.words.nothing_found)}</div>` },
      onInitialize() {
        this.control_input.setAttribute("aria-label", label.replace("*", "").trim());
      },
    };
    if (remote) {
      const hits = new Map(); // what the server found is shown, also what it knows by another name
      settings.preload = "focus";
      settings.score = function (q) {
        const byWords = this.getScoreFunction(q);
        return (one) => (hits.get(q)?.has(one.value) ? 2 : byWords(one));
      };
      settings.load = (q, done) => {
        const of = formOf(control);
        if (of && !of.value) return void done(); // the form is chosen first
        api("POST", `${model.options}/${path}`, { q, values: state, row: rowOf?.() ?? {}, form: of?.value ?? "", inside: field.type === "region" ? control.value : "" })
          .then((found) => (hits.set(q, new Set(found.map((one) => one.value))), done(found)))
          .catch(() => done());
      };
      settings.onFocus = function () {
        this.clearOptions();
        this.load("");
      };
    }
    new TomSelect(control, settings);
    control.setAttribute("aria-hidden", "true"); // the box in its place says the same
    if (field.type === "region") control.tomselect.on("change", (code) => divide(control.tomselect, code));
    formOf(control)?.addEventListener("change", (event) => {
      event.stopPropagation(); // it is no value of the record
      if (!field.many) control.tomselect.clear();
      control.tomselect.clearOptions();
      control.tomselect.load("");
      if (event.target.value) control.tomselect.focus();
    });
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
      parseDate: (typed) => (withTime ? momentOf(typed) : dayOf(typed)) ?? undefined, // a 31 February is none
      ...(control.closest("dialog") ? { appendTo: control.closest("dialog") } : {}),
    });
  }
}

// what a province or a city is divided into is offered as soon as it is chosen
function divide(picker, code) {
  if (!code?.endsWith("00")) return;
  const opened = () => {
    picker.off("load", opened);
    picker.open();
  };
  picker.clearOptions();
  picker.on("load", opened);
  picker.load("");
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

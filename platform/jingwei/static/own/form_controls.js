// The controls of a form: what they show, what is read from them, pickers and files.
import { api, toast } from "./api.js";
import { calendarWords, changed, fine, flatpickr, form, locale, model, nothing, NUMERIC, numbers, state, TomSelect } from "./form_model.js";

export function show(control, field, value) {
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

export function shownValue(field, value) {
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

export const keyOf = (v) => (v && typeof v === "object" ? `${v.form}/${v.id}` : String(v));

export function read(control, field) {
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

export async function upload(control, field, owner, name) {
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

export function upgrade(control, field, path, rowOf) {
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
      dropdownParent: control.closest("dialog") ?? "body", // what is open in front hides the page
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
      ...(control.closest("dialog") ? { appendTo: control.closest("dialog") } : {}),
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

// Calls of the API as the person of this page, and the few ways to say something.

import { chosenPeople, peoplePicker } from "./people.js";

export const words = { ...document.getElementById("words").dataset };

// What parts of a page do around its buttons: `before` may hold one back or add to what it sends,
// `refused` may say itself what is wrong, `done` tidies up.
export const acts = { before: [], refused: [], done: [] };

export class ApiError extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.fields = error.fields ?? [];
    this.detail = error.detail;
  }

  // what to tell where no field can be shown: each field's own reason, else the whole
  get reason() {
    return this.fields.map((field) => field.message).join(" ") || this.message;
  }
}

export async function api(method, address, body, headers = {}, options = {}) {
  const csrf = document.querySelector("meta[name=csrf]").content;
  const sent = { Accept: "application/json", "X-CSRF-Token": csrf, ...headers };
  const init = { method, headers: sent, credentials: "same-origin", ...options };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    sent["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address, init);
  } catch {
    throw new ApiError(0, { code: "offline", message: words.offline });
  }
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    answer = {};
  }
  if (response.ok) return answer;
  const error = answer.error ?? { code: "failed", message: words.failed };
  if (response.status === 401) error.message = words.signedOut;
  throw new ApiError(response.status, error);
}

export function toast(message, kind = "info") {
  const box = document.createElement("div");
  box.className = `toast-line toast-${kind}`;
  box.textContent = message;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), ["danger", "warning"].includes(kind) ? 9000 : 4000);
}

// what was done is still said on the page that comes next
const LATER = "toast-later";

export function toastLater(message, kind) {
  sessionStorage.setItem(LATER, JSON.stringify([message, kind]));
}

export function sayKept() {
  const kept = sessionStorage.getItem(LATER);
  sessionStorage.removeItem(LATER);
  if (kept) toast(...JSON.parse(kept));
}

// A dialog with a question and fields; the answers, or null.
export function confirmed(title, body, questions = []) {
  const dialog = document.getElementById("ask");
  dialog.querySelector("#ask-title").textContent = title;
  const place = dialog.querySelector("#ask-body");
  place.replaceChildren();
  if (body) {
    const line = document.createElement("p");
    line.textContent = body;
    place.append(line);
  }
  for (const question of questions) place.append(asked(question));
  dialog.returnValue = "no";
  dialog.showModal();
  (place.querySelector("input, textarea, select") ?? dialog.querySelector("#ask-yes")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return resolve(null);
        const answers = {};
        for (const field of place.querySelectorAll("[name]")) {
          const value = field.dataset.people ? chosenPeople(field) : field.value.trim();
          if (value?.length) keep(answers, field.name, value);
        }
        resolve(answers);
      },
      { once: true },
    );
  });
}

// `chosen.STEP` is the part STEP of `chosen`
function keep(answers, name, value) {
  const [first, rest] = [name.split(".")[0], name.split(".").slice(1).join(".")];
  if (rest) answers[first] = { ...answers[first], [rest]: value };
  else answers[first] = value;
}

function asked(question) {
  if (question.type === "person" || question.type === "people") return peoplePicker(question);
  const label = document.createElement("label");
  label.className = "ask-field";
  const name = document.createElement("span");
  name.textContent = question.required ? `${question.title} *` : question.title;
  const kind = { long_text: "textarea", opinion: "textarea", choice: "select" }[question.type] ?? "input";
  const field = document.createElement(kind);
  if (kind === "input") field.type = { date: "date", integer: "number" }[question.type] ?? "text";
  for (const [value, title] of question.options ?? []) field.append(new Option(title, value));
  field.className = kind === "select" ? "form-select" : "form-control";
  field.name = question.name;
  field.required = Boolean(question.required);
  label.append(name, field);
  if (kind === "textarea") field.rows = 2;
  if (question.type === "opinion") return withPhrases(label, field);
  return label;
}

// An opinion with the phrases that this person likes to use: `#phrases` holds them.
function withPhrases(label, field) {
  const kept = JSON.parse(document.getElementById("phrases")?.dataset.phrases ?? "[]");
  if (!kept.length) return label;
  const around = document.createElement("div");
  const row = document.createElement("div");
  row.className = "phrases";
  field.id = `ask-${field.name}`;
  for (const words of kept) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "phrase";
    chip.dataset.phraseFor = field.id;
    chip.textContent = words;
    row.append(chip);
  }
  around.append(label, row);
  return around;
}

// The list of what is wrong, on top, with focus; each line leads to its field.
export function summarise(box, title, lines) {
  const head = document.createElement("strong");
  head.textContent = title;
  const list = document.createElement("ul");
  for (const line of lines) {
    const item = document.createElement("li");
    if (line.go) {
      const link = document.createElement("a");
      link.href = `#${line.id}`;
      link.textContent = line.words;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        line.go();
      });
      item.append(link);
    } else item.textContent = line.words;
    list.append(item);
  }
  box.replaceChildren(head, list);
  box.hidden = false;
  box.focus();
  box.scrollIntoView({ block: "start", behavior: "auto" });
}

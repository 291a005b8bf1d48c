// What every page does: htmx, menus, confirmations, calls of the API.
import { acts, api, ApiError, confirmed, sayKept, summarise, toast, toastLater, words } from "./api.js";
import { recent, remember } from "./recent.js";

const { shell, alpine } = document.body.dataset;
sayKept();
remember(); // before anything is waited for
const { htmx } = await import(shell);

if (document.querySelector("[x-data]")) {
  const { Alpine } = await import(alpine);
  window.Alpine = Alpine;
  Alpine.start();
}

htmx.on("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf]").content;
  // an address without empty parameters is one that people can read
  if (event.detail.elt.matches?.("form[data-clean]")) {
    for (const [name, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(name);
    }
  }
});
htmx.on("htmx:responseError", (event) => toast(event.detail.xhr.responseText.slice(0, 200) || words.failed, "danger"));
htmx.on("htmx:sendError", () => toast(words.offline, "danger"));
htmx.on("htmx:beforeRequest", (event) => event.detail.target?.setAttribute?.("aria-busy", "true"));
htmx.on("htmx:afterRequest", (event) => event.detail.target?.removeAttribute?.("aria-busy"));
// focus stays where it was when the list around it is replaced
let focused = null;
htmx.on("htmx:beforeSwap", (event) => {
  const active = document.activeElement;
  focused = event.detail.target.contains(active) ? { name: active.name, at: active.selectionStart } : null;
});
htmx.on("htmx:afterSettle", () => {
  if (!focused?.name) return;
  const again = document.getElementsByName(focused.name)[0];
  again?.focus();
  if (again?.type === "search" && focused.at !== null) again.setSelectionRange(focused.at, focused.at);
});

// -- menus

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, select") && !getSelection().toString()) {
    row.querySelector("a.row-link").click();
  }
  const opener = event.target.closest("[data-open-menu]");
  if (opener) document.getElementById("menu-sheet").showModal();
  if (event.target.closest("[data-open-finder]")) openFinder();
  if (event.target.closest("[data-close]") || event.target.matches("dialog.sheet, dialog.finder")) {
    event.target.closest("dialog").close();
  }
  const phrase = event.target.closest("[data-phrase-for]");
  if (phrase) say(document.getElementById(phrase.dataset.phraseFor), phrase.textContent);
  const act = event.target.closest("[data-act]");
  if (act) run(act);
  const language = event.target.closest("[data-language], [data-leave-kept]");
  if (language) sessionStorage.setItem("jw:restore", location.pathname);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// -- the search box: Ctrl+K, arrows, what was opened lately

const finder = document.getElementById("finder");
function showRecent() {
  const box = document.getElementById("found");
  const head = document.createElement("h2");
  head.textContent = box.dataset.recent;
  const lines = document.createElement("ul");
  for (const { href, title } of recent()) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = href;
    link.textContent = title;
    link.dataset.hit = "";
    item.append(link);
    lines.append(item);
  }
  box.replaceChildren(...(lines.children.length ? [head, lines] : []));
}

function openFinder() {
  if (!finder || finder.open) return;
  finder.showModal();
  finder.querySelector("input").select();
  if (!finder.querySelector("input").value) showRecent();
}

finder?.addEventListener("keydown", (event) => {
  const hits = [...finder.querySelectorAll("[data-hit]")];
  const at = hits.indexOf(document.activeElement);
  if (event.key === "ArrowDown") hits[Math.min(at + 1, hits.length - 1)]?.focus();
  else if (event.key === "ArrowUp") (at > 0 ? hits[at - 1] : finder.querySelector("input")).focus();
  else if (event.key === "Enter" && at < 0) hits[0]?.click();
  else return;
  event.preventDefault();
});
finder?.querySelector("input").addEventListener("input", (event) => {
  if (!event.target.value) showRecent();
});
// whatever takes longer than a glance says that it is under way
const searching = finder?.querySelector("[data-searching]");
let searches = 0;
finder?.addEventListener("htmx:beforeRequest", () => {
  searches += 1;
  setTimeout(() => searches && (searching.textContent = searching.dataset.searching), 150);
});
finder?.addEventListener("htmx:afterRequest", () => {
  searches -= 1;
  if (!searches) searching.textContent = "";
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openFinder();
  }
});

// -- buttons that do something: confirm, ask, call, show

// `targets.0.amount`: which field of which row, in the words of the page
function named(box, { path, message }) {
  const titles = JSON.parse(box.dataset.titles ?? "{}");
  const [name, index, column] = (path ?? "").split(".");
  const parts = [titles[name]];
  if (index !== undefined) parts.push(box.dataset.row?.replace("{row}", Number(index) + 1));
  if (column !== undefined) parts.push(titles[`${name}.${column}`]);
  const said = parts.filter(Boolean).join(" ");
  return said ? `${said}: ${message}` : message;
}

// a phrase takes the place of nothing that was typed
function say(field, words) {
  const typed = field.value.trim();
  field.value = !typed || typed === words ? words : `${typed}\n${words}`;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

async function run(button) {
  const { act, method = "POST", title, confirm, after, revision, opinion, opinionFrom } = button.dataset;
  const body = JSON.parse(button.dataset.body ?? "{}");
  if (opinionFrom) {
    const field = document.getElementById(opinionFrom);
    if (opinion === "owed" && !field.value.trim()) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
      toast(words.opinionOwed, "warning");
      return;
    }
    if (field.value.trim()) body.comment = field.value.trim();
  }
  const questions = button.dataset.ask ? JSON.parse(button.dataset.ask) : [];
  if (opinion && !opinionFrom) questions.push({ name: "comment", title: words.opinion, type: "opinion", required: opinion === "owed" });
  if (confirm || questions.length) {
    const answers = await confirmed(title, confirm ?? "", questions);
    if (answers === null) return;
    Object.assign(body, answers);
  }
  button.disabled = true;
  try {
    for (const prepare of acts.before) {
      if (!(await prepare(button, body))) return void (button.disabled = false);
    }
    const answer = await api(method, act, method === "DELETE" ? undefined : body, method === "DELETE" || button.dataset.seen ? { "If-Match": `"${button.dataset.seen ?? revision}"` } : {});
    for (const tidy of acts.done) await tidy(button);
    done(button, after, answer);
  } catch (error) {
    button.disabled = false;
    if (!(error instanceof ApiError)) throw error;
    if (acts.refused.some((say) => say(button, error))) return;
    const box = document.getElementById("problems");
    if (box && error.fields.length) summarise(box, error.message, error.fields.map((f) => ({ words: named(box, f) })));
    else toast(error.reason, "danger");
    // who is asked next is chosen on the page of the record
    const card = button.closest("[data-task]");
    if (card && error.fields.some((f) => f.code === "chosen-missing")) setTimeout(() => card.querySelector(".task-name").click(), 1500);
  }
}

function done(button, after, answer) {
  const warned = (answer?._warnings ?? []).map((one) => one.message);
  if (warned.length) toastLater([words.done, ...warned].join(" "), "warning");
  else toastLater(words.done, "success");
  // a button may make another record, which is what one goes on with
  if (answer?._open) location.href = `/f/${answer._open.form}/${answer._open.id}`;
  else if (after === "task") {
    button.closest("[data-task]").classList.add("gone");
    setTimeout(() => location.reload(), 300);
  } else if (after === "reload") location.reload();
  else location.href = after;
}

// -- receipts that are done by seeing the record: said by whoever sees it, not by what fetches pages

const unseen = document.querySelector("[data-seen-at]");

async function saySeen() {
  if (document.visibilityState !== "visible") return;
  document.removeEventListener("visibilitychange", saySeen);
  try {
    const { answered } = await api("POST", unseen.dataset.seenAt, {});
    if (answered) location.reload();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

if (unseen) {
  document.addEventListener("visibilitychange", saySeen);
  saySeen();
}

// -- comments

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-comment]");
  if (!form) return;
  event.preventDefault();
  const box = form.querySelector("textarea");
  if (!box.value.trim()) return;
  try {
    await api("POST", form.dataset.comment, { body: box.value.trim() });
    location.reload();
  } catch (error) {
    toast(error.message, "danger");
  }
});

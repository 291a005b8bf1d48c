// The studio: a file of the tree in the editor, asked about as it is typed, kept as a draft.
import { api, ApiError, confirmed, toast } from "./api.js";
import { Beside } from "./studio_beside.js";
import { panes, tabs } from "./studio_panes.js";
import { Preview } from "./studio_preview.js";

const root = document.getElementById("studio");
const texts = JSON.parse(root.dataset.texts);
const say = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => holes[name] ?? "");
const $ = (id) => document.getElementById(id);
const address = (path) => `/api/v1/definitions/files/${path.split("/").map(encodeURIComponent).join("/")}`;

const CHECK_AFTER = 350;
const SAVE_AFTER = 1000;

// what is open: its path, the published text it is based on, the revision of the draft
let open = null;
let kept = "";
let problems = [];
let checks = 0;
let checkTimer;
let saveTimer;
let saving = null;
let beside = null;

const { createEditor } = await import(root.dataset.editor);
const editor = createEditor($("editor"), {
  label: say("editor"),
  required: say("required"),
  phrases: phrases(),
  complete: (text, offset) => ask("complete", text, offset),
  hover: async (text, offset) => (await ask("hover", text, offset))?.meaning,
  open: (file, line) => openFile(file, { line }),
  moved: (line) => beside?.at(line),
  refused: (length) => toast(say("too_long", { count: Math.round(length / 1024) }), "danger"),
  changed: () => {
    state();
    clearTimeout(checkTimer);
    clearTimeout(saveTimer);
    checkTimer = setTimeout(check, CHECK_AFTER);
    saveTimer = setTimeout(save, SAVE_AFTER);
  },
});

function phrases() {
  if (document.documentElement.lang === "en") return {};
  return {
    Find: "查找", Replace: "替换", next: "下一个", previous: "上一个", all: "全部", "match case": "区分大小写",
    "by word": "整词", regexp: "正则", replace: "替换", "replace all": "全部替换", close: "关闭",
    "Fold line": "折叠", "Unfold line": "展开", Diagnostics: "问题", "No diagnostics": "没有问题", "Completions": "补全",
  };
}

async function ask(what, text, offset) {
  if (!open) return null;
  try {
    return await api("POST", `/api/v1/definitions/${what}`, { path: open.path, text, offset });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
}

// -- files

async function openFile(path, { line, column, quietly } = {}) {
  if (open && !(await flush())) return;
  if (open?.path !== path) {
    let found;
    try {
      found = await api("GET", address(path));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, "danger");
      return;
    }
    const entry = entryOf(path);
    open = { ...found, path, kind: entry?.dataset.kind, name: entry?.dataset.name, mayWrite: entry?.dataset.writable === "1" };
    kept = found.text;
    const writable = open.mayWrite && found.text !== null;
    $("nothing").hidden = true;
    $("editor").hidden = false;
    $("problems").hidden = false;
    editor.load(found.text ?? "", writable);
    show(entry);
    state();
    mark();
    preview.of(open);
    if (!quietly) history.pushState({ path }, "", `/studio?file=${encodeURIComponent(path)}`);
    check();
    beside.of(open);
  }
  pane.write();
  if (line) editor.goTo(Number(line), Number(column ?? 1));
}

const entryOf = (path) => document.querySelector(`a[data-path="${CSS.escape(path)}"]`);

function show(entry) {
  for (const link of document.querySelectorAll("a[data-path][aria-current]")) link.removeAttribute("aria-current");
  entry?.setAttribute("aria-current", "true");
  const group = entry?.closest("details.studio-group");
  if (group) group.open = true;
  $("path").textContent = open.path;
  $("path").title = open.path;
  $("others").textContent = entry?.dataset.others ? say("others", { people: entry.dataset.others }) : "";
  $("conflict").hidden = !open.conflict;
}

// -- drafts

const isChanged = () => Boolean(open) && open.mayWrite && kept !== null && editor.text() !== kept;

function state(words) {
  const isDraft = open.draft !== null;
  $("state").textContent =
    words ?? (!open.mayWrite ? say("read_only") : kept === null ? say("removed") : isChanged() ? say("unsaved") : isDraft ? say("saved") : say("published"));
  $("discard").hidden = !open.mayWrite || !(isDraft || isChanged());
  $("remove").hidden = !open.mayWrite || kept === null;
}

async function save() {
  clearTimeout(saveTimer);
  if (saving) await saving;
  if (!isChanged()) return true;
  const text = editor.text();
  const file = open;
  state(say("saving"));
  saving = put(file, text);
  const done = await saving;
  saving = null;
  return done;
}

async function put(file, text) {
  try {
    const found = await api("PUT", address(file.path), { text, base: file.base, revision: file.revision });
    Object.assign(file, found);
    if (file === open) {
      kept = text;
      state();
    }
    badge(file.path, found.draft ? (file.base === null ? "added" : "changed") : "");
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "studio-draft-moved" && (await confirmed(say("moved_title"), say("moved_body")))) {
      open = null;
      await openFile(file.path, { quietly: true });
      return true;
    }
    state(say("not_saved", { why: error.message }));
    return false;
  }
}

const flush = () => (open ? save() : true);

function badge(path, kind) {
  const mark = entryOf(path)?.querySelector(".studio-state");
  if (!mark) return;
  mark.className = `studio-state state-${kind}`;
  mark.dataset.state = kind;
  mark.textContent = kind ? say(`state_${kind}`) : "";
  $("mine-count").textContent = document.querySelectorAll(".studio-group .studio-state:not(:empty)").length;
}

$("discard").addEventListener("click", async () => {
  if (!(await confirmed(say("discard"), say("discard_sure", { path: open.path })))) return;
  clearTimeout(saveTimer);
  if (saving) await saving;
  const { path, base, draft } = open;
  if (draft) await api("DELETE", address(path));
  open = null;
  if (base === null) location.assign("/studio");
  else {
    badge(path, "");
    await openFile(path, { quietly: true });
  }
});

$("remove").addEventListener("click", async () => {
  if (!(await confirmed(say("remove"), say("remove_sure", { path: open.path })))) return;
  clearTimeout(saveTimer);
  if (saving) await saving;
  const { path, base, revision } = open;
  if (base === null) await api("DELETE", address(path));
  else await api("PUT", address(path), { text: null, base, revision });
  open = null;
  location.assign(base === null ? "/studio" : `/studio?file=${encodeURIComponent(path)}`);
});

addEventListener("beforeunload", (event) => {
  if (!isChanged()) return;
  save();
  event.preventDefault();
});
addEventListener("popstate", () => {
  const path = new URLSearchParams(location.search).get("file");
  if (path) openFile(path, { quietly: true });
});

// what leads away takes the draft along
document.addEventListener("click", async (event) => {
  const link = event.target.closest(".studio-acts a, .studio-conflict a, #plan a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (!open || (await flush())) location.assign(link.href);
});

// -- problems

async function check() {
  clearTimeout(checkTimer);
  if (!open || kept === null) return;
  const number = (checks += 1);
  const text = editor.text();
  let found;
  try {
    found = await api("POST", "/api/v1/definitions/check", { path: open.path, text });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status < 400 || error.status >= 500) return toast(error.message, "danger");
    // what the server does not even read is a problem of this file
    const words = { severity: "error", message: error.message, fix: "", code: error.code };
    found = { items: [{ file: open.path, line: 1, column: 1, end_column: 1, ...words }] };
  }
  if (number !== checks) return;
  problems = found.items;
  mark();
  beside.flow();
}

function mark() {
  const here = problems.filter((one) => one.file === open.path);
  editor.mark(here);
  const errors = problems.filter((one) => one.severity === "error").length;
  const warnings = here.length - here.filter((one) => one.severity === "error").length;
  const said = [errors ? say("errors", { count: errors }) : "", warnings ? say("warnings", { count: warnings }) : ""];
  $("problems-count").textContent = said.filter(Boolean).join(" · ") || say("no_problems");
  $("problems").dataset.errors = errors;
  const elsewhere = problems.filter((one) => one.file !== open.path && one.severity === "error");
  $("problems-list").replaceChildren(...[...here, ...elsewhere].slice(0, 100).map(line));
  root.dataset.checked = String(checks);
}

function line(one) {
  const item = document.createElement("li");
  item.className = one.severity;
  const button = document.createElement("button");
  button.type = "button";
  const place = document.createElement("strong");
  place.textContent = one.file === open.path ? `${one.line}:${one.column}` : `${one.file}:${one.line}`;
  const words = document.createElement("span");
  words.textContent = one.message;
  const fix = document.createElement("span");
  fix.className = "hint";
  fix.textContent = one.fix;
  button.append(place, words, fix);
  button.addEventListener("click", () => openFile(one.file, one));
  item.append(button);
  return item;
}

// -- the tree

function narrow() {
  const words = $("find").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const mine = $("mine").checked;
  let any = false;
  for (const group of document.querySelectorAll("details.studio-group")) {
    let found = 0;
    for (const item of group.querySelectorAll("li")) {
      const isMine = !mine || Boolean(item.querySelector(".studio-state:not(:empty)"));
      item.hidden = !isMine || !words.every((word) => item.dataset.search.includes(word));
      found += item.hidden ? 0 : 1;
    }
    group.hidden = found === 0;
    group.open = words.length || mine ? found > 0 : group.dataset.open === "1" || Boolean(group.querySelector("[aria-current]"));
    any ||= found > 0;
  }
  $("found-nothing").hidden = any;
}
$("find").addEventListener("input", narrow);
$("mine").addEventListener("change", narrow);
for (const link of document.querySelectorAll("a[data-path]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openFile(link.dataset.path);
  });
}

// a layer is put over a form for an org; anything else has a name of its own
const making = $("new-dialog").querySelector("form");
function shapeNew() {
  const isLayer = making.elements.kind.value === "layer";
  for (const field of making.querySelectorAll("[data-of]")) {
    field.hidden = (field.dataset.of === "layer") !== isLayer;
    for (const input of field.querySelectorAll("input, select")) input.disabled = field.hidden;
  }
  if (isLayer) making.elements.title.value = making.elements.form.selectedOptions[0]?.dataset.title ?? "";
}
making.elements.kind.addEventListener("change", shapeNew);
making.elements.form.addEventListener("change", shapeNew);
$("new").addEventListener("click", () => {
  shapeNew();
  $("new-dialog").showModal();
});
making.addEventListener("submit", async (event) => {
  if (event.submitter?.value !== "yes") return;
  event.preventDefault();
  const { kind, name, title, form, org } = making.elements;
  const asked = { kind: kind.value, name: name.value.trim(), title: title.value.trim() };
  if (kind.value === "layer") Object.assign(asked, { name: form.value, org: org.value });
  const wrong = making.querySelector(".alert");
  try {
    const { items } = await api("POST", "/api/v1/definitions/scaffold", asked);
    for (const file of items) await api("PUT", address(file.path), { text: file.text, base: null, revision: 0 });
    location.assign(`/studio?file=${encodeURIComponent(items[0].path)}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    wrong.textContent = error.message;
    wrong.hidden = false;
  }
});

// -- what stands beside

const preview = new Preview({
  say,
  prepare: flush,
  broken: () => problems.some((one) => one.severity === "error"),
});
const pane = panes(root, () => preview.fit());
beside = new Beside({
  say,
  file: () => open,
  text: () => editor.text(),
  flush,
  open: openFile,
  goTo: (line) => {
    pane.write();
    editor.goTo(line);
  },
});
tabs(document.querySelector(".studio-tabs"), (name) => beside.show(name));

pane.begin(Boolean(root.dataset.file));
if (root.dataset.file) await openFile(root.dataset.file, { line: root.dataset.line, quietly: true });
root.dataset.ready = "1";

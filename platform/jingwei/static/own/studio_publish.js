// Publishing, rolling back, destroying, settling conflicts: each says what happens, how far it is,
// and why it did not.
import { api, ApiError, confirmed } from "./api.js";

const page = document.querySelector(".studio-page");
const texts = JSON.parse(page.dataset.texts ?? "{}");
const say = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => holes[name] ?? "");
const said = document.getElementById("apply-said");
const $ = (id) => document.getElementById(id);
const POLL_AFTER = 600;

function tell(words, kind) {
  said.className = kind ? `alert alert-${kind}` : "";
  said.textContent = words;
}

function failed(error) {
  if (!(error instanceof ApiError)) throw error;
  tell(error.message, "danger");
}

// `deed`: what is asked of the API; `done`: told its answer
async function carry(form, doing, deed, done) {
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  tell(say(doing));
  const stop = watch();
  try {
    await done(await deed());
  } catch (error) {
    failed(error);
    button.disabled = false;
    if (error.code === "studio-conflict") location.assign("/studio/conflicts");
  } finally {
    stop();
  }
}

// -- how far it is: what takes long is kept in the database, by whichever process does it

function watch() {
  const box = $("apply-progress");
  if (!box) return () => {};
  let timer = setTimeout(look, POLL_AFTER);
  let over = false;
  async function look() {
    try {
      const { progress } = await api("GET", "/api/v1/definitions/progress");
      if (!over && progress) show(box, progress);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the answer to the deed itself says what is wrong
    }
    if (!over) timer = setTimeout(look, POLL_AFTER);
  }
  return () => {
    over = true;
    clearTimeout(timer);
    box.hidden = true;
  };
}

function show(box, progress) {
  box.hidden = false;
  const stage = document.createElement("p");
  stage.textContent = say(`stage_${progress.stage}`);
  box.replaceChildren(stage, ...progress.filled.map(bar));
}

function bar({ path, done, total }) {
  const label = document.createElement("label");
  const words = document.createElement("span");
  words.textContent = say("filled", { path, done: done.toLocaleString(), total: total.toLocaleString() });
  const meter = document.createElement("progress");
  meter.max = Math.max(total, 1);
  meter.value = total ? done : 1;
  label.append(words, meter);
  return label;
}

// -- what was asked to be typed

function typed(form) {
  const wrong = [...form.querySelectorAll("[data-typed]")].find((one) => one.value.trim() !== one.dataset.typed);
  wrong?.focus();
  if (wrong) tell(say("typed_wrong", { path: wrong.dataset.typed }), "danger");
  return !wrong;
}

for (const box of document.querySelectorAll("[form=wishes]")) {
  box.addEventListener("change", () => $("wishes").requestSubmit());
}

$("apply")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (!typed(form)) return;
  const body = {
    base: Number(form.dataset.base),
    fingerprint: form.dataset.fingerprint,
    comment: form.elements.comment.value.trim() || null,
    accepted: form.elements.accepted?.checked ?? false,
    destroy: JSON.parse(form.dataset.destroy),
    restore: JSON.parse(form.dataset.restore),
    reason: form.elements.reason?.value.trim() ?? null,
  };
  carry(form, "apply_doing", () => api("POST", "/api/v1/definitions/apply", body), (done) => {
    const left = done.left.length ? ` ${say("apply_left", { files: done.left.join(", ") })}` : "";
    tell(say("apply_done", { release: done.release }) + left, "success");
    form.dataset.done = done.release;
  });
});

$("back")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const body = {
    release: Number(form.dataset.number),
    base: Number(form.dataset.base),
    hash: form.dataset.hash,
    comment: form.elements.comment.value.trim() || null,
    accepted: form.elements.accepted?.checked ?? false,
  };
  carry(form, "rollback_doing", () => api("POST", "/api/v1/definitions/rollback", body), (done) => {
    tell(say("rollback_done", { release: done.release }), "success");
    form.dataset.done = done.release;
  });
});

$("destroy")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  if (!typed(form)) return;
  const { path, hash } = form.dataset;
  const body = { hash, typed: form.elements.typed.value.trim(), reason: form.elements.reason.value.trim() };
  const address = `/api/v1/definitions/retired/${path.split("/").map(encodeURIComponent).join("/")}`;
  carry(form, "destroy_doing", () => api("DELETE", address, body), (done) => {
    tell(say("destroy_done", { path, rows: done.rows }), "success");
    form.dataset.done = path;
  });
});

for (const box of document.querySelectorAll("section.conflict")) {
  for (const button of box.querySelectorAll("[data-how]")) {
    button.addEventListener("click", async () => {
      const how = button.dataset.how;
      const { path, theirs, author } = box.dataset;
      if (how === "mine" && !(await confirmed(say("keep_mine"), say("keep_mine_sure", { author })))) return;
      const wrong = box.querySelector(".alert-danger");
      const address = path.split("/").map(encodeURIComponent).join("/");
      const body = { how, theirs_hash: theirs || null };
      if (how === "merge") body.text = box.querySelector("textarea").value;
      try {
        await api("POST", `/api/v1/definitions/conflicts/${address}`, body);
        location.reload();
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        wrong.textContent = error.message;
        wrong.hidden = false;
      }
    });
  }
}

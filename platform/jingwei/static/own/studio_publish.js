// Publishing, rolling back, settling conflicts: each says what happens, and why it did not.
import { api, ApiError, confirmed } from "./api.js";

const page = document.querySelector(".studio-page");
const texts = JSON.parse(page.dataset.texts ?? "{}");
const say = (key, holes = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => holes[name] ?? "");
const said = document.getElementById("apply-said");

const form = document.getElementById("apply");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const progress = document.getElementById("apply-progress");
  button.disabled = true;
  progress.hidden = false;
  said.className = "";
  said.textContent = say("apply_doing");
  try {
    const done = await api("POST", "/api/v1/definitions/apply", {
      base: Number(form.dataset.base),
      fingerprint: form.dataset.fingerprint,
      comment: form.elements.comment.value.trim() || null,
      accepted: form.elements.accepted?.checked ?? false,
    });
    const left = done.left.length ? ` ${say("apply_left", { files: done.left.join(", ") })}` : "";
    said.className = "alert alert-success";
    said.textContent = say("apply_done", { release: done.release }) + left;
    form.dataset.done = done.release;
  } catch (error) {
    failed(error);
    button.disabled = false;
    if (error.code === "studio-conflict") location.assign("/studio/conflicts");
  } finally {
    progress.hidden = true;
  }
});

function failed(error) {
  if (!(error instanceof ApiError)) throw error;
  said.className = "alert alert-danger";
  said.textContent = error.message;
}

for (const button of document.querySelectorAll("[data-rollback]")) {
  button.addEventListener("click", async () => {
    const release = Number(button.dataset.rollback);
    const question = { name: "comment", title: say("rollback_comment"), type: "text" };
    const answers = await confirmed(say("rollback"), say("rollback_sure", { release }), [question]);
    if (!answers) return;
    button.disabled = true;
    said.className = "";
    said.textContent = say("rollback_doing");
    try {
      const base = Number(page.dataset.release);
      const done = await api("POST", "/api/v1/definitions/rollback", { release, base, comment: answers.comment ?? null });
      said.className = "alert alert-success";
      said.textContent = say("rollback_done", { release: done.release });
      setTimeout(() => location.reload(), 1200);
    } catch (error) {
      failed(error);
      button.disabled = false;
    }
  });
}

for (const time of document.querySelectorAll("time[data-instant]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  }
}

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

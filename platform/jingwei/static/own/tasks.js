// Approving several tasks of the inbox at once: one request each, so that one refusal holds up
// none of the others.

import { api, toast } from "./api.js";

function chosen() {
  return [...document.querySelectorAll("[data-choose-task]:checked")];
}

function show() {
  const bar = document.getElementById("chosen-tasks");
  if (!bar) return;
  const count = chosen().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-count]").textContent = String(count);
}

async function approveAll(button) {
  button.disabled = true;
  let done = 0;
  let refused = 0;
  for (const box of chosen()) {
    try {
      await api("POST", `/api/v1/tasks/${box.value}/approve`, {});
      box.closest("[data-task]").classList.add("gone");
      done += 1;
    } catch (error) {
      toast(error.message, "danger");
      refused += 1;
    }
  }
  const words = button.dataset.done.replace("{done}", done).replace("{refused}", refused);
  toast(words, refused ? "warning" : "success");
  if (!refused) setTimeout(() => location.reload(), 600);
  button.disabled = false;
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-choose-task]")) show();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-approve-chosen]");
  if (button) approveAll(button);
});
document.addEventListener("htmx:afterSwap", show);
show();

// Answering several tasks of the inbox at once: one request each, so that one refusal holds up none
// of the others; then a list of what became of each.

import { api, confirmed, words } from "./api.js";

function chosen() {
  return [...document.querySelectorAll("[data-choose-task]:checked")];
}

function show() {
  const bar = document.getElementById("chosen-tasks");
  if (!bar) return;
  const count = chosen().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-count]").textContent = String(count);
  const all = document.querySelector("[data-choose-all]");
  const boxes = document.querySelectorAll("[data-choose-task]").length;
  if (all) {
    all.checked = count === boxes;
    all.indeterminate = count > 0 && count < boxes;
  }
}

function line(card, name, said, kind) {
  const item = document.createElement("li");
  item.className = kind;
  const title = document.createElement("a");
  title.href = card.querySelector(".task-name").href;
  title.textContent = name;
  item.append(title, ` ${said}`);
  return item;
}

// the counters of the boxes, the menu and the phone's tabs as they are now
async function countAnew() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const links = (of) => of.querySelectorAll("#tasks > .boxes a, .side a[href='/tasks'], .tabs a[href='/tasks']");
  const counted = [...links(page)];
  for (const [at, link] of [...links(document)].entries()) {
    if (counted[at]?.getAttribute("href") === link.getAttribute("href")) link.innerHTML = counted[at].innerHTML;
  }
}

// asked once for all of them, with one opinion; then nothing is asked any more
async function answerAll(button) {
  const sure = button.dataset.sure.replace("{count}", chosen().length);
  const answers = await confirmed(button.textContent, sure, [{ name: "comment", title: words.opinion, type: "opinion" }]);
  if (answers === null) return;
  button.disabled = true;
  const { comment } = answers;
  const lines = [];
  let refused = 0;
  for (const box of chosen()) {
    const { bulk, name } = box.dataset;
    const card = box.closest("[data-task]");
    try {
      await api("POST", `/api/v1/tasks/${box.value}/${bulk}`, comment ? { comment } : {});
      card.classList.add("gone");
      lines.push(line(card, name, "✓", "went"));
    } catch (error) {
      lines.push(line(card, name, `✕ ${error.reason}`, "refused"));
      refused += 1;
    }
    box.checked = false;
    box.disabled = true;
  }
  await countAnew();
  const results = document.getElementById("results");
  const sum = results.querySelector("[data-results-sum]");
  sum.textContent = sum.dataset.words.replace("{done}", lines.length - refused).replace("{refused}", refused);
  results.querySelector("[data-results-list]").replaceChildren(...lines);
  results.hidden = false;
  show();
  results.focus();
  results.scrollIntoView({ block: "nearest" });
  button.disabled = false;
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-choose-all]")) {
    for (const box of document.querySelectorAll("[data-choose-task]:not(:disabled)")) box.checked = event.target.checked;
    event.stopPropagation();
  }
  if (event.target.closest("[data-choose-task], [data-choose-all]")) show();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-approve-chosen]");
  if (button) answerAll(button);
  if (event.target.closest("[data-results-close]")) location.reload();
});
document.addEventListener("htmx:afterSwap", show);
show();

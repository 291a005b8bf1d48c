// Several requests at once: one question for all of them, one call each, and a list of what became
// of each.
import { api, confirmed } from "./api.js";

const bar = document.getElementById("chosen-flows");
const boxes = () => [...document.querySelectorAll("[data-choose-flow]:not(:disabled)")];
const chosen = () => boxes().filter((box) => box.checked).map((box) => box.closest("[data-flow-line]"));
const tasksOf = (row) => JSON.parse(row.dataset.tasks);

function show() {
  const count = chosen().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-count]").textContent = String(count);
  const all = document.querySelector("[data-choose-all]");
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && count < boxes().length;
}

// whose tasks, where the chosen requests wait for several people
function whose(rows) {
  const names = new Map(rows.flatMap(tasksOf).map((task) => [task.person, task.name]));
  if (names.size < 2) return [];
  const options = [["", bar.dataset.everybody], ...names];
  return [{ name: "whose", title: bar.dataset.whose, type: "choice", options }];
}

async function act(row, action, { whose: of, ...body }) {
  if (action !== "reassign") return void (await api("POST", `/api/v1/flows/${row.dataset.flowLine}/${action}`, body));
  const tasks = tasksOf(row).filter((task) => !of || task.person === of);
  if (!tasks.length) throw Object.assign(new Error(), { reason: bar.dataset.noTask });
  for (const task of tasks) await api("POST", `/api/v1/tasks/${task.id}/reassign`, body);
}

function line(row, words, kind) {
  const item = document.createElement("li");
  item.className = kind;
  const link = document.createElement("a");
  link.href = row.querySelector("a").href;
  link.textContent = row.dataset.name;
  item.append(link, ` ${words}`);
  return item;
}

async function actOnAll(button) {
  const rows = chosen();
  const action = button.dataset.bulkFlow;
  const questions = [...(action === "reassign" ? whose(rows) : []), ...JSON.parse(button.dataset.ask)];
  const sure = `${bar.dataset.sure.replace("{count}", rows.length)} ${button.dataset.hint}`;
  const answers = await confirmed(button.textContent, sure, questions);
  if (answers === null) return;
  for (const one of bar.querySelectorAll("button")) one.disabled = true;
  const lines = [];
  let refused = 0;
  for (const row of rows) {
    try {
      await act(row, action, answers);
      lines.push(line(row, "✓", "went"));
    } catch (error) {
      if (error.reason === undefined) throw error;
      lines.push(line(row, `✕ ${error.reason}`, "refused"));
      refused += 1;
    }
    const box = row.querySelector("[data-choose-flow]");
    box.checked = false;
    box.disabled = true;
  }
  const results = document.getElementById("results");
  const sum = results.querySelector("[data-results-sum]");
  sum.textContent = sum.dataset.words.replace("{done}", lines.length - refused).replace("{refused}", refused);
  results.querySelector("[data-results-list]").replaceChildren(...lines);
  results.hidden = false;
  for (const one of bar.querySelectorAll("button")) one.disabled = false;
  show();
  results.focus();
  results.scrollIntoView({ block: "nearest" });
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-choose-all]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.closest("[data-choose-flow], [data-choose-all]")) show();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-bulk-flow]");
  if (button) actOnAll(button);
  if (event.target.closest("[data-results-close]")) location.reload();
});
if (bar) show();

// Several requests at once, those that are chosen or all that match: one question for all of them, one
// call each, and a list of what became of each.
import { api, confirmed } from "./api.js";

const bar = document.getElementById("chosen-flows");
const boxes = () => [...document.querySelectorAll("[data-choose-flow]:not(:disabled)")];
const chosen = () => boxes().filter((box) => box.checked).map((box) => box.closest("[data-flow-line]"));
const said = (row) => ({ id: row.dataset.flowLine, name: row.dataset.name, href: row.querySelector("a").href, tasks: JSON.parse(row.dataset.tasks), row });
const PAGE = 200; // requests that are asked for at a time
let every = false; // all that match, not only what is chosen of this page
let isWorking = false;

function show() {
  const count = chosen().length;
  const total = Number(bar.dataset.total);
  every = every && count === boxes().length;
  bar.hidden = count === 0;
  bar.querySelector("[data-count]").textContent = every ? `${total}${bar.dataset.more}` : String(count);
  const more = bar.querySelector("[data-every]");
  more.hidden = count === 0 || count < boxes().length || (total <= count && !bar.dataset.more);
  more.setAttribute("aria-pressed", String(every));
  // what none of the chosen is ready for is not offered; of all that match, nobody here knows
  const states = new Set(chosen().map((row) => row.dataset.state));
  const some = (is) => every || states.size === 0 || [...states].some(is);
  bar.querySelector("[data-bulk-flow=suspend]").hidden = !some((state) => state !== "suspended");
  bar.querySelector("[data-bulk-flow=resume]").hidden = !some((state) => state === "suspended");
  const all = document.querySelector("[data-choose-all]");
  if (!all) return;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && count < boxes().length;
}

// the requests that match now, the oldest first, however many they are
async function matching() {
  const found = [];
  for (let after = "0"; after !== null; ) {
    const answer = await api("GET", `/api/v1/flows?${bar.dataset.query}&after=${after}&size=${PAGE}`);
    found.push(...answer.items.map(({ id, display, tasks }) => ({ id, name: display || String(id), href: `/flows/${id}`, tasks })));
    after = answer.after;
    bar.querySelector("[data-count]").textContent = bar.dataset.gathering.replace("{count}", found.length);
  }
  return found;
}

// whose tasks, where the chosen requests wait for several people
function whose(requests) {
  const names = new Map(requests.flatMap((one) => one.tasks).map((task) => [task.person, task.name ?? task.person]));
  for (const { tasks } of boxes().map((box) => said(box.closest("[data-flow-line]")))) for (const task of tasks) names.has(task.person) && names.set(task.person, task.name);
  if (names.size < 2) return [];
  const options = [["", bar.dataset.everybody], ...names];
  return [{ name: "whose", title: bar.dataset.whose, type: "choice", options }];
}

async function act(request, action, { whose: of, ...body }) {
  if (action !== "reassign") return void (await api("POST", `/api/v1/flows/${request.id}/${action}`, body));
  const tasks = request.tasks.filter((task) => !of || task.person === of);
  if (!tasks.length) throw Object.assign(new Error(), { reason: bar.dataset.noTask });
  for (const task of tasks) await api("POST", `/api/v1/tasks/${task.id}/reassign`, body);
}

function line(request, words, kind) {
  const item = document.createElement("li");
  item.className = kind;
  const link = document.createElement("a");
  link.href = request.href;
  link.textContent = request.name;
  item.append(link, ` ${words}`);
  return item;
}

// the counters and the list as they are now; where they cannot be had, nothing more is chosen here
async function shownAnew() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) {
    for (const box of boxes()) [box.checked, box.disabled] = [false, true];
    bar.dataset.total = "0";
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of [".flow-states", "section[aria-labelledby=running-title]"]) {
    document.querySelector(part).replaceWith(page.querySelector(part));
  }
  bar.dataset.total = page.getElementById("chosen-flows")?.dataset.total ?? "0";
}

async function actOnAll(button) {
  const requests = every ? await matching() : chosen().map(said);
  const action = button.dataset.bulkFlow;
  const questions = [...(action === "reassign" ? whose(requests) : []), ...JSON.parse(button.dataset.ask)];
  const words = every ? bar.dataset.sureEvery : bar.dataset.sure;
  const sure = `${words.replace("{count}", requests.length)} ${button.dataset.hint}`;
  const answers = await confirmed(button.textContent, sure, questions);
  if (answers === null) return void show();
  for (const one of bar.querySelectorAll("button")) one.disabled = true;
  const lines = [];
  let refused = 0;
  isWorking = true;
  for (const request of requests) {
    try {
      await act(request, action, answers);
      lines.push(line(request, "✓", "went"));
    } catch (error) {
      if (error.reason === undefined) throw error;
      lines.push(line(request, `✕ ${error.reason}`, "refused"));
      refused += 1;
    }
    bar.querySelector("[data-count]").textContent = `${lines.length} / ${requests.length}`;
  }
  isWorking = false;
  await shownAnew();
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
  if (event.target.closest("[data-every]")) {
    every = !every;
    show();
  }
  const button = event.target.closest("[data-bulk-flow]");
  if (button) actOnAll(button);
  if (event.target.closest("[data-results-close]")) location.reload();
});
addEventListener("beforeunload", (event) => isWorking && event.preventDefault());
if (bar) show();

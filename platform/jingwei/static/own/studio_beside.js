// What stands beside the text: the picture of a workflow, lineage, the plan, values and their places.
import { api, ApiError } from "./api.js";
import { drawn } from "./flow.js";

const $ = (id) => document.getElementById(id);

function hint(words) {
  const line = document.createElement("p");
  line.className = "hint";
  line.textContent = words;
  return line;
}

// A part of a page of our own server, in which what people wrote is escaped; null when refused.
async function part(address, init) {
  const csrf = document.querySelector("meta[name=csrf]").content;
  const answer = await fetch(address, { ...init, headers: { "X-CSRF-Token": csrf, "HX-Request": "true" } });
  return { ok: answer.ok, text: await answer.text() };
}

// `studio`: { say, file(), text(), flush(), open(path, place), goTo(line) }
export class Beside {
  constructor(studio) {
    this.studio = studio;
    this.shown = "preview";
    this.asked = 0;
    $("flow").addEventListener("click", (event) => this.step(event));
    $("lineage-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.lineage();
    });
    $("lineage").addEventListener("click", (event) => {
      const box = event.target.closest("a[data-file]");
      if (!box) return;
      event.preventDefault();
      studio.open(box.dataset.file, { line: box.dataset.line });
    });
    $("explain-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.explain();
    });
  }

  // the tab that is seen now
  show(name) {
    this.shown = name;
    if (name === "flow") this.flow();
    if (name === "lineage" && !$("lineage").querySelector("svg")) this.lineage();
    if (name === "plan") this.plan();
  }

  // another file
  of(file) {
    const isDefinition = file.kind && file.kind !== "beside";
    $("explain-path").value = isDefinition ? `${file.kind}/${file.name}` : "";
    $("flow").replaceChildren();
    this.flow();
  }

  // --- the picture of a workflow: a click on a step leads to its line, a line marks its step

  async flow() {
    if (this.shown !== "flow") return;
    const { say, file, text } = this.studio;
    if (file()?.kind !== "workflow") {
      $("flow").replaceChildren();
      $("flow-said").textContent = say("flow_none");
      return;
    }
    const number = (this.asked += 1);
    const body = new FormData();
    body.set("path", file().path);
    body.set("text", text());
    const answer = await part("/studio/flow", { method: "POST", body });
    if (number !== this.asked) return;
    const answered = new DOMParser().parseFromString(answer.text, "text/html");
    const found = answered.querySelector(".flow-figure");
    // what was drawn stays until it can be drawn anew
    const stays = !found && $("flow").childElementCount > 0;
    const wrong = answer.ok ? (answered.querySelector(".hint")?.textContent ?? say("flow_broken")) : answer.text;
    $("flow").classList.toggle("stale", stays);
    $("flow-said").classList.toggle("wrong", !found);
    $("flow-said").textContent = found ? say("flow_hint") : stays ? `${wrong} ${say("flow_before")}` : wrong;
    if (!found) return;
    const before = $("flow").querySelector("[data-flow-paper]");
    const place = before && [before.scrollLeft, before.scrollTop];
    $("flow").replaceChildren(document.importNode(found, true));
    drawn($("flow"));
    if (place) $("flow").querySelector("[data-flow-paper]").scrollTo(...place);
    this.at(this.line, { quietly: Boolean(place) });
  }

  step(event) {
    const step = event.target.closest("[data-line]");
    if (!step) return;
    event.preventDefault();
    this.studio.goTo(Number(step.dataset.line));
  }

  // the cursor is in this line
  at(line, { quietly } = {}) {
    this.line = line;
    if (this.shown !== "flow" || !line) return;
    const steps = [...$("flow").querySelectorAll("a[data-line]")];
    const above = steps.filter((one) => Number(one.dataset.line) <= line);
    const here = above.reduce((best, one) => (!best || Number(one.dataset.line) >= Number(best.dataset.line) ? one : best), null);
    for (const one of steps) one.classList.toggle("here", one === here);
    if (here && !quietly) into(here);
  }

  // --- lineage

  async lineage(name = $("lineage-name").value.trim()) {
    const answer = await part(`/studio/lineage?name=${encodeURIComponent(name)}`);
    if (answer.ok) $("lineage").innerHTML = answer.text;
    else $("lineage").replaceChildren(hint(answer.text));
  }

  // --- the plan of all drafts, before one goes to publish them

  async plan() {
    if (!(await this.studio.flush())) return;
    $("plan").replaceChildren(hint(this.studio.say("plan_doing")));
    const answer = await part("/studio/plan?part=1");
    if (answer.ok) $("plan").innerHTML = answer.text;
    else $("plan").replaceChildren(hint(answer.text));
  }

  // --- values

  async explain() {
    const asked = new URLSearchParams({ path: $("explain-path").value.trim() });
    if ($("explain-org").value) asked.set("org", $("explain-org").value);
    try {
      const { items } = await api("GET", `/api/v1/definitions/explain?${asked}`);
      $("explain").replaceChildren(...items.map((one) => this.value(one)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      $("explain").textContent = error.message;
    }
  }

  value(one) {
    const { say, open } = this.studio;
    const box = document.createElement("div");
    const shown = document.createElement("pre");
    shown.textContent = typeof one.value === "string" ? one.value : JSON.stringify(one.value, null, 2);
    const place = document.createElement(one.file ? "button" : "span");
    place.textContent = one.file ? `${one.file}:${one.line}` : say("explain_default");
    if (one.layer !== "base") place.textContent += ` (${say("layer", { name: one.layer })})`;
    if (one.file) {
      place.type = "button";
      place.className = "btn btn-sm";
      place.addEventListener("click", () => open(one.file, { line: one.line }));
    }
    box.append(shown, place, hint(one.key?.meaning ?? ""));
    if (one.in_force) box.append(this.rules(one.in_force));
    return box;
  }

  // of a workflow: what holds in it, each with the line that decides it
  rules(found) {
    const { say, open } = this.studio;
    const list = document.createElement("ul");
    list.className = "rules-in-force";
    list.setAttribute("aria-label", say("rules_in_force"));
    for (const rule of found) {
      const item = document.createElement("li");
      const value = typeof rule.value === "string" ? rule.value : JSON.stringify(rule.value);
      item.append(`${rule.path}: ${value} `);
      const place = document.createElement(rule.file ? "button" : "span");
      place.textContent = rule.file ? `${rule.file}:${rule.line}` : say("explain_default");
      if (rule.file) {
        place.type = "button";
        place.className = "btn btn-sm";
        place.addEventListener("click", () => open(rule.file, { line: rule.line }));
      }
      item.append(place);
      list.append(item);
    }
    return list;
  }
}

// a step comes into view inside its paper; the page stays
function into(step) {
  const paper = step.closest("[data-flow-paper]");
  const box = step.getBoundingClientRect();
  const around = paper.getBoundingClientRect();
  if (box.top < around.top || box.bottom > around.bottom) {
    paper.scrollTop += box.top + box.height / 2 - (around.top + around.height / 2);
  }
  if (box.left < around.left || box.right > around.right) {
    paper.scrollLeft += box.left + box.width / 2 - (around.left + around.width / 2);
  }
}

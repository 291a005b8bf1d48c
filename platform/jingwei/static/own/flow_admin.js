// For administrators of flows: move chosen requests to today's workflow, hand over what waits for a
// leaver. One request each, so that one refusal holds up none of the others.

import { api, confirmed, toast } from "./api.js";
import { chosenPeople, peoplePicker } from "./people.js";

// what is chosen is shown at once: nobody has to press for it
document.body.classList.add("scripted");
for (const filter of document.querySelectorAll("form[data-auto]")) filter.addEventListener("change", () => filter.requestSubmit());

// -- moving

const toMove = (section) => [...section.querySelectorAll("tr[data-move]")].filter((row) => row.querySelector("input[type=checkbox]:checked"));

// with nothing chosen there is nothing to move
function showMoves() {
  const button = document.querySelector("[data-move-chosen]");
  if (button) button.disabled = toMove(button.closest("[data-moves]")).length === 0;
}

// what was moved goes from the list; what was refused stays with its reason, and is not offered again
async function moveChosen(section) {
  const { title, sure, reason, sum } = section.dataset;
  const answers = await confirmed(title, sure, [{ name: "reason", title: reason, type: "long_text", required: true }]);
  if (answers === null) return;
  const button = section.querySelector("[data-move-chosen]");
  button.disabled = true;
  let done = 0;
  let refused = 0;
  for (const row of toMove(section)) {
    try {
      const map = row.dataset.map ? { map: JSON.parse(row.dataset.map) } : {};
      await api("POST", `/api/v1/flows/${row.dataset.move}/migrate`, { reason: answers.reason, ...map });
      row.remove();
      done += 1;
    } catch (error) {
      const result = row.querySelector("[data-result]");
      result.textContent = ` ✕ ${error.reason}`;
      result.className = "refused";
      const box = row.querySelector("input[type=checkbox]");
      box.checked = false;
      box.disabled = true;
      refused += 1;
    }
  }
  section.querySelector(".rows-scroll").hidden = !section.querySelector("tr[data-move]");
  button.hidden = !section.querySelector("input[type=checkbox]:not(:disabled)");
  showMoves();
  const said = section.querySelector("[data-moved]");
  said.textContent = sum.replace("{done}", done).replace("{refused}", refused);
  said.hidden = false;
  said.focus();
}

document.querySelector("[data-move-chosen]")?.addEventListener("click", (event) => moveChosen(event.target.closest("[data-moves]")));
document.querySelector("[data-moves]")?.addEventListener("change", showMoves);
addEventListener("pageshow", showMoves); // a browser that goes back fills in what was chosen
showMoves();

// -- handing over

const form = document.querySelector("[data-hand-over]");
for (const place of form?.querySelectorAll("[data-pick]") ?? []) {
  const { pick, title, but, login, name } = place.dataset;
  const kept = login ? [{ value: login, text: name }] : [];
  place.replaceWith(peoplePicker({ name: pick, title, type: "person", but: but ? [but] : [], chosen: kept, changed: look }));
}

// the list says who will get what: it follows who is chosen
function look() {
  const [person, to] = ["person", "to"].map((name) => form.querySelector(`[name=${name}]`)).map((field) => field && chosenPeople(field));
  if (person) location.search = new URLSearchParams({ person, ...(to ? { to } : {}) });
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  look();
});

function told(items) {
  const place = document.querySelector("[data-handed]");
  const list = place.querySelector("ul");
  list.replaceChildren(
    ...items.map((item) => {
      const line = document.createElement("li");
      line.textContent = `${item.display} · ${item.title} → ${item.to_name}`;
      if (item.message) {
        const why = document.createElement("span");
        why.className = "refused";
        why.textContent = ` ${item.message}`;
        line.append(why);
      }
      return line;
    }),
  );
  place.hidden = false;
  place.focus();
}

form?.querySelector("[data-hand-all]")?.addEventListener("click", async (event) => {
  const { title, sure, done, reason } = form.dataset;
  const to = chosenPeople(form.querySelector("[name=to]"));
  const answers = await confirmed(title, sure, [{ name: "reason", title: reason, type: "long_text", required: true }]);
  if (answers === null) return;
  event.target.disabled = true;
  try {
    const login = encodeURIComponent(event.target.dataset.handAll);
    const answer = await api("POST", `/api/v1/people/${login}/hand-over`, { reason: answers.reason, ...(to ? { to } : {}) });
    toast(done.replace("{count}", answer.tasks), "success");
    told(answer.items);
    document.querySelector("[data-waits]")?.remove();
  } catch (error) {
    event.target.disabled = false;
    toast(error.fields?.[0]?.message ?? error.message, "danger");
  }
});

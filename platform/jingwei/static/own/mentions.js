// Naming people in a comment: `@` and part of a name, a login or initials; arrows and Enter choose.

const PATIENCE = 180; // milliseconds after the last letter
const NAMING = /(?:^|[^\w@.])@([\w.\u4e00-\u9fff-]{0,30})$/;

const box = document.getElementById("comment");
const list = document.createElement("ul");
Object.assign(list, { id: "comment-people", className: "people-list", hidden: true });
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", box.labels[0].textContent);
box.after(list);
for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-controls": list.id })) box.setAttribute(name, value);

let at = 0;
let waiting = null;
let newest = 0;

const typed = () => NAMING.exec(box.value.slice(0, box.selectionStart))?.[1];

function close() {
  newest += 1;
  clearTimeout(waiting);
  list.hidden = true;
  box.removeAttribute("aria-activedescendant");
}

function mark(to) {
  at = Math.max(0, Math.min(to, list.children.length - 1));
  [...list.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
  box.setAttribute("aria-activedescendant", list.children[at].id);
  list.children[at].scrollIntoView({ block: "nearest" });
}

function show(people) {
  list.replaceChildren(
    ...people.map((person, number) => {
      const option = document.createElement("li");
      option.id = `comment-people-${number}`;
      option.setAttribute("role", "option");
      const hint = document.createElement("small");
      hint.textContent = person.hint;
      option.append(person.text, hint);
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("click", () => choose(person));
      option.person = person;
      return option;
    }),
  );
  list.hidden = !people.length;
  if (people.length) mark(0);
}

function choose(person) {
  const start = box.selectionStart - typed().length;
  box.setRangeText(`${person.value} `, start, box.selectionStart, "end");
  close();
  box.focus();
}

async function search(q) {
  const number = (newest += 1);
  const answer = await fetch(`/people/options?${new URLSearchParams({ q })}`, { headers: { Accept: "application/json" } });
  if (number === newest && answer.ok && document.activeElement === box) show(await answer.json());
}

box.addEventListener("input", () => {
  close();
  const q = typed();
  if (q !== undefined) waiting = setTimeout(() => search(q), PATIENCE);
});
box.addEventListener("blur", () => setTimeout(close, 150));
box.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  if (event.key === "ArrowDown") mark(at + 1);
  else if (event.key === "ArrowUp") mark(at - 1);
  else if (event.key === "Enter" || event.key === "Tab") choose(list.children[at].person);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});

// A picker of people for dialogs: type part of a name, a login or initials; arrows and Enter choose.

const PATIENCE = 180; // milliseconds after the last letter

let made = 0;

export function chosenPeople(field) {
  const people = [...field.closest(".people-pick").querySelectorAll("[data-login]")].map((one) => one.dataset.login);
  return field.dataset.people === "one" ? people[0] : people;
}

export function peoplePicker(question) {
  const one = question.type === "person";
  const id = `people-${(made += 1)}`;
  const words = document.getElementById("words").dataset;
  const box = document.createElement("div");
  box.className = "people-pick ask-field";
  const label = document.createElement("label");
  label.htmlFor = id;
  label.textContent = question.required ? `${question.title} *` : question.title;
  const chips = document.createElement("div");
  chips.className = "people-chips";
  const input = document.createElement("input");
  Object.assign(input, { id, name: question.name, type: "text", autocomplete: "off", className: "form-control" });
  input.dataset.people = one ? "one" : "many";
  input.placeholder = words.peopleHint ?? "";
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list` };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  const list = document.createElement("ul");
  Object.assign(list, { id: `${id}-list`, className: "people-list", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", question.title);
  box.append(label, chips, input, list);

  let at = -1;
  let waiting = null;
  let newest = 0;
  const logins = () => [...chips.querySelectorAll("[data-login]")].map((chip) => chip.dataset.login);
  const judge = () => {
    const lacks = question.required && !logins().length;
    input.setCustomValidity(lacks ? (words.peopleOwed ?? "…") : "");
    input.hidden = one && logins().length > 0;
  };
  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (to) => {
    const options = [...list.querySelectorAll("[role=option]")];
    at = Math.max(0, Math.min(to, options.length - 1));
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    if (!options[at]) return;
    input.setAttribute("aria-activedescendant", options[at].id);
    options[at].scrollIntoView({ block: "nearest" });
  };
  const told = () => question.changed?.(logins());
  const choose = (person) => {
    add(person);
    input.value = "";
    close();
    judge();
    (input.hidden ? chips.querySelector("button") : input).focus();
    told();
  };
  const add = (person) => {
    const chip = document.createElement("span");
    chip.className = "people-chip";
    chip.dataset.login = person.value;
    chip.append(person.text);
    const off = document.createElement("button");
    off.type = "button";
    off.textContent = "×";
    off.setAttribute("aria-label", `${words.remove ?? ""} ${person.text}`);
    off.addEventListener("click", () => {
      chip.remove();
      judge();
      input.focus();
      told();
    });
    chip.append(off);
    chips.append(chip);
  };
  const show = (people) => {
    list.replaceChildren();
    people.forEach((person, number) => {
      const option = document.createElement("li");
      option.id = `${id}-${number}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      const hint = document.createElement("small");
      hint.textContent = person.hint;
      option.append(person.text, hint);
      option.addEventListener("pointerdown", (event) => event.preventDefault());
      option.addEventListener("click", () => choose(person));
      option.person = person;
      list.append(option);
    });
    if (!people.length) {
      const none = document.createElement("li");
      none.className = "people-none";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = words.peopleNone ?? "";
      list.append(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (people.length) mark(0);
  };
  const search = async () => {
    const number = (newest += 1);
    const query = new URLSearchParams({ q: input.value.trim() });
    for (const login of [...logins(), ...(question.but ?? [])]) query.append("but", login);
    for (const login of question.among ?? []) query.append("among", login);
    const answer = await fetch(`/people/options?${query}`, { headers: { Accept: "application/json" } });
    if (number === newest && answer.ok && document.activeElement === input) show(await answer.json());
  };
  input.addEventListener("input", () => {
    // what was found for fewer letters must not be chosen by Enter
    newest += 1;
    list.replaceChildren();
    close();
    clearTimeout(waiting);
    waiting = setTimeout(search, PATIENCE);
  });
  input.addEventListener("focus", () => search());
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    const options = [...list.querySelectorAll("[role=option]")];
    if (event.key === "ArrowDown") list.hidden ? search() : mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") {
      if (!list.hidden && options[at]?.person) choose(options[at].person);
    } else if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "Backspace" && !input.value) {
      chips.lastElementChild?.remove();
      judge();
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  (question.chosen ?? []).forEach(add);
  judge();
  return box;
}

// Tabs of a form or a record, and what is folded up: one tab is seen, and whatever is gone to is opened.

const list = document.querySelector("[data-tabs]");
const tabs = list ? [...list.querySelectorAll("[role=tab]")] : [];
const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

export function select(tab, focus = false) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    panelOf(one).hidden = one !== tab;
  }
  if (focus) tab.focus();
}

// an element is seen: its tab is chosen, its section unfolded, the page of its row opened
export function reveal(element) {
  const panel = element.closest("[data-panel]");
  if (panel?.hidden) select(tabs.find((tab) => panelOf(tab) === panel));
  const folded = element.closest("details.folded");
  if (folded) folded.open = true;
  const page = element.closest("dialog.row-page");
  if (page && !page.open) page.showModal();
}

// a tab whose every block is hidden has nothing to show
export function settleTabs() {
  for (const tab of tabs) tab.hidden = [...panelOf(tab).children].every((block) => block.hidden);
  const chosen = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
  const first = tabs.find((tab) => !tab.hidden);
  if (chosen?.hidden && first) select(first);
}

// tabs behind which something is wrong say so
export function markTabs() {
  for (const tab of tabs) {
    const wrong = panelOf(tab).querySelectorAll('[aria-invalid="true"]:not(.ts-control *)').length;
    tab.toggleAttribute("data-wrong", wrong > 0);
  }
}

list?.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) select(tab);
});
list?.addEventListener("keydown", (event) => {
  const seen = tabs.filter((tab) => !tab.hidden);
  const at = seen.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: seen.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  select(seen[(to + seen.length) % seen.length], true);
});
if (tabs.length) select(tabs[0]);

// on a phone the first buttons stand in the row, the others behind one
document.querySelector("[data-more-buttons]")?.addEventListener("click", ({ currentTarget: more }) => {
  const folded = more.parentElement.toggleAttribute("data-folded");
  more.setAttribute("aria-expanded", String(!folded));
});

// a record on paper has everything of it: no tab and nothing folded is left out
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("[data-panel]")) one.hidden = false;
  for (const one of document.querySelectorAll("details.folded, .row-rest details")) one.open = true;
});
addEventListener("afterprint", () => {
  const chosen = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
  if (chosen) select(chosen);
});

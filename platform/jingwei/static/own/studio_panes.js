// What of the studio is seen: files, editor, what stands beside it; how wide; which tab.

const WIDE = matchMedia("(min-width: 1280px)");
const PANE = "jw:studio-pane";
const PART = "jw:studio-part";
const $ = (id) => document.getElementById(id);

const kept = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
const keep = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a full store only forgets
  }
};

// `changed`: told whenever more or less is seen
export function panes(root, changed) {
  const buttons = [...root.querySelectorAll("[data-pane-to]")];
  let asked = kept(PANE) ?? "both";

  function show(pane) {
    let now = pane;
    if (WIDE.matches && now === "files") now = asked === "files" ? "both" : asked;
    if (!WIDE.matches && now === "both") now = "edit";
    root.dataset.pane = now;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.paneTo === now));
    changed();
  }
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (WIDE.matches) keep(PANE, (asked = button.dataset.paneTo));
      show(button.dataset.paneTo);
    });
  }
  WIDE.addEventListener("change", () => show(WIDE.matches ? asked : "edit"));
  split(root, changed);
  return {
    show,
    // to the text, wherever one is: beside it stays what there is room for
    write: () => {
      if (!["edit", "both"].includes(root.dataset.pane)) show(WIDE.matches ? "both" : "edit");
    },
    begin: (hasFile) => show(WIDE.matches ? asked : hasFile ? "edit" : "files"),
  };
}

function split(root, changed) {
  const bar = $("split");
  const set = (percent) => {
    const part = Math.min(75, Math.max(25, Math.round(percent)));
    root.style.setProperty("--part", String(part / 100));
    bar.setAttribute("aria-valuenow", String(100 - part));
    keep(PART, String(part));
    changed();
  };
  const before = Number(kept(PART));
  if (before) set(before);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: 4, ArrowRight: -4 }[event.key];
    if (!step) return;
    event.preventDefault();
    set(100 - Number(bar.getAttribute("aria-valuenow")) + step);
  });
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    bar.classList.add("moving");
  });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = root.getBoundingClientRect();
    const room = box.width - $("files").getBoundingClientRect().width;
    set(((box.right - event.clientX) / room) * 100);
  });
  for (const end of ["pointerup", "pointercancel"]) bar.addEventListener(end, () => bar.classList.remove("moving"));
}

// Tabs as a keyboard knows them; `chosen` is told the name of the one that is shown.
export function tabs(root, chosen) {
  const all = [...root.querySelectorAll("[role=tab]")];
  function choose(tab) {
    for (const one of all) {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      $(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
    chosen(tab.id.replace("tab-", ""));
  }
  for (const [index, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const to = {
        ArrowRight: (index + 1) % all.length,
        ArrowLeft: (index - 1 + all.length) % all.length,
        Home: 0,
        End: all.length - 1,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(all[to]);
      all[to].focus();
    });
  }
  return (name) => choose($(`tab-${name}`));
}

// A page of a draft, shown in a frame of the studio: it asks as its draft, leads to drafts of other
// pages, and saves nothing.

const frame = window.frameElement;
const root = frame?.dataset.root ?? "";
const token = () => parent.document.querySelector("meta[name=csrf]")?.content ?? "";
const LIVE = /^\/(f|d|m|api|indicators|reports|search|people)(\/|\?|$)/;

const inside = (address) => {
  const path = String(address).replace(location.origin === "null" ? parent.location.origin : location.origin, "");
  if (path.startsWith(root) || !LIVE.test(path)) return path;
  return `${root}${path.slice(1)}`;
};

const fetched = window.fetch.bind(window);
window.fetch = (address, init = {}) => {
  const headers = { ...init.headers, "X-CSRF-Token": token() };
  return fetched(inside(address), { ...init, headers });
};

const opened = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function open(method, address, ...rest) {
  return opened.call(this, method, inside(address), ...rest);
};

const said = () => parent.postMessage({ studio: "nothing-saved" }, parent.location.origin);

addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    event.stopPropagation();
    parent.postMessage({ studio: "open", path: link.getAttribute("href") }, parent.location.origin);
  },
  true,
);

addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    event.preventDefault();
    event.stopPropagation();
    if ((form.getAttribute("method") ?? "get").toLowerCase() === "get" && form.getAttribute("action")) {
      const asked = new URLSearchParams(new FormData(form)).toString();
      const path = `${form.getAttribute("action").split("?")[0]}?${asked}`;
      parent.postMessage({ studio: "open", path }, parent.location.origin);
    } else said();
  },
  true,
);

// What is typed and not saved: kept on this machine at once and on the server every ten seconds,
// offered when the form is opened again on either.
import { api, ApiError } from "./api.js";
import { asNamed } from "./named.js";
import { wallOf, zone } from "./zones.js";

const SERVER_SECONDS = 10;
const LOCAL_MS = 800;
const KEEPALIVE_BYTES = 60_000; // browsers send no more than 64 KB behind a page that is left

// `part`: of what part of the record alone; `page`: {form, me, part, identity(), revision(), changes(), keepable(changes), words, offered, locale, differs(values), restore(values, revision)}
export function makeUnsaved(page) {
  const shelf = () => `jw:draft:${page.me}:${page.form}:${page.identity() ?? "new"}${page.part ?? ""}`;
  const address = () => `/api/v1/forms/${page.form}/unsaved${page.identity() ? `?id=${page.identity()}` : ""}`;
  const said = document.getElementById("saved");
  let local = null;
  let server = null;
  let sent = page.offered ? JSON.stringify(page.offered.values) : ""; // what the server has
  let underway = Promise.resolve();
  let isDirty = false;
  let leaving = false;
  let waiting = false; // for an answer to the offer: till then an empty form forgets no copy

  function changed() {
    const values = page.changes();
    isDirty = Object.keys(values).length > 0;
    said.textContent = isDirty ? page.words.unsaved : "";
    clearTimeout(local);
    local = setTimeout(() => (isDirty ? keepLocally() : waiting || localStorage.removeItem(shelf())), LOCAL_MS);
    if (!server) server = setTimeout(keepOnServer, SERVER_SECONDS * 1000);
  }

  function keepLocally() {
    const values = page.keepable(page.changes());
    const kept = { at: new Date().toISOString(), revision: page.revision(), values };
    try {
      localStorage.setItem(shelf(), JSON.stringify(kept));
    } catch {
      // a full or closed store must not stop the work
    }
  }

  function keepOnServer(keepalive = false) {
    clearTimeout(server);
    server = null;
    const values = page.keepable(page.changes());
    const text = Object.keys(values).length ? JSON.stringify(values) : "";
    if (text === sent || (!text && waiting)) return underway;
    const large = new Blob([text]).size > KEEPALIVE_BYTES;
    const options = keepalive && !large ? { keepalive: true } : {};
    const act = () =>
      text ? send(values, options) : api("DELETE", address(), undefined, {}, options);
    underway = underway.then(act).then(
      () => {
        sent = text;
        waiting = false;
        if (text && isDirty) said.textContent = page.words.kept_at.replace("{at}", clock(new Date()));
      },
      (error) => {
        if (!(error instanceof ApiError)) throw error; // else this machine has it, and the next change tries again
      },
    );
    return underway;
  }

  // a field that the form has lost meanwhile is kept on this machine only
  async function send(values, options) {
    const body = (kept) => ({ values: kept, revision: page.revision() });
    try {
      return await api("PUT", address(), body(values), {}, options);
    } catch (error) {
      const lost = new Set((error.fields ?? []).map((f) => f.path));
      const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !lost.has(name)));
      if (!lost.size || !Object.keys(rest).length || Object.keys(rest).length === Object.keys(values).length) throw error;
      return api("PUT", address(), body(rest), {}, options);
    }
  }

  const clock = (at) => at.toLocaleString(page.locale, { ...(isToday(at) ? {} : { dateStyle: "short" }), timeStyle: "short", timeZone: zone });
  const isToday = (at) => wallOf(at).slice(0, 10) === wallOf(new Date()).slice(0, 10);

  function onShelf() {
    try {
      return asNamed(JSON.parse(localStorage.getItem(shelf()) ?? "null"));
    } catch {
      localStorage.removeItem(shelf());
      return null;
    }
  }

  // the later of the two copies
  function offer() {
    const copies = [onShelf(), page.offered].filter((copy) => copy && page.differs(copy.values));
    const [copy] = copies.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    if (!copy) return;
    const bar = document.getElementById("restore");
    const restore = () => {
      bar.hidden = true;
      waiting = false;
      page.restore(copy.values, copy.revision ?? page.revision());
    };
    if (sessionStorage.getItem("jw:restore") === location.pathname) {
      sessionStorage.removeItem("jw:restore");
      restore();
      return;
    }
    waiting = true;
    const others = copy.revision && page.revision() && copy.revision !== page.revision();
    const text = others ? page.words.restore_changed : page.words.restore_at;
    bar.querySelector("[data-text]").textContent = text.replace("{at}", clock(new Date(copy.at)));
    bar.hidden = false;
    bar.querySelector("[data-restore]").addEventListener("click", restore);
    bar.querySelector("[data-discard]").addEventListener("click", () => {
      bar.hidden = true;
      waiting = false;
      localStorage.removeItem(shelf());
      if (!isDirty) keepOnServer();
      document.getElementById("main").focus();
    });
  }

  // before the record that was typed gets its number: what is kept belongs to the address of before
  async function saved() {
    clearTimeout(local);
    clearTimeout(server);
    server = null;
    waiting = false;
    localStorage.removeItem(shelf());
    await underway;
    isDirty = false;
    said.textContent = "";
    if (sent) await api("DELETE", address(), undefined, {}, { keepalive: true }).catch(() => null);
    sent = "";
  }

  // the page will be opened again: what was typed is put back without a question
  function hold() {
    keepLocally();
    sessionStorage.setItem("jw:restore", location.pathname);
    keepOnServer(true);
  }

  function leave() {
    leaving = true;
  }

  addEventListener("beforeunload", (event) => {
    if (!isDirty) return;
    keepLocally();
    if (!leaving) event.preventDefault();
  });
  addEventListener("pagehide", () => isDirty && keepOnServer(true));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && isDirty) keepOnServer(true);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-leave], [data-language], [data-leave-kept]")) leave();
    if (isDirty && event.target.closest("[data-language], [data-leave-kept]")) hold();
  });

  return { changed, offer, saved, hold, leave };
}

// A page of the drafts in a frame: as a person, at an org, on a desk or a phone.

const PAGES = {
  form: (name) => [["page_list", `f/${name}`], ["page_new", `f/${name}/new`]],
  dashboard: (name) => [["page_dashboard", `d/${name}`]],
  report: (name) => [["page_report", `reports/${name}`]],
  module: (name) => [["page_list", `m/${name}`]],
  indicator: (name) => [["page_list", `indicators/${name}`]],
};
const WIDTHS = { desk: 1440, phone: 390 };
const $ = (id) => document.getElementById(id);
const devices = () => document.querySelectorAll("#preview-form [name=device]");
const device = () => [...devices()].find((one) => one.checked).value;

export class Preview {
  constructor({ say, prepare, broken }) {
    this.say = say;
    this.prepare = prepare;
    this.broken = broken;
    this.path = null;
    $("preview-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.show($("preview-page").value);
    });
    for (const id of ["preview-as", "preview-org"]) {
      $(id).addEventListener("change", () => this.path !== null && this.show(this.path));
    }
    for (const one of devices()) one.addEventListener("change", () => this.path !== null && this.show(this.path));
    addEventListener("message", (event) => {
      if (event.origin !== location.origin || event.source !== this.frame?.contentWindow) return;
      if (event.data?.studio === "nothing-saved") this.said(this.say("preview_nothing_saved"));
      if (event.data?.studio === "open") this.follow(String(event.data.path));
    });
    addEventListener("resize", () => this.fit());
    if (innerWidth < 600) [...devices()].find((one) => one.value === "phone").checked = true;
  }

  // the pages that a file has
  of(file) {
    const own = (PAGES[file.kind] ?? (() => []))(file.name);
    // what a role or a rule changes is seen on the page that was shown last
    const pages = own.length || this.path === null ? own : [["preview_last", this.path]];
    const options = pages.map(([key, path]) => new Option(this.say(key), path));
    $("preview-page").replaceChildren(...options);
    $("preview-go").disabled = pages.length === 0;
    this.said(pages.length ? "" : this.say("preview_none"));
  }

  said(words) {
    $("preview-said").textContent = words;
  }

  get root() {
    const part = (id) => encodeURIComponent($(id).value);
    return `/studio/preview/${part("preview-as")}/${part("preview-org")}/`;
  }

  follow(path) {
    if (!path.startsWith("/") || path.startsWith("//")) return;
    this.show((path.startsWith("/studio/preview/") ? path.split("/").slice(5).join("/") : path.slice(1)));
  }

  async show(path) {
    if (!path && path !== "") return;
    if (!(await this.prepare())) return;
    if (this.broken()) return this.said(this.say("preview_errors"));
    this.path = path;
    this.said("…");
    const answer = await fetch(`${this.root}${path}`, { headers: { Accept: "text/html" } });
    const text = await answer.text();
    if (!answer.ok) {
      const page = new DOMParser().parseFromString(text, "text/html");
      return this.said(page.querySelector("main p, main, body")?.textContent.trim().slice(0, 300) ?? "");
    }
    this.said("");
    this.frame = document.createElement("iframe");
    this.frame.title = this.say("preview_frame");
    this.frame.dataset.root = this.root;
    this.frame.width = WIDTHS[device()];
    this.frame.srcdoc = text;
    $("preview-frame").replaceChildren(this.frame);
    this.frame.addEventListener("load", () => {
      $("preview-frame").dataset.shown = path;
      this.fit();
    });
    this.fit();
  }

  // a desk is made as small as its place, a phone is as large as it is; the numbers are set by
  // script, which the policy allows
  fit() {
    if (!this.frame) return;
    const place = $("preview-frame");
    const wide = WIDTHS[device()];
    const room = place.clientWidth;
    if (!room) return; // not seen now
    const factor = Math.min(1, room / wide);
    const high = Math.max(420, innerHeight - place.getBoundingClientRect().top - 28);
    place.classList.toggle("phone", factor === 1);
    this.frame.style.width = `${wide}px`;
    this.frame.style.transform = `scale(${factor})`;
    this.frame.style.height = `${high / factor}px`;
    place.style.height = `${high}px`;
    if (factor < 0.999 && $("studio").dataset.pane === "both") this.said(this.say("preview_scaled", { percent: Math.round(factor * 100) }));
    else if (this.path !== null) this.said("");
  }
}

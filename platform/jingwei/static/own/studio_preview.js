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
    for (const id of ["preview-device", "preview-as", "preview-org"]) {
      $(id).addEventListener("change", () => this.path !== null && this.show(this.path));
    }
    addEventListener("message", (event) => {
      if (event.origin !== location.origin || event.source !== this.frame?.contentWindow) return;
      if (event.data?.studio === "nothing-saved") this.said(say("preview_nothing_saved"));
      if (event.data?.studio === "open") this.follow(String(event.data.path));
    });
    addEventListener("resize", () => this.fit());
  }

  // the pages that a file has
  of(file) {
    const pages = (PAGES[file.kind] ?? (() => []))(file.name);
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
    this.frame.width = WIDTHS[$("preview-device").value];
    this.frame.srcdoc = text;
    $("preview-frame").replaceChildren(this.frame);
    this.frame.addEventListener("load", () => {
      $("preview-frame").dataset.shown = path;
      this.fit();
    });
    this.fit();
  }

  // a desk is made as small as its place; the numbers are set by script, which the policy allows
  fit() {
    if (!this.frame) return;
    const wide = WIDTHS[$("preview-device").value];
    const factor = Math.min(1, $("preview-frame").clientWidth / wide);
    this.frame.style.width = `${wide}px`;
    this.frame.style.transform = `scale(${factor})`;
    const high = Math.max(480, innerHeight - 260);
    this.frame.style.height = `${high / factor}px`;
    $("preview-frame").style.height = `${high}px`;
  }
}

// What a person sets for himself: who stands in, phrases of opinions, the signature.

import { api, ApiError, confirmed, summarise, toast } from "./api.js";
import { makePad } from "./pad.js";
import { chosenPeople, peoplePicker } from "./people.js";

const problems = document.getElementById("problems");

// the fields that were refused, in the words of this page
async function tried(deed) {
  try {
    await deed();
    location.reload();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const titles = JSON.parse(problems.dataset.titles);
    const lines = error.fields.map(({ path, message }) => ({ words: `${titles[path.split(".")[0]] ?? ""} ${message}`.trim() }));
    if (lines.length) summarise(problems, error.message, lines);
    else toast(error.message, "danger");
  }
}

// -- who stands in

const proxy = document.querySelector("[data-proxy]");
for (const place of proxy.querySelectorAll("[data-pick]")) {
  place.replaceWith(peoplePicker({ name: place.dataset.pick, title: place.dataset.title, type: "person", required: true }));
}

proxy.addEventListener("submit", (event) => {
  event.preventDefault();
  const { from, until, include_open: open } = proxy.elements;
  const today = from.defaultValue;
  const forms = [...proxy.querySelectorAll("[name=forms]:checked")].map((box) => box.value);
  tried(() =>
    api("POST", "/api/v1/proxies", {
      to: chosenPeople(proxy.querySelector("[name=to]")),
      ...(from.value > today ? { from: from.value } : {}),
      until: until.value,
      forms,
      include_open: open.checked,
    }),
  );
});

// -- phrases

const phrases = document.querySelector("[data-phrases-form]");
phrases.addEventListener("submit", (event) => {
  event.preventDefault();
  tried(() => api("PUT", "/api/v1/me/phrases", { items: phrases.elements.items.value.split("\n") }));
});

// -- the signature

const paper = document.querySelector("[data-pad]");
const pad = makePad(paper);
document.querySelector("[data-clear]").addEventListener("click", () => pad.clear());

async function signWith(content, name) {
  const form = new FormData();
  form.append("file", content, name);
  await tried(async () => {
    const { id } = await api("POST", "/api/v1/files", form);
    await api("PUT", "/api/v1/me/signature", { file: id });
  });
}

document.querySelector("[data-use-drawn]").addEventListener("click", async () => {
  if (!pad.isDrawn()) toast(paper.dataset.nothing, "warning");
  else signWith(await pad.cut(), "signature.png");
});
document.querySelector("[data-upload]").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) signWith(file, file.name);
});
document.querySelector("[data-signature-off]")?.addEventListener("click", async (event) => {
  const { title, sure } = event.target.dataset;
  if ((await confirmed(title, sure)) !== null) tried(() => api("PUT", "/api/v1/me/signature", { file: null }));
});

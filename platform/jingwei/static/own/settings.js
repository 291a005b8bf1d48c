// What a person sets for himself: who stands in, phrases of opinions, the signature.

import { api, ApiError, confirmed, summarise, toast } from "./api.js";
import { chosenPeople, peoplePicker } from "./people.js";

const INK = "#10223c";
const LINE = 5; // pixels of the canvas

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

// the day after, since the last day is to be inside
function dayAfter(day) {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + 1);
  return at.toISOString().slice(0, 10);
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
      until: dayAfter(until.value),
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

const pad = document.querySelector("[data-pad]");
const pen = pad.getContext("2d");
let drawing = false;
let drawn = false;
let box = null;

function spot(event) {
  const around = pad.getBoundingClientRect();
  return [((event.clientX - around.left) * pad.width) / around.width, ((event.clientY - around.top) * pad.height) / around.height];
}

// what is drawn, without the empty paper around it
function grow([x, y]) {
  box = box ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)] : [x, y, x, y];
}

pad.addEventListener("pointerdown", (event) => {
  pad.setPointerCapture(event.pointerId);
  drawing = true;
  Object.assign(pen, { strokeStyle: INK, lineWidth: LINE, lineCap: "round", lineJoin: "round" });
  pen.beginPath();
  pen.moveTo(...spot(event));
  grow(spot(event));
});
pad.addEventListener("pointermove", (event) => {
  if (!drawing) return;
  drawn = true;
  grow(spot(event));
  pen.lineTo(...spot(event));
  pen.stroke();
});
for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => (drawing = false));

document.querySelector("[data-clear]").addEventListener("click", () => {
  pen.clearRect(0, 0, pad.width, pad.height);
  drawn = false;
  box = null;
});

function cut() {
  const margin = 2 * LINE;
  const [left, top] = [Math.max(0, box[0] - margin), Math.max(0, box[1] - margin)];
  const wide = Math.min(pad.width, box[2] + margin) - left;
  const high = Math.min(pad.height, box[3] + margin) - top;
  const paper = Object.assign(document.createElement("canvas"), { width: wide, height: high });
  paper.getContext("2d").drawImage(pad, left, top, wide, high, 0, 0, wide, high);
  return new Promise((done) => paper.toBlob(done, "image/png"));
}

async function signWith(content, name) {
  const form = new FormData();
  form.append("file", content, name);
  await tried(async () => {
    const { id } = await api("POST", "/api/v1/files", form);
    await api("PUT", "/api/v1/me/signature", { file: id });
  });
}

document.querySelector("[data-use-drawn]").addEventListener("click", async () => {
  if (!drawn) toast(pad.dataset.nothing, "warning");
  else signWith(await cut(), "signature.png");
});
document.querySelector("[data-upload]").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) signWith(file, file.name);
});
document.querySelector("[data-signature-off]")?.addEventListener("click", async (event) => {
  const { title, sure } = event.target.dataset;
  if ((await confirmed(title, sure)) !== null) tried(() => api("PUT", "/api/v1/me/signature", { file: null }));
});

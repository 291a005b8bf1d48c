// Files of a form: what is uploaded, how far it is, what is held, and the pad of a signature.
import { api, ApiError, toast } from "./api.js";
import { changed, locale, model, nothing } from "./form_model.js";
import { put } from "./form_read.js";
import { forgive, note } from "./form_wrong.js";
import { makePad } from "./pad.js";

const PICTURES = new Set(["image", "signature"]);
const known = new Map(Object.entries(model.files ?? {}).map(([id, file]) => [Number(id), file]));
const boxOf = (control) => control.closest("[data-file-box]");
const listed = (value) => (Array.isArray(value) ? value : [value]).filter((v) => !nothing(v));

export function size(bytes) {
  const [count, unit] = bytes < 1024 ? [bytes, "byte"] : bytes < 1048576 ? [bytes / 1024, "kilobyte"] : [bytes / 1048576, "megabyte"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: count < 10 ? 1 : 0 }).format(count);
}

export function showFiles(control, field, value) {
  const ids = listed(value);
  boxOf(control).querySelector("[data-files]").replaceChildren(...ids.map((id) => line(control, field, id)));
  for (const id of ids.filter((one) => !known.has(one))) learn(control, field, value, id);
}

// a file of what was kept and taken up again
async function learn(control, field, value, id) {
  try {
    known.set(id, await api("GET", `/api/v1/files/${id}?info=1`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    known.set(id, { name: model.words.file_kept }); // it may be seen no more
  }
  showFiles(control, field, value);
}

function line(control, field, id) {
  const file = known.get(id) ?? { name: "…" };
  const row = document.createElement("span");
  row.className = "file-line";
  if (PICTURES.has(field.type) || file.type?.startsWith("image/")) {
    const picture = Object.assign(document.createElement("img"), { src: `/api/v1/files/${id}?view=1`, alt: "", className: "thumb", loading: "lazy" });
    row.append(picture);
  }
  const link = document.createElement("a");
  link.href = `/api/v1/files/${id}`;
  link.textContent = file.name;
  const said = document.createElement("small");
  said.textContent = file.size ? size(file.size) : "";
  row.append(link, said);
  if (!control.disabled) {
    const remove = boxOf(control).querySelector("template").content.firstElementChild.cloneNode(true);
    remove.dataset.file = id;
    remove.setAttribute("aria-label", model.words.remove_file.replace("{name}", file.name));
    row.append(remove);
  }
  return row;
}

export function removeFile(button, { owner, key, field, block, path }) {
  const control = block.querySelector('input[type="file"]');
  const left = listed(owner[key]).filter((id) => id !== Number(button.dataset.file));
  put(owner, key, field.many ? left : null);
  showFiles(control, field, owner[key]);
  control.focus();
  changed(path);
}

// `files`: what was chosen or drawn; each is sent while its progress is shown
export async function upload(control, files, { owner, key, field, block, path }) {
  forgive(block, control);
  const ids = field.many ? [...(owner[key] ?? [])] : [];
  for (const file of files) {
    try {
      const answer = await sent(file, field, boxOf(control).querySelector("progress"));
      known.set(answer.id, answer);
      ids.push(answer.id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      note(block, control, `${file.name}: ${error.message}`);
    }
  }
  control.value = "";
  put(owner, key, field.many ? ids : (ids[0] ?? owner[key]));
  showFiles(control, field, owner[key]);
  changed(path);
}

function sent(file, field, progress) {
  if (PICTURES.has(field.type) && !file.type.startsWith("image/")) throw new ApiError(0, { code: "not-an-image", message: model.words.not_image });
  const body = new FormData();
  body.append("file", file, file.name);
  const request = new XMLHttpRequest();
  request.open("POST", "/api/v1/files");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
  request.responseType = "json";
  progress.hidden = false;
  progress.removeAttribute("value");
  return new Promise((done, failed) => {
    const refuse = (error) => failed(new ApiError(request.status, error));
    request.upload.onprogress = ({ loaded, total }) => (progress.value = loaded / total);
    request.onload = () => (request.status < 300 ? done(request.response) : refuse(request.response?.error ?? { code: "failed", message: model.words.not_sent }));
    request.onerror = () => refuse({ code: "offline", message: model.words.not_sent });
    request.onloadend = () => (progress.hidden = true);
    request.send(body);
  });
}

// -- the pad

const dialog = document.getElementById("sign-pad");
const pad = dialog && makePad(dialog.querySelector("canvas"));

export function sign(control, place) {
  pad.clear();
  dialog.returnValue = "no";
  dialog.showModal();
  const closed = async () => {
    if (dialog.returnValue !== "yes") return;
    if (!pad.isDrawn()) return void toast(model.words.nothing_drawn, "warning");
    await upload(control, [new File([await pad.cut()], "signature.png", { type: "image/png" })], place);
  };
  dialog.addEventListener("close", closed, { once: true });
}

dialog?.querySelector("[data-clear]").addEventListener("click", () => pad.clear());

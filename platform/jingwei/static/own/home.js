// The home page: what was opened lately on this machine, and which entries stand here.
import { api, ApiError, toast } from "./api.js";
import { recent } from "./recent.js";

const list = document.getElementById("recent");
for (const { href, title } of recent()) {
  const link = Object.assign(document.createElement("a"), { href });
  link.append(Object.assign(document.createElement("span"), { textContent: title }));
  const line = document.createElement("li");
  line.append(link);
  list.append(line);
}
list.hidden = !list.children.length;
list.nextElementSibling.hidden = !list.hidden;

const dialog = document.getElementById("pins");
document.querySelector("[data-choose-pins]")?.addEventListener("click", () => {
  dialog.returnValue = "no";
  dialog.showModal();
});
dialog.addEventListener("close", async () => {
  if (dialog.returnValue !== "yes") return;
  const items = [...dialog.querySelectorAll("input:checked")].map((tick) => tick.value);
  try {
    await api("PUT", "/api/v1/me/pins", { items });
    location.reload();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast([error.message, ...error.fields.map((f) => f.message)].join(" "), "danger");
  }
});

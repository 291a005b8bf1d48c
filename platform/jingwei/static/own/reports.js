// Texts of a report: saved one by one; a text that somebody else wrote meanwhile is not written over.
import { api, ApiError, toast } from "./api.js";

for (const form of document.querySelectorAll("form[data-slot]")) {
  const box = form.querySelector("textarea");
  let kept = box.value;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const saved = await api("PUT", form.dataset.slot, { text: box.value }, { "If-Match": `"${form.dataset.seen}"` });
      form.dataset.seen = saved.id;
      kept = box.value;
      toast(form.dataset.saved, "success");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.fields[0]?.message ?? error.message, "danger");
    } finally {
      button.disabled = false;
    }
  });
  addEventListener("beforeunload", (event) => {
    if (box.value !== kept) event.preventDefault();
  });
}

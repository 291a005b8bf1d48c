// Why somebody else may, or may not: asked on the page of a record by those who may share it.
import { api, ApiError, confirmed, toast } from "./api.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-access-of]");
  if (!button) return;
  const answers = await confirmed(button.textContent, "", JSON.parse(button.dataset.ask));
  if (!answers) return;
  const said = button.parentElement.querySelector("[data-told]");
  const asked = new URLSearchParams({ person: answers.person, action: answers.action });
  try {
    const found = await api("GET", `${button.dataset.accessOf}?${asked}`);
    const { told, hidden } = said.dataset;
    const count = found.allowed ? found.hidden : 0;
    said.textContent = told.replace("{name}", found.name).replace("{message}", found.message) + (count ? hidden.replace("{count}", count) : "");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.reason ?? error.message, "danger");
  }
});

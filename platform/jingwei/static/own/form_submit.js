// Submitting from the form page. Where the initiator names who is asked later, that is asked for first.
import { api, ApiError, confirmed } from "./api.js";
import { base, form, held, model } from "./form_model.js";

const isOwed = (error) => error instanceof ApiError && error.fields.some((field) => field.code === "chosen-missing");

// The people chosen, as the API takes them: nothing where nothing is asked, null for a refusal to choose.
async function choice() {
  const questions = await api("GET", `/f/${model.form}/${held.identity}/choices`);
  if (!questions.length) return {};
  return confirmed(form.querySelector("#submit").textContent.trim(), model.words.choose_people, questions);
}

// Whether the saved record was submitted.
export async function submit() {
  const address = `${base}/${held.identity}/submit`;
  let chosen = model.chooses ? await choice() : {};
  if (chosen === null) return false;
  try {
    await api("POST", address, chosen);
  } catch (error) {
    // what was filled in may lead past other steps than the page knew of
    chosen = isOwed(error) ? await choice() : {};
    if (chosen === null) return false;
    if (!chosen.chosen) throw error;
    await api("POST", address, chosen);
  }
  return true;
}

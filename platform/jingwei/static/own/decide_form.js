// The fields that a step lets its people write, filled in where they decide: what was typed goes with
// the decision, in one request.
import { acts, ApiError } from "./api.js";
import { begin, unsaved } from "./form_entry.js";
import { givenReasons } from "./form_follow.js";
import { form, held, model, state } from "./form_model.js";
import { unreadable } from "./form_read.js";
import { wanted } from "./form_tables.js";
import { blame, forgiveAll } from "./form_wrong.js";

const WITH = new Set(["approve", "submit", "add_sign", "reject", "return"]);
const panel = form.closest(".decide");
const title = document.getElementById("summary").dataset.title;

form.addEventListener("submit", (event) => event.preventDefault());

// whether the button may go on
acts.before.push(async (button, body) => {
  if (!panel.contains(button)) return true;
  const action = button.dataset.act.split("/").pop();
  if (!WITH.has(action)) return true;
  forgiveAll();
  const wrong = [...unreadable(state), ...givenReasons().owed];
  if (wrong.length) {
    blame(wrong, title);
    return false;
  }
  const fields = wanted();
  if (!Object.keys(fields).length) return true;
  body.fields = fields;
  button.dataset.seen = held.revision;
  return true;
});

acts.refused.push((button, error) => {
  if (!panel.contains(button) || !(error instanceof ApiError)) return false;
  const here = error.fields.filter((one) => model.fields[one.path] ?? model.fields[one.path?.split(".")[0]]);
  if (!here.length) return false;
  blame(error.fields, error.message);
  return true;
});

acts.done.push(async (button) => {
  if (panel.contains(button)) await unsaved.saved();
});

begin();

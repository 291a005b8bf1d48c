// Pickers: a searchable select, and a calendar in both languages.
import TomSelect from "tom-select/base";
import caretPosition from "tom-select/plugins/caret_position/plugin.js";
import removeButton from "tom-select/plugins/remove_button/plugin.js";
import flatpickr from "flatpickr";
import { Mandarin } from "flatpickr/dist/l10n/zh.js";

TomSelect.define("caret_position", caretPosition);
TomSelect.define("remove_button", removeButton);

export { TomSelect, flatpickr };
export const calendarWords = { zh: Mandarin };

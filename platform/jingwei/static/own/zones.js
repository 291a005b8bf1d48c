// Instants in the house's zone, whatever zone this browser is in.

export const zone = document.documentElement.dataset.zone || "UTC";

const parts = new Intl.DateTimeFormat("en-CA", {
  timeZone: zone, hourCycle: "h23",
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

// What a clock on the wall says at an instant: `2026-03-01 09:30`, with `join` between.
export function wallOf(instant, join = " ") {
  const at = Object.fromEntries(parts.formatToParts(new Date(instant)).map((p) => [p.type, p.value]));
  return `${at.year.padStart(4, "0")}-${at.month}-${at.day}${join}${at.hour}:${at.minute}`;
}

// The instant at which it says so. Of an hour that comes twice the first, of one that is left out the next.
export function instantOf(year, month, day, hour, minute) {
  const wanted = new Date(Date.UTC(2000, month - 1, day, hour, minute));
  wanted.setUTCFullYear(year, month - 1, day);
  const ahead = (at) => Date.parse(`${wallOf(at, "T")}Z`) - Math.floor(at / 60000) * 60000;
  const found = [wanted - ahead(wanted - 86400000), wanted - ahead(wanted.getTime() + 86400000)];
  return new Date(found.find((at) => at + ahead(at) === wanted.getTime()) ?? found[0]);
}

// -- days and instants as they are typed

const DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const MOMENT = /^(\d{4}-\d{1,2}-\d{1,2})[T ](\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?$/;

// A day that there is, at midnight; null: there is none such.
export function dayOf(typed) {
  const found = DAY.exec(typed.trim());
  if (!found) return null;
  const [year, month, day] = found.slice(1).map(Number);
  const at = new Date(year, month - 1, day);
  return at.getMonth() === month - 1 && at.getDate() === day ? at : null;
}

// What is typed, as a calendar shows it: a moment of this browser with the same figures.
export function momentOf(typed) {
  const found = MOMENT.exec(typed.trim());
  const day = found && dayOf(found[1]);
  if (!day || Number(found[2]) > 23 || Number(found[3]) > 59) return null;
  day.setHours(Number(found[2]), Number(found[3]));
  return day;
}

export function instantTyped(typed) {
  const at = momentOf(typed);
  if (!at) return null;
  const [hour, minute] = MOMENT.exec(typed.trim()).slice(2).map(Number);
  return instantOf(at.getFullYear(), at.getMonth() + 1, at.getDate(), hour, minute);
}

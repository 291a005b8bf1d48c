// The run-time of translated expressions: exact decimals, two-valued logic, the functions of the
// language. An expression arrives as `(x, e) => …`, where `x` is this module and `e` holds
// {record, parent, this, old, variables, zone, offset}: values as the API writes them, numbers as
// JSON numbers or decimal text, days and periods as text. Null is null or undefined.

const PLACES = 10;
const LIMIT = 10n ** 28n;
const BLANKS = " \t\r\n\u00a0\u3000";
const GRAINS = { year: 1, half: 2, quarter: 4, month: 12 };
const GRAIN_NUMBERS = { year: 0, half: 1, quarter: 2, month: 3 };

const isNull = (v) => v === null || v === undefined;
const ten = (places) => 10n ** BigInt(places);
const sizeOf = (n) => (n < 0n ? -n : n);

// -- decimals: {n, s} is n / 10^s

class Decimal {
  constructor(n, s) {
    this.n = n;
    this.s = s;
    if (sizeOf(n) >= LIMIT * ten(s)) throw new RangeError("more than 28 digits");
  }
}

const NUMBER = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/;

export function num(value) {
  if (isNull(value) || value instanceof Decimal) return value ?? null;
  const found = NUMBER.exec(String(value).trim());
  if (!found) return null;
  const [, sign, whole, part = "", exponent = "0"] = found;
  const places = part.length - Number(exponent);
  const digits = BigInt(whole + part) * (places < 0 ? ten(-places) : 1n);
  return new Decimal(sign ? -digits : digits, Math.max(places, 0));
}

function pair(a, b) {
  const s = Math.max(a.s, b.s);
  return [a.n * ten(s - a.s), b.n * ten(s - b.s), s];
}

// n / d, half away from zero
function halfUp(n, d) {
  const size = (2n * sizeOf(n) + sizeOf(d)) / (2n * sizeOf(d));
  return n < 0n === d < 0n ? size : -size;
}

const both = (compute) => (a, b) => (isNull(a) || isNull(b) ? null : compute(a, b));

export const add = both((a, b) => {
  const [one, other, s] = pair(a, b);
  return new Decimal(one + other, s);
});
export const sub = both((a, b) => {
  const [one, other, s] = pair(a, b);
  return new Decimal(one - other, s);
});
export const mul = both((a, b) => new Decimal(a.n * b.n, a.s + b.s));
export const div = both((a, b) => {
  if (b.n === 0n) return null;
  return new Decimal(halfUp(a.n * ten(b.s + PLACES), b.n * ten(a.s)), PLACES);
});
export const neg = (a) => (isNull(a) ? null : new Decimal(-a.n, a.s));
export const abs = (a) => (isNull(a) ? null : new Decimal(sizeOf(a.n), a.s));

export function round(a, places = 0) {
  if (isNull(a)) return null;
  if (places >= a.s) return a;
  return new Decimal(halfUp(a.n, ten(a.s - places)), places);
}

export function floor(a) {
  if (isNull(a)) return null;
  const unit = ten(a.s);
  const cut = a.n / unit;
  return new Decimal(a.n < cut * unit ? cut - 1n : cut, 0);
}

export const ceil = (a) => neg(floor(neg(a)));
export const percent_change = both((a, b) => div(sub(a, b), abs(b)));

// The shortest digits: what a form shows, and what the server is sent.
export function plain(a) {
  if (isNull(a)) return null;
  let digits = sizeOf(a.n).toString().padStart(a.s + 1, "0");
  if (a.s > 0) {
    const point = digits.length - a.s;
    digits = `${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.?0+$/, "");
  }
  return a.n < 0n ? `-${digits}` : digits;
}

export const scaled = (a, places) => plain(round(a, places));

// -- names

function at(e, root) {
  if (root === "this") return e.this ?? e.parent ?? e.record;
  return e[root] ?? {};
}

export const get = (e, root, name) => at(e, root)[name] ?? null;

export function variable(e, name) {
  let found = e.variables ?? {};
  for (const step of name.split(".")) found = found?.[step];
  return found ?? null;
}

export const truth = (v) => v === true;

// -- comparing, by kind: n number, t text, d day, i instant, p period

function textOrder(a, b) {
  const one = [...a];
  const other = [...b];
  for (let k = 0; k < one.length && k < other.length; k++) {
    if (one[k] !== other[k]) return one[k].codePointAt(0) - other[k].codePointAt(0);
  }
  return one.length - other.length;
}

const ORDER = {
  n: (a, b) => {
    const [one, other] = pair(a, b);
    return one < other ? -1 : Number(one > other);
  },
  t: textOrder,
  d: textOrder,
  i: (a, b) => Date.parse(a) - Date.parse(b),
  p: (a, b) => periodKey(a) - periodKey(b),
};

const held = (test) => (kind, a, b) => !isNull(a) && !isNull(b) && test(ORDER[kind](a, b));
export const lt = held((order) => order < 0);
export const le = held((order) => order <= 0);
export const gt = held((order) => order > 0);
export const ge = held((order) => order >= 0);
export const between = (kind, v, low, high) => ge(kind, v, low) && le(kind, v, high);

export function eq(kind, a, b) {
  if (isNull(a) || isNull(b)) return isNull(a) && isNull(b);
  if (kind in ORDER) return ORDER[kind](a, b) === 0;
  if (typeof a === "object" || typeof b === "object") {
    return typeof a === typeof b && a.form === b.form && a.id === b.id;
  }
  return a === b;
}

export const inside = (kind, v, list) => (list ?? []).some((one) => eq(kind, v, one));
export const empty = (v) => isNull(v) || v === "" || (Array.isArray(v) && v.length === 0);

// -- text: an empty text is null, and null is an empty text

const orNull = (text) => (text === "" ? null : text);
const strict = (compute) => (a) => (isNull(a) ? null : compute(a));

export const len = (v) => num(isNull(v) ? 0 : Array.isArray(v) ? v.length : [...v].length);
export const lower = strict((t) => t.replace(/[A-Z]+/g, (s) => s.toLowerCase()));
export const upper = strict((t) => t.replace(/[a-z]+/g, (s) => s.toUpperCase()));
export const trim = strict((t) => {
  let start = 0;
  let end = t.length;
  while (start < end && BLANKS.includes(t[start])) start++;
  while (end > start && BLANKS.includes(t[end - 1])) end--;
  return orNull(t.slice(start, end));
});
export const contains = (t, part) => !isNull(t) && !isNull(part) && t.includes(part);
export const starts_with = (t, part) => !isNull(t) && !isNull(part) && t.startsWith(part);
export const ends_with = (t, part) => !isNull(t) && !isNull(part) && t.endsWith(part);
export function concat(...parts) {
  return orNull(parts.map((p) => (p instanceof Decimal ? plain(p) : p ?? "")).join(""));
}

// -- several values, nulls left out

const known = (values) => values.filter((v) => !isNull(v));
const extreme = (wins) => (kind, ...values) =>
  known(values).reduce((best, v) => (best === null || wins(kind, v, best) ? v : best), null);
export const least = extreme(lt);
export const greatest = extreme(gt);
export const coalesce = (...values) => known(values)[0] ?? null;

// -- days and periods

const two = (n) => String(n).padStart(2, "0");
const four = (n) => String(n).padStart(4, "0");
const iso = (d) => `${four(d.getUTCFullYear())}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`;
const utc = (day) => {
  const [year, month, date] = day.split("-").map(Number);
  const found = new Date(Date.UTC(2000, month - 1, date));
  found.setUTCFullYear(year, month - 1, date);
  return found;
};

// The day of an instant in the installation's zone; a day as it is.
export function day(e, value) {
  if (isNull(value) || value.length === 10) return value ?? null;
  if (e.zone && typeof Intl !== "undefined") {
    return new Intl.DateTimeFormat("en-CA", { timeZone: e.zone }).format(new Date(value));
  }
  return iso(new Date(Date.parse(value) + (e.offset ?? 0) * 60000));
}

export function add_days(value, count) {
  if (isNull(value) || isNull(count)) return null;
  const moved = utc(value);
  moved.setUTCDate(moved.getUTCDate() + whole(count));
  return iso(moved);
}

export function add_months(value, count) {
  if (isNull(value) || isNull(count)) return null;
  const [year, month, date] = value.split("-").map(Number);
  const index = year * 12 + month - 1 + whole(count);
  const last = utc(`${Math.floor((index + 1) / 12)}-${((index + 1) % 12) + 1}-01`);
  last.setUTCDate(0);
  const target = [Math.floor(index / 12), (index % 12) + 1];
  return `${four(target[0])}-${two(target[1])}-${two(Math.min(date, last.getUTCDate()))}`;
}

const whole = (count) => Number(count instanceof Decimal ? count.n / ten(count.s) : count);

export function days_between(start, end) {
  if (isNull(start) || isNull(end)) return null;
  return num(Math.round((utc(end) - utc(start)) / 86400000));
}

function grainOf(p) {
  if (p.length === 4) return "year";
  return { H: "half", Q: "quarter", "-": "month" }[p[4]];
}

function split(p) {
  const grain = grainOf(p);
  return [Number(p.slice(0, 4)), grain, grain === "year" ? 1 : Number(p.slice(5))];
}

function periodKey(p) {
  const [year, grain, number] = split(p);
  const index = GRAIN_NUMBERS[grain];
  return year * 1000 + (index ? index * 100 + number : 0);
}

function made(year, grain, number) {
  if (grain === "year") return four(year);
  if (grain === "month") return `${four(year)}-${two(number)}`;
  return `${four(year)}${grain === "half" ? "H" : "Q"}${number}`;
}

const months = (p) => 12 / GRAINS[grainOf(p)];

function shifted(p, by) {
  const [year, grain, number] = split(p);
  const index = year * GRAINS[grain] + number - 1 + by;
  return made(Math.floor(index / GRAINS[grain]), grain, (index % GRAINS[grain]) + 1);
}

export const previous = strict((p) => shifted(p, -1));
export const same_period_last_year = strict((p) => four(Number(p.slice(0, 4)) - 1) + p.slice(4));
export const start = strict((p) => {
  const [year, , number] = split(p);
  return `${four(year)}-${two((number - 1) * months(p) + 1)}-01`;
});
export const end = strict((p) => add_days(add_months(start(p), months(p)), -1));

export function period(value, grain) {
  if (isNull(value)) return null;
  const [year, month] = value.split("-").map(Number);
  return made(year, grain, Math.floor(((month - 1) * GRAINS[grain]) / 12) + 1);
}

export const this_period = (e, grain) => period(variable(e, "today"), grain);
export const last_closed_period = (e, grain) => previous(this_period(e, grain));

export function part(name, value) {
  if (isNull(value)) return null;
  const isDay = value.length === 10;
  const month = isDay ? Number(value.slice(5, 7)) : split(value)[2] * months(value);
  const found = {
    year: () => Number(value.slice(0, 4)),
    month: () => month,
    quarter: () => Math.floor((month + 2) / 3),
    day: () => Number(value.slice(8, 10)),
  };
  return num(found[name]());
}

export const in_period = (value, p) => !isNull(p) && between("d", value, start(p), end(p));

// `first` and `last`: days from today, or weeks, months … from this one
export function in_span(e, value, first, last, grain) {
  const today = variable(e, "today");
  if (grain === null) return between("d", value, add_days(today, first), add_days(today, last));
  if (grain !== "week") return in_period(value, shifted(period(today, grain), first));
  const weekday = (utc(today).getUTCDay() + 6) % 7;
  const monday = add_days(today, 7 * first - weekday);
  return between("d", value, monday, add_days(monday, 6));
}

// -- aggregates over the rows of a table

export function rows(e, root, name) {
  const owner = at(e, root);
  const outer = at(e, "this");
  return (owner[name] ?? []).map((row) => ({ ...e, record: row, parent: owner, this: outer }));
}

const summed = (values) => values.reduce(add, num(0));
const average = (values) => (values.length ? div(summed(values), num(values.length)) : null);

function median(values) {
  const sorted = [...values].sort(ORDER.n);
  const middle = sorted.length / 2;
  if (!sorted.length) return null;
  return div(add(sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]), num(2));
}

// Between two of the values in proportion, as a spreadsheet does; half of them is the median.
function percentile(values, share) {
  const sorted = [...values].sort(ORDER.n);
  if (!sorted.length) return null;
  const at = mul(num(sorted.length - 1), share);
  const below = floor(at);
  const above = Math.min(Number(below.n) + 1, sorted.length - 1);
  const part = sub(at, below);
  const lower = mul(sorted[Number(below.n)], sub(num(1), part));
  return add(lower, mul(sorted[above], part));
}

const FOLDS = {
  sum: (kind, values) => summed(values),
  avg: (kind, values) => average(values),
  median: (kind, values) => median(values),
  percentile: (kind, values, share) => percentile(values, share),
  min: (kind, values) => least(kind, ...values),
  max: (kind, values) => greatest(kind, ...values),
  count: (kind, values) => num(values.filter((v) => v !== false).length),
  any: (kind, values) => values.some((v) => v === true),
  all: (kind, values) => values.every((v) => v === true),
  count_distinct: (kind, values) =>
    num(values.filter((v, k) => values.findIndex((w) => eq(kind, v, w)) === k).length),
};

export function fold(name, kind, envs, value, where, share) {
  const kept = where ? envs.filter(where) : envs;
  return FOLDS[name](kind, known(kept.map(value)), share);
}

// In the order of the rows, or of `by`; a row without a `by` only when no row has one.
export function chosen(name, kind, envs, value, where, by) {
  const kept = where ? envs.filter(where) : envs;
  const last = name === "last";
  let best = null;
  let bestKey = null;
  for (const env of kept) {
    const key = by ? by(env) : null;
    if (best === null || better(kind, key, bestKey, last)) {
      best = env;
      bestKey = key;
    }
  }
  return best === null ? null : value(best);
}

function better(kind, key, than, last) {
  if (isNull(key)) return last && isNull(than);
  if (isNull(than)) return true;
  return last ? ge(kind, key, than) : lt(kind, key, than);
}

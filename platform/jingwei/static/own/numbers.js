// Numbers of a form: exact decimal text, shown grouped and in the unit of the field.

export function makeNumbers(x, locale) {
  const groups = new Intl.NumberFormat(locale, { useGrouping: true }).format(11111).replace(/[\d]/g, "")[0] || ",";

  // What is typed, in the unit shown → decimal text as the API wants it; text that is none stays.
  function parse(typed, scale) {
    const plain = typed.trim().replaceAll(groups, "").replaceAll("，", "").replaceAll(" ", "").replace(/%$/, "");
    if (plain === "") return null;
    const negative = /^\((.+)\)$/.exec(plain);
    const number = x.num(negative ? `-${negative[1]}` : plain);
    if (number === null) return typed.trim();
    return x.plain(x.mul(number, x.num(scale)));
  }

  // Decimal text → as people read it. `digits` null: as many as there are.
  function show(value, scale, digits) {
    const number = x.num(value);
    if (number === null) return value === null || value === undefined ? "" : String(value);
    const shown = x.div(number, x.num(scale));
    const text = digits === null || digits === undefined ? x.plain(shown) : fixed(x.plain(x.round(shown, digits)), digits);
    const [whole, part] = text.split(".");
    const sign = whole.startsWith("-") ? "-" : "";
    const grouped = whole.replace("-", "").replace(/\B(?=(\d{3})+$)/g, groups);
    return part === undefined ? sign + grouped : `${sign}${grouped}.${part}`;
  }

  // As it is edited: all digits, no groups.
  function edit(value, scale) {
    const number = x.num(value);
    return number === null ? (value ?? "") : x.plain(x.div(number, x.num(scale)));
  }

  function fixed(text, digits) {
    if (digits === 0) return text;
    const [whole, part = ""] = text.split(".");
    return `${whole}.${part.padEnd(digits, "0")}`;
  }

  return { parse, show, edit };
}

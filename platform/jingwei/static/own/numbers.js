// Numbers of a form: exact decimal text, shown grouped and in the unit of the field.

const MOST_EXPONENT = 40; // more digits than any number here has

export function makeNumbers(x, locale) {
  const groups = new Intl.NumberFormat(locale, { useGrouping: true }).format(11111).replace(/[\d]/g, "")[0] || ",";

  // What is typed, in the unit shown → decimal text as the API wants it. Throws a SyntaxError for
  // what is no number, a RangeError for what is longer than a number may be.
  function parse(typed, scale) {
    const plain = typed.trim().replaceAll(groups, "").replaceAll("，", "").replaceAll(" ", "").replace(/%$/, "");
    if (plain === "") return null;
    const negative = /^\((.+)\)$/.exec(plain);
    if (Math.abs(Number(/e([-+]?\d+)$/i.exec(plain)?.[1] ?? 0)) > MOST_EXPONENT) throw new RangeError("exponent");
    const number = x.num(negative ? `-${negative[1]}` : plain);
    if (number === null) throw new SyntaxError("no number");
    return x.plain(x.mul(number, x.num(scale)));
  }

  // Decimal text → as people read it. `digits` null: as many as there are.
  function show(value, scale, digits) {
    const number = decimal(value);
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
    const number = decimal(value);
    return number === null ? (value ?? "") : x.plain(x.div(number, x.num(scale)));
  }

  // what was kept from elsewhere may be longer than a number is
  function decimal(value) {
    try {
      return x.num(value);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return null;
    }
  }

  // Whether both are the same number, or the same text.
  function same(one, other) {
    const [a, b] = [decimal(one), decimal(other)];
    return a === null || b === null ? String(one ?? "") === String(other ?? "") : x.plain(a) === x.plain(b);
  }

  function fixed(text, digits) {
    if (digits === 0) return text;
    const [whole, part = ""] = text.split(".");
    return `${whole}.${part.padEnd(digits, "0")}`;
  }

  return { parse, show, edit, same };
}

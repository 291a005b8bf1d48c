// A style sheet without the rules that no page of ours can use: those for classes that are not in
// the list, then animations and variables that neither the list nor anything left names.

const AT_GROUPS = /^@(media|supports|layer|container)\b/;

/** The style sheet's rules one after the other: `{head, body}`, body null for a statement. */
function* rulesOf(css) {
  let start = 0;
  while (start < css.length) {
    const found = /[{;]/.exec(css.slice(start));
    if (!found) return;
    const at = start + found.index;
    const head = css.slice(start, at).trim();
    if (found[0] === ";") {
      yield { head, body: null };
      start = at + 1;
      continue;
    }
    let end = at + 1;
    for (let depth = 1; depth; end += 1) {
      if (css[end] === "{") depth += 1;
      else if (css[end] === "}") depth -= 1;
      else if (css[end] === '"') end = css.indexOf('"', end + 1);
    }
    yield { head, body: css.slice(at + 1, end - 1) };
    start = end;
  }
}

/** The parts of a list that commas separate, but for those within brackets and quotes. */
function partsOf(text, separator = ",") {
  const parts = [""];
  let depth = 0;
  let quote = "";
  for (const letter of text) {
    if (quote) quote = letter === quote ? "" : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if ("([".includes(letter)) depth += 1;
    else if (")]".includes(letter)) depth -= 1;
    else if (letter === separator && !depth) {
      parts.push("");
      continue;
    }
    parts[parts.length - 1] += letter;
  }
  return parts;
}

/** Whether elements of our pages can match. What `:not()` excludes need not exist; of what `:is()`
    offers, the whole is kept if a part may match. */
function mayMatch(selector, classes) {
  const asked = selector.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, "").replace(/:(is|where|has)\((?:[^()]|\([^()]*\))*\)/g, "");
  return [...asked.matchAll(/\.(-?[_a-zA-Z][\w-]*)/g)].every(([, name]) => classes.has(name));
}

function pruned(css, classes) {
  let kept = "";
  for (const { head, body } of rulesOf(css)) {
    if (body === null) kept += `${head};`;
    else if (AT_GROUPS.test(head)) {
      const inner = pruned(body, classes);
      if (inner) kept += `${head}{${inner}}`;
    } else if (head.startsWith("@")) kept += `${head}{${body}}`;
    else {
      const selectors = partsOf(head).filter((one) => mayMatch(one, classes));
      if (selectors.length && body.trim()) kept += `${selectors.join(",")}{${body}}`;
    }
  }
  return kept;
}

/** Without the animations and variables that neither it nor `others` name, nor the list. */
function withoutUnnamed(css, used, others) {
  const named = new Set([...(css + others).matchAll(/var\((--[\w-]+)/g)].map(([, name]) => name));
  for (const name of used) if (name.startsWith("--")) named.add(name);
  const moves = [...css.matchAll(/animation(?:-name)?:([^;}]+)/g)].map(([, words]) => words).join(" ");
  const walk = (text) => {
    let kept = "";
    for (const { head, body } of rulesOf(text)) {
      if (body === null) kept += `${head};`;
      else if (AT_GROUPS.test(head)) {
        const inner = walk(body);
        if (inner) kept += `${head}{${inner}}`;
      } else if (head.startsWith("@keyframes")) {
        if (moves.includes(head.split(/\s+/)[1])) kept += `${head}{${body}}`;
      } else if (head.startsWith("@")) kept += `${head}{${body}}`;
      else {
        const lines = partsOf(body, ";").filter((line) => {
          const name = line.slice(0, line.indexOf(":")).trim();
          return line.trim() && !(name.startsWith("--") && !named.has(name));
        });
        if (lines.length) kept += `${head}{${lines.join(";")}}`;
      }
    }
    return kept;
  };
  return walk(css);
}

/** `used`: names of classes, and of variables with their `--`; `others`: a style sheet that is read
    beside this one. */
export function prune(css, used, others) {
  let found = pruned(css.replace(/\/\*[\s\S]*?\*\//g, ""), used);
  for (;;) {
    const fewer = withoutUnnamed(found, used, others);
    if (fewer.length === found.length) return fewer;
    found = fewer;
  }
}

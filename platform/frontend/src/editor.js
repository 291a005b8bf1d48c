// The editor of definitions: CodeMirror with YAML, asked from outside for everything it knows.
import { EditorState, Compartment, Transaction } from "@codemirror/state";
import {
  EditorView,
  keymap,
  lineNumbers,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  drawSelection,
  dropCursor,
  hoverTooltip,
  placeholder,
} from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import {
  HighlightStyle,
  bracketMatching,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { yaml } from "@codemirror/lang-yaml";
import { tags } from "@lezer/highlight";
import { StyleModule } from "style-mod";

// The policy of our pages allows no style element; sheets that a script makes are our own code.
const mounted = new Set();
StyleModule.mount = (_root, modules) => {
  for (const one of [modules].flat()) {
    if (mounted.has(one)) continue;
    mounted.add(one);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(one.getRules());
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
};

// classes, not colours: the style sheet knows light and dark
const highlight = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], class: "yaml-key" },
  { tag: tags.string, class: "yaml-string" },
  { tag: tags.comment, class: "yaml-comment" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], class: "yaml-sign" },
  { tag: [tags.number, tags.bool, tags.null], class: "yaml-word" },
]);

// What no definition can be is shown without colours: a parser that is given ten thousand brackets,
// or a book, would hold up whoever pasted them. The server still says what is wrong with it.
const MOST_COLOURED = 280_000;
const DEEPEST = 120;
const LONGEST_LINE = 20_000;
const MOST_HELD = 4_000_000;
const colours = [
  yaml(),
  syntaxHighlighting(highlight),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightSelectionMatches(),
];
const plain = [];

function isPlain(doc) {
  if (doc.length > MOST_COLOURED) return true;
  let depth = 0;
  for (const cursor = doc.iterLines(); !cursor.next().done; ) {
    const line = cursor.value;
    if (line.length > LONGEST_LINE) return true;
    const indent = line.length - line.trimStart().length;
    if (indent > 4 * DEEPEST || /^\s*(?:[-?] ){40}/.test(line)) return true;
    for (let at = indent; at < line.length; at += 1) {
      const sign = line.charCodeAt(at);
      if (sign === 91 || sign === 123) depth += 1;
      else if (sign === 93 || sign === 125) depth -= 1;
      if (depth > DEEPEST) return true;
    }
    if (depth < 0) depth = 0;
  }
  return false;
}

// in the transaction that brings the text, so that the parser never begins with it
const guard = (place) =>
  EditorState.transactionExtender.of((change) => {
    if (!change.docChanged) return null;
    const wanted = isPlain(change.newDoc) ? plain : colours;
    return place.get(change.startState) === wanted ? null : { effects: place.reconfigure(wanted) };
  });

// What takes the place of a selection is written by us: a browser that does it keeps the looks of what
// was there in a style attribute, which the policy refuses with a complaint.
const overwriting = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== "insertText" || event.data === null || view.composing) return false;
    const { from, to, empty } = view.state.selection.main;
    if (empty || view.state.readOnly) return false;
    event.preventDefault();
    const usual = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    const handled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, usual));
    if (!handled) view.dispatch(usual());
    return true;
  },
});

// `host`: where it is put. `asked`: { complete(text, offset), hover(text, offset), changed(text),
// moved(line), refused(length), phrases, label }. Offsets of the answers count characters; CodeMirror
// counts UTF-16 units.
export function createEditor(host, asked) {
  const writable = new Compartment();
  const coloured = new Compartment();
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: "",
      extensions: [
        lineNumbers(),
        highlightActiveLineGutter(),
        highlightSpecialChars(),
        history(),
        foldGutter(),
        lintGutter(),
        drawSelection(),
        dropCursor(),
        indentUnit.of("  "),
        EditorState.tabSize.of(2),
        EditorState.phrases.of(asked.phrases ?? {}),
        autocompletion({ override: [source(asked, coloured)], icons: false, activateOnTypingDelay: 150 }),
        hoverTooltip(pointed(asked, coloured), { hoverTime: 350 }),
        highlightActiveLine(),
        search({ top: true }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": asked.label, tabindex: "0" }),
        placeholder(asked.placeholder ?? ""),
        writable.of([]),
        coloured.of(colours),
        guard(coloured),
        overwriting,
        EditorState.changeFilter.of((change) => {
          if (change.newDoc.length <= MOST_HELD) return true;
          asked.refused?.(change.newDoc.length);
          return false;
        }),
        keymap.of([
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...foldKeymap,
          ...completionKeymap,
          ...lintKeymap,
          indentWithTab,
        ]),
        EditorView.updateListener.of((update) => {
          const loaded = update.transactions.some((one) => one.annotation(Transaction.remote));
          if (update.docChanged && !loaded) asked.changed(view.state.doc.toString());
          if (update.selectionSet || update.docChanged) {
            asked.moved?.(update.state.doc.lineAt(update.state.selection.main.head).number);
          }
        }),
      ],
    }),
  });
  return {
    view,
    text: () => view.state.doc.toString(),
    // another text, which is nobody's change
    load(text, mayWrite) {
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        selection: { anchor: 0 },
        annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
        effects: writable.reconfigure(mayWrite ? [] : [EditorState.readOnly.of(true), EditorView.editable.of(false)]),
        scrollIntoView: true,
      });
    },
    // problems of this file: { line, column, end_column, severity, message, fix, code }
    mark(problems) {
      view.dispatch(setDiagnostics(view.state, problems.map((one) => diagnostic(view.state.doc, one))));
    },
    goTo(line, column = 1) {
      const at = position(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
  };
}

function position(doc, line, column) {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return found.from + units(found.text, column - 1);
}

// characters → UTF-16 units, and back
function units(text, characters) {
  let at = 0;
  for (let left = characters; left > 0 && at < text.length; left -= 1) {
    at += text.codePointAt(at) > 0xffff ? 2 : 1;
  }
  return at;
}

function characters(text, unit) {
  return [...text.slice(0, unit)].length;
}

function diagnostic(doc, one) {
  const from = position(doc, one.line, one.column);
  const to = Math.max(position(doc, one.line, one.end_column), Math.min(from + 1, doc.length));
  return {
    from: Math.min(from, to),
    to,
    severity: one.severity === "warning" ? "warning" : "error",
    message: `${one.message} ${one.fix}`,
    source: one.code,
  };
}

const TYPES = { key: "property", name: "variable", word: "keyword", field: "variable", function: "function" };

function source(asked, coloured) {
  return async (context) => {
    const before = context.matchBefore(/[\w.\-/]*$/);
    const text = context.state.doc.toString();
    const last = text.slice(Math.max(0, context.pos - 1), context.pos);
    if (!context.explicit && !(before && before.text) && !/[ .{("'[]/.test(last)) return null;
    if (coloured.get(context.state) === plain) return null;
    const found = await asked.complete(text, characters(text, context.pos));
    if (!found || context.aborted) return null;
    const from = units(text, found.start);
    return {
      from,
      filter: false,
      options: found.items.map((one) => ({
        label: one.label,
        detail: one.detail === "*" ? asked.required : one.detail,
        info: one.said || undefined,
        type: TYPES[one.kind],
        apply: one.insert ? (view, _completion, start, end) => insert(view, one.insert, start, end) : undefined,
      })),
    };
  };
}

// a map begins on its own line, two deeper than its key
function insert(view, words, from, to) {
  const line = view.state.doc.lineAt(from);
  const depth = from - line.from;
  const rest = view.state.doc.sliceString(to, line.to);
  let text = words;
  if (words.endsWith(":\n")) {
    const block = !/[{[]/.test(line.text.slice(0, depth)) && !rest.trim();
    text = block ? `${words}${" ".repeat(depth + 2)}` : `${words.slice(0, -1)} `;
  } else if (words.endsWith(": ") && rest.startsWith(":")) text = words.slice(0, -2);
  view.dispatch({
    changes: { from, to, insert: text },
    selection: { anchor: from + text.length },
    userEvent: "input.complete",
  });
}

function pointed(asked, coloured) {
  return async (view, pos) => {
    if (coloured.get(view.state) === plain) return null;
    const text = view.state.doc.toString();
    const found = await asked.hover(text, characters(text, pos));
    if (!found || view.state.doc.toString() !== text) return null;
    return {
      pos: units(text, found.start),
      end: units(text, found.end),
      above: true,
      create: () => ({ dom: card(found, asked) }),
    };
  };
}

function card(found, asked) {
  const box = document.createElement("div");
  box.className = "studio-hover";
  const title = document.createElement("strong");
  title.textContent = found.title;
  box.append(title);
  for (const line of found.lines) {
    const words = document.createElement("p");
    words.textContent = line;
    box.append(words);
  }
  if (found.at) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${found.at.file}:${found.at.line}`;
    button.addEventListener("click", () => asked.open(found.at.file, found.at.line));
    box.append(button);
  }
  return box;
}

// The picture of a workflow: larger, smaller, as wide as its paper.

const STEPS = [0.6, 0.8, 1, 1.25, 1.6, 2];

function zoomable(figure) {
  if (figure.querySelector(".flow-zoom")) return;
  const paper = figure.querySelector("[data-flow-paper]");
  const svg = paper.querySelector("svg");
  const { larger, smaller, fitted, zoom } = figure.dataset;
  const wide = Number(svg.dataset.wide);
  const high = svg.viewBox.baseVal.height;
  const size = (factor) => {
    svg.classList.add("zoomed");
    svg.setAttribute("width", String(wide * factor));
    svg.setAttribute("height", String(high * factor));
  };
  const now = () => svg.getBoundingClientRect().width / wide;
  const fit = () => {
    svg.classList.remove("zoomed");
    const room = paper.clientWidth - 10;
    if (svg.classList.contains("wide")) size(Math.min(1, room / wide));
    else {
      svg.setAttribute("width", String(wide));
      svg.setAttribute("height", String(high));
    }
  };
  const bar = document.createElement("div");
  bar.className = "flow-zoom";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", zoom);
  const button = (sign, words, deed) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-sm";
    made.textContent = sign;
    made.setAttribute("aria-label", words);
    made.title = words;
    made.addEventListener("click", deed);
    bar.append(made);
  };
  button("−", smaller, () => size([...STEPS].reverse().find((f) => f < now() - 0.02) ?? STEPS[0]));
  button("+", larger, () => size(STEPS.find((f) => f > now() + 0.02) ?? STEPS.at(-1)));
  button("↔", fitted, fit);
  figure.prepend(bar);
  centre(paper, svg);
}

// what is being handled comes into view, without moving the page
function centre(paper, svg) {
  const here = svg.querySelector('[aria-current="step"]') ?? svg;
  const box = here.getBoundingClientRect();
  const around = paper.getBoundingClientRect();
  paper.scrollLeft += box.left + box.width / 2 - (around.left + around.width / 2);
  if (here !== svg) paper.scrollTop += box.top + box.height / 2 - (around.top + around.height / 2);
}

// a step leads to its entry, though the round of it is folded up
document.addEventListener("click", (event) => {
  const step = event.target.closest('.flow-svg a[href^="#"]');
  const round = step && document.getElementById(step.getAttribute("href").slice(1))?.closest("details");
  if (round) round.open = true;
});

export function drawn(root = document) {
  for (const figure of root.querySelectorAll(".flow-figure")) zoomable(figure);
}

document.addEventListener("htmx:afterSettle", () => drawn());
drawn();

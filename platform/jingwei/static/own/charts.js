// Charts of tiles: drawn with ECharts, which only pages with charts load. A bar leads to its parts.

const places = [...document.querySelectorAll("[data-chart]")];
const words = document.documentElement.lang;
const style = getComputedStyle(document.documentElement);
const ink = (name) => style.getPropertyValue(name).trim();
const LIGHTS = { red: "#d32f2f", orange: "#ef6c00", yellow: "#f2b705", green: "#2e9e4f", grey: "#9aa5b1" };
const COLORS = ["#2f6fb5", "#e08a1e", "#4a9b6e", "#8a63b8", "#c2556b", "#3c9aa8", "#8f7a3c"];

for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
document.body.classList.add("scripted");
// of a row of periods the last ones matter
for (const matrix of document.querySelectorAll(".matrix")) matrix.parentElement.scrollLeft = matrix.offsetWidth;

if (places.length) {
  const { init } = await import(document.querySelector("script[data-charts]").dataset.charts);
  const drawn = places.map((place) => draw(init, place));
  const resized = new ResizeObserver(() => drawn.forEach((chart) => chart.resize()));
  places.forEach((place) => resized.observe(place));
  document.body.dataset.charts = "drawn";
}

function draw(init, place) {
  const model = JSON.parse(place.dataset.chart);
  const chart = init(place, null, { renderer: "svg" });
  if (model.labels) place.style.height = `${Math.max(96, 44 + 30 * model.categories.length)}px`;
  chart.resize();
  chart.setOption(options(model, place.clientWidth));
  chart.on("click", (event) => {
    const href = model.series[event.seriesIndex]?.hrefs?.[event.dataIndex];
    if (href) location.href = href;
  });
  return chart;
}

function options(model, width) {
  const isNarrow = width < 520;
  if (model.chart === "pie") return pie(model);
  if (model.chart === "radar") return radar(model);
  const flat = model.chart === "hbar" || (isNarrow && model.chart === "bar" && model.categories.length > 4);
  const units = [...new Set(model.series.map((s) => s.unit))];
  // names may take two fifths where values stand beside their bars
  const room = model.labels ? Math.min(240, Math.round(width * 0.4)) : 88;
  const names = { type: "category", data: model.categories, axisTick: { show: false }, axisLine: { lineStyle: { color: ink("--line") } }, axisLabel: { color: ink("--soft"), interval: 0, hideOverlap: true, width: flat ? room : undefined, overflow: "truncate" }, inverse: flat };
  if (!flat && model.categories.length > 6) Object.assign(names.axisLabel, { interval: "auto" });
  const amounts = units.map((unit, place) => ({
    type: "value",
    name: units.length > 1 ? unit : undefined,
    nameTextStyle: { color: ink("--soft"), align: place ? "right" : "left" },
    position: place ? "right" : undefined,
    axisLabel: { color: ink("--soft"), formatter: (v) => short(v) },
    splitNumber: isNarrow ? 3 : 5,
    splitLine: { show: place === 0, lineStyle: { color: ink("--line") } },
  }));
  return {
    animation: false,
    color: COLORS,
    textStyle: { fontFamily: ink("--tblr-font-sans-serif") || "sans-serif" },
    grid: { left: 8, right: model.labels ? (isNarrow ? 76 : 104) : 14, top: model.series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
    legend: model.series.length > 1 ? { top: 0, type: "scroll", textStyle: { color: ink("--soft") } } : undefined,
    tooltip: { trigger: "axis", confine: true, axisPointer: { type: "shadow" }, formatter: (points) => tip(model, points) },
    [flat ? "xAxis" : "yAxis"]: amounts,
    [flat ? "yAxis" : "xAxis"]: names,
    series: model.series.map((one, number) => ({
      type: model.chart === "line" || model.chart === "area" ? "line" : "bar",
      areaStyle: model.chart === "area" ? { opacity: 0.15 } : undefined,
      stack: model.chart === "stacked" ? "all" : undefined,
      name: one.title,
      [flat ? "xAxisIndex" : "yAxisIndex"]: units.indexOf(one.unit),
      barMaxWidth: model.labels ? 18 : 34,
      label: model.labels ? { show: true, position: "right", color: ink("--ink"), formatter: (point) => one.texts[point.dataIndex] } : undefined,
      symbolSize: 7,
      cursor: one.hrefs?.some(Boolean) ? "pointer" : "default",
      data: one.values.map((value, place) => ({ value, itemStyle: tint(one, place, number) })),
    })),
  };
}

function tint(one, place) {
  const light = one.lights?.[place];
  return light && light !== "green" ? { color: LIGHTS[light] } : undefined;
}

function pie(model) {
  const [one] = model.series;
  return {
    animation: false,
    color: COLORS,
    tooltip: { confine: true, formatter: (point) => tip(model, [point]) },
    series: [{ type: "pie", radius: ["40%", "70%"], label: { color: ink("--ink") }, data: model.categories.map((name, place) => ({ name, value: one.values[place] })) }],
  };
}

function radar(model) {
  const most = model.categories.map((_, place) => Math.max(...model.series.map((s) => Math.abs(s.values[place] ?? 0))) || 1);
  return {
    animation: false,
    color: COLORS,
    legend: { top: 0, textStyle: { color: ink("--soft") } },
    radar: { indicator: model.categories.map((name, place) => ({ name, max: most[place] })), axisName: { color: ink("--soft") } },
    series: [{ type: "radar", data: model.series.map((s) => ({ name: s.title, value: s.values })) }],
  };
}

// built of nodes: the policy of the page allows no style in markup
function tip(model, points) {
  const box = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = points[0]?.name ?? "";
  box.append(head);
  for (const point of points) {
    const one = model.series[point.seriesIndex];
    const line = document.createElement("div");
    line.textContent = `${one.title}: ${one.texts[point.dataIndex]}${one.unit && !one.texts[point.dataIndex].endsWith("%") ? ` ${one.unit}` : ""}`;
    box.append(line);
  }
  return box;
}

function short(value) {
  return new Intl.NumberFormat(words, { notation: Math.abs(value) >= 100000 ? "compact" : "standard", maximumFractionDigits: 1 }).format(value);
}

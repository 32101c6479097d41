// Builds the page from the JSON in #data: the summary, the table of values, and the sections after it. Every text of the
// model is set as text, never as HTML. A value's figure is drawn when its row is opened for the first time.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

// An element with classes, children (nodes or text; null is left out) and properties.
function make(tag, classes, children, properties) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  for (const child of [children ?? []].flat()) if (child !== null) element.append(child);
  for (const [name, value] of Object.entries(properties ?? {})) element.setAttribute(name, value);
  return element;
}

// Numbers as a reader wants them. A number that is not known is a dash.
const known = (x) => typeof x === "number" && Number.isFinite(x);
const tidy = (x, digits = 4) => {
  if (!known(x)) return "–";
  const size = Math.abs(x);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? x.toExponential(digits - 1) : String(Number(x.toPrecision(digits)));
  return text.replace("-", "−");
};
const decibel = (x) => (known(x) ? (x >= 200 ? "exact" : x.toFixed(1).replace("-", "−")) : "–");
const share = (x) => (!known(x) ? "–" : x === 0 ? "0 %" : x < 1e-6 ? "< 0.0001 %" : `${Number((100 * x).toPrecision(3))} %`);
const whole = (x) => (known(x) ? x.toLocaleString("en") : "–");
const interval = (range) => (range ? `${tidy(range[0])} … ${tidy(range[1])}` : "–");
const plural = (n, one) => `${whole(n)} ${one}${n === 1 ? "" : "s"}`;

// --- Summary

function card(title, text, note) {
  return make("div", "", [make("dt", "", title), make("dd", "", text), note ? make("dd", "note", note) : null]);
}

function showSummary() {
  document.title = `Lowbit report: ${data.title}`;
  byId("title").textContent = data.title;
  const worst = data.values[0];
  const cards = [card("Values", whole(data.values.length), roles().map(([role, n]) => `${n} ${role}`).join(", "))];
  if (known(data.samples)) {
    const held = data.heldOut?.separate ? `${whole(data.heldOut.samples)} more were held out to measure on` : "";
    cards.push(card("Samples observed", whole(data.samples), held));
  }
  if (worst && worst.sqnr !== null) {
    cards.push(card("Lowest SQNR", `${decibel(worst.sqnr)} dB`, make("a", "name", worst.name, { href: linkTo(worst) })));
    cards.push(card("Median SQNR", `${decibel(data.medianSqnr)} dB`, "over all values that have one"));
  }
  cards.push(card("Values with warnings", whole(data.warned), data.warned ? "see the column of warnings" : "nothing stood out"));
  const total = Object.values(data.results).reduce((sum, n) => sum + n, 0);
  if (total) {
    const float = data.results.float ?? 0;
    cards.push(card("Operations not float", `${whole(total - float)} of ${whole(total)}`, float ? `${whole(float)} stay float` : ""));
  }
  byId("summary").append(...cards);
}

function roles() {
  const counts = new Map();
  for (const value of data.values) counts.set(value.role, (counts.get(value.role) ?? 0) + 1);
  return [...counts].filter(([role]) => role).sort();
}

// --- The table of values

function meter(sqnr) {
  if (!known(sqnr)) return null;
  const bar = make("i", sqnr < 20 ? "low" : "");
  bar.style.width = `${Math.max(2, Math.min(100, (sqnr / 60) * 100))}%`;
  return make("span", "meter", bar, { "aria-hidden": "true" });
}

const columns = [
  { title: "Value", key: (v) => v.name, cell: null },
  { title: "SQNR, dB", key: (v) => v.sqnr, number: true, cell: (v) => [meter(v.sqnr), decibel(v.sqnr)] },
  { title: "Role", key: (v) => v.role, cell: (v) => v.role },
  { title: "Method", key: (v) => v.method, cell: (v) => v.method },
  { title: "Range", key: (v) => (v.range ? v.range[1] - v.range[0] : null), number: true, cell: (v) => interval(v.range) },
  { title: "Clipped", key: (v) => v.clipped, number: true, cell: (v) => share(v.clipped) },
  { title: "Warnings", key: (v) => v.warnings.length, cell: (v) => warningTag(v) },
];
const warningTag = (v) => (v.warnings.length ? make("span", "tag", v.warnings.length === 1 ? shortened(v.warnings[0]) : plural(v.warnings.length, "warning")) : "");
const shortened = (text) => (text.length > 34 ? `${text.slice(0, 32).trimEnd()} …` : text);

let rows = [];
let order = { column: columns[1], down: false };

function makeRow(value, index) {
  const button = make("button", "open-row name", value.name, {
    type: "button", "aria-expanded": "false", "aria-controls": `detail-${index}`,
  });
  const cells = columns.map((column) =>
    make("td", column.number ? "number" : "", column.cell ? column.cell(value) : button));
  const row = make("tr", "row", cells, { "data-name": value.name });
  const space = make("td", "detail", [], { colspan: columns.length });
  const detail = make("tr", "", space, { id: `detail-${index}` });
  detail.hidden = true;
  const text = [value.name, value.role, value.method, value.format, value.rule, value.reason, ...value.warnings];
  const entry = { value, row, detail, space, button, figures: null, text: text.join("\n").toLowerCase() };
  row.addEventListener("click", () => {
    if (!String(window.getSelection())) toggle(entry);
  });
  return entry;
}

function toggle(entry) {
  const open = entry.detail.hidden;
  entry.detail.hidden = !open;
  entry.row.classList.toggle("open", open);
  entry.button.setAttribute("aria-expanded", String(open));
  if (!open) return;
  if (!entry.figures) fillDetail(entry);
  for (const draw of entry.figures) draw();
}

function sortRows() {
  const { column, down } = order;
  const compare = (a, b) => {
    const [x, y] = [column.key(a.value), column.key(b.value)];
    const [noX, noY] = [x === null || x === undefined, y === null || y === undefined];
    if (noX || noY) return noX - noY; // what has none is last either way
    const way = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return down ? -way : way;
  };
  rows.sort(compare);
  byId("table").tBodies[0].append(...rows.flatMap((entry) => [entry.row, entry.detail]));
  byId("table").querySelectorAll("thead th").forEach((th, i) => {
    th.setAttribute("aria-sort", columns[i] === column ? (down ? "descending" : "ascending") : "none");
  });
}

function filterRows() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const entry of rows) {
    const fits = words.every((word) => entry.text.includes(word))
      && (!byId("role").value || entry.value.role === byId("role").value)
      && (!byId("warned").checked || entry.value.warnings.length > 0);
    entry.row.hidden = !fits;
    entry.detail.hidden = !fits || entry.button.getAttribute("aria-expanded") === "false";
    shown += fits;
  }
  byId("shown").textContent = shown === rows.length ? plural(shown, "value") : `${whole(shown)} of ${plural(rows.length, "value")}`;
}

function showValues() {
  const heads = columns.map((column) => {
    const button = make("button", "", column.title, { type: "button" });
    button.addEventListener("click", () => {
      order = { column, down: order.column === column ? !order.down : false };
      sortRows();
    });
    return make("th", column.number ? "number" : "", button, { scope: "col" });
  });
  byId("table").tHead.append(make("tr", "", heads));
  rows = data.values.map(makeRow);
  if (!rows.length) byId("values").querySelector(".scroll").replaceChildren(make("p", "none", "No value was quantized."));
  else sortRows();
  for (const [role] of roles()) byId("role").append(make("option", "", role, { value: role }));
  byId("filters").addEventListener("input", filterRows);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  filterRows();
  if (rows.length) toggle(rows[0]);
}

// #value=NAME opens that value, so that a link can point at it.
const linkTo = (value) => `#value=${encodeURIComponent(value.name)}`;

function followLink() {
  if (!location.hash.startsWith("#value=")) return;
  const name = decodeURIComponent(location.hash.slice("#value=".length));
  const entry = rows.find((candidate) => candidate.value.name === name);
  if (!entry) return;
  if (entry.row.hidden) { byId("filters").reset(); filterRows(); }
  if (entry.detail.hidden) toggle(entry);
  entry.row.scrollIntoView({ block: "start" });
  entry.button.focus({ preventScroll: true });
}

// --- The detail of a value

function facts(value) {
  const list = make("dl", "facts");
  const add = (title, text) => { if (text !== "" && text !== null && text !== "–") list.append(make("dt", "", title), make("dd", "", text)); };
  add("Format", make("code", "", value.format));
  add("Granularity", value.granularity);
  add("Scale", value.scaleLine ? `${whole(value.scales)} of them` : tidy(value.scale));
  add("Zero point", known(value.zeroPoint) ? String(value.zeroPoint).replace("-", "−") : "");
  add("Parameters", value.parameters ?? "");
  add("Chosen range", interval(value.range));
  add("Seen", interval(value.observed));
  add("Elements", whole(value.count));
  add("Samples", whole(value.samples));
  add("Clipped", share(value.clipped));
  add("SQNR", known(value.sqnr) ? `${decibel(value.sqnr)} dB` : "");
  add("Rule", value.rule ? make("code", "", value.rule) : "");
  add("Shares with", value.sharedWith.length ? make("span", "name", value.sharedWith.join(", ")) : "");
  add("Why", value.reason);
  add("Note", value.note);
  add("Location", value.location ? make("code", "", value.location) : "");
  return list;
}

function candidateTable(value) {
  const measured = value.candidates.some((c) => known(c.output_sqnr_db));
  const heads = ["Method", "Range", "Objective", "SQNR, dB", "Clipped", ...(measured ? ["Output SQNR, dB"] : [])];
  const lines = value.candidates.map((c) => {
    const numbers = [interval(c.range), tidy(c.objective), decibel(c.sqnr_db), share(c.clipped),
      ...(measured ? [known(c.output_sqnr_db) ? c.output_sqnr_db.toFixed(2).replace("-", "−") : "–"] : [])];
    const chosen = c.method === value.method;
    const name = make("td", "", chosen ? `${c.method} (chosen)` : c.method);
    if (c.note) name.append(make("div", "hint", c.note));
    return make("tr", chosen ? "chosen" : "", [name, ...numbers.map((text) => make("td", "number", text))]);
  });
  const head = make("tr", "", heads.map((text, i) => make("th", i ? "number" : "", text, { scope: "col" })));
  return make("table", "", [make("caption", "hidden", `Candidates for ${value.name}`), make("thead", "", head), make("tbody", "", lines)]);
}

function fillDetail(entry) {
  const { value } = entry;
  entry.figures = [];
  const side = make("div", "", [...value.warnings.map((text) => make("p", "callout", text)), facts(value)]);
  const panel = make("div", "panel");
  if (value.histogram) panel.append(histogramFigure(entry));
  else if (value.scaleLine) panel.append(scaleFigure(entry));
  panel.append(side);
  if (value.candidates.length) {
    panel.append(make("div", "wide", [make("h3", "", "Candidates"), make("div", "candidates scroll", candidateTable(value))]));
  }
  if (!panel.querySelector(".figure")) side.classList.add("wide");
  entry.space.append(panel);
}

// --- Figures

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function layout(height, changes) {
  const axis = { gridcolor: colour("--grid"), linecolor: colour("--line"), zerolinecolor: colour("--grid"), automargin: true };
  return {
    height, margin: { l: 56, r: 30, t: 26, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--ink") }, bargap: 0, showlegend: false,
    hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
    ...changes, xaxis: { ...axis, ...changes.xaxis }, yaxis: { ...axis, ...changes.yaxis },
    ...(changes.yaxis2 ? { yaxis2: { ...axis, ...changes.yaxis2 } } : {}),
  };
}

// A frame with its tools; `draw` is called when the row opens and when the theme changes.
function figure(entry, title, tools, description, draw) {
  const plot = make("div", "plot", [], { role: "img", "aria-label": description });
  entry.figures.push(() => draw(plot));
  return make("div", "figure", [make("div", "tools", [make("h3", "", title), ...tools]), plot]);
}

function switchButton(text, pressed, change) {
  const button = make("button", "plain", text, { type: "button", "aria-pressed": String(pressed) });
  button.addEventListener("click", () => {
    const now = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(now));
    change(now);
  });
  return button;
}

function histogramFigure(entry) {
  const { value } = entry;
  const state = { log: true, near: Boolean(value.near && value.nearFirst) };
  const redraw = () => { for (const draw of entry.figures) draw(); };
  const key = make("span", "key", [make("i", "kept"), "within the range", make("i", "beyond"), "clipped"]);
  const tools = [key, switchButton("log scale", state.log, (on) => { state.log = on; redraw(); })];
  if (value.near) tools.push(switchButton("chosen range only", state.near, (on) => { state.near = on; redraw(); }));
  const description = `Histogram of ${value.name}: seen ${interval(value.observed)}, chosen ${interval(value.range)}, clipped ${share(value.clipped)}`;
  return figure(entry, "Histogram and the chosen range", tools, description, (plot) => drawHistogram(plot, value, state));
}

function drawHistogram(plot, value, state) {
  const { low, high, counts } = state.near ? value.near : value.histogram;
  const width = (high - low) / counts.length;
  const middles = counts.map((_, i) => low + (i + 0.5) * width);
  const [from, to] = value.range ?? [-Infinity, Infinity];
  const inside = (x) => x >= from - width / 2 && x <= to + width / 2;
  const spans = value.candidates.filter((c) => c.range);
  const bars = {
    type: "bar", x: middles, y: counts, width: counts.map(() => width),
    marker: { color: middles.map((x) => colour(inside(x) ? "--accent" : "--clipped")), line: { width: 0 } },
    customdata: middles.map((x) => `${tidy(x - width / 2)} … ${tidy(x + width / 2)}`),
    hovertemplate: "%{customdata}<br>about %{y:,} elements<extra></extra>",
  };
  // One line a candidate below the histogram, on the same axis.
  const lines = spans.map((c) => {
    const mine = c.method === value.method;
    return {
      type: "scatter", mode: "lines+markers", x: c.range, y: [c.method, c.method], yaxis: "y2",
      line: { color: colour(mine ? "--accent" : "--other"), width: mine ? 5 : 3 }, marker: { symbol: "line-ns-open", size: 11 },
      hovertemplate: `%{y}: ${interval(c.range)}<br>SQNR ${decibel(c.sqnr_db)} dB<extra></extra>`,
    };
  });
  const edges = (value.range ?? []).map((x) => ({
    type: "line", x0: x, x1: x, y0: 0, y1: 1, xref: "x", yref: "paper", line: { color: colour("--accent"), width: 1.5, dash: "dot" },
  }));
  const labels = (value.range ?? []).map((x, i) => ({
    x, y: 1, xref: "x", yref: "paper", yanchor: "bottom", xanchor: "center", text: tidy(x), showarrow: false,
    font: { color: colour("--accent") },
  }));
  const margin = 0.02 * (high - low);
  const ends = [low, high, ...(value.range ?? [])];
  const below = spans.length ? Math.min(0.42, 0.08 + 0.055 * spans.length) : 0;
  Plotly.react(plot, [bars, ...lines], layout(270 + 24 * spans.length, {
    shapes: edges, annotations: labels,
    xaxis: { range: [Math.min(...ends) - margin, Math.max(...ends) + margin], anchor: spans.length ? "y2" : "y", nticks: 9 },
    yaxis: {
      domain: [below ? below + 0.05 : 0, 1], title: { text: "elements" }, type: state.log ? "log" : "linear", nticks: 5,
      exponentformat: "power", ...(state.log ? { dtick: Math.max(1, Math.ceil(Math.log10(Math.max(...counts, 10)) / 5)) } : { rangemode: "tozero" }),
    },
    ...(spans.length ? { yaxis2: { domain: [0, below], type: "category", autorange: "reversed", showgrid: false } } : {}),
  }), { displayModeBar: false, responsive: true });
}

function scaleFigure(entry) {
  const { value } = entry;
  const { step, scale } = value.scaleLine;
  const note = step > 1 ? `, every ${whole(step)}th of ${whole(value.scales)}` : "";
  const description = `Scale of each of ${value.scales} channels or groups of ${value.name}`;
  return figure(entry, `Scale by channel or group${note}`, [], description, (plot) => {
    const line = {
      type: "bar", x: scale.map((_, i) => i * step), y: scale, marker: { color: colour("--accent"), line: { width: 0 } },
      hovertemplate: "%{x}: %{y:.4g}<extra></extra>",
    };
    Plotly.react(plot, [line], layout(270, {
      xaxis: { title: { text: "channel or group" }, nticks: 9 }, yaxis: { title: { text: "scale" }, rangemode: "tozero", nticks: 6 },
    }), { displayModeBar: false, responsive: true });
  });
}

// --- Preparations, constraints, operations

function fillSection(id, heads, lines) {
  if (!lines.length) return;
  const head = make("tr", "", heads.map((text) => make("th", text.endsWith("dB") ? "number" : "", text, { scope: "col" })));
  const body = lines.map((cells) => make("tr", "", cells.map((cell, i) => make("td", heads[i].endsWith("dB") ? "number" : "", cell))));
  byId(id).querySelector("table").append(make("thead", "", head), make("tbody", "", body));
  byId(id).hidden = false;
}

function showSections() {
  const db = (x) => (known(x) ? x.toFixed(2).replace("-", "−") : "–");
  if (data.heldOut) {
    const found = data.heldOut;
    const singles = [...(found.singles ?? [])].sort((a, b) => b.db - a.db);
    const own = `a choice for each value: ${whole(found.changed)} of ${whole(found.values)} are not the best single method's`;
    fillSection("search-results", ["Method of all values", "Output SQNR, dB"], [
      [make("strong", "", own), make("strong", "", db(found.auto_db))], ...singles.map((single) => [single.method, db(single.db)])]);
    const apart = found.separate ? "held-out samples, which were not observed" : "samples that may have been observed too";
    byId("search-results").querySelector(".hint").textContent =
      `Each choice was measured at the model's outputs, against float, on ${whole(found.samples)} ${apart}.`;
  }
  fillSection("preparations", ["Preparation", "Where", "Kept", "Before, dB", "After, dB", "Why"], data.preparations.map((p) => [
    p.name, make("span", "name", String(p.target ?? "")), p.kept ? make("span", "yes", "yes") : "no",
    db(p.before_db), db(p.after_db), p.reason ?? ""]));
  fillSection("constraints", ["Values", "Outcome", "Why"], data.constraints.map((c) => [
    make("span", "name", (c.values ?? []).join(", ")),
    c.rescaled_at ? ["rescaled at ", make("span", "name", [c.rescaled_at].flat().join(", "))] : "one set of parameters",
    c.reason ?? ""]));
  fillSection("operations", ["Operation", "Kind", "Why", "What would change it"], data.stayedFloat.map((o) => [
    make("span", "name", o.name), make("code", "", o.op), o.reason, o.change]));
}

// --- Theme: the system's, until the button is pressed

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light theme" : "Dark theme";
  for (const entry of rows) if (entry.figures && !entry.detail.hidden) for (const draw of entry.figures) draw();
}

const system = window.matchMedia("(prefers-color-scheme: dark)");
setTheme(system.matches ? "dark" : "light");
system.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
showSummary();
showValues();
showSections();
window.addEventListener("hashchange", followLink);
followLink();

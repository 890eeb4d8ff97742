// Draws the charts of one symbol at a time, and keeps all that run along the dates on the same period.
"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 560px)");
// A finger that scrolls the page must not be caught by a chart.
const touch = matchMedia("(pointer: coarse)").matches;
const shown = { symbol: Object.keys(figures).at(-1), from: null, to: null };

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Deep: what a figure says about an axis joins what all axes have in common.
function merged(base, more) {
  const out = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const both = [value, out[key]].every((each) => each && typeof each === "object" && !Array.isArray(each));
    out[key] = both ? merged(out[key], value) : value;
  }
  return out;
}

function layoutOf(figure) {
  const axis = {
    gridcolor: color("--grid"), linecolor: color("--line"), zeroline: false, zerolinecolor: color("--soft"), automargin: true,
    title: { font: { size: 12 }, standoff: 8 }, fixedrange: touch,
  };
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: touch ? false : "zoom",
    font: { color: color("--soft"), size: narrow.matches ? 11 : 12, family: "inherit" },
    hoverlabel: { bgcolor: color("--card"), bordercolor: color("--line"), font: { color: color("--ink") } },
    margin: { l: 8, r: 12, t: 20, b: 8 }, hovermode: "x unified",
    legend: { orientation: "h", x: 0, y: 1.01, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    xaxis: figure.time ? { ...axis, type: "date", hoverformat: "%-d %b %Y" } : axis,
    yaxis: { ...axis, fixedrange: true },
  };
  if (figure.layout.yaxis2) layout.yaxis2 = { ...axis, fixedrange: true };
  const own = structuredClone(figure.layout);
  for (const name of ["xaxis", "yaxis", "yaxis2"]) {
    if (typeof own[name]?.title === "string") own[name].title = { text: own[name].title };
  }
  for (const note of own.annotations ?? []) note.bgcolor = color("--note");
  return merged(layout, own);
}

// The height that holds what a period shows; plotly itself looks at all dates.
function heightOf(figure, dates, from, to) {
  const start = dates.findIndex((date) => date >= from);
  const found = dates.findIndex((date) => date > to);
  const stop = found < 0 ? dates.length : found;
  let low = Infinity, high = -Infinity;
  for (const trace of figure.data) {
    if (trace.yaxis === "y2") continue;
    for (let row = Math.max(start, 0); row < stop; row++) {
      const value = trace.y[row];
      if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
    }
  }
  if (!(high > low)) return null;
  if (figure.layout.yaxis.type === "log") { low = Math.log10(low); high = Math.log10(high); }
  if (figure.layout.yaxis.rangemode === "tozero") { low = Math.min(low, 0); high = Math.max(high, 0); }
  const room = 0.04 * (high - low);
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
}

function withPeriod(layout, figure, dates) {
  if (!figure.time) return layout;
  const from = shown.from ?? dates[0], to = shown.to ?? dates.at(-1);
  layout.xaxis.range = [from, to];
  const range = figure.layout.yaxis.range ?? heightOf(figure, dates, from, to);
  if (range) layout.yaxis.range = range;
  return layout;
}

function draw() {
  for (const section of document.querySelectorAll("section")) {
    section.hidden = section.dataset.symbol !== shown.symbol;
  }
  const { dates, panels } = figures[shown.symbol];
  for (const chart of document.querySelectorAll(`section[data-symbol="${shown.symbol}"] .chart`)) {
    const figure = panels[chart.dataset.panel];
    const traces = figure.data.map((trace) => (trace.x ? trace : { ...trace, x: dates }));
    const layout = withPeriod(layoutOf(figure), figure, dates);
    const first = !chart.data;
    Plotly.react(chart, traces, layout, { responsive: true, displayModeBar: false });
    if (first && figure.time) chart.on("plotly_relayout", follow);
  }
  press("symbols", "symbol", shown.symbol);
}

// One chart was zoomed: all go there.
function follow(change) {
  const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
  if (from !== undefined) { shown.from = String(from).slice(0, 10); shown.to = String(to).slice(0, 10); }
  else if (change["xaxis.autorange"]) { shown.from = shown.to = null; }
  else return;
  press("spans", "months", null);
  draw();
}

function press(group, key, value) {
  for (const button of document.querySelectorAll(`#${group} button`)) {
    button.setAttribute("aria-pressed", String(button.dataset[key] === value));
  }
}

document.getElementById("symbols").addEventListener("click", ({ target }) => {
  if (target.dataset.symbol) { shown.symbol = target.dataset.symbol; draw(); }
});
document.getElementById("spans").addEventListener("click", ({ target }) => {
  const months = target.dataset.months;
  if (months === undefined) return;
  shown.to = null;
  shown.from = null;
  if (months !== "0") {
    const from = new Date(figures[shown.symbol].dates.at(-1));
    from.setUTCMonth(from.getUTCMonth() - Number(months));
    shown.from = from.toISOString().slice(0, 10);
  }
  press("spans", "months", months);
  draw();
});
for (const query of [dark, narrow]) query.addEventListener("change", draw);
press("spans", "months", "0");
draw();

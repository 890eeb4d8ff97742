// Draws the section that is chosen, and keeps all that runs along the dates on the same period.
const DAY_MS = 86_400_000, MONEY = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
const WRITTEN = {
  price: new Intl.NumberFormat("en", MONEY),
  number: new Intl.NumberFormat("en", { maximumSignificantDigits: 5 }),
  percent: new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 }),
  large: new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 }),
};
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const page = JSON.parse(document.getElementById("page").textContent);
const symbols = Object.keys(page.rows);
const shown = { section: symbols.at(-1), months: String(page.opens_on), from: 0, to: 0 };
const rows = {}, documents = {}, widths = new Map();

const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
const windowOf = (made) => made.get_model_by_name("window");
// The first row at or after a moment.
function rowAt(times, moment) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < moment) low = middle + 1; else high = middle;
  }
  return low;
}

async function load() {
  const style = getComputedStyle(document.documentElement);
  for (const symbol of symbols) {
    const columns = await columnsOf(page.rows[symbol]);
    columns.time = Float64Array.from(columns.day, (day, row) => day * DAY_MS + columns.second[row] * 1000);
    columns.direction = Array.from(columns.close, (close, row) =>
      style.getPropertyValue(close >= (columns.open ?? columns.close)[row] ? "--rising" : "--falling").trim());
    rows[symbol] = columns;
  }
}

// The columns that depend on the period.
function derive() {
  for (const columns of Object.values(rows)) {
    const start = Math.min(rowAt(columns.time, shown.from), columns.close.length - 1);
    columns.growth = columns.close.map((close) => (100 * close) / columns.close[start]);
    columns.bar = columns.time.map((time) => (time >= shown.from && time <= shown.to ? time : NaN));
  }
}

function risksOf(symbol) {
  const risks = page.risk[symbol];
  return risks.find(({ months }) => String(months) === shown.months) ?? risks.at(-1);
}

// The period of the numbers stays when a chart is zoomed by hand, and is always written beside them.
function say() {
  for (const symbol of symbols) {
    const { start, returns, words, values } = risksOf(symbol);
    const end = DATE.format(rows[symbol].time.at(-1));
    const span = `${DATE.format(new Date(start))} to ${end}`;
    each(`[data-span="${symbol}"]`, (place) => { place.textContent = `${span} (${returns.toLocaleString("en")} days)`; });
    each(`[data-words="${symbol}"]`, (place) => {
      const years = [...new Set([start.slice(0, 4), end.slice(-4)])].join(" to ");
      place.textContent = words === "all" ? years : `last ${words}`;
    });
    each(`[data-returns="${symbol}"]`, (place) => { place.textContent = returns; });
    each(`[data-metric][data-symbol="${symbol}"]`, (place) => { place.textContent = values[place.dataset.metric]; });
  }
}

function nearest(times, moment) {
  const after = Math.min(rowAt(times, moment), times.length - 1);
  return after > 0 && moment - times[after - 1] < times[after] - moment ? after - 1 : after;
}

// What the lines are at a moment, beside their names; without one, at the last day shown.
function read(moment) {
  each(`section:not([hidden]) output[data-column]`, (place) => {
    const { symbol, column, form } = place.dataset;
    const { time } = rows[symbol];
    const values = rows[symbol][column];
    const value = values[nearest(time, moment)];
    place.textContent = Number.isNaN(value) ? "–" : WRITTEN[form].format(value) + (form === "percent" ? " %" : "");
  });
  const { time } = rows[symbols[0]];
  each("[data-when]", (place) => { place.textContent = DATE.format(time[nearest(time, moment)]); });
}
const rest = () => read(Math.min(shown.to, rows[symbols[0]].time.at(-1)));

// Heights of a log scale that hold what its columns are in the period.
function scale(figure) {
  let low = Infinity, high = 0;
  for (const { data } of new Set(figure.renderers.map((renderer) => renderer.data_source))) {
    const first = rowAt(data.time, shown.from), last = rowAt(data.time, shown.to);
    for (const column of figure.y_range.tags) {
      for (let row = first; row < last; row++) {
        const value = data[column][row];
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (!(high > 0)) return;
  const room = Math.max((high / low) ** 0.05, 1.002);
  figure.y_range.setv({ start: low / room, end: high * room });
}

// Bars as wide as a day, or as a dot where a day is less; candles where a day has room for one, a line elsewhere.
function fit(made) {
  const dot_ms = (shown.to - shown.from) / (document.querySelector("main").clientWidth - 120);
  for (const figure of made.roots()) {
    for (const { glyph } of figure.renderers) {
      if (glyph.type !== "VBar") continue;
      if (!widths.has(glyph)) widths.set(glyph, glyph.width.value);
      glyph.width = { value: Math.max(widths.get(glyph), dot_ms) };
    }
    if (figure.name !== "price") continue;
    const candles = figure.renderers.filter(({ name }) => name === "candles");
    const roomy = candles.length > 0 && DAY_MS / dot_ms > 2.4;
    for (const candle of candles) candle.visible = roomy;
    for (const line of figure.renderers) if (line.name === "close") line.visible = !roomy;
  }
}

let moving = false;
function show(from, to) {
  shown.from = from;
  shown.to = to;
  derive();
  moving = true;
  for (const made of Object.values(documents)) place(made);
  moving = false;
  rest();
}

function place(made) {
  fit(made);
  for (const symbol of symbols) {
    const source = made.get_model_by_name(`rows:${symbol}`);
    if (source) source.data = { ...source.data, growth: rows[symbol].growth, bar: rows[symbol].bar };
  }
  for (const figure of made.roots()) if (figure.y_range.tags.length) scale(figure);
  windowOf(made).setv({ start: shown.from, end: shown.to });
}

function period(months) {
  shown.months = months;
  const { start } = risksOf(symbols.at(-1));
  const last = Math.max(...symbols.map((symbol) => rows[symbol].time.at(-1)));
  const first = Date.parse(start);
  press("periods", "months", months);
  say();
  show(first, last + 0.012 * (last - first));
}

// The document is written without rows and without a period: both are here.
function revive({ name, attributes }) {
  if (name === "ColumnDataSource" && attributes.name?.startsWith("rows:")) {
    const columns = rows[attributes.name.slice(5)];
    attributes.data.entries = attributes.data.entries.map(([column]) => [column, columns[column]]);
  }
  if (name === "DatetimeTicker") attributes.desired_num_ticks = Math.min(attributes.desired_num_ticks ?? 6, Math.max(Math.round(innerWidth / 200), 3));
  if (attributes?.name === "window") Object.assign(attributes, { start: shown.from, end: shown.to });
}

function follow(made) {
  const range = windowOf(made);
  for (const figure of made.roots()) {
    if (figure.x_range !== range) continue;
    for (const event of ["mousemove", "tap"]) figure.on_event(event, ({ x }) => { if (x !== null) read(x); });
    figure.on_event("mouseleave", rest);
  }
  // One chart was zoomed by hand: all go there.
  range.properties.start.change.connect(() => queueMicrotask(() => {
    if (moving || (range.start === shown.from && range.end === shown.to)) return;
    press("periods", "months", null);
    show(range.start, range.end);
  }));
}

async function choose(section) {
  shown.section = section;
  each("section", (place) => { place.hidden = place.dataset.section !== section; });
  press("sections", "section", section);
  rest();
  if (documents[section]) return;
  const within = document.querySelector(`section[data-section="${section}"]`);
  const made = await drawDocument(`document-${section}`, within, revive);
  documents[section] = made;
  follow(made);
  // The period may have been changed while the charts were made.
  place(made);
  document.body.dataset.drawn = Object.keys(documents).length;
}

function press(group, key, value) {
  each(`#${group} button`, (button) => button.setAttribute("aria-pressed", String(button.dataset[key] === value)));
}

document.getElementById("sections").addEventListener("click", ({ target }) => {
  if (target.dataset.section) choose(target.dataset.section).catch(failed);
});
document.getElementById("periods").addEventListener("click", ({ target }) => {
  if (target.dataset.months !== undefined) period(target.dataset.months);
});
addEventListener("resize", () => Object.values(documents).forEach((made) => made && fit(made)));

(async () => {
  await load();
  // Data of less than a period have no button for it.
  const known = new Set(page.risk[symbols.at(-1)].map(({ months }) => String(months)));
  each("#periods button", (button) => { button.hidden = !known.has(button.dataset.months); });
  period(known.has(shown.months) ? shown.months : "0");
  await startLibrary();
  await choose(shown.section);
})().catch(failed);

// The lines over time, and the histogram of waits.

const [WIDE, HIGH] = [404, 104];
/** Where the values of a chart are. */
const FIELD = { left: 30, right: 404, top: 22, bottom: 84 };
/** So many lines of a chart are told apart; there may be more, which are counted. */
const LINES = 4;
/** Points that are further apart are not joined: no page was there in between. */
const GAP = 3000;

/** The least of 2, 4, 6, 10, 20, 40 … that is not less: its half is a whole number. */
function roundUp(value) {
  for (let step = 1; ; step *= 10) {
    for (const it of [2, 4, 6, 10]) if (it * step >= value) return it * step;
  }
}

/** The time that the charts show, in milliseconds. */
function shownTime() {
  const passed = model.points.length ? model.now - model.points[0].t : 0;
  return [60, 120, 300, 600].map((it) => it * 1000).find((it) => passed <= it) ?? 600_000;
}

/** The path of a line: each value stays until the next one. */
function pathOf(points, valueOf, x, y) {
  let path = "";
  let before = null;
  for (const point of points) {
    const value = valueOf(point);
    if (value === null || value === undefined) {
      before = null;
      continue;
    }
    const isJoined = before && point.t - before.t < GAP;
    path += isJoined ? `H${x(point.t)}V${y(value)}` : `M${x(point.t)} ${y(value)}`;
    before = point;
  }
  // One point alone is seen, too.
  return path && `${path}h1`;
}

/** A number in few characters: 1500 is "1.5 k". */
function inShort(value) {
  const unit = ["", " k", " M", " G"];
  let at = 0;
  for (; value >= 1000 && at < 3; at += 1) value /= 1000;
  return `${value}${unit[at]}`;
}

/** A chart of lines. Each has a name, a value of each point, and perhaps a class. */
function lineChart({ title, unit, lines, more }) {
  const time = shownTime();
  const points = model.points.filter((it) => it.t >= model.now - time);
  const values = lines.flatMap((line) => points.map(line.value)).filter((it) => it != null);
  const top = roundUp(Math.max(0, ...values));
  const x = (t) => (FIELD.right - ((model.now - t) / time) * (FIELD.right - FIELD.left)).toFixed(1);
  const y = (value) => (FIELD.bottom - (value / top) * (FIELD.bottom - FIELD.top)).toFixed(1);
  const last = points.at(-1);
  const now = lines.map((line) => ({ ...line, last: last ? line.value(last) ?? null : null }));
  const words = now.map((it) => `${it.name}: ${it.last ?? "unknown"}`).join(", ");
  const chart = drawn("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${title}, in ${unit}, over ${time / 60_000} min. Now ${words}` });
  chart.append(drawn("text", { class: "title", x: 0, y: 11 }, title));
  for (const value of [0, top / 2, top]) {
    chart.append(drawn("path", { class: "grid", d: `M${FIELD.left} ${y(value)}H${FIELD.right}` }));
    chart.append(drawn("text", { x: FIELD.left - 5, y: Number(y(value)) + 4, "text-anchor": "end" }, inShort(value)));
  }
  for (const part of [0, 0.5, 1]) {
    const left = (1 - part) * time;
    const text = left === 0 ? "now" : left % 60_000 ? `−${left / 1000} s` : `−${left / 60_000} min`;
    chart.append(drawn("text", { x: FIELD.left + part * (FIELD.right - FIELD.left), y: HIGH - 7, "text-anchor": ["start", "middle", "end"][part * 2] }, text));
  }
  let at = WIDE;
  for (const [index, line] of now.entries()) {
    chart.append(drawn("path", { class: `value ${line.look ?? `s${index}`}`, d: pathOf(points, line.value, x, y) }));
  }
  // The names from right to left, each with a sample of its line and its last value.
  for (const [index, line] of [...now.entries()].reverse()) {
    const text = `${line.name} ${line.last ?? ""}`;
    const name = drawn("text", { class: "now", x: at, y: 11, "text-anchor": "end" }, text);
    chart.append(name);
    at -= text.length * 6.6 + 8;
    chart.append(drawn("path", { class: `value ${line.look ?? `s${index}`}`, d: `M${at - 18} 7h18` }));
    at -= 28;
  }
  if (more > 0) chart.append(drawn("text", { x: FIELD.left + 4, y: FIELD.top + 10 }, `and ${more} more`));
  return chart;
}

/** The names that points have under a key, the most important first as the server has them. */
function namesIn(key) {
  const names = new Map();
  for (const point of model.points) for (const name of Object.keys(point[key])) names.set(name, (names.get(name) ?? 0) + 1);
  // Those that were there most often, in an order that stays.
  return [...names].sort((a, b) => b[1] - a[1]).slice(0, LINES).map(([name]) => name).sort(byNumber);
}

function chartsOfModel() {
  const charts = [{
    title: "Threads", unit: "threads",
    lines: [{ name: "all", value: (it) => it.n, look: "all" }, { name: "blocked", value: (it) => it.b, look: "s0" }],
  }];
  const pools = namesIn("p");
  const many = new Set(model.points.flatMap((it) => Object.keys(it.p))).size - pools.length;
  const ofPool = (at) => pools.map((pool) => ({ name: `pool ${pool}`, value: (it) => it.p[pool]?.[at] }));
  if (pools.length) {
    charts.push({ title: "Busy workers", unit: "workers", lines: ofPool(0), more: many });
    charts.push({ title: "Waiting tasks", unit: "tasks", lines: ofPool(2), more: many });
  }
  const queues = namesIn("q");
  if (queues.length) {
    // A queue of which a point does not tell has no waiters then.
    const atQueue = (at) => (point) => queues.reduce((sum, it) => sum + (point.q[it]?.[at] ?? 0), 0);
    charts.push({
      title: "At queues", unit: "threads",
      lines: [{ name: "to get", value: atQueue(0) }, { name: "to put", value: atQueue(1) }],
    });
  }
  // The fullest queues. Their names are long, so there is room for two.
  const most = new Map();
  for (const point of model.points) for (const [name, items] of Object.entries(point.i)) most.set(name, Math.max(most.get(name) ?? 0, items));
  const fullest = [...most].sort(([one, a], [other, b]) => b - a || byNumber(one, other)).slice(0, 2);
  if (fullest.length) {
    const lines = fullest.map(([name]) => ({ name: name.length > 14 ? `${name.slice(0, 13)}…` : name, value: (it) => it.i[name] }));
    charts.push({ title: "In queues", unit: "items", lines, more: most.size - fullest.length });
  }
  return charts;
}

/** The upper ends of the histogram's columns, in milliseconds. */
const BOUNDS = [[10, "10 ms"], [100, "100 ms"], [1000, "1 s"], [10_000, "10 s"], [60_000, "1 min"], [600_000, "10 min"], [Infinity, "longer"]];

function histogram() {
  const counts = BOUNDS.map(() => 0);
  for (const { wait } of model.threads.values()) {
    if (wait) counts[BOUNDS.findIndex(([bound]) => model.now - wait.since < bound)] += 1;
  }
  const top = Math.max(1, ...counts);
  const step = (FIELD.right - FIELD.left) / BOUNDS.length;
  const label = counts.map((count, at) => `${at === BOUNDS.length - 1 ? "longer" : `under ${BOUNDS[at][1]}`}: ${count}`).join(", ");
  const chart = drawn("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `Waits by their duration so far. ${label}` });
  counts.forEach((count, at) => {
    const [left, height] = [FIELD.left + at * step, (count / top) * (FIELD.bottom - 16)];
    chart.append(drawn("rect", { class: "column", x: left + 5, y: FIELD.bottom - height, width: step - 10, height }));
    chart.append(drawn("text", { class: count ? "now" : "", x: left + step / 2, y: FIELD.bottom - height - 4, "text-anchor": "middle" }, count));
    const bound = at === BOUNDS.length - 1 ? "longer" : `< ${BOUNDS[at][1]}`;
    chart.append(drawn("text", { x: left + step / 2, y: HIGH - 7, "text-anchor": "middle" }, bound));
  });
  chart.append(drawn("path", { class: "grid", d: `M${FIELD.left} ${FIELD.bottom}H${FIELD.right}` }));
  return chart;
}

function showCharts() {
  byId("lines").replaceChildren(...chartsOfModel().map(lineChart));
  byId("histogram").replaceChildren(histogram());
}


// The waits that have ended: a histogram for each kind, and the locks by contention.

const HISTOGRAM = { high: 82, left: 8, right: 396, top: 16, bottom: 64 };
/** The ticks of the axis, in microseconds. */
const DECADES = [[1, "1 µs"], [10, ""], [100, "100 µs"], [1000, ""], [10_000, "10 ms"], [100_000, ""], [1_000_000, "1 s"], [10_000_000, ""]];

/** The bar that is read of each histogram, by the kind. */
const readBars = new Map();

function showEnded() {
  const { summary, ended } = model.parts;
  byId("ended").hidden = !summary;
  if (!summary) return;
  byId("ended-how").hidden = !!ended;
  setText(byId("ended-about"), ended ? aboutEnded(ended) : "");
  const rows = ended?.contended.rows ?? [];
  byId("contended").hidden = rows.length === 0;
  if (ended) {
    showTable("contended", ended.contended, [
      { title: "Object", text: (it) => it.title },
      { title: "Waits", text: countOf, isNumber: true },
      { title: "Together", text: (it) => brief(it.micros), isNumber: true },
      { title: "Mean", text: (it) => meanOf(it.micros, it.least), isNumber: true },
    ], "", "with less time");
  }
  keep(byId("kinds"), ended?.kinds ?? [], (it) => it.title, makeHistogram, fillHistogram);
}

function aboutEnded(ended) {
  const time = sinceThen(ended.since);
  if (!ended.goes_on) return "They are counted no longer: the program has called weftline.watch.stop().";
  return ended.kinds.length ? `Counted for ${time}.` : `Counted for ${time}: none has ended yet.`;
}

/** How many waits there were. A row of the table may count some of an object that was there before. */
function countOf({ count, least }) {
  return count === least ? count.toLocaleString("en") : `${least.toLocaleString("en")} to ${count.toLocaleString("en")}`;
}

function meanOf(micros, count) {
  return count ? brief(micros / count) : "";
}

function wordsOf({ count, micros, timed_out, interrupted }) {
  const words = [counted(count, "wait"), `mean ${meanOf(micros, count)}`];
  words.push(`${timed_out.toLocaleString("en")} timed out`, `${interrupted.toLocaleString("en")} interrupted`);
  return words.join(", ");
}

/** The durations of a bar: it has the waits of at most a power of two, and the last all longer ones. */
function rangeOf(at, bars) {
  if (at === 0) return "up to 1 µs";
  const from = brief(2 ** (at - 1));
  return at === bars - 1 ? `longer than ${from}` : `${from} to ${brief(2 ** at)}`;
}

/** Where a duration in microseconds stands: each power of two is a step. */
function placeOf(micros, bars) {
  const { left, right } = HISTOGRAM;
  return left + ((Math.log2(micros) + 1) * (right - left)) / bars;
}

function makeHistogram(waits) {
  const caption = element("figcaption", {}, element("b"), element("output"), element("span", { className: "quiet" }));
  const chart = drawn("svg", { class: "chart", viewBox: `0 0 404 ${HISTOGRAM.high}`, role: "img", tabindex: "0" });
  const figure = element("figure", {}, caption, chart);
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    readBar(figure, step);
  });
  chart.addEventListener("pointermove", ({ target }) => target.dataset.at && readBar(figure, 0, Number(target.dataset.at)));
  for (const away of ["blur", "pointerleave"]) {
    chart.addEventListener(away, () => {
      readBars.delete(waits.title);
      showEnded();
    });
  }
  return figure;
}

/** Reads a bar, or the next one that has waits. */
function readBar(figure, step, at) {
  const { title, histogram } = figure.waits;
  const full = [...histogram.keys()].filter((it) => histogram[it] > 0);
  if (step) {
    const read = readBars.get(title);
    const next = read === undefined ? full.at(step > 0 ? 0 : -1) : full.filter((it) => (it - read) * step > 0).at(step > 0 ? 0 : -1);
    at = next ?? read;
  }
  if (at === undefined || readBars.get(title) === at) return;
  readBars.set(title, at);
  fillHistogram(figure, figure.waits);
}

function fillHistogram(figure, waits) {
  const read = readBars.get(waits.title);
  const drawnOf = JSON.stringify([waits, read]);
  if (figure.drawnOf === drawnOf) return;
  [figure.drawnOf, figure.waits] = [drawnOf, waits];
  const { title, histogram } = waits;
  const [caption, chart] = figure.children;
  const [name, output, numbers] = caption.children;
  setText(name, title);
  setText(numbers, wordsOf(waits));
  setText(output, read === undefined ? "" : `${rangeOf(read, histogram.length)}: ${counted(histogram[read], "wait")}`);
  const bars = [...histogram.entries()].filter(([, count]) => count > 0);
  chart.setAttribute("aria-label", `${title}, ${wordsOf(waits)}. By duration: ${bars.map(([at, count]) => `${rangeOf(at, histogram.length)}: ${count}`).join(", ")}`);
  chart.replaceChildren(...axis(histogram.length), ...histogram.flatMap((count, at) => bar(histogram, count, at, at === read)));
}

function axis(bars) {
  const { left, right, top, bottom, high } = HISTOGRAM;
  const ticks = DECADES.flatMap(([micros, text]) => {
    const x = placeOf(micros, bars);
    return [drawn("path", { class: "grid", d: text ? `M${x} ${top}V${bottom + 4}` : `M${x} ${bottom}v4` }), drawn("text", { x, y: high - 3, "text-anchor": "middle" }, text)];
  });
  const last = drawn("text", { x: right, y: high - 3, "text-anchor": "end" }, `> ${brief(2 ** (bars - 2))}`);
  return [...ticks, last, drawn("path", { class: "grid", d: `M${left} ${bottom}H${right}` })];
}

/** A bar, and the place above it, which a pointer finds. */
function bar(histogram, count, at, isRead) {
  const { left, right, top, bottom } = HISTOGRAM;
  const width = (right - left) / histogram.length;
  const x = left + at * width;
  // One wait among millions is seen, too.
  const height = count ? Math.max(2, (count / Math.max(...histogram)) * (bottom - top)) : 0;
  const isTop = count > 0 && at === histogram.indexOf(Math.max(...histogram));
  const number = { class: "now", x: Math.max(x + width / 2, 14), y: bottom - height - 4, "text-anchor": "middle" };
  return [
    ...(isTop ? [drawn("text", number, count.toLocaleString("en"))] : []),
    drawn("rect", { class: isRead ? "column picked" : "column", x: x + 1, y: bottom - height, width: width - 2, height }),
    drawn("rect", { class: "reach", "data-at": at, x, y: 0, width, height: bottom }),
  ];
}


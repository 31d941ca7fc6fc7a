// The tables: threads, which can be sorted, filtered and chosen, and objects, queues and pools.

/** So many more rows of threads are shown at a time. */
const ROWS = 200;

/** The identity of the chosen thread. */
let chosen = null;
let rowsShown = ROWS;
/** The threads of a node of the picture, if only these are shown, and what the node is called. */
let only = null;
let sortedBy = null;
let isDescending = false;

/** The columns: a title, the text of a thread there, and what it is sorted by if not by the text. */
const COLUMNS = [
  { title: "Thread", text: (it) => it.name },
  { title: "Waits for", text: waitOf },
  { title: "Held by", text: (it) => heldBy(it.wait?.holders) },
  { title: "For", text: (it) => (it.wait ? sinceThen(it.wait.since) : ""), order: (it) => -(it.wait?.since ?? Infinity), isNumber: true },
  { title: "Times out in", text: (it) => (it.wait?.until != null ? span(it.wait.until - model.now) : ""), order: (it) => it.wait?.until ?? Infinity, isNumber: true },
  { title: "Where", text: (it) => it.place ?? "" },
];

function heldBy(holders) {
  return (holders ?? []).map(nameOf).join(", ");
}

/** Whether a row has a text, in what is seen of it or in its stack. */
function has(id, thread, wanted) {
  const stack = () => (thread.stack === null ? "" : model.stacks.get(String(thread.stack)));
  const words = () => [stateOf(thread, id)[1], thread.tid, thread.main ? "main" : ""].join("\n");
  const texts = [...COLUMNS.map((it) => it.text), words, stack];
  return texts.some((text) => text(thread)?.toLowerCase().includes(wanted));
}

/**
 * The order without a chosen column: deadlocks, then the waits that last for seconds, the longest
 * first, then all others by their numbers. So a busy process does not shuffle its rows.
 */
function inUsualOrder(rows) {
  const place = ([id, thread]) => {
    if (model.stuck.has(id)) return [0, thread.ring ?? -1];
    const isLong = thread.wait && model.now - thread.wait.since > 2000;
    return isLong ? [1, thread.wait.since] : [2, 0];
  };
  const placed = rows.map((row) => [place(row), row]);
  placed.sort(([a, [one]], [b, [other]]) => a[0] - b[0] || a[1] - b[1] || byNumber(one, other));
  return placed.map(([, row]) => row);
}

function byNumber(one, other) {
  return one.length - other.length || (one < other ? -1 : 1);
}

function byColumn([one, a], [other, b]) {
  const order = sortedBy.order ?? sortedBy.text;
  const [x, y] = [order(a), order(b)];
  const difference = typeof x === "string" ? x.localeCompare(y) : x === y ? 0 : x < y ? -1 : 1;
  return (isDescending ? -difference : difference) || byNumber(one, other);
}

function showThreads() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const ids = only && new Set(only.ids);
  let rows = [...model.threads];
  if (ids) rows = rows.filter(([id]) => ids.has(id));
  if (wanted) rows = rows.filter(([id, thread]) => has(id, thread, wanted));
  rows = sortedBy ? rows.sort(byColumn) : inUsualOrder(rows);
  const all = model.threads.size;
  const told = model.parts.summary?.more ? `, the first ${all.toLocaleString("en")} of ${counted(model.parts.summary.threads, "thread")}` : "";
  setText(byId("threads-count"), (rows.length === all ? `${all.toLocaleString("en")}` : `${rows.length} of ${all.toLocaleString("en")}`) + told);
  const left = rows.length - rowsShown;
  byId("more").hidden = left <= 0;
  setText(byId("more"), left > 0 ? `${counted(left, "more thread")}: show ${Math.min(left, ROWS)} of them` : "");
  byId("members").hidden = !only;
  setText(byId("members"), only ? `only ${only.title}  ✕` : "");
  const hasTimeouts = rows.some(([, thread]) => thread.wait?.until != null);
  byId("threads-table").className = hasTimeouts ? "" : "without-timeouts";
  // A chosen thread has a second row, with its stack.
  const shown = rows.slice(0, rowsShown).flatMap(([id, thread]) => (id === chosen ? [[id, thread, false], [id, thread, true]] : [[id, thread, false]]));
  const body = byId("threads-table").tBodies[0];
  keep(body, shown, ([id, , isDetails]) => (isDetails ? `details ${id}` : id), makeRow, fillRow);
}

function makeRow([id, , isDetails]) {
  if (isDetails) {
    return element("tr", { className: "details" }, element("td", { colSpan: COLUMNS.length }, element("p"), element("pre")));
  }
  const button = element("button", { type: "button" });
  const name = element("td", { className: "name" }, element("span", { className: "symbol" }), button, element("span", { className: "tid" }));
  const row = element("tr", {}, name, ...COLUMNS.slice(1).map((column) => element("td", { className: column.isNumber ? "number" : "" })));
  row.dataset.id = id;
  return row;
}

function fillRow(row, [id, thread, isDetails]) {
  if (isDetails) {
    const [about, stack] = row.firstChild.children;
    const holds = thread.holds.map((it) => objectTitle(it)).join(", ");
    setText(about, holds ? `holds ${holds}, for which others wait` : "");
    about.hidden = !holds;
    const silent = model.parts.summary?.stacks === "silent" ? "The interpreter did not answer: the line at which the wait began.\n" : "";
    setText(stack, silent + (model.stacks.get(String(thread.stack)) ?? "no stack is known: it has not waited long enough"));
    return;
  }
  const [symbol, word] = stateOf(thread, id);
  const isStuck = symbol === "◆";
  const [name, ...others] = row.children;
  setText(name.children[0], symbol);
  name.children[0].title = word;
  name.children[0].className = isStuck ? "symbol alarm" : "symbol";
  setText(name.children[1], thread.name);
  name.children[1].setAttribute("aria-expanded", id === chosen);
  name.children[1].setAttribute("aria-label", `${thread.name}, ${word}`);
  setText(name.children[2], [thread.main ? "main" : "", thread.tid ? `tid ${thread.tid}` : ""].filter(Boolean).join(", "));
  row.className = (isStuck ? "alarm " : "") + (id === chosen ? "picked" : "");
  others.forEach((cell, at) => setText(cell, COLUMNS[at + 1].text(thread)));
}

function objectTitle(address) {
  for (const { rows } of [model.parts.objects, model.parts.queues]) {
    const found = rows.find((it) => it.id === address);
    if (found) return `${found.class} ${found.title}`;
  }
  return address;
}

/** Chooses a thread: its stack is shown, and the picture marks it. The same again: none. */
function choose(id, isFromPicture) {
  chosen = chosen === id && !isFromPicture ? null : id;
  if (isFromPicture) {
    only = null;
    byId("filter").value = "";
    // Also a thread that is far down in the table.
    rowsShown = Infinity;
  }
  show();
  if (isFromPicture) rowOf(id)?.scrollIntoView({ block: "nearest" });
}

function rowOf(id) {
  return [...byId("threads-table").tBodies[0].rows].find((row) => row.dataset.id === id);
}

/** Shows these threads alone; `null`: all of them. */
function showOnly(ids, title) {
  only = ids && { ids, title };
  rowsShown = ROWS;
  show();
}

/** Fills a small table: a title and a value of each row for each column. */
function showTable(section, part, columns, nothing, least = "with fewer waiters") {
  const [panel, table] = [byId(section), byId(section).querySelector("table")];
  const rows = part?.rows ?? [];
  panel.hidden = rows.length === 0 && !nothing;
  if (!table.tHead) {
    table.append(element("thead", {}, element("tr", {}, ...columns.map(({ title, isNumber }) => element("th", { scope: "col", className: isNumber ? "number" : "" }, title)))), element("tbody"), element("caption", { className: "quiet" }));
    table.caption.style.captionSide = "bottom";
  }
  setText(table.caption, part?.more ? `and ${part.more.toLocaleString("en")} more, ${least}` : rows.length === 0 ? nothing : "");
  table.tHead.hidden = rows.length === 0;
  keep(table.tBodies[0], rows, (row) => row.id, () => element("tr", {}, ...columns.map(({ isNumber }) => element("td", { className: isNumber ? "number" : "" }))), (line, row) => {
    columns.forEach(({ text, fill }, at) => (fill ? fill(line.children[at], row) : setText(line.children[at], String(text(row)))));
  });
}

/** A bar for how many workers are busy, and the same as numbers. */
function fillBusy(cell, pool) {
  if (!cell.firstChild) cell.append(element("span", { className: "bar", "aria-hidden": "true" }, element("i")), element("span"));
  cell.firstChild.firstChild.style.width = `${(100 * pool.busy) / Math.max(1, pool.workers)}%`;
  setText(cell.lastChild, `${pool.busy} of ${pool.workers}`);
}

/** How full a queue is, as far as that is known. */
function itemsOf(queue) {
  if (queue.items == null) return "";
  return queue.capacity ? `${queue.items} of ${queue.capacity}` : queue.items;
}

function showTables() {
  showThreads();
  showTable("pools", model.parts.pools, [
    { title: "Pool", text: (it) => `${it.id}${it.name ? ` (${it.name}, …)` : ""}` },
    { title: "Busy workers", fill: fillBusy, isNumber: true },
    { title: "Tasks that wait", text: (it) => it.waiting ?? "?", isNumber: true },
  ]);
  showTable("queues", model.parts.queues, [
    { title: "Queue", text: (it) => it.title },
    { title: "State", text: (it) => it.state ?? "" },
    { title: "Items", text: itemsOf, isNumber: true },
    { title: "To get", text: (it) => it.getters, isNumber: true },
    { title: "To put", text: (it) => it.putters, isNumber: true },
    { title: "To join", text: (it) => it.joiners, isNumber: true },
  ]);
  showTable("objects", model.parts.objects, [
    { title: "Object", text: (it) => `${it.class} ${it.title}` },
    { title: "State", text: (it) => [it.state, it.holders?.length ? `held by "${heldBy(it.holders)}"` : ""].filter(Boolean).join(", ") },
    { title: "Waiters", text: (it) => it.waiters, isNumber: true },
    { title: "For", text: (it) => (it.since === null ? "" : sinceThen(it.since)), isNumber: true },
  ], "none");
}

function listenToTables() {
  const table = byId("threads-table");
  const heads = COLUMNS.map((column) => element("th", { scope: "col", className: column.isNumber ? "number" : "" }, element("button", { type: "button" }, column.title)));
  table.append(element("thead", {}, element("tr", {}, ...heads)), element("tbody"));
  heads.forEach((head, at) => head.firstChild.addEventListener("click", () => {
    // A third click gives the usual order back.
    const is = sortedBy === COLUMNS[at];
    [sortedBy, isDescending] = is && isDescending ? [null, false] : [COLUMNS[at], is];
    heads.forEach((it) => it.removeAttribute("aria-sort"));
    if (sortedBy) head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    showThreads();
  }));
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr:not(.details)");
    if (row && !getSelection().toString()) choose(row.dataset.id);
  });
  table.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons = [...table.querySelectorAll("tbody button")];
    const next = step && buttons[buttons.indexOf(document.activeElement) + step];
    if (!next || !buttons.includes(document.activeElement)) return;
    next.focus();
    event.preventDefault();
  });
  byId("filter").addEventListener("input", () => {
    rowsShown = ROWS;
    showThreads();
  });
  byId("members").addEventListener("click", () => showOnly(null));
  byId("more").addEventListener("click", () => {
    rowsShown += ROWS;
    showThreads();
  });
}


// The life of the page: events, verdicts, keys.

const base = location.pathname.replace(/\/?$/, "/");
const pid = byId("pid").textContent;
let source = null;
/** Whether the command that serves the page has ended. */
let hasEnded = false;
let isLost = false;

/** Shows the model. */
function show() {
  showState();
  showVerdicts();
  showPicture();
  showTables();
  showCharts();
  showEnded();
}

function showState() {
  const { is, why, took } = model.head;
  const [text, look] =
    source === null && !hasEnded ? ["frozen: the process is not asked", "paused"]
    : hasEnded ? ["weftline web has ended; this is what the process told last", "lost"]
    : isLost ? ["weftline web does not answer; this is what the process told last", "lost"]
    : is === "live" ? [`live: asked ${howOften(took / 1000)}, answered in ${(took / 1000).toFixed(1)} ms`, ""]
    : is === "silent" ? [`no answer: ${why}; this is what it told last`, "lost"]
    : is === "ended" ? ["the process has ended; this is what it told last", "lost"]
    : ["connecting", "paused"];
  setText(byId("state-text"), text);
  byId("state").querySelector(".dot").className = `dot ${look}`;
}

/** A process that takes long to answer is asked more rarely. */
function howOften(took) {
  return 4 * took <= 500 ? "twice a second" : `every ${span(4 * took)}`;
}

function showVerdicts() {
  const { summary, verdicts } = model.parts;
  if (!summary) return;
  const LISTED = 4;
  const items = verdicts.slice(0, LISTED);
  if (verdicts.length > LISTED) items.push({ kind: "info", title: `and ${counted(verdicts.length - LISTED, "more verdict")}`, lines: [] });
  if (verdicts.length === 0) items.push(fine(summary));
  if (!summary.whole) items.push({ kind: "info", title: "The process told only a part: it ended, or was too slow.", lines: [] });
  keep(byId("verdicts"), items.map((it) => [JSON.stringify(it), it]), ([key]) => key, ([, it]) => verdictOf(it), () => {});
  const mark = verdicts.length ? "◆ " : "";
  document.title = `${mark}process ${pid} - weftline`;
}

/** What is said if nothing is wrong. */
function fine({ threads, blocked }) {
  return { kind: "fine", title: `No deadlock: ${counted(threads, "thread")}, ${blocked.toLocaleString("en")} of them blocked`, lines: [] };
}

function verdictOf({ kind, title, lines, more, meaning, help }) {
  const isAlarm = kind !== "fine" && kind !== "info";
  const box = element("div", { className: `verdict ${isAlarm ? "alarm" : kind}` });
  box.append(element("span", { className: "symbol", "aria-hidden": "true" }, isAlarm ? "◆" : kind === "fine" ? "✓" : "i"), element("strong", {}, title));
  if (lines.length) box.append(element("ul", {}, ...lines.map((line) => element("li", {}, line)), ...(more > 0 ? [element("li", {}, `and ${counted(more, "more thread")}`)] : [])));
  if (help) box.append(element("p", {}, `${meaning} `, element("b", {}, "Help: "), help));
  return box;
}

function connect() {
  source = new EventSource(`${base}events`);
  source.onmessage = (message) => {
    isLost = false;
    take(JSON.parse(message.data));
    show();
  };
  source.addEventListener("end", () => {
    hasEnded = true;
    source.close();
    show();
  });
  source.onerror = () => {
    isLost = true;
    showState();
  };
}

function freeze() {
  if (hasEnded) return;
  if (source) {
    source.close();
    source = null;
  } else {
    connect();
  }
  byId("freeze").setAttribute("aria-pressed", source === null);
  show();
}

function nextTheme() {
  const themes = ["system", "dark", "light"];
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % themes.length];
  root.dataset.theme = next;
  byId("theme").firstChild.textContent = `Theme: ${next} `;
}

const KEYS = {
  p: freeze,
  r: record,
  t: nextTheme,
  z: () => byId("zoom").hidden || byId("zoom").click(),
  "?": () => byId("helping").showModal(),
  "/": () => byId("filter").focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("helping").open) return;
  const isTyping = event.target.matches("input");
  if (event.key === "Escape") {
    byId("filter").value = "";
    byId("filter").blur();
    if (!recording) tellRecording("");
    showOnly(null);
  } else if (!isTyping && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
byId("freeze").addEventListener("click", freeze);
byId("theme").addEventListener("click", nextTheme);
byId("help").addEventListener("click", KEYS["?"]);
byId("report").href = `${base}report`;
listenToPicture();
listenToTables();
listenToRecorder();
connect();

// What the page knows of the process: the last event of each part, put together.

const KEPT_POINTS = 1200;

const model = {
  version: 0,
  head: { is: "connecting" },
  /** The moment of the last answer, on the clock of the server. */
  now: 0,
  parts: {},
  threads: new Map(),
  stacks: new Map(),
  points: [],
  /** The threads of verdicts, each with the verdict's kind. */
  stuck: new Map(),
};

/** Takes an event. */
function take(event) {
  if (event.first) {
    model.parts = {};
    model.threads.clear();
    model.stacks.clear();
    model.points = [];
  }
  model.version = event.version;
  model.head = event.head;
  if (event.head.is === "live" || !model.now) model.now = event.head.now;
  Object.assign(model.parts, event.parts);
  merge(model.threads, event.threads, event.ids);
  merge(model.stacks, event.stacks, event.numbers);
  model.stuck = new Map(model.parts.verdicts?.flatMap((it) => it.threads.map((id) => [id, it.kind])));
  model.points.push(...event.points);
  model.points.splice(0, Math.max(0, model.points.length - KEPT_POINTS));
}

/** Puts new rows into a map, and takes out those whose names are no longer there. */
function merge(map, rows, names) {
  for (const [name, row] of Object.entries(rows)) map.set(name, row);
  if (!names) return;
  const there = new Set(names);
  for (const name of map.keys()) if (!there.has(name)) map.delete(name);
}

/** What a thread is called. */
function nameOf(id) {
  return model.threads.get(id)?.name ?? `thread ${id}, which has ended`;
}

/** How long a moment has passed, in words. */
function sinceThen(moment) {
  return span(model.now - moment);
}

/** A thread's state: a symbol, so that it does not depend on its colour, and a word. */
function stateOf(thread, id) {
  if (thread.ring !== null) return ["◆", "deadlock"];
  const kind = model.stuck.get(id);
  if (kind) return ["◆", kind];
  return thread.wait ? ["■", "waits"] : ["▷", "runs"];
}

/** For what a thread waits, in a few words. */
function waitOf(thread) {
  const wait = thread.wait;
  if (!wait) return "";
  return [wait.class, wait.title, wait.purpose].filter(Boolean).join(" ") + (wait.state ? `, ${wait.state}` : "");
}


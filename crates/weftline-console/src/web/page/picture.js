// The picture of the waits. The server draws it; here it gets its durations, keys and choice.

let drawnText = "";
let isFull = false;
/** The height of the picture's room, which scrolls if it is taller. */
const HIGHEST = 600;

/** Shows the picture of the model. The same picture stays as it is. */
function showPicture() {
  const picture = model.parts.picture;
  if (!picture) return;
  const canvas = byId("canvas");
  if (picture.svg !== drawnText) {
    drawnText = picture.svg;
    const focused = canvas.contains(document.activeElement) ? labelOf(document.activeElement) : null;
    const place = [canvas.scrollLeft, canvas.scrollTop];
    const parsed = new DOMParser().parseFromString(picture.svg, "image/svg+xml").documentElement;
    canvas.replaceChildren(document.importNode(parsed, true));
    [canvas.scrollLeft, canvas.scrollTop] = place;
    const nodes = [...canvas.querySelectorAll(".node")];
    const again = nodes.find((node) => labelOf(node) === focused);
    for (const node of nodes) node.setAttribute("tabindex", node === (again ?? nodes[0]) ? "0" : "-1");
    again?.focus({ preventScroll: true });
    keep(byId("notes"), picture.notes, (it) => it, () => element("li"), setText);
  }
  fitPicture();
  for (const label of canvas.querySelectorAll("[data-waited]")) {
    const since = extreme(label.dataset.waited, "since");
    setText(label, since === null ? "" : sinceThen(since));
  }
  for (const label of canvas.querySelectorAll("[data-left]")) {
    const until = extreme(label.dataset.left, "until");
    setText(label, until === null ? "" : span(until - model.now));
  }
  markPicked();
}

function labelOf(node) {
  return node.getAttribute("aria-label");
}

/** The first moment of that kind among the waits of a node's threads. */
function extreme(node, kind) {
  let first = null;
  for (const id of model.parts.picture.members[node] ?? []) {
    const moment = model.threads.get(id)?.wait?.[kind] ?? null;
    if (moment !== null && (first === null || moment < first)) first = moment;
  }
  return first;
}

/** A picture that is too wide is made smaller, as far as it stays legible, or has its full size. */
function fitPicture() {
  const [canvas, svg] = [byId("canvas"), byId("canvas").firstElementChild];
  if (!svg) return;
  const { width } = svg.viewBox.baseVal;
  const room = canvas.clientWidth;
  const fitting = Math.min(1, Math.max(0.6, room / width));
  svg.style.width = `${Math.floor(width * (isFull ? 1 : fitting))}px`;
  byId("zoom").hidden = fitting > 0.95;
  // The room of a picture stays when the next one is smaller, so that what is below does not jump.
  const had = canvas.style.minHeight ? parseFloat(canvas.style.minHeight) : 0;
  canvas.style.minHeight = `${Math.max(had, Math.min(HIGHEST, svg.clientHeight + 6))}px`;
}

/** Marks the node of the chosen thread, and the edges that begin or end there. */
function markPicked() {
  const canvas = byId("canvas");
  const members = model.parts.picture?.members ?? [];
  const at = chosen === null ? -1 : members.findIndex((ids) => ids.includes(chosen));
  for (const node of canvas.querySelectorAll(".node")) {
    node.classList.toggle("picked", Number(node.dataset.node) === at);
  }
  for (const edge of canvas.querySelectorAll(".edge")) {
    edge.classList.toggle("picked", at >= 0 && (Number(edge.dataset.from) === at || Number(edge.dataset.to) === at));
  }
}

/** The threads of a node: its own, or those that wait for an object or hold it. */
function threadsOf(node) {
  const members = model.parts.picture.members;
  if (members[node].length) return members[node];
  const found = new Set();
  for (const edge of byId("canvas").querySelectorAll(".edge")) {
    const [from, to] = [Number(edge.dataset.from), Number(edge.dataset.to)];
    if (from === node) members[to].forEach((id) => found.add(id));
    if (to === node) members[from].forEach((id) => found.add(id));
  }
  return [...found];
}

function pickNode(node) {
  const ids = threadsOf(Number(node.dataset.node));
  const title = labelOf(node).split(",")[0];
  if (ids.length === 1) choose(ids[0], true);
  else if (ids.length > 1) showOnly(ids, title);
}

function listenToPicture() {
  const canvas = byId("canvas");
  canvas.addEventListener("click", (event) => {
    const node = event.target.closest?.(".node");
    if (node) pickNode(node);
  });
  canvas.addEventListener("keydown", (event) => {
    const node = event.target.closest?.(".node");
    if (!node) return;
    const nodes = [...canvas.querySelectorAll(".node")];
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) {
      const next = nodes[nodes.indexOf(node) + step];
      if (next) {
        node.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      }
    } else if (event.key === "Enter" || event.key === " ") {
      pickNode(node);
    } else {
      return;
    }
    event.preventDefault();
  });
  byId("zoom").addEventListener("click", () => {
    isFull = !isFull;
    byId("canvas").style.minHeight = "";
    byId("zoom").setAttribute("aria-pressed", isFull);
    fitPicture();
  });
  window.addEventListener("resize", fitPicture);
}


"use strict";
// Words and elements. All text of the process is set as text, never as markup.

/** A duration in milliseconds as reports show it: `340 ms`, `12.3 s`, `5 min 02 s`, `3 h 07 min`. */
function span(ms) {
  ms = Math.max(0, Math.floor(ms));
  const seconds = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  if (seconds < 1) return `${ms} ms`;
  if (seconds < 60) return `${seconds}.${Math.floor((ms % 1000) / 100)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
}

/** A duration in microseconds, which may be short: `640 µs`, `1.2 ms`, and then as `span`. */
function brief(micros) {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 10_000) return `${(Math.floor(micros / 100) / 10).toFixed(1)} ms`;
  return span(micros / 1000);
}

/** A number and its noun. */
function counted(n, noun) {
  return n === 1 ? `1 ${noun}` : `${n.toLocaleString("en")} ${noun}s`;
}

function byId(id) {
  return document.getElementById(id);
}

/** An element with these properties and children. A property with `-` in its name is an attribute. */
function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

/** An element of SVG with these attributes. */
function drawn(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Sets a text unless it is there already: what does not change is not touched. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes the children of `parent` those that `make` makes of the items, one for each key, in this
 * order. A child stays the same element while its key is there, so it keeps the focus.
 */
function keep(parent, items, keyOf, make, fill) {
  const known = (parent.kept ??= new Map());
  const focused = document.activeElement;
  const keys = new Set(items.map(keyOf));
  for (const [key, node] of known) {
    if (!keys.has(key)) {
      node.remove();
      known.delete(key);
    }
  }
  let next = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = known.get(key);
    if (!node) {
      node = make(item);
      known.set(key, node);
    }
    fill(node, item);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}


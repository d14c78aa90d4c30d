"use strict";
// The film, its description in time, and the script to edit. Nothing is fetched from anywhere; where `focusedad narrate
// --serve` gave the page, what is saved goes back to it.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const film = $("film"), track = $("track"), list = $("lines");
const element = (name, text = "", attributes = {}) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
const words = (text) => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
const clean = (text) => text.split(/\s+/).filter(Boolean).join(" ");

// A slot is a line or a silence; `text` is what stands there now, `saved` what the script holds.
const slots = [
  ...data.lines.map((line) => ({ ...line, text: line.text, saved: line.text })),
  ...data.silences.map((each) => ({ ...each, text: "", saved: "", silent: true, doubt: 0, alternatives: [], characters: [] })),
].sort((a, b) => a.start - b.start);
let scriptText = data.script, scriptDigest = data.digest;
// What this browser keeps of a script until it is saved: texts by their slots, for the script with the digest alone.
const kept = {
  key: () => `focusedad ${data.title} ${scriptDigest}`,
  read() { try { return JSON.parse(localStorage.getItem(this.key())) || {}; } catch { return {}; } },
  write(value) {
    try {
      if (Object.keys(value).length) localStorage.setItem(this.key(), JSON.stringify(value));
      else localStorage.removeItem(this.key());
    } catch { /* a private window keeps nothing */ }
  },
};
let spoken = null; // the slot that is being said
let holding = false;

// ---- the film

film.src = data.film;
film.lang = data.language;
$("now").lang = $("announce").lang = data.language;
if (data.voice) track.src = data.voice;
else $("voice").querySelector('[value="track"]').remove();
if (!("speechSynthesis" in window)) $("voice").querySelector('[value="browser"]').remove();
if (data.voice) $("voice").value = "track";
film.addEventListener("error", () => { $("missing").hidden = false; });
film.addEventListener("loadedmetadata", () => {
  $("missing").hidden = true;
  document.documentElement.style.setProperty("--shape", `${film.videoWidth}/${film.videoHeight}`);
  drawBoxes();
});
$("file").addEventListener("change", (event) => {
  if (event.target.files[0]) film.src = URL.createObjectURL(event.target.files[0]);
});
const captions = film.addTextTrack("captions", "Dialogue", data.language);
for (const line of data.dialogue) if (line.text) captions.addCue(new VTTCue(line.start, line.end, line.text));
const descriptions = film.addTextTrack("descriptions", "Description", data.language);
descriptions.mode = "hidden";

const toggle = () => (film.paused ? film.play().catch(() => {}) : film.pause());
const jump = (seconds, play = !film.paused) => {
  hush();
  film.currentTime = Math.max(0, Math.min(seconds, film.duration || data.duration));
  if (play) film.play().catch(() => {});
  tick();
};
const step = (by) => {
  const lines = slots.filter((slot) => slot.text);
  const now = film.currentTime;
  const found = by > 0 ? lines.find((slot) => slot.start > now + 0.05) : lines.findLast((slot) => slot.start < now - 0.6);
  if (found) jump(found.start);
  return found;
};
$("play").addEventListener("click", toggle);
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
for (const name of ["play", "pause"]) film.addEventListener(name, () => { $("play").textContent = film.paused ? "Play" : "Pause"; });

// ---- saying the lines

const volume = { own: 1, ducked: false };
const duck = (down) => {
  if (down === volume.ducked) return;
  if (down) volume.own = film.volume;
  volume.ducked = down;
  film.volume = down ? volume.own * data.gain : volume.own;
};
const hush = () => {
  if ("speechSynthesis" in window) speechSynthesis.cancel();
  spoken = null;
  holding = false;
  duck(false);
};
const say = (slot) => {
  spoken = slot;
  const way = $("voice").value;
  if (way === "reader") $("announce").textContent = slot.text;
  if (way !== "browser") return;
  const voice = new SpeechSynthesisUtterance(slot.text);
  voice.lang = data.language;
  voice.rate = Math.min(1.5, Math.max(1, words(slot.text) / (slot.end - slot.start) / data.pace.comfortable));
  voice.onend = voice.onerror = () => {
    if (spoken !== slot) return;
    duck(false);
    if (holding) { holding = false; film.play().catch(() => {}); }
    slot.finished = true;
  };
  slot.finished = false;
  duck(true);
  speechSynthesis.speak(voice);
};
const leave = (slot) => {
  const talking = $("voice").value === "browser" && !slot.finished && "speechSynthesis" in window && speechSynthesis.speaking;
  if (talking && $("hold").checked) { holding = true; film.pause(); return false; }
  if (talking) speechSynthesis.cancel(); // never over dialogue
  duck(false);
  spoken = null;
  return true;
};
$("voice").addEventListener("change", () => { hush(); syncTrack(); });

// The voice track runs beside the film and is brought back when it drifts.
function syncTrack() {
  const wanted = data.voice && $("voice").value === "track";
  if (!wanted) { if (data.voice) track.pause(); return; }
  track.playbackRate = film.playbackRate;
  if (Math.abs(track.currentTime - film.currentTime) > 0.15) track.currentTime = film.currentTime;
  if (film.paused !== track.paused) (film.paused ? track.pause() : track.play().catch(() => {}));
}
for (const name of ["play", "pause", "seeked", "ratechange"]) film.addEventListener(name, syncTrack);
film.addEventListener("seeking", () => { if (!holding) hush(); });

// ---- in time

const at = (seconds) => slots.find((slot) => slot.text && slot.start <= seconds && seconds < slot.end);
let shown = null, present = null;
function tick() {
  const now = film.currentTime;
  const slot = at(now) || null;
  if (spoken && spoken !== slot && !leave(spoken)) return;
  const text = slot ? slot.text : "";
  if (shown !== text) $("now").textContent = shown = text;
  if (slot && !film.paused && !film.seeking && spoken !== slot) {
    say(slot);
    if ($("voice").value === "track") duck(true);
  }
  const here = slots.findLast((each) => each.start <= now + 0.01) || null;
  if (here !== present) {
    if (present) present.row.removeAttribute("aria-current");
    present = here;
    if (present) {
      present.row.setAttribute("aria-current", "true");
      if (!film.paused && !list.contains(document.activeElement)) nearby(present.row);
    }
  }
  $("played").style.left = `${(100 * now) / (film.duration || data.duration || 1)}%`;
  drawBoxes();
  syncTrack();
}
/** Brings a row of the script into sight, without moving the page under the film. */
function nearby(row) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (row.offsetParent && innerWidth > 896) row.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
}
(function every() { if (!film.paused) tick(); requestAnimationFrame(every); })();
for (const name of ["timeupdate", "seeked", "pause"]) film.addEventListener(name, tick);

// ---- boxes and names

const COLOURS = ["#ffd23f", "#4cc9f0", "#ff7b9c", "#80ed99", "#c8a2ff", "#ff9f45", "#f1f1f1", "#5eead4"];
const people = [...new Set(data.tracks.map((each) => each.name))];
const shotAt = (seconds) => data.cuts.filter((cut) => cut <= seconds + 1e-3).length;
/** Where a track's box is at a time, between the key frames that know it; null outside, and past a cut. */
function boxAt({ boxes }, seconds) {
  const last = boxes.length - 1;
  if (shotAt(seconds) !== shotAt(boxes[0][0])) return null;
  if (seconds < boxes[0][0] - data.step / 2 || seconds > boxes[last][0] + data.step / 2) return null;
  const after = boxes.findIndex((box) => box[0] > seconds);
  if (after <= 0) return boxes[after === 0 ? 0 : last].slice(1);
  const [a, b] = [boxes[after - 1], boxes[after]];
  const share = (seconds - a[0]) / (b[0] - a[0]);
  return a.slice(1).map((value, place) => value + share * (b[place + 1] - value));
}
const visible = (seconds) => data.tracks.map((each) => [each.name, boxAt(each, seconds)]).filter(([, box]) => box);
function drawBoxes() {
  const found = visible(film.currentTime);
  const names = [...new Set(found.map(([name]) => name))];
  const told = names.length ? `On screen: ${names.join(", ")}.` : data.tracks.length ? "Nobody recognised on screen." : "";
  if ($("who").textContent !== told) $("who").textContent = told;
  const svg = $("boxes");
  if (svg.hidden || !film.videoWidth) return;
  const [width, height] = [film.videoWidth, film.videoHeight];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const scale = Math.max(width / (film.clientWidth || width), height / (film.clientHeight || height));
  svg.replaceChildren(...found.flatMap(([name, [x1, y1, x2, y2]]) => {
    const make = (kind, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const stroke = COLOURS[people.indexOf(name) % COLOURS.length];
    const box = make("rect", { x: x1 * width, y: y1 * height, width: (x2 - x1) * width, height: (y2 - y1) * height, rx: 4 * scale, stroke });
    const above = y1 * height > 22 * scale;
    const label = make("text", { x: x1 * width, y: above ? y1 * height - 7 * scale : y2 * height + 18 * scale });
    label.style.fontSize = `${14 * scale}px`;
    label.style.strokeWidth = `${4 * scale}px`;
    label.style.fill = stroke;
    label.textContent = name;
    return [box, label];
  }));
}
const showBoxes = () => { $("boxes").toggleAttribute("hidden", !$("show-boxes").checked); drawBoxes(); };
$("show-boxes").addEventListener("change", showBoxes);
if (!data.tracks.length) $("show-boxes").closest("label").hidden = true;
new ResizeObserver(drawBoxes).observe(film);

// ---- the strip: dialogue below, lines above

function drawStrip() {
  const whole = data.duration || 1;
  const bar = (kind, { start, end }) => {
    const made = element("div", "", { class: kind });
    made.style.left = `${(100 * start) / whole}%`;
    made.style.width = `${Math.max(0.15, (100 * (end - start)) / whole)}%`;
    return made;
  };
  $("strip").replaceChildren(
    ...data.dialogue.map((each) => bar("speech", each)),
    ...slots.filter((slot) => slot.text).map((slot) => bar(doubtful(slot) ? "line check" : "line", slot)),
    $("played"),
  );
}
$("strip").addEventListener("click", (event) => {
  const { left, width } = $("strip").getBoundingClientRect();
  jump(((event.clientX - left) / width) * (film.duration || data.duration));
});

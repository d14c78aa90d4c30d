"use strict";
// The script beside the film: to jump by, to edit, to save.

// `original` is what a page that is loaded now begins with.
const edited = (slot) => slot.text !== slot.original;
const doubtful = (slot) => !edited(slot) && !slot.edited && slot.reasons && slot.reasons.doubtful.length > 0;
const keep = () => kept.write(Object.fromEntries(slots.filter(edited).map((slot) => [slot.span, slot.text])));
function rowOf(slot, number) {
  const row = element("li", "", { class: "slot" });
  const head = element("div", "", { class: "head" });
  const to = element("button", clock(slot.start), { type: "button", class: "jump", "aria-label": `Play from ${clock(slot.start)}` });
  to.addEventListener("click", () => jump(slot.start, true));
  slot.length = element("span", "", { class: "length" });
  slot.chip = element("span", "", { class: "chip" });
  head.append(to, slot.length, slot.chip);
  const what = slot.silent ? "Silent pause" : "Line";
  const field = element("textarea", "", {
    rows: "1", lang: data.language, "aria-label": `${what} ${number} of ${slots.length}, ${clock(slot.start)} to ${clock(slot.end)}`,
  });
  field.placeholder = slot.silent ? "Silent: write here to say something" : "Silent: this line is taken out";
  field.value = slot.text;
  field.addEventListener("input", () => { slot.text = clean(field.value); changed(slot); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
    if (event.key === "Escape") to.focus();
  });
  field.addEventListener("blur", () => { field.value = slot.text; });
  slot.warning = element("p", "", { class: "warning", id: `warning-${number}` });
  field.setAttribute("aria-describedby", slot.warning.id);
  slot.field = field;
  slot.fit = () => {
    if (CSS.supports("field-sizing", "content") || !field.scrollHeight) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };
  row.append(head, field, slot.warning);
  const more = moreOf(slot);
  if (more) row.append(more);
  return row;
}
function moreOf(slot) {
  const reasons = slot.silent ? [slot.why] : [...slot.reasons.doubtful.map((why) => `Check: ${why}`), `Why this line: ${slot.reasons.chosen}`];
  if (!slot.silent && slot.drafted && slot.drafted !== slot.original) reasons.push(`The model's own words: ${slot.drafted}`);
  if (!slot.silent && slot.characters.length) reasons.push(`Recognised here: ${slot.characters.join(", ")}`);
  const found = element("details");
  const items = element("ul");
  items.append(...reasons.filter(Boolean).map((text) => element("li", text)));
  for (const other of slot.alternatives) {
    const item = element("li", `Or: ${other.text}${other.refused ? ` (${other.refused})` : ""}`);
    const use = element("button", "Use", { type: "button", class: "use", "aria-label": `Use: ${other.text}` });
    use.addEventListener("click", () => { slot.text = slot.field.value = other.text; changed(slot); slot.field.focus(); });
    item.append(use);
    items.append(item);
  }
  found.append(element("summary", slot.alternatives.length ? "Why, and what else could be said" : "Why"), items);
  return found;
}
/** What is told beside a line: its length against its slot, whether it is to be checked. */
function refresh(slot) {
  const count = words(slot.text), seconds = slot.end - slot.start;
  slot.fit();
  slot.length.textContent = `${seconds.toFixed(1)} s${count ? `, ${count} ${count === 1 ? "word" : "words"}` : ""}`;
  const most = Math.floor(seconds * data.pace.fastest + 1e-9);
  slot.warning.textContent = count > most ? `${count} words are too many to be heard in ${seconds.toFixed(1)} s; ${most} fit.` : "";
  const mark = edited(slot) || slot.edited ? "edited" : doubtful(slot) ? "check" : slot.text ? "" : "silent";
  slot.chip.className = `chip ${mark}`;
  slot.chip.textContent = mark === "check" ? "to be checked" : mark;
  slot.chip.hidden = !mark;
}
function changed(slot) {
  refresh(slot);
  keep();
  tellUnsaved();
  drawStrip();
  tick();
}
const unsaved = () => slots.filter((slot) => slot.text !== slot.saved).length;
function tellUnsaved() {
  const count = unsaved();
  $("status").textContent = count ? `${count} ${count === 1 ? "change is" : "changes are"} not saved yet.` : "";
  $("save").textContent = data.token ? "Save" : "Save as file";
}
function drawList() {
  const chosen = $("filter").value;
  const wanted = { all: () => true, check: doubtful, silent: (slot) => !slot.text, edited: (slot) => edited(slot) || slot.edited }[chosen];
  const order = $("order").value === "doubt" ? [...slots].sort((a, b) => b.doubt - a.doubt || a.start - b.start) : slots;
  list.replaceChildren(...order.filter(wanted).map((slot) => slot.row));
  if (!list.children.length) list.append(element("li", "Nothing here.", { class: "slot" }));
}
$("order").addEventListener("change", drawList);
$("filter").addEventListener("change", drawList);

// ---- saving: description.md as `narrate` reads it

/** The script with its lines as they stand now; all around them stays as it was. */
function scriptNow() {
  const heading = "\n## Lines\n";
  const at = scriptText.indexOf(heading) + heading.length;
  const end = scriptText.indexOf("\n<!--", at);
  const rows = slots.filter((slot) => slot.text).map((slot) => {
    const mark = slot.text === slot.saved && slot.mark ? ` ${slot.mark}` : "";
    return `- **${slot.span}** ${slot.text}${mark}`;
  });
  return `${scriptText.slice(0, at)}\n${rows.join("\n")}${rows.length ? "\n" : ""}${end < 0 ? "" : scriptText.slice(end)}`;
}
async function save() {
  if ($("save").disabled) return; // one at a time: the next begins with the script that this one makes
  const text = scriptNow();
  if (!data.token) {
    const link = element("a", "", { href: URL.createObjectURL(new Blob([text], { type: "text/markdown" })), download: "description.md" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    for (const slot of slots) if (slot.text !== slot.saved) [slot.saved, slot.mark] = [slot.text, ""];
    tellUnsaved();
    $("status").textContent = "Saved as description.md; put it into the draft's folder and narrate again.";
    return;
  }
  const sent = new Map(slots.map((slot) => [slot, slot.text])); // one may go on writing meanwhile
  $("save").disabled = true;
  try {
    const headers = { "Content-Type": "text/markdown", "X-Token": data.token, "X-Was": scriptDigest };
    const answer = await fetch("save", { method: "POST", headers, body: text });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    kept.write({});
    scriptText = told.script;
    scriptDigest = told.digest;
    for (const slot of slots) {
      slot.edited = told.edited.includes(slot.span);
      slot.mark = slot.edited ? "_(edited)_" : slot.mark;
      slot.saved = slot.original = sent.get(slot);
      refresh(slot);
    }
    keep();
    drawStrip();
    tellUnsaved();
    $("status").textContent = `${told.told} ${$("status").textContent}`.trim();
  } catch (error) {
    $("status").textContent = `Not saved: ${error.message}`;
  } finally {
    $("save").disabled = false;
  }
}
$("save").addEventListener("click", save);
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(scriptNow());
    $("status").textContent = "The script is copied.";
  } catch {
    $("status").textContent = "The browser does not let this page copy; save it as a file.";
  }
});
addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

// ---- keys

const keys = {
  " ": toggle, k: toggle,
  j: () => jump(film.currentTime - 5), l: () => jump(film.currentTime + 5),
  p: () => step(-1), n: () => step(1),
  b: () => { $("show-boxes").checked = !$("show-boxes").checked; showBoxes(); },
  e: () => { const slot = present || slots[0]; if (slot && slot.field.isConnected) slot.field.focus(); },
  w: () => { $("status").textContent = $("who").textContent || "This page knows nobody on screen."; },
};
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); save(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || !$("keys").checked) return;
  const busy = event.target.closest("textarea, input, select, summary, button, video");
  const act = keys[event.key.toLowerCase()];
  if (!act || (busy && (event.key === " " || busy.matches("textarea, select, [type=file]")))) return;
  event.preventDefault();
  act();
});

// ---- colours, and the beginning

$("theme").addEventListener("change", () => { document.documentElement.dataset.theme = $("theme").value; });
const before = kept.read();
slots.forEach((slot, place) => {
  slot.original = slot.text;
  if (slot.span in before) slot.text = before[slot.span];
  slot.row = rowOf(slot, place + 1);
  refresh(slot);
});
$("notes").append(...data.notes.map((note) => element("li", note)));
const check = slots.filter(doubtful).length, count = slots.filter((slot) => slot.text).length;
$("summary").textContent = `Draft description: ${count} ${count === 1 ? "line" : "lines"}, ${check} to be checked, ${slots.length - count} ${slots.length - count === 1 ? "pause" : "pauses"} silent.`;
for (const slot of slots) if (slot.text) descriptions.addCue(new VTTCue(slot.start, slot.end, slot.text));
drawList();
drawStrip();
tellUnsaved();
tick();

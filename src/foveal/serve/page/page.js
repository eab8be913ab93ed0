// The page: one image, one model, what the model predicts. Nothing is loaded from elsewhere, nothing is kept.

import { areaOf, colorOf, drawBoxes, drawMap, drawMasks, drawSample, LONGEST_PX, shadeOf } from "./draw.js";

const $ = (id) => document.getElementById(id);
const FEW = 10;
const LOWEST = 0.05; // objects below are not asked for
const state = { models: [], cards: {}, key: "", image: null, bitmap: null, found: null, threshold: null, all: false, picked: null, hidden: new Set(), off: new Set(), turn: 0, taken: 0 };

// --- the server

async function call(path, options = {}) {
  for (;;) {
    const headers = { ...options.headers, ...(state.key ? { Authorization: `Bearer ${state.key}` } : {}) };
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch {
      throw { error: "The server cannot be reached.", hint: "Is it still running?" };
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => ({ error: `The server responded with ${response.status}.` }));
    if (response.status !== 401) throw told;
    state.key = await askKey();
  }
}

let asked = null; // one dialog for all requests that wait for the key
function askKey() {
  asked ??= new Promise((resolve) => {
    $("key").value = "";
    $("asking").addEventListener("close", () => { asked = null; resolve($("key").value); }, { once: true });
    $("asking").showModal();
  });
  return asked;
}

async function start() {
  const [{ models }, settings] = await Promise.all(["v1/models", "page/settings"].map(async (path) => (await call(path)).json()));
  state.models = models;
  state.settings = settings;
  $("model").replaceChildren(...models.map(({ name }) => new Option(name, name)));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (models.some(({ name }) => name === wanted)) $("model").value = wanted;
  $("model").disabled = models.length < 2;
  listSamples(settings.samples);
  await showModel();
}

async function cardOf(name) {
  state.cards[name] ??= await (await call(`v1/models/${name}`)).json();
  return state.cards[name];
}

function listSamples(samples) {
  const button = (text, open) => {
    const one = document.createElement("button");
    one.type = "button";
    one.textContent = text;
    one.addEventListener("click", guarded(async () => take(await open(), text)));
    return one;
  };
  const fetched = samples.slice(0, 6).map((name, place) => {
    const open = async () => (await call(`page/samples/${place}`)).blob();
    const one = button(name.length > 18 ? `Sample ${place + 1}` : name, open);
    open().then((blob) => {
      const thumb = new Image();
      thumb.alt = "";
      thumb.src = URL.createObjectURL(blob);
      thumb.onload = () => URL.revokeObjectURL(thumb.src);
      one.prepend(thumb);
    }).catch(() => {});
    return one;
  });
  $("samples").replaceChildren(...(fetched.length ? fetched : [button("Sample", drawSample)]));
}

// The input's size: a number where it is square, else width and height.
function inPx(card) {
  const [width, height = width] = [card.input.size].flat();
  return `${width} x ${height} px`;
}

async function showModel() {
  const name = $("model").value, card = await cardOf(name);
  if (state.models.length > 1) history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  const count = card.classes.names.length;
  $("about").textContent = `${card.task}, ${count} ${count === 1 ? "class" : "classes"}, ${inPx(card)}`;
  showCard(name, card);
  Object.assign(state, { found: null, threshold: null, all: false, picked: null, off: new Set() });
  if (state.image) await predict();
  else render();
}

async function predict() {
  const turn = ++state.turn, name = $("model").value, card = await cardOf(name);
  const query = new URLSearchParams({ attention: "true" });
  const own = card.decode.threshold, objects = "max_objects" in card.decode;
  if (objects && typeof own === "number") query.set("threshold", Math.min(own, LOWEST));
  if (card.decode.multi_label) query.set("top", card.classes.names.length);
  $("busy").hidden = false;
  const begun = performance.now();
  try {
    const kind = state.image.type || "application/octet-stream";
    const response = await call(`v1/models/${name}/predict?${query}`, { method: "POST", headers: { "Content-Type": kind }, body: state.image });
    const found = await response.json();
    if (turn !== state.turn) return;
    const thresholds = typeof own === "number" && (objects || card.decode.multi_label);
    Object.assign(state, { found, own, ms: performance.now() - begun, picked: null, threshold: thresholds ? state.threshold ?? own : null });
  } finally {
    if (turn === state.turn) $("busy").hidden = true;
  }
  render();
}

// --- images

async function take(blob, name = "image") {
  showError(null);
  if (!blob) return;
  if (blob.size > state.settings.max_body_bytes) throw { error: `The image has ${(blob.size / 1e6).toFixed(1)} MB.`, hint: `At most ${state.settings.max_body_bytes / 1e6} MB are taken.` };
  const taken = ++state.taken, bitmap = await createImageBitmap(blob).catch(() => null);
  if (taken !== state.taken) return bitmap?.close(); // another image was chosen meanwhile
  state.bitmap?.close();
  Object.assign(state, { bitmap, image: blob, name: blob.name || name, found: null, all: false });
  render();
  await predict();
}

async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) return $("capture").click();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch {
    throw { error: "There is no camera, or the page may not use it.", hint: "Allow it in the browser." };
  }
  $("video").srcObject = stream;
  $("shooting").addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()), { once: true });
  $("shooting").showModal();
}

async function shoot() {
  const video = $("video"), canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  $("shooting").close();
  await take(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 }), "camera");
}

// --- what is shown

const indexOf = (name) => state.cards[$("model").value].classes.names.indexOf(name);
const percent = (share) => `${(share * 100).toFixed(1)}%`;
const shownObjects = () => state.found.objects.map((object, place) => ({ ...object, place })).filter((object) => object.score >= state.threshold);

// As `foveal predict` gives it at the threshold that is chosen.
function document_() {
  const { attention, ...rest } = state.found;
  if (rest.objects) {
    rest.objects = shownObjects().map(({ place, ...object }) => object);
    if (rest.objects.length < state.found.objects.length) delete rest.full; // it was asked for more than is shown
  }
  if (rest.classes && state.threshold !== null) rest.classes = rest.classes.filter(({ score }) => score >= state.threshold);
  return rest;
}

function render() {
  const { found } = state;
  $("slider").hidden = !found || state.threshold === null;
  if (state.threshold !== null) {
    $("threshold").value = state.threshold;
    $("threshold").min = "max_objects" in state.cards[$("model").value].decode ? Math.min(state.own, LOWEST) : 0;
    $("shown").textContent = Number(state.threshold).toFixed(2);
  }
  const rows = found ? rowsOf(found) : [];
  const few = state.all ? rows : rows.slice(0, found?.objects ? 100 : FEW);
  $("rows").replaceChildren(...few);
  $("more").hidden = few.length === rows.length;
  $("more").textContent = `Show all ${rows.length}`;
  $("summary").replaceChildren(...(found ? summaryOf(found) : [state.image ? "" : "No image yet."]));
  $("text").textContent = found ? JSON.stringify(document_(), null, 2) : "No image yet.";
  const key = state.key ? ` \\\n  -H 'Authorization: Bearer KEY'` : "";
  const threshold = state.threshold === null ? "" : `?threshold=${Number(state.threshold).toFixed(2)}`;
  $("command").textContent = `curl -F image=@photo.jpg${key} \\\n  '${location.origin}/v1/models/${$("model").value}/predict${threshold}'`;
  showLayers();
  draw();
}

function summaryOf(found) {
  const small = document.createElement("small");
  small.textContent = `${state.name}, ${found.size.join(" x ")} px, ${Math.round(state.ms)} ms`;
  let text = "";
  if (found.classes) {
    const present = found.classes.filter(({ score }) => state.threshold === null || score >= state.threshold);
    const first = found.classes[0];
    text = state.threshold === null ? (first ? `${first.name} ${percent(first.score)}` : "") : present.map(({ name }) => name).join(", ") || "No class at this threshold";
  } else if (found.objects) {
    const counts = new Map();
    const shown = shownObjects();
    for (const { name } of shown) counts.set(name, (counts.get(name) ?? 0) + 1);
    text = [...counts].map(([name, count]) => `${count} ${name}`).join(", ") || "No object at this threshold";
    if (found.full && shown.length === found.objects.length) text += " (the limit on their number is reached)";
  } else if (found.mask) {
    const count = Object.keys(found.mask).length;
    text = `${count} ${count === 1 ? "class" : "classes"} in the image`;
  }
  return [text, small];
}

function row(name, number, { color, share, first, off, click, pressed }) {
  const item = document.createElement("li"), line = document.createElement(click ? "button" : "div");
  const parts = ["i", "span", "span"].map((tag) => document.createElement(tag));
  const [swatch, what, num] = parts;
  if (click) line.type = "button";
  swatch.style.setProperty("--c", color);
  what.className = "what";
  what.textContent = what.title = name;
  num.className = "num";
  num.textContent = number;
  line.append(...parts);
  if (share !== undefined) {
    const track = document.createElement("span"), bar = document.createElement("b");
    track.className = "track";
    bar.style.width = `${share * 100}%`;
    bar.style.background = color;
    track.append(bar);
    line.append(track);
  }
  line.classList.toggle("first", Boolean(first));
  line.classList.toggle("off", Boolean(off));
  if (click) {
    line.setAttribute("aria-pressed", String(Boolean(pressed)));
    line.addEventListener("click", click);
  }
  item.append(line);
  return item;
}

function rowsOf(found) {
  if (found.classes) {
    return found.classes.map(({ name, score }, place) => row(name, percent(score), {
      color: colorOf(indexOf(name)), share: score,
      first: state.threshold === null ? place === 0 : score >= state.threshold, off: state.threshold !== null && score < state.threshold,
    }));
  }
  if (found.objects) {
    return shownObjects().map(({ name, score, place }) => row(name, percent(score), {
      color: colorOf(indexOf(name)), pressed: state.picked === place,
      click: () => pick(place),
    }));
  }
  const pixels = found.size[0] * found.size[1];
  return Object.entries(found.mask ?? {}).map(([name, mask]) => [name, areaOf(mask) / pixels]).sort((a, b) => b[1] - a[1]).map(([name, share]) => row(name, percent(share), {
    color: colorOf(indexOf(name)), share, off: state.off.has(name), pressed: !state.off.has(name),
    click: () => { toggle(state.off, name); again(); },
  }));
}

function pick(place) {
  state.picked = state.picked === place ? null : place;
  again();
}

// Render, and leave the focus where it was: rows are made anew.
function again() {
  const focused = [...$("rows").querySelectorAll("button")].indexOf(document.activeElement);
  render();
  if (focused >= 0) $("rows").querySelectorAll("button")[focused]?.focus();
}

const toggle = (set, value) => (set.has(value) ? set.delete(value) : set.add(value));

function showLayers() {
  const { found } = state, names = [];
  if (found?.objects) names.push("Boxes");
  if (found?.mask || found?.objects?.some(({ mask }) => mask)) names.push("Masks");
  if (found?.attention) names.push("Attention");
  const current = [...$("layers").children].map((one) => one.textContent);
  if (names.join() !== current.join()) {
    $("layers").replaceChildren(...names.map((name) => {
      const one = document.createElement("button");
      one.type = "button";
      one.textContent = name;
      one.addEventListener("click", () => { toggle(state.hidden, name); render(); });
      return one;
    }));
  }
  for (const one of $("layers").children) one.setAttribute("aria-pressed", String(!state.hidden.has(one.textContent)));
}

function draw() {
  const { bitmap, found, image, hidden } = state, canvas = $("canvas");
  const nothing = !image || (!bitmap && !found); // neither the browser nor the server can read it, or not yet
  canvas.hidden = nothing;
  $("empty").hidden = !nothing;
  if (nothing) return;
  const [width, height] = bitmap ? [bitmap.width, bitmap.height] : found?.size ?? [640, 360];
  const shrink = Math.min(1, LONGEST_PX / Math.max(width, height));
  const grow = Math.max(1, Math.min(4, 640 / Math.max(width, height))); // lines on a tiny image need pixels too
  const factor = shrink < 1 ? shrink : grow;
  canvas.width = Math.max(1, Math.round(width * factor));
  canvas.height = Math.max(1, Math.round(height * factor));
  const context = canvas.getContext("2d");
  if (bitmap) {
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  } else {
    context.fillStyle = "#808890";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#fff";
    context.font = "16px system-ui, sans-serif";
    context.fillText("The browser cannot show this format.", 16, 32);
  }
  if (!found) return;
  const scale = canvas.width / found.size[0], ratio = canvas.width / (canvas.getBoundingClientRect().width || canvas.width);
  const objects = found.objects ? shownObjects().map((object) => ({ ...object, color: colorOf(indexOf(object.name)), dim: state.picked !== null && state.picked !== object.place })) : [];
  if (found.attention && !hidden.has("Attention")) drawMap(context, found.attention, scale);
  if (!hidden.has("Masks")) {
    const maps = Object.entries(found.mask ?? {}).filter(([name]) => !state.off.has(name)).map(([name, mask]) => ({ mask, color: colorOf(indexOf(name)) }));
    const masks = [...objects].reverse().filter(({ mask, dim }) => mask && !dim).map(({ mask, color, place }) => ({ mask, color: shadeOf(color, place) }));
    if (maps.length + masks.length) drawMasks(context, [...maps, ...masks], scale);
  }
  if (!hidden.has("Boxes")) drawBoxes(context, objects, scale, ratio);
}

function showCard(name, card) {
  const list = document.createElement("dl"), names = card.classes.names;
  const add = (what, ...parts) => {
    const [term, value] = ["dt", "dd"].map((tag) => document.createElement(tag));
    term.textContent = what;
    value.append(...parts);
    list.append(term, value);
  };
  add("Name", name);
  add("Task", card.task);
  add("Classes", `${names.length}: ${names.slice(0, 30).join(", ")}${names.length > 30 ? " …" : ""}`);
  add("Input", `${inPx(card)}, ${card.input.fit}`);
  if (card.model.backbone) add("Network", card.model.backbone);
  if (typeof card.decode.threshold === "number") add("Threshold", String(Number(card.decode.threshold.toFixed(4))));
  for (const [metric, [value, low, high]] of Object.entries(card.metrics).slice(0, 8)) {
    const small = document.createElement("small");
    small.textContent = `(95%: ${low.toFixed(3)} to ${high.toFixed(3)})`;
    add(metric.replaceAll("_", " "), `${value.toFixed(3)} `, small);
  }
  add("Foveal", card.foveal);
  $("card").replaceChildren(list);
}

// Browsers give the clipboard only to https and this machine; elsewhere the old way is left.
async function copyText() {
  if (navigator.clipboard) return navigator.clipboard.writeText($("text").textContent).then(() => true, () => false);
  getSelection().selectAllChildren($("text"));
  return document.execCommand("copy");
}

function showError(told) {
  $("error").hidden = !told;
  if (!told) return;
  const what = document.createElement("b"), hint = document.createElement("div"), id = document.createElement("small");
  what.textContent = told.error ?? String(told);
  hint.textContent = told.hint ?? "";
  id.textContent = told.request_id ? `Request ${told.request_id}` : "";
  $("error").replaceChildren(what, hint, id);
}

function guarded(action) {
  return async (event) => {
    try {
      showError(null);
      await action(event);
    } catch (told) {
      showError(told);
      render();
    }
  };
}

// --- events

$("choose").addEventListener("click", () => $("file").click());
for (const input of [$("file"), $("capture")]) {
  input.addEventListener("change", guarded(async () => { await take(input.files[0]); }));
  input.addEventListener("click", () => { input.value = ""; }); // the same file again is a change
}
$("camera").addEventListener("click", guarded(openCamera));
$("shoot").addEventListener("click", guarded(shoot));
$("stop").addEventListener("click", () => $("shooting").close());
$("model").addEventListener("change", guarded(showModel));
$("threshold").addEventListener("input", () => { state.threshold = Number($("threshold").value); state.picked = null; render(); });
$("more").addEventListener("click", () => { state.all = true; render(); });
$("copy").addEventListener("click", async () => {
  const copied = await copyText();
  $("copy").textContent = copied ? "Copied" : "Select it and press Ctrl-C";
  setTimeout(() => { $("copy").textContent = "Copy the JSON"; }, 1500);
});
addEventListener("paste", guarded(async (event) => {
  const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
  if (file) await take(file, "pasted");
}));
for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
for (const name of ["dragleave", "drop"]) addEventListener(name, (event) => { event.preventDefault(); $("drop").classList.remove("over"); });
addEventListener("drop", guarded(async (event) => {
  const file = event.dataTransfer.files[0];
  if (!file) throw { error: "Only files can be dropped.", hint: "Save the image first." };
  await take(file);
}));
addEventListener("resize", () => { if (state.found) draw(); });
const tabs = [...document.querySelectorAll("[role=tab]")];
function openTab(tab) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    $(one.getAttribute("aria-controls")).hidden = one !== tab;
  }
}
for (const [place, tab] of tabs.entries()) {
  tab.addEventListener("click", () => openTab(tab));
  tab.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    next.focus();
    openTab(next);
  });
}
guarded(start)();

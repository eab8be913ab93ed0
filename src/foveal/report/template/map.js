"use strict";
{
const data = JSON.parse(document.getElementById("data").textContent);
const { points, thumb, across } = data;
const canvas = document.getElementById("map");
const pen = canvas.getContext("2d");
const find = (id) => document.getElementById(id);
const sheets = data.sheets.map((uri) => {
  const image = new Image();
  image.onload = () => draw();
  image.src = uri;
  return image;
});
const per = across * across;
let layout = "tsne", marks = points.length > 1500 ? "dots" : "photos", wrong = false, chosen = -1, words = [];
let zoom = 1, middle = [0, 0], selected = -1, shown = [];
const texts = points.map((point) => `${point.file} ${point.labels.map((k) => data.classes[k]).join(" ")} ${point.predicted}`.toLowerCase());
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const box = () => [canvas.clientWidth, canvas.clientHeight];
const unit = () => (Math.min(...box()) / 2 - 34) * zoom;
const place = (point) => {
  const [w, h] = box(), [x, y] = point[layout];
  return [w / 2 + (x - middle[0]) * unit(), h / 2 + (y - middle[1]) * unit()];
};
const size = () => {
  const room = Math.min(...box()) / Math.sqrt(Math.max(shown.length, 30)) * 0.8;
  return marks === "dots" ? Math.min(9, 4.5 + zoom * 0.6) : Math.max(14, Math.min(thumb, room * Math.pow(zoom, 0.75)));
};
const wanted = (i) => (!wrong || points[i].wrong) && (chosen < 0 || points[i].labels.includes(chosen)) && words.every((word) => texts[i].includes(word));

const select = () => {
  shown = points.map((_, i) => i).filter(wanted);
  const all = shown.length === points.length;
  find("count").textContent = all ? "" : `${shown.length.toLocaleString("en")} of ${points.length.toLocaleString("en")} images`;
  draw();
};
let asked = false;
const draw = () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; paint(); });
};
const cut = (i) => [sheets[Math.floor(i / per)], (i % per % across) * thumb, Math.floor(i % per / across) * thumb];
const mark = (i, side, faded) => {
  const [x, y] = place(points[i]), [w, h] = box();
  if (x < -side || y < -side || x > w + side || y > h + side) return;
  const color = style(`--${data.colors[points[i].labels[0]] ?? "bar"}`);
  pen.globalAlpha = faded ? 0.12 : 1;
  if (marks === "dots" || faded) {
    pen.fillStyle = color;
    pen.beginPath();
    pen.arc(x, y, faded ? 3 : side / 2, 0, 7);
    pen.fill();
  } else {
    const [sheet, sx, sy] = cut(i);
    if (sheet.complete) pen.drawImage(sheet, sx, sy, thumb, thumb, x - side / 2, y - side / 2, side, side);
    pen.lineWidth = side > 30 ? 3 : 2;
    pen.strokeStyle = color;
    pen.strokeRect(x - side / 2, y - side / 2, side, side);
  }
  if (points[i].wrong && !faded) {
    pen.setLineDash([4, 3]);
    pen.lineWidth = 2;
    pen.strokeStyle = style("--ink");
    pen.beginPath();
    pen.arc(x, y, marks === "dots" ? side / 2 + 3 : side * 0.5 + 2, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
  }
  pen.globalAlpha = 1;
};
const paint = () => {
  const [w, h] = box(), dense = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(w * dense) || canvas.height !== Math.round(h * dense)) [canvas.width, canvas.height] = [Math.round(w * dense), Math.round(h * dense)];
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, w, h);
  const side = size(), on = new Set(shown);
  if (on.size < points.length) points.forEach((_, i) => on.has(i) || mark(i, side, true));
  for (const i of shown) mark(i, side, false);
  if (selected >= 0) {
    const large = marks === "dots" ? side * 1.4 : Math.max(44, side * 1.2), half = large / 2 + 5;
    const [x, y] = place(points[selected]);
    pen.fillStyle = style("--card");
    pen.fillRect(x - half, y - half, 2 * half, 2 * half);
    mark(selected, large, false);
    pen.lineWidth = 2;
    pen.strokeStyle = style("--ink");
    pen.strokeRect(x - half, y - half, 2 * half, 2 * half);
  }
};

const line = (kind, text) => {
  const made = document.createElement("p");
  made.className = kind;
  made.textContent = text;
  return made;
};
const tell = (i) => {
  if (i === selected) return;
  selected = i;
  if (i >= 0) {
    const point = points[i], image = document.createElement("canvas");
    image.width = image.height = thumb;
    const [sheet, sx, sy] = cut(i);
    image.getContext("2d").drawImage(sheet, sx, sy, thumb, thumb, 0, 0, thumb, thumb);
    const parts = [image, line("file", point.file)];
    if (point.labels.length) parts.push(line("", `annotated: ${point.labels.map((k) => data.classes[k]).join(", ")}`));
    if (point.predicted) parts.push(line(point.wrong ? "is-wrong" : "", point.predicted));
    find("shown").replaceChildren(...parts);
  }
  draw();
};
const nearest = (x, y) => {
  let best = -1, least = Math.max(12, size() * 0.75);
  for (const i of shown) {
    const [px, py] = place(points[i]), far = Math.hypot(px - x, py - y);
    if (far <= least) [best, least] = [i, far];
  }
  return best;
};
const zoomBy = (factor, x, y) => {
  const [w, h] = box(), before = unit();
  if (!factor) [zoom, middle] = [1, [0, 0]];
  else {
    zoom = Math.max(0.5, Math.min(60, zoom * factor));
    const grown = 1 / before - 1 / unit();
    middle = [middle[0] + ((x ?? w / 2) - w / 2) * grown, middle[1] + ((y ?? h / 2) - h / 2) * grown];
  }
  draw();
};
const press = (buttons, on) => buttons.forEach((button) => button.setAttribute("aria-pressed", on(button)));
const layouts = [...document.querySelectorAll("[data-layout]")], kinds = [...document.querySelectorAll("[data-marks]")];
const toLayout = (name) => { layout = name; press(layouts, (b) => b.dataset.layout === name); zoomBy(0); };
const toMarks = (name) => { marks = name; press(kinds, (b) => b.dataset.marks === name); draw(); };
for (const button of layouts) button.addEventListener("click", () => toLayout(button.dataset.layout));
for (const button of kinds) button.addEventListener("click", () => toMarks(button.dataset.marks));
for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoomBy(+button.dataset.zoom));
const names = [...find("names").querySelectorAll("button")];
for (const button of names) button.addEventListener("click", () => {
  const k = +button.dataset.class;
  chosen = chosen === k ? -1 : k;
  press(names, (b) => +b.dataset.class === chosen);
  select();
});
const toWrong = () => {
  if (!find("wrong")) return;
  wrong = !wrong;
  find("wrong").setAttribute("aria-pressed", wrong);
  select();
};
find("wrong")?.addEventListener("click", toWrong);
find("search").addEventListener("input", (event) => {
  words = event.target.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  select();
});
find("search").addEventListener("keydown", (event) => {
  if (event.key === "Escape") { event.target.value = ""; words = []; select(); canvas.focus(); }
  if (event.key === "Enter" && shown.length) { canvas.focus(); step(1); }
});
const step = (by) => {
  if (!shown.length) return;
  const next = (shown.indexOf(selected) + by + shown.length) % shown.length;
  tell(shown[shown.indexOf(selected) < 0 && by < 0 ? shown.length - 1 : next]);
  const [x, y] = place(points[selected]), [w, h] = box();
  if (x < 20 || y < 20 || x > w - 20 || y > h - 20) middle = [...points[selected][layout]];
  draw();
};
document.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const by = 0.2 / zoom;
  const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
  const acts = { "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: () => zoomBy(0), n: () => step(1), p: () => step(-1), l: () => toLayout(layout === "tsne" ? "pca" : "tsne"), m: toWrong, "/": () => find("search").focus() };
  const act = acts[event.key.toLowerCase()];
  if (moves[event.key] && event.target === canvas) middle = middle.map((v, i) => v + moves[event.key][i]), draw();
  else if (act) act();
  else return;
  event.preventDefault();
});
const held = new Map();
let spread = 0;
const apart = () => { const [a, b] = [...held.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
}, { passive: false });
canvas.addEventListener("pointerdown", (event) => {
  held.set(event.pointerId, [event.offsetX, event.offsetY]);
  canvas.setPointerCapture(event.pointerId);
  canvas.classList.add("moving");
  if (held.size === 2) spread = apart();
  const near = nearest(event.offsetX, event.offsetY);
  if (near >= 0) tell(near);
});
canvas.addEventListener("pointermove", (event) => {
  const before = held.get(event.pointerId);
  if (!before) {
    const near = nearest(event.offsetX, event.offsetY);
    if (near >= 0) tell(near);
    return;
  }
  held.set(event.pointerId, [event.offsetX, event.offsetY]);
  if (held.size === 2) {
    const now = apart(), [a, b] = [...held.values()];
    zoomBy(now / (spread || now), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
    spread = now;
  } else {
    middle = [middle[0] - (event.offsetX - before[0]) / unit(), middle[1] - (event.offsetY - before[1]) / unit()];
    draw();
  }
});
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => {
  held.delete(event.pointerId);
  if (!held.size) canvas.classList.remove("moving");
});
new ResizeObserver(draw).observe(canvas);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
toMarks(marks);
select();
}

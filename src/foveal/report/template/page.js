"use strict";
{
const nav = document.querySelector("nav");
const links = new Map();
for (const section of document.querySelectorAll("main > section")) {
  const link = nav.appendChild(document.createElement("a"));
  link.textContent = section.querySelector("h2").textContent;
  link.href = `#${section.id}`;
  links.set(section, link);
}
const mark = () => {
  const above = [...links.keys()].filter((section) => section.getBoundingClientRect().top < innerHeight / 3);
  for (const [section, link] of links) link.toggleAttribute("aria-current", section === above.at(-1));
};
addEventListener("scroll", mark, { passive: true });
mark();
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const body = table.tBodies[0];
    const up = head.getAttribute("aria-sort") === (column ? "descending" : "none");
    const key = (row) => row.cells[column].dataset.value;
    const rows = [...body.rows].sort((a, b) => {
      if (!column) return (up ? 1 : -1) * a.cells[0].textContent.localeCompare(b.cells[0].textContent);
      if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
      return (up ? 1 : -1) * (key(a) - key(b));
    });
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  }));
}
for (const field of document.querySelectorAll(".filter input")) {
  const box = field.closest("label").nextElementSibling;
  const rows = box.querySelectorAll("tbody tr, figure");
  field.addEventListener("input", () => {
    const part = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(part);
  });
}
const name = (group) => group.dataset.name ?? group.firstElementChild.textContent;
const choices = [...document.querySelectorAll(".legend.classes button")];
for (const choice of choices) {
  choice.addEventListener("click", () => {
    const chosen = choice.getAttribute("aria-pressed") !== "true";
    for (const other of choices) other.setAttribute("aria-pressed", other === choice && chosen);
    for (const chart of document.querySelectorAll("#results svg.chart")) {
      const groups = [...chart.querySelectorAll("g")];
      const mine = groups.filter((group) => name(group) === choice.textContent);
      chart.classList.toggle("dim", chosen && mine.length > 0);
      for (const group of groups) group.classList.toggle("on", chosen && mine.includes(group));
    }
  });
}
const MANY = 12;
const written = (value) => value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : String(+value.toPrecision(3));
for (const figure of document.querySelectorAll("[data-values]")) {
  const { of, at, curves } = JSON.parse(figure.dataset.values);
  const chart = figure.querySelector("svg");
  const [left, right, top, bottom, start, end] = chart.dataset.box.split(" ").map(Number);
  const px = (x) => left + (x - start) / (end - start) * (right - left);
  const colors = {};
  for (const group of chart.querySelectorAll("g")) {
    const own = name(group);
    const curve = Object.keys(curves).find((label) => own === label || own.startsWith(`${label}: `));
    if (!curve) continue;
    group.dataset.name = curve; // the readout replaces the browser's own tooltip
    group.firstElementChild.remove();
    colors[curve] ??= group.firstElementChild;
  }
  const line = chart.appendChild(document.createElementNS(chart.namespaceURI, "path"));
  line.setAttribute("class", "cross s-muted");
  const box = figure.appendChild(document.createElement("div"));
  box.className = "readout";
  let place = -1;
  const show = (index) => {
    place = Math.max(0, Math.min(at.length - 1, index));
    const x = px(at[place]);
    const rows = Object.entries(curves).map(([curve, ys]) => [curve, ys[place]]).filter(([, y]) => y !== null);
    rows.sort((a, b) => b[1] - a[1]);
    line.setAttribute("d", `M${x} ${top}V${bottom}`);
    box.replaceChildren(...[[`${of} ${written(at[place])}`], ...rows.slice(0, MANY)].map(([label, y]) => {
      const row = document.createElement("div");
      row.append(label);
      if (y === undefined) return row;
      const look = colors[label] && getComputedStyle(colors[label]);
      row.style.setProperty("--c", !look ? "" : look.stroke === "none" ? look.fill : look.stroke);
      row.appendChild(document.createElement("b")).textContent = written(y);
      return row;
    }));
    if (rows.length > MANY) box.append(`and ${rows.length - MANY} more`);
    const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
    const offset = chart.getBoundingClientRect().left - figure.getBoundingClientRect().left;
    const far = x > (left + right) / 2;
    box.style.left = far ? "" : `${offset + x * scale + 10}px`;
    box.style.right = far ? `${figure.clientWidth - offset - x * scale + 10}px` : "";
    figure.classList.add("read");
  };
  const hide = () => figure.classList.remove("read");
  const nearest = (event) => {
    const area = chart.getBoundingClientRect();
    const x = start + ((event.clientX - area.left) / area.width * chart.viewBox.baseVal.width - left) / (right - left) * (end - start);
    return at.reduce((best, value, index) => Math.abs(value - x) < Math.abs(at[best] - x) ? index : best, 0);
  };
  chart.tabIndex = 0;
  for (const kind of ["pointermove", "pointerdown"]) chart.addEventListener(kind, (event) => show(nearest(event)));
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) show(place < 0 ? 0 : place + by);
    if (by) event.preventDefault();
    if (event.key === "Escape") hide();
  });
}
const dialog = document.querySelector("dialog");
if (dialog) {
  let photos = [];
  let at = 0;
  const show = () => {
    const figure = photos[at];
    dialog.querySelector(".both").classList.toggle("below", figure.classList.contains("wide"));
    dialog.querySelector(".both").replaceChildren(...[...figure.querySelectorAll("img")].map((image) => Object.assign(new Image(), { src: image.src, alt: image.alt })));
    dialog.querySelector("figcaption").innerHTML = figure.querySelector("figcaption").innerHTML;
    dialog.querySelector(".turn span").textContent = `${at + 1} of ${photos.length}`;
  };
  const turn = (by) => {
    if (!by) return dialog.close();
    at = (at + by + photos.length) % photos.length;
    show();
  };
  for (const gallery of document.querySelectorAll(".gallery")) {
    const own = [...gallery.querySelectorAll("figure")];
    own.forEach((figure, place) => figure.querySelector(".zoom").addEventListener("click", () => {
      [photos, at] = [own, place];
      show();
      dialog.showModal();
    }));
  }
  for (const button of dialog.querySelectorAll("[data-turn]")) button.addEventListener("click", () => turn(+button.dataset.turn));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) turn(by);
  });
}
}

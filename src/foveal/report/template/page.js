"use strict";
{
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
  let box = field.closest("label").nextElementSibling;
  const rows = [...box.querySelector("tbody").rows];
  field.addEventListener("input", () => {
    const part = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(part);
  });
}
const choices = [...document.querySelectorAll(".legend.classes button")];
for (const choice of choices) {
  choice.addEventListener("click", () => {
    const chosen = choice.getAttribute("aria-pressed") !== "true";
    for (const other of choices) other.setAttribute("aria-pressed", other === choice && chosen);
    for (const chart of document.querySelectorAll("#results svg.chart")) {
      const groups = [...chart.querySelectorAll("g")];
      const mine = groups.filter((group) => group.firstElementChild.textContent === choice.textContent);
      chart.classList.toggle("dim", chosen && mine.length > 0);
      for (const group of groups) group.classList.toggle("on", chosen && mine.includes(group));
    }
  });
}
const dialog = document.querySelector("dialog");
if (dialog) {
  let photos = [];
  let at = 0;
  const show = () => {
    const figure = photos[at];
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

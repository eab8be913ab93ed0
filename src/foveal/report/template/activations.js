"use strict";
{
const dialog = document.querySelector("dialog");
const figures = [...document.querySelectorAll(".pairs figure")];
let at = 0;
const show = () => {
  const pair = [...figures[at].querySelectorAll("img")].map((image) => image.cloneNode());
  dialog.querySelector(".pair").replaceChildren(...pair);
  const stage = figures[at].closest("section").querySelector("h2").textContent;
  dialog.querySelector("figcaption").textContent = `${stage}, ${figures[at].querySelector("figcaption").textContent}`;
  dialog.querySelector(".turn span").textContent = `${at + 1} of ${figures.length}`;
};
const turn = (by) => {
  if (!by) return dialog.close();
  at = (at + by + figures.length) % figures.length;
  show();
};
figures.forEach((figure, place) => figure.querySelector(".zoom").addEventListener("click", () => {
  at = place;
  show();
  dialog.showModal();
}));
for (const button of dialog.querySelectorAll("[data-turn]")) button.addEventListener("click", () => turn(+button.dataset.turn));
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) turn(by);
});
}

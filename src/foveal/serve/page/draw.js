// Predictions on a canvas: masks, the attention map, boxes. Knows only the JSON, not which task made it.

const COLORS = ["#2f7bff", "#ff5a36", "#00b37e", "#b06bff", "#e0b000", "#ff4fb0", "#22b8e6", "#c2410c", "#7c8cff", "#d400b8", "#7fb800", "#9a6b52"];
const INFERNO = ["#000004", "#210c4a", "#57106e", "#8a226a", "#bc3754", "#e45a31", "#f98e09", "#f9cb35", "#fcffa4"];
export const LONGEST_PX = 1600;

export const colorOf = (index) => COLORS[((index % COLORS.length) + COLORS.length) % COLORS.length];

const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

// Letters on a colour: black on light ones.
const inkOn = (color) => { const [r, g, b] = channels(color); return 0.3 * r + 0.59 * g + 0.11 * b > 150 ? "#000" : "#fff"; };

// Neighbours of one class in three shades.
export const shadeOf = (color, place) => {
  const toward = [null, 255, 0][place % 3];
  return toward === null ? color : `rgb(${channels(color).map((value) => Math.round(value * 0.68 + toward * 0.32)).join(" ")})`;
};

// COCO's compressed run lengths: zeros first, column by column.
export function runsOf(counts) {
  if (typeof counts !== "string") return counts;
  const runs = [];
  let value = 0, shift = 0;
  for (const character of counts) {
    const code = character.charCodeAt(0) - 48;
    value += (code & 31) * 2 ** shift;
    shift += 5;
    if (code & 32) continue;
    if (code & 16) value -= 2 ** shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
    value = shift = 0;
  }
  return runs;
}

export const areaOf = (mask) => runsOf(mask.counts).reduce((sum, run, place) => (place % 2 ? sum + run : sum), 0);

function fillMask(context, mask, scale) {
  const height = mask.size[0];
  const fill = (x, y, columns, rows) => { // whole pixels of the canvas: no seams
    const left = Math.round(x * scale), top = Math.round(y * scale);
    context.fillRect(left, top, Math.round((x + columns) * scale) - left, Math.round((y + rows) * scale) - top);
  };
  let at = 0;
  runsOf(mask.counts).forEach((run, place) => {
    let start = at;
    at += run;
    if (place % 2 === 0) return;
    while (start < at) {
      const column = Math.floor(start / height), top = start % height;
      const length = Math.min(at - start, height - top);
      if (top === 0 && length === height) { // whole columns at once
        const columns = Math.max(1, Math.floor((at - start) / height));
        fill(column, 0, columns, height);
        start += columns * height;
        continue;
      }
      fill(column, top, 1, length);
      start += length;
    }
  });
}

// Masks opaque on a layer of their own, the layer then laid on half transparent: overlaps do not add up.
export function drawMasks(context, masks, scale) {
  const layer = new OffscreenCanvas(context.canvas.width, context.canvas.height);
  const inside = layer.getContext("2d");
  for (const { mask, color } of masks) {
    inside.fillStyle = color;
    fillMask(inside, mask, scale);
  }
  context.globalAlpha = 0.5;
  context.drawImage(layer, 0, 0);
  context.globalAlpha = 1;
}

export function drawMap(context, attention, scale) {
  const rows = attention.map, low = Math.min(...rows.flat()), high = Math.max(...rows.flat());
  const small = new OffscreenCanvas(rows[0].length, rows.length), inside = small.getContext("2d");
  rows.forEach((row, y) => row.forEach((weight, x) => {
    const share = high > low ? (weight - low) / (high - low) : 0;
    inside.globalAlpha = 0.2 + 0.6 * share;
    inside.fillStyle = INFERNO[Math.round(share * (INFERNO.length - 1))];
    inside.fillRect(x, y, 1, 1);
  }));
  const [x1, y1, x2, y2] = attention.box.map((value) => value * scale);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, x1, y1, x2 - x1, y2 - y1);
}

// `ratio`: canvas pixels per pixel of the screen, so that lines and letters are as thick on every screen.
export function drawBoxes(context, objects, scale, ratio) {
  const size = Math.max(11, 13 * ratio);
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  for (const { box, name, score, color, dim } of [...objects].reverse()) {
    const [x1, y1, x2, y2] = box.map((value) => value * scale);
    context.globalAlpha = dim ? 0.25 : 1;
    context.strokeStyle = color;
    context.lineWidth = Math.max(1.5, 2 * ratio);
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    if (!dim && (x2 - x1 > 34 * ratio || objects.length < 30)) {
      const text = `${name} ${(score * 100).toFixed(0)}%`, height = size * 1.45;
      const width = context.measureText(text).width + size * 0.7;
      const top = y1 >= height ? y1 - height : y1, left = Math.max(0, Math.min(x1, context.canvas.width - width));
      context.fillStyle = color;
      context.fillRect(left, top, width, height);
      context.fillStyle = inkOn(color);
      context.fillText(text, left + size * 0.35, top + height / 2);
    }
    context.globalAlpha = 1;
  }
}

// A scene to try without any image at hand.
export function drawSample() {
  const canvas = new OffscreenCanvas(640, 480), context = canvas.getContext("2d");
  const sky = context.createLinearGradient(0, 0, 0, 480);
  sky.addColorStop(0, "#9cc9ee");
  sky.addColorStop(0.62, "#e9f1f4");
  sky.addColorStop(0.63, "#7fae62");
  sky.addColorStop(1, "#4f7f3f");
  context.fillStyle = sky;
  context.fillRect(0, 0, 640, 480);
  for (const [x, y, size, petal] of [[170, 250, 62, "#f4c430"], [345, 215, 84, "#d9463b"], [505, 275, 54, "#ffffff"]]) {
    context.strokeStyle = "#3b6e2f";
    context.lineWidth = size / 7;
    context.beginPath();
    context.moveTo(x, y);
    context.quadraticCurveTo(x + size / 3, y + 120, x - 6, 480);
    context.stroke();
    context.fillStyle = petal;
    for (let turn = 0; turn < 12; turn += 1) {
      context.beginPath();
      const angle = (turn * Math.PI) / 6;
      context.ellipse(x + Math.cos(angle) * size * 0.62, y + Math.sin(angle) * size * 0.62, size * 0.46, size * 0.2, angle, 0, 7);
      context.fill();
    }
    context.fillStyle = "#5b3a1e";
    context.beginPath();
    context.arc(x, y, size * 0.36, 0, 7);
    context.fill();
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

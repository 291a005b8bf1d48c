// Paper to sign on: what is drawn with a finger, a pen or a mouse, as a picture.

const INK = "#10223c";
const LINE = 5; // pixels of the canvas

export function makePad(canvas) {
  const pen = canvas.getContext("2d");
  let drawing = false;
  let drawn = false;
  let box = null;

  function spot(event) {
    const around = canvas.getBoundingClientRect();
    return [((event.clientX - around.left) * canvas.width) / around.width, ((event.clientY - around.top) * canvas.height) / around.height];
  }

  // what is drawn, without the empty paper around it
  function grow([x, y]) {
    box = box ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)] : [x, y, x, y];
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    Object.assign(pen, { strokeStyle: INK, lineWidth: LINE, lineCap: "round", lineJoin: "round" });
    pen.beginPath();
    pen.moveTo(...spot(event));
    grow(spot(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    drawn = true;
    grow(spot(event));
    pen.lineTo(...spot(event));
    pen.stroke();
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (drawing = false));

  function clear() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    drawn = false;
    box = null;
  }

  // A PNG of what is drawn.
  function cut() {
    const margin = 2 * LINE;
    const [left, top] = [Math.max(0, box[0] - margin), Math.max(0, box[1] - margin)];
    const wide = Math.min(canvas.width, box[2] + margin) - left;
    const high = Math.min(canvas.height, box[3] + margin) - top;
    const paper = Object.assign(document.createElement("canvas"), { width: wide, height: high });
    paper.getContext("2d").drawImage(canvas, left, top, wide, high, 0, 0, wide, high);
    return new Promise((done) => paper.toBlob(done, "image/png"));
  }

  return { clear, cut, isDrawn: () => drawn };
}

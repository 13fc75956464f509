// Lets a finger, a pen or a mouse draw a mark; where this script or its library is missing, no drawing is offered.
addEventListener("DOMContentLoaded", () => {
  const most = 4000, extent = 2000;
  for (const box of document.querySelectorAll("[data-pad]")) {
    if (!window.SignaturePad) continue;
    box.hidden = false;
    const canvas = box.querySelector("canvas"), field = box.querySelector("input"), clear = box.querySelector("button");
    const ratio = Math.max(window.devicePixelRatio || 1, 1);
    canvas.width = canvas.offsetWidth * ratio;
    canvas.height = canvas.offsetHeight * ratio;
    canvas.getContext("2d").scale(ratio, ratio);
    const pad = new SignaturePad(canvas, { penColor: getComputedStyle(canvas).color, minWidth: 1.5, maxWidth: 3.5 });
    const whole = (value) => Math.min(extent, Math.max(0, Math.round(value)));
    const keep = () => {
      const strokes = pad.toData().map((stroke) => stroke.points.map((point) => [whole(point.x), whole(point.y)]));
      const thin = Math.ceil(strokes.reduce((sum, stroke) => sum + stroke.length, 0) / most) || 1;
      field.value = strokes.length ? JSON.stringify(strokes.map((stroke) => stroke.filter((_, at) => at % thin === 0))) : "";
    };
    pad.addEventListener("endStroke", keep);
    clear.addEventListener("click", () => { pad.clear(); keep(); });
  }
});

// Lets a finger, a pen or a mouse draw a mark; where this script or its library is missing, no drawing is offered.
// What is kept is in one scale, 1000 units across the pad, whatever the width of the window while it was drawn.
addEventListener("DOMContentLoaded", () => {
  const most = 4000, extent = 2000, across = 1000;
  for (const box of document.querySelectorAll("[data-pad]")) {
    if (!window.SignaturePad) continue;
    box.hidden = false;
    const canvas = box.querySelector("canvas"), field = box.querySelector("input"), clear = box.querySelector("button");
    const ink = { penColor: getComputedStyle(canvas).color, minWidth: 1.5, maxWidth: 3.5 };
    const pad = new SignaturePad(canvas, ink);
    let width = 0;
    const scaled = (strokes, by) => strokes.map((stroke) => ({
      ...stroke, points: stroke.points.map((point) => ({ ...point, x: point.x * by, y: point.y * by })),
    }));
    const draw = (strokes) => { pad.clear(); if (strokes.length) pad.fromData(strokes); };
    const fit = () => {
      if (!canvas.offsetWidth || canvas.offsetWidth === width) return;
      const strokes = width ? scaled(pad.toData(), canvas.offsetWidth / width) : [];
      const ratio = Math.max(window.devicePixelRatio || 1, 1);
      width = canvas.offsetWidth;
      canvas.width = width * ratio;
      canvas.height = canvas.offsetHeight * ratio;
      canvas.getContext("2d").scale(ratio, ratio);
      draw(strokes);
    };
    const whole = (value) => Math.min(extent, Math.max(0, Math.round(value)));
    const keep = () => {
      const strokes = scaled(pad.toData(), across / width).map((stroke) => stroke.points.map(({ x, y }) => [whole(x), whole(y)]));
      const thin = Math.ceil(strokes.reduce((sum, stroke) => sum + stroke.length, 0) / most) || 1;
      field.value = strokes.length ? JSON.stringify(strokes.map((stroke) => stroke.filter((_, at) => at % thin === 0))) : "";
    };
    // After a form error the drawing comes back with the page.
    const kept = () => {
      try { return JSON.parse(field.value || "[]"); } catch { return []; }
    };
    fit();
    const strokes = kept().map((points) => ({
      ...ink, dotSize: 0, velocityFilterWeight: 0.7, compositeOperation: "source-over",
      points: points.map(([x, y], at) => ({ x, y, pressure: 0.5, time: at * 16 })),
    }));
    draw(scaled(strokes, width / across));
    addEventListener("resize", fit);
    pad.addEventListener("endStroke", keep);
    clear.addEventListener("click", () => { pad.clear(); keep(); });
  }
});

// On the school's own device: after a minute without touch, key or scroll it asks, and 20 seconds later it ends the visit.
addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("idle"), form = box.querySelector("form"), stay = form.querySelector("[type=button]");
  const asks = 60000, leaves = 80000, tells = 240000;
  let last = Date.now(), told = last, left = false;
  const stir = (event) => {
    if (box.open && box !== event.target && box.contains(event.target)) return;
    last = Date.now();
    if (box.open) box.close();
  };
  const look = () => {
    const now = Date.now(), quiet = now - last;
    if (left) return;
    if (quiet >= leaves) { left = true; form.submit(); }
    else if (quiet >= asks) box.open || box.showModal();
    // Somebody who reads for long is still there: the server hears of it.
    else if (last - told > tells) { told = now; fetch(location.href, { method: "HEAD" }); }
  };
  for (const sign of ["pointerdown", "keydown", "wheel", "scroll"]) addEventListener(sign, stir, { capture: true, passive: true });
  box.addEventListener("close", () => { last = Date.now(); });
  stay.addEventListener("click", () => box.close());
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(look, 1000);
});

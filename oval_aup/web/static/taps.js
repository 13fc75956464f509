// Saves each answer as it is chosen, so that a closed tab loses nothing. The form's own button works without this.
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-save]");
  if (!form || !window.fetch) return;
  const told = document.getElementById("save-state");
  let waiting = {}, sending = false;
  const body = () => {
    const fields = new FormData();
    for (const name of ["csrf_token", "shown_sha256"]) fields.append(name, form.elements[name].value);
    for (const [name, value] of Object.entries(waiting)) fields.append(name, value);
    waiting = {};
    return fields;
  };
  const say = (words) => { if (told) told.textContent = words; };
  const send = async () => {
    if (sending || !Object.keys(waiting).length) return;
    sending = true;
    const unsaved = waiting;
    let kept = false;
    try {
      const answer = await fetch(form.dataset.save, { method: "POST", body: body(), redirect: "manual", keepalive: true });
      kept = answer.status === 204;
    } catch { kept = false; }
    sending = false;
    if (kept) { say(told.dataset.saved); send(); }
    else { waiting = { ...unsaved, ...waiting }; say(told.dataset.failed); }
  };
  if (told) told.hidden = false;
  form.addEventListener("change", ({ target }) => {
    waiting[target.name] = target.type === "checkbox" && !target.checked ? "" : target.value;
    send();
  });
  addEventListener("pagehide", () => {
    if (Object.keys(waiting).length) navigator.sendBeacon(form.dataset.save, body());
  });
});

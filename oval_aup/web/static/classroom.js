// Reads a rule aloud on the device itself; the button stays hidden where the browser cannot speak.
const speaker = () => {
  const button = document.querySelector("[data-read]"), voice = window.speechSynthesis;
  if (!button || !voice || !window.SpeechSynthesisUtterance) return;
  const read = button.textContent, stop = button.dataset.stop, shown = button.querySelector("[data-words]");
  const quiet = () => { shown.textContent = read.trim(); button.setAttribute("aria-pressed", "false"); };
  button.hidden = false;
  button.addEventListener("click", () => {
    const speaking = voice.speaking;
    voice.cancel();
    if (speaking) return quiet();
    const words = new SpeechSynthesisUtterance(document.querySelector("[data-aloud]").innerText);
    words.lang = document.documentElement.lang;
    words.rate = 0.9;
    words.onend = words.onerror = quiet;
    shown.textContent = stop;
    button.setAttribute("aria-pressed", "true");
    voice.speak(words);
  });
};
// Shows the board on the whole screen. A new page would end that, so the next rule is put into this one.
const board = () => {
  const button = document.querySelector("[data-full-screen]"), root = document.documentElement;
  if (!button || !root.requestFullscreen) return;
  button.hidden = Boolean(document.fullscreenElement);
  button.addEventListener("click", () => root.requestFullscreen());
};
const turn = async (address) => {
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) return location.assign(address);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  window.speechSynthesis?.cancel();
  document.querySelector("main").replaceWith(next.querySelector("main"));
  document.title = next.title;
  history.replaceState(null, "", address);
  speaker();
  board();
  document.querySelector("#turn a:last-child").focus();
};
addEventListener("DOMContentLoaded", () => {
  speaker();
  board();
  addEventListener("pagehide", () => window.speechSynthesis?.cancel());
  document.addEventListener("fullscreenchange", board);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#turn a");
    if (!link || !document.fullscreenElement || link.matches("[data-leave]") || !/\/board\/\d+$/.test(link.pathname)) return;
    event.preventDefault();
    turn(link.href).catch(() => location.assign(link.href));
  });
});

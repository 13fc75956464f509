// Reads a rule aloud on the device itself; the button stays hidden where the browser cannot speak.
addEventListener("DOMContentLoaded", () => {
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
  addEventListener("pagehide", () => voice.cancel());
});

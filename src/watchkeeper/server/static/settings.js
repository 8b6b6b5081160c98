// Parts of a page that follow a form: what settings would have told, and what takes the server a while to find out.
"use strict";

(() => {
  const form = document.getElementById("settings-form");
  const trial = document.getElementById("trial");
  if (form && trial) {
    const slider = document.getElementById("stop");
    const budget = document.getElementById("budget");
    const stops = slider.dataset.stops.split(" ").map(Number);
    let waiting = 0;
    let asked = 0;

    const follow = async () => {
      const fields = new URLSearchParams(new FormData(form));
      fields.delete("form_token");
      const place = document.getElementById("tried-of");
      if (place) fields.set("drawn", place.dataset.drawnSeries);
      const mine = ++asked;
      trial.dataset.waiting = "";
      const reply = await fetch(`${form.dataset.trial}?${fields}`).catch(() => null);
      if (mine !== asked) return; // a later question is under way
      delete trial.dataset.waiting;
      if (reply?.ok) {
        const told = await reply.json();
        trial.innerHTML = told.words;
        const chart = window.watchkeeperCharts?.get("tried");
        if (place && chart && told.drawn !== null) {
          if (told.figure) await chart.become(told.figure, told.title);
          place.dataset.drawnSeries = told.drawn;
          await chart.lay(told.over);
        }
      } else trial.textContent = "These settings cannot be tried as they are; saving says what to mend.";
    };
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(follow, 120); };

    slider.addEventListener("input", () => { budget.value = stops[slider.value]; soon(); });
    budget.addEventListener("input", () => {
      const wanted = Math.log(budget.value);
      if (!Number.isFinite(wanted)) return;
      slider.value = stops.reduce((best, stop, place) => (Math.abs(Math.log(stop) - wanted) < Math.abs(Math.log(stops[best]) - wanted) ? place : best), 0);
      soon();
    });
    form.addEventListener("input", (event) => { if (event.target !== slider && event.target !== budget) soon(); });
    document.getElementById("series")?.addEventListener("change", soon); // it stands outside the form that it belongs to
  }

  document.querySelectorAll("[data-part]").forEach((place) => {
    const open = async () => {
      const reply = await fetch(place.dataset.part).catch(() => null);
      if (reply?.ok) place.innerHTML = await reply.text();
      else place.textContent = "The history is too short to say, or the server did not answer; try again later.";
    };
    const details = place.closest("details");
    if (details) details.addEventListener("toggle", open, { once: true });
    else open();
  });
})();

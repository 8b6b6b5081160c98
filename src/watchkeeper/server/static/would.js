// Resting on an answer tells what it would change, before it is said: in words, and over the chart.
"use strict";

(() => {
  const would = document.getElementById("would");
  if (!would) return;
  const silent = would.innerHTML;
  const chart = () => window.watchkeeperCharts?.get(would.dataset.chart);
  const field = (t) => new Date(t).toISOString().slice(0, 16);
  const buttons = [...document.querySelectorAll("button.answer")];
  const form = buttons[0]?.form;
  let waiting = 0;
  let asked = 0;
  let last = buttons.find((each) => each.value === "missed");

  async function ask(button) {
    const mine = ++asked;
    const fields = new URLSearchParams(new FormData(form));
    ["form_token", "first", "next"].forEach((name) => fields.delete(name));
    fields.set("answer", button.value);
    if (chart()?.data) {
      const { t } = chart().data.columns;
      fields.set("shown_from", field(t[0]));
      fields.set("shown_to", field(t[t.length - 1] + chart().data.step_ms));
    }
    const reply = await fetch(`${would.dataset.preview}?${fields}`).catch(() => null);
    if (mine !== asked) return; // a later question is under way
    const told = reply?.ok ? await reply.json() : null;
    would.innerHTML = told ? told.words : silent;
    chart()?.lay(told?.over ?? null);
    window.watchkeeperCharts?.get("year")?.lay(told ? { band: null, turns: told.over.turns } : null);
  }

  const soon = (button, after) => {
    clearTimeout(waiting);
    last = button ?? last;
    if (last) waiting = setTimeout(ask, after, last);
  };

  buttons.forEach((button) => {
    button.addEventListener("pointerenter", () => soon(button, 250));
    button.addEventListener("focus", () => soon(button, 250));
    button.addEventListener("pointerleave", () => clearTimeout(waiting));
  });
  // A window that was marked or typed is looked at as the answer that was rested on last.
  const isWhole = () => form.querySelector("[data-from]")?.value;
  form?.addEventListener("window-chosen", () => { if (isWhole()) soon(null, 300); });
  form?.addEventListener("change", () => { if (isWhole()) soon(null, 300); });
})();

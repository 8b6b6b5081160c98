// Keys, and small comforts. Everything here can also be done with the mouse and without this file.
"use strict";

(() => {
  const one = (selector, place = document) => place.querySelector(selector);
  const all = (selector, place = document) => [...place.querySelectorAll(selector)];
  const rowLinks = () => all("#alerts .row-sentence a");
  const help = one("#help");
  let isGoing = false; // after g, the next key names a page

  function activeRow() {
    return document.activeElement ? document.activeElement.closest("#alerts .row") : null;
  }

  function move(by) {
    const links = rowLinks();
    if (!links.length) return;
    const active = activeRow();
    // Nothing in hand: begin at the first row, or where an answer was given just before.
    const place = active ? links.findIndex((link) => link.closest(".row") === active) + by : Number(sessionStorage.getItem("row") ?? 0);
    sessionStorage.removeItem("row");
    const next = links[Math.max(0, Math.min(links.length - 1, place))];
    next.focus();
    next.closest(".row").scrollIntoView({ block: "nearest" });
  }

  // On an alert's page its own button; in the list the form that stands ready for the row in hand.
  function answer(key) {
    if (one("#alerts input:checked")) {
      const chosen = all("#help [data-answer]").find((each) => each.dataset.for === key);
      const all_of_them = chosen && one(`.bulk-bar button[value="${chosen.dataset.answer}"]`);
      if (all_of_them) return all_of_them.form.requestSubmit(all_of_them);
    }
    const button = one(`[data-key="${key}"]`);
    if (button) return button.form.requestSubmit(button);
    const row = activeRow();
    const form = one("#quick-answer");
    const word = all("#help [data-answer]").find((each) => each.dataset.for === key);
    if (!row || !form || !word) return undefined;
    sessionStorage.setItem("row", String(all("#alerts .row").indexOf(row)));
    form.action = `/alerts/${row.dataset.alert}/answer`;
    form.elements.answer.value = word.dataset.answer;
    return form.requestSubmit();
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => activeRow()?.querySelector("input[type=checkbox]")?.click(),
    a: () => (one('[data-key="a"]') ?? (one("#alerts input:checked") ? one('.bulk-bar button[value="acknowledge"]') : null))?.click(),
    u: () => one("[data-undo]")?.click(),
    "/": () => one("input[type=search]")?.focus(),
    "?": () => help?.showModal(),
    g: () => {
      isGoing = true;
      setTimeout(() => { isGoing = false; }, 1200);
    },
  };
  const places = { i: "/", m: "/metrics", t: "/told" };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    const act = isGoing && places[event.key]
      ? () => location.assign(places[event.key])
      : /^[1-6]$/.test(event.key) ? () => answer(event.key) : keys[event.key];
    if (!act || !one(".top nav")) return;
    event.preventDefault();
    isGoing = false;
    act();
  });

  const counted = one("#chosen-count");
  const count = () => {
    const many = all("#alerts input:checked").length;
    counted.textContent = many === 1 ? "1 chosen:" : `${many} chosen:`;
  };
  if (counted) one("#bulk").addEventListener("change", count);

  // What changed since is shown at once, unless the reader is in the middle of something.
  const news = one("#news");
  if (news && window.EventSource) {
    const stream = new EventSource("/news");
    const isBusy = () => document.hidden || one("#alerts input:checked") || activeRow() || one(".receipt") || one("dialog[open]");
    stream.addEventListener("news", async () => {
      if (isBusy()) {
        news.hidden = false;
        return;
      }
      const reply = await fetch(location.href).catch(() => null);
      if (!reply || !reply.ok) return;
      const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
      if (isBusy()) {
        news.hidden = false;
        return;
      }
      [".tabs", "#bulk", ".inbox-list .empty"].forEach((part) => {
        const [before, after] = [one(part), fresh.querySelector(part)];
        if (before && after) before.replaceChildren(...after.childNodes);
        else if (before || after) news.hidden = false;
      });
    });
    addEventListener("pagehide", () => stream.close());
  }

  all("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    const address = new URL(button.dataset.copy, location.href).href;
    // Without a secure connection browsers lend no clipboard: the address is shown, chosen, to be copied by hand.
    const isCopied = await navigator.clipboard?.writeText(address).then(() => true, () => false);
    if (isCopied) button.textContent = "Copied";
    else {
      const field = Object.assign(document.createElement("input"), { value: address, readOnly: true });
      field.setAttribute("aria-label", "Link to this alert");
      button.replaceWith(field);
      field.select();
    }
  }));
  one("[data-help]")?.addEventListener("click", () => help.showModal());
  all("[data-submit]").forEach((field) => field.addEventListener("change", () => field.form.requestSubmit()));

  // An address to pass on says what is looked for and nothing else: fields left as usual are not sent.
  const search = one("form.search");
  search?.addEventListener("submit", () => {
    const usual = [...search.elements].filter((field) => field.name && ["", field.dataset.usual].includes(field.value));
    usual.forEach((field) => { field.disabled = true; });
    setTimeout(() => usual.forEach((field) => { field.disabled = false; }));
  });

  // A form is sent once, however often its button is clicked.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // The server tells what people did on the reader's clock: it learns which that is for the next page.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone !== document.body.dataset.zone) {
    document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }

  // Hovering a time also tells it on the reader's own clock.
  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  document.addEventListener("pointerover", (event) => {
    const time = event.target.closest?.("time[datetime]");
    if (!time || time.dataset.told) return;
    time.dataset.told = "yes";
    time.title += ` · ${clock.format(new Date(time.dateTime))} on your clock`;
  });
})();

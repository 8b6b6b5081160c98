// Draws the charts of a page, reads values under the pointer or the arrow keys, and lets a window be marked.
// The drawing library interprets its expressions (`ast`), so that the page needs no permission to evaluate code.
"use strict";

(() => {
  const DAY = 86400000;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const moment = { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
  const dayFormat = new Intl.DateTimeFormat("en-GB", moment);
  const hourFormat = new Intl.DateTimeFormat("en-GB", { ...moment, hour: "2-digit", minute: "2-digit" });
  const MOST_DRAWN = 600; // points drawn at once: of more, each stretch shows its lowest, its highest and what was told
  // A new one each time: the drawing library writes its own number into every row that it is given.
  const unseen = (more) => ({ t: -1, t2: -1, v: null, e: null, lo: null, hi: null, a: null, w: null, ...more });
  const charts = new Map();
  let library;

  function drawing() {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.drawing;
      script.onload = () => resolve(window.vegaEmbed);
      script.onerror = reject;
      document.head.append(script);
    });
    return library;
  }

  const node = (name, text, kind = "") => Object.assign(document.createElement(name), { textContent: text, className: kind });
  const fieldTime = (t) => new Date(t).toISOString().slice(0, 16);
  const fromField = (field) => (field?.value ? Date.parse(`${field.value}Z`) : NaN);

  class Chart {
    constructor(figure) {
      this.figure = figure;
      this.canvas = figure.querySelector(".canvas");
      this.readout = figure.querySelector(".readout");
      this.isStrip = figure.classList.contains("chart-strip");
      this.form = document.getElementById(figure.dataset.brush ?? "");
      this.over = null;
      this.isMoving = false;
      this.place = -1;
      this.shown = null;
    }

    async start() {
      try {
        const inline = this.figure.querySelector("script[type='application/json']");
        const [embed, data] = await Promise.all([
          drawing(),
          inline ? JSON.parse(inline.textContent) : fetch(this.figure.dataset.source).then((answer) => answer.json()),
        ]);
        this.data = data;
        this.over = data.over;
        this.embed = embed;
        if (this.newest) this.shown = [Math.max(data.columns.t[0], data.columns.t.at(-1) - this.newest), data.columns.t.at(-1)];
        await this.draw();
        this.listen();
      } catch (error) {
        console.warn("The chart could not be drawn here; the server draws it instead.", error);
        this.canvas.replaceChildren(Object.assign(new Image(), { src: this.figure.dataset.fallback, alt: "" }));
      }
    }

    async draw() {
      const { spec, spans, config } = this.data;
      const points = this.points(...this.reach());
      const datasets = spec.layer.some((each) => each.data?.name === "would") ? { points, spans, ...this.laid() } : { points, spans };
      const box = document.createElement("div");
      this.view?.finalize();
      this.isMoving = false;
      this.cursor = node("span", "", "cursor");
      this.band = node("span", "", "brush");
      this.canvas.replaceChildren(box, this.band, this.cursor);
      const drawn = await this.embed(box, { ...spec, datasets }, {
        mode: "vega-lite", ast: true, actions: false, renderer: "canvas", tooltip: false, hover: false,
        defaultStyle: false, config: config[dark.matches ? "dark" : "light"],
      });
      this.view = drawn.view;
      const plot = `${this.view.origin()[1] + this.view.height()}px`;
      this.cursor.style.height = plot;
      this.band.style.height = plot;
      if (this.shown) await this.show(...this.shown);
      this.mark();
      charts.forEach((each) => { if (each.of === this) each.mark(); });
    }

    // Time at a place on the canvas, and the place of a time.
    timeAt(x) { return +this.view.scale("x").invert(x - this.view.origin()[0]); }
    placeOf(t) { return this.view.origin()[0] + this.view.scale("x")(t); }

    // Which part of the time is shown.
    async show(from, to) {
      this.shown = [from, to];
      this.isBehind = true;
      if (!this.view || this.isMoving) return; // whoever moves it now goes on to the newest place
      this.isMoving = true;
      while (this.isBehind) {
        this.isBehind = false;
        const [first, last] = this.shown;
        await this.view.data("points", this.points(first, last)).signal("shown_from", first).signal("shown_to", last).runAsync();
      }
      this.isMoving = false;
      this.mark();
    }

    // The rows to be drawn of columns between two times: what is seen and one point beyond each side.
    rows(columns, from, to) {
      const { t, v, a } = columns;
      const first = Math.max(0, this.nearest(from, t) - 1);
      const last = Math.min(t.length - 1, this.nearest(to, t) + 1);
      let places = Array.from({ length: last - first + 1 }, (_, place) => first + place);
      if (places.length > MOST_DRAWN) {
        const many = Math.ceil((4 * places.length) / MOST_DRAWN);
        const kept = new Set();
        for (let begin = first; begin <= last; begin += many) {
          let [low, high] = [begin, begin];
          kept.add(begin);
          for (let i = begin; i < Math.min(begin + many, last + 1); i += 1) {
            if (v[i] === null) kept.add(i);
            else if (v[low] === null || v[i] < v[low]) low = i;
            if (v[i] !== null && (v[high] === null || v[i] > v[high])) high = i;
            if (a[i] !== null && (a[low] === null || v[i] < v[low])) kept.add(i);
          }
          kept.add(low).add(high);
        }
        places = [...kept].sort((one, other) => one - other);
      }
      return places.map((i) => ({ t: t[i], v: v[i], e: columns.e[i], lo: columns.lo[i], hi: columns.hi[i], a: a[i], w: columns.w?.[i] ?? null }));
    }

    // The drawing library warns of layers without any row: each gets one that lies out of sight.
    points(from, to) {
      return [unseen({ a: 0 }), unseen(), ...this.rows(this.data.columns, from, to)];
    }

    // An answer that was not said yet, over the chart; null takes it away.
    async lay(over) {
      this.over = over;
      if (!this.view || !this.data.spec.layer.some((each) => each.data?.name === "would")) return;
      const { would, turns } = this.laid();
      await this.view.data("would", would).data("turns", turns).runAsync();
    }

    laid() {
      const band = this.over?.band;
      return {
        would: [unseen(), ...(band ? this.rows(band, ...this.reach()) : [])],
        turns: [...["vanishes", "returns", "appears", "lost"].map((kind) => unseen({ kind })), ...(this.over?.turns ?? [])],
      };
    }

    // Another series in the same place.
    async become(data, title) {
      this.data = data;
      this.over = null;
      this.shown = null;
      this.place = -1;
      this.figure.querySelector(".chart-title").textContent = title;
      this.canvas.setAttribute("aria-label", title);
      if (this.view) await this.draw();
    }

    // All of the series, where the page brought a part of it.
    async whole() {
      const address = this.figure.dataset.whole;
      if (!address) return;
      delete this.figure.dataset.whole;
      const reply = await fetch(address).catch(() => null);
      if (!reply?.ok) return;
      const shown = this.reach();
      this.data = await reply.json();
      this.shown = shown;
      await this.draw();
    }

    // Nearer by a factor about a time that stays where it is; farther where the factor is above 1.
    async zoom(factor, about) {
      if (factor > 1) await this.whole();
      const { t } = this.data.columns;
      const [from, to] = this.reach();
      const middle = about ?? (from + to) / 2;
      const longest = t[t.length - 1] - t[0];
      const length = Math.max(4 * this.data.step_ms, Math.min(longest, (to - from) * factor));
      const begin = middle - (middle - from) * (length / (to - from));
      const start = Math.max(t[0], Math.min(begin, t[t.length - 1] - length));
      await this.show(start, start + length);
      charts.forEach((each) => { if (each.of === this) each.mark(); });
    }

    reach() {
      const { t } = this.data.columns;
      return this.shown ?? [t[0], t[t.length - 1]];
    }

    nearest(t, times = this.data.columns.t) {
      let low = 0;
      let high = times.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (times[middle] < t) low = middle + 1;
        else high = middle;
      }
      return low > 0 && t - times[low - 1] < times[low] - t ? low - 1 : low;
    }

    number(value) {
      if (value === null) return "no data";
      const shown = this.data.is_share ? 100 * value : value;
      const digits = Math.abs(shown) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
      const unit = this.data.is_share ? "%" : this.data.unit;
      return new Intl.NumberFormat("en-GB", digits).format(shown) + (unit ? `\u00a0${unit}` : "");
    }

    // Say the point at a place of the columns, in the line over the chart.
    tell(place) {
      const { t, v, e, lo, hi, a, n } = this.data.columns;
      this.place = Math.max(0, Math.min(t.length - 1, place));
      const at = t[this.place];
      const format = this.data.step_ms >= DAY ? dayFormat : hourFormat;
      const expected = e[this.place];
      const words = [node("span", format.format(at)), node("b", this.number(v[this.place]), a[this.place] === null ? "" : "told")];
      const cases = n?.[this.place] ?? null; // how much a rate is worth: 50 % of 2 is not 50 % of 312
      if (cases !== null && v[this.place] !== null) words.push(node("span", `of ${new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 }).format(cases)}`));
      if (expected !== null) {
        const range = lo[this.place] === null ? "" : ` (${this.number(lo[this.place]).split("\u00a0")[0]} to ${this.number(hi[this.place])})`;
        words.push(node("span", `expected ${this.number(expected)}${range}`));
      }
      const here = this.data.spans.filter((span) => span.t <= at && at < Math.max(span.t2, span.t + this.data.step_ms));
      if (here.length) words.push(node("span", `${[...new Set(here.map((span) => span.label))].join(", ")}`));
      this.readout.replaceChildren(...words);
      this.cursor.style.visibility = "visible";
      this.cursor.style.transform = `translateX(${this.placeOf(at)}px)`;
      this.canvas.setAttribute("aria-valuenow", String(this.place));
      this.canvas.setAttribute("aria-valuetext", this.readout.textContent);
    }

    hush() {
      this.cursor.style.visibility = "hidden";
      this.readout.replaceChildren();
    }

    // The marked window: on the strip what is shown close up, elsewhere what the form says.
    marked() {
      if (this.isStrip) return this.of?.shown ?? (this.of?.data ? this.of.reach() : [NaN, NaN]);
      if (!this.form) return [NaN, NaN];
      const from = fromField(this.form.querySelector("[data-from]"));
      const to = fromField(this.form.querySelector("[data-to]"));
      return [from, Number.isNaN(to) ? from : to];
    }

    mark() {
      if (!this.band) return; // not drawn yet
      const [from, to] = this.marked();
      if (!this.view || Number.isNaN(from) || Number.isNaN(to)) {
        this.band.style.visibility = "hidden";
        return;
      }
      const [first, last] = this.reach();
      const left = this.placeOf(Math.max(first, Math.min(last, from)));
      const right = this.placeOf(Math.max(first, Math.min(last, to)));
      this.band.style.visibility = from > last || to < first ? "hidden" : "visible";
      this.band.style.transform = `translateX(${left}px)`;
      this.band.style.width = `${Math.max(2, right - left)}px`;
    }

    choose(from, to) {
      if (this.isStrip) {
        const close = this.of;
        const [first, last] = [this.data.columns.t[0], this.data.columns.t[this.data.columns.t.length - 1] + DAY];
        const length = Math.min(last - first, Math.max(to - from, DAY));
        const begin = Math.max(first, Math.min(from, last - length));
        close?.whole().then(() => close.show(begin, begin + length)).then(() => this.mark());
        document.querySelectorAll(".months [aria-current]").forEach((link) => link.removeAttribute("aria-current"));
        return;
      }
      if (!this.form) return;
      this.form.querySelector("[data-from]").value = fieldTime(from);
      this.form.querySelector("[data-to]").value = fieldTime(to);
      const more = this.form.querySelector("details[data-window]");
      if (more) more.open = true;
      this.mark();
      this.form.dispatchEvent(new CustomEvent("window-chosen"));
    }

    // Whole steps between two times, in order.
    steps(one, other) {
      const { t } = this.data.columns;
      const [low, high] = [this.nearest(Math.min(one, other)), this.nearest(Math.max(one, other))];
      return [t[low], t[high] + this.data.step_ms];
    }

    listen() {
      const { canvas } = this;
      let begun = null;
      const place = (event) => event.clientX - canvas.getBoundingClientRect().left;
      if (!canvas.hasAttribute("tabindex")) {
        canvas.tabIndex = 0;
        canvas.setAttribute("role", "slider");
        canvas.setAttribute("aria-valuemin", "0");
        canvas.setAttribute("aria-valuemax", String(this.data.columns.t.length - 1));
        canvas.setAttribute("aria-valuenow", "0");
      }
      canvas.addEventListener("pointermove", (event) => {
        this.tell(this.nearest(this.timeAt(place(event))));
        if (begun !== null && Math.abs(place(event) - begun) > 4) this.choose(...this.steps(this.timeAt(begun), this.timeAt(place(event))));
      });
      canvas.addEventListener("pointerleave", () => this.hush());
      canvas.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || !(this.form || this.isStrip)) return;
        begun = place(event);
        canvas.setPointerCapture(event.pointerId);
      });
      canvas.addEventListener("pointerup", (event) => {
        if (begun !== null && this.isStrip && Math.abs(place(event) - begun) <= 4) {
          const [from, to] = this.of?.reach() ?? [0, 28 * DAY];
          const middle = this.timeAt(begun);
          this.choose(middle - (to - from) / 2, middle + (to - from) / 2);
        }
        begun = null;
      });
      canvas.addEventListener("pointercancel", () => { begun = null; });
      canvas.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("blur", () => this.hush());
      canvas.addEventListener("wheel", (event) => {
        if (!(event.ctrlKey || event.metaKey) || this.isStrip) return;
        event.preventDefault();
        this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.timeAt(place(event)));
      }, { passive: false });
      this.figure.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => this.zoom(+button.dataset.zoom)));
      this.form?.addEventListener("input", () => this.mark());
      this.form?.addEventListener("reset", () => setTimeout(() => this.mark()));
    }

    // Arrows read point by point (with the page keys a day), and with Shift mark a window.
    key(event) {
      const { t } = this.data.columns;
      const factor = { "+": 0.5, "=": 0.5, "-": 2, 0: Infinity }[event.key];
      if (factor !== undefined && !this.isStrip && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.zoom(factor === Infinity ? 1e9 : factor, this.place < 0 ? undefined : t[this.place]);
        return;
      }
      const far = Math.max(1, Math.round(DAY / this.data.step_ms)) * (this.isStrip ? 7 : 1);
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -far, PageDown: far }[event.key];
      const edge = { Home: this.nearest(this.reach()[0]), End: this.nearest(this.reach()[1]) }[event.key];
      if (by === undefined && edge === undefined) return;
      event.preventDefault();
      const before = this.place < 0 ? this.nearest((this.reach()[0] + this.reach()[1]) / 2) : this.place;
      if (event.shiftKey && !this.isStrip) this.anchor ??= t[before];
      else this.anchor = null;
      this.tell(edge ?? before + by);
      if (this.anchor !== null) this.choose(...this.steps(this.anchor, t[this.place]));
      if (this.isStrip) {
        const [from, to] = this.of?.reach() ?? [t[0], t[t.length - 1]];
        this.choose(t[this.place] - (to - from) / 2, t[this.place] + (to - from) / 2);
      }
    }
  }

  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    seen.unobserve(entry.target);
    charts.get(entry.target.id).start().then(() => entry.target.setAttribute("data-drawn", ""));
  }), { rootMargin: "300px" });

  const shown = document.getElementById("shown");
  document.querySelectorAll("figure.chart").forEach((figure) => {
    const chart = new Chart(figure);
    if (figure.dataset.newest) chart.newest = +figure.dataset.newest;
    if (figure.id === "close-up" && shown) chart.shown = [Date.parse(`${shown.dataset.from}Z`), Date.parse(`${shown.dataset.to}Z`)];
    charts.set(figure.id, chart);
    seen.observe(figure);
  });
  charts.forEach((chart) => { chart.of = charts.get(chart.figure.dataset.of); });
  window.watchkeeperCharts = charts;

  document.querySelectorAll(".months a").forEach((link) => link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    charts.get("close-up").show(Date.parse(`${link.dataset.from}Z`), Date.parse(`${link.dataset.to}Z`)).then(() => charts.get("year")?.mark());
    document.querySelectorAll(".months [aria-current]").forEach((each) => each.removeAttribute("aria-current"));
    link.setAttribute("aria-current", "true");
    history.replaceState(null, "", link.href);
  }));

  dark.addEventListener("change", () => charts.forEach((chart) => { if (chart.data) chart.draw(); }));
  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => charts.forEach((chart) => { if (chart.view) chart.mark(); }), 150);
  });
})();

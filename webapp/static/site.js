// Small help for pages that work without it. Everything is delegated, so that it outlives htmx's swaps.
(() => {
  const root = document.documentElement;

  // Tooltips, on hover and on focus. One that is shown goes with the element it belongs to.
  new tabler.Tooltip(document.body, { selector: "[data-tip]", trigger: "hover focus", container: "body" });
  const hideTips = (except) => document.querySelectorAll("[data-tip]").forEach((element) => { if (element !== except) tabler.Tooltip.getInstance(element)?.hide(); });
  document.addEventListener("show.bs.tooltip", (event) => hideTips(event.target));
  document.addEventListener("htmx:before:swap", (event) => {
    const gone = event.target instanceof Element ? event.target : document.body;
    for (const element of [gone, ...gone.querySelectorAll("[data-tip]")]) tabler.Tooltip.getInstance(element)?.dispose();
  });

  // Light or dark. Choosing what the system says anyway means: follow the system again.
  document.getElementById("theme-switch")?.addEventListener("click", () => {
    const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.setAttribute("data-bs-theme", next);
    try { next === system ? localStorage.removeItem("theme") : localStorage.setItem("theme", next); } catch { /* private mode */ }
  });

  // A menu closes when something else is clicked, or with Escape.
  const close = (except) => document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(except)) menu.open = false; });
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close(null);
    hideTips(null);
  });

  // Exact instants in the reader's own time zone.
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const localise = (where) => where.querySelectorAll("time[datetime]:not([data-local])").forEach((time) => {
    time.title = format.format(new Date(time.dateTime));
    time.dataset.local = "";
  });
  localise(document);
  document.addEventListener("htmx:after:swap", () => localise(document));
})();

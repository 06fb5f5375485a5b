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
    const menu = document.activeElement?.closest("details.menu[open]");
    close(null);
    menu?.querySelector("summary").focus();  // what was in the menu is hidden now, and cannot keep it
    hideTips(null);
  });

  // Instants in the reader's own time zone; on hover the exact one, with its zone.
  const short = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  const localise = (where) => where.querySelectorAll("time[datetime]:not([data-local])").forEach((time) => {
    const at = new Date(time.dateTime);
    if (time.hasAttribute("data-instant")) time.textContent = short.format(at);
    time.title = exact.format(at);
    time.dataset.local = "";
  });
  // On a phone the long parts of a diagnosis are folded, once each: a reader may open them.
  const fold = () => document.querySelectorAll("details[data-folds]").forEach((step) => {
    step.open = !matchMedia("(max-width: 767.98px)").matches;
    step.removeAttribute("data-folds");
  });
  const arrive = () => { localise(document); fold(); };
  arrive();
  document.addEventListener("htmx:after:swap", arrive);

  // A filter applies as soon as it is chosen, and the address bar shows only what was asked.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  document.addEventListener("formdata", (event) => {
    if (event.target.method !== "get") return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  // One box marks all the others on the page.
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.marks;
    if (name) document.querySelectorAll(`input[type=checkbox][name="${name}"]`).forEach((box) => { box.checked = event.target.checked; });
  });

  // A list is swapped only when its own page comes back. Signed out in the meantime, or something failed: the browser
  // goes where it would have gone without htmx.
  document.addEventListener("htmx:before:response", (event) => {
    const { push, request, response, sourceElement } = event.detail.ctx;
    event.detail.ctx.turnsPage = sourceElement.closest(".list-foot") !== null;
    if (!push || (response.status < 400 && !response.raw.redirected)) return;
    event.preventDefault();
    location.assign(response.raw.redirected ? response.raw.url : request.action);
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.push) location.assign(event.detail.ctx.request.action);
  });
  // Who turns a page goes on at its top, as with a plain link. Else the focus stays where it is, if that is still there.
  document.addEventListener("htmx:after:swap", (event) => {
    const { push, turnsPage } = event.detail.ctx ?? {};
    const list = document.getElementById("list");
    if (!push || !list) return;
    if (turnsPage || document.activeElement === document.body) list.focus({ preventScroll: true });
    if (turnsPage) scrollTo(0, 0);
  });

  // Copy buttons. Where the browser lends no clipboard (plain HTTP), the text is selected for Ctrl-C.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copies);
    const label = button.querySelector("[data-idle]");
    try {
      await navigator.clipboard.writeText(text.textContent);
      label.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      label.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl-C";
    }
    setTimeout(() => { label.textContent = label.dataset.idle; }, 2000);
  });
})();

// Small help for pages that work without it. Everything is delegated, so that it outlives htmx's swaps.
(() => {
  const root = document.documentElement;

  // Tooltips, on hover and on focus. One that is shown goes with the element it belongs to. A finger opens the page behind it instead.
  if (!matchMedia("(hover: none)").matches) new tabler.Tooltip(document.body, { selector: "[data-tip]", trigger: "hover focus", container: "body" });
  const hideTips = (except) => document.querySelectorAll("[data-tip]").forEach((element) => { if (element !== except) tabler.Tooltip.getInstance(element)?.hide(); });
  document.addEventListener("show.bs.tooltip", (event) => hideTips(event.target));
  // In a row the Tab key stops at the name, which shows the tooltip of its padlock.
  document.addEventListener("focusin", ({ target }) => {
    const padlock = target.matches("a.row-link:focus-visible") && document.getElementById(target.getAttribute("aria-describedby"));
    if (padlock) tabler.Tooltip.getOrCreateInstance(padlock, { trigger: "manual", container: "body" }).show();
  });
  document.addEventListener("focusout", ({ target }) => { if (target.matches("a.row-link")) hideTips(null); });
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

  // "/" goes to the search of the whole site: to its field, or to its page where the bar has no room for one.
  document.addEventListener("keydown", (event) => {
    const field = document.getElementById("site-search");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !field) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    event.preventDefault();
    if (field.checkVisibility()) { field.focus(); field.select(); }
    else document.querySelector(".site-search-link").click();
  });

  // At the first start the time zone is offered that the browser is in.
  const zoneField = document.querySelector("input[data-own-zone]");
  const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zoneField && !zoneField.value && [...zoneField.list.options].some((one) => one.value === ownZone)) zoneField.value = ownZone;

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
  const arrive = () => { localise(document); fold(); countSelected(); };
  document.addEventListener("htmx:after:swap", arrive);

  // A frame is filled in by a form of its own, because it may have styles that pages may not.
  document.querySelectorAll("button[data-pressed-at-once]").forEach((button) => { button.form.submit(); button.hidden = true; });

  // A filter applies as soon as it is chosen, and the address bar shows only what was asked.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  document.addEventListener("formdata", (event) => {
    if (event.target.method !== "get") return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  // One box marks all the others on the page. Of a selection it is told how large it is; its buttons need one.
  const boxes = (name) => [...document.querySelectorAll(`input[type=checkbox][name="${name}"]`)];
  const countSelected = () => {
    const form = document.getElementById("selection");
    if (!form) return;
    const all = form.elements.all?.checked;
    const count = boxes("item").filter((box) => box.checked).length;
    const told = form.querySelector("[data-selected]");
    const words = all ? "" : count ? told.dataset.selected.replace(/\d+/, count) : told.dataset.none;
    if (told.textContent !== words) told.textContent = words;
    form.querySelectorAll("button").forEach((button) => { button.disabled = !(all || count); });
  };
  document.addEventListener("change", ({ target }) => {
    const name = target.dataset?.marks ?? (target.form?.id === "selection" && target.name === "all" ? "item" : null);
    if (name) [...boxes(name), ...document.querySelectorAll(`[data-marks="${name}"]`)].forEach((box) => { box.checked = target.checked; });
    const all = document.getElementById("selection")?.elements.all;
    if (all && target !== all && (name || target.name === "item")) all.checked = false;  // what is unmarked is not to be taken along
    countSelected();
  });
  addEventListener("pageshow", countSelected);
  arrive();

  // Every request of the page that fails or is slow is told in one place, until one of its element succeeds.
  const notice = document.getElementById("notice");
  let failing = null;
  const tell = (what, element) => {
    if (!notice) return;
    failing = element;
    document.getElementById("notice-words").textContent = notice.dataset[what];
    notice.hidden = false;
  };
  const untell = () => { failing = null; if (notice) notice.hidden = true; };
  document.getElementById("notice-close")?.addEventListener("click", untell);
  const failure = (status) => ({ 400: "stale", 403: "gone", 404: "gone", 408: "timeout", 409: "stale", 410: "gone", 429: "many", 503: "busy", 504: "timeout" })[status] ?? (status < 500 ? "stale" : "error");
  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    ctx.slow = setTimeout(() => tell("slow", ctx.sourceElement), 5000);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { slow, sourceElement, response } = event.detail.ctx;
    clearTimeout(slow);
    if (response && response.status < 400 && (failing === sourceElement || !failing?.isConnected)) untell();
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (!ctx) return;
    clearTimeout(ctx.slow);
    tell(String(error).includes("timeout") || error?.name === "AbortError" ? "timeout" : "offline", ctx.sourceElement);
  });
  // What failed, or leads elsewhere, is never swapped in: a sign-in page has no place in a card.
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    const { response, sourceElement } = ctx;
    ctx.turnsPage = sourceElement.closest(".list-foot") !== null;
    clearTimeout(ctx.slow);
    if (response.raw.redirected) {
      event.preventDefault();
      location.assign(response.raw.url);
    } else if (response.status >= 400 && !response.headers.get("HX-Redirect")) tell(failure(response.status), sourceElement);
  });
  // Who turns a page goes on at the top of it, or of its rows where these begin far down. Else the focus stays where it is, if that is still there.
  document.addEventListener("htmx:after:swap", (event) => {
    const { push, turnsPage } = event.detail.ctx ?? {};
    const list = document.getElementById("list");
    if (!push || !list) return;
    if (turnsPage || document.activeElement === document.body) list.focus({ preventScroll: true });
    if (!turnsPage) return;
    const top = scrollY + (list.querySelector(".list-foot")?.parentElement.getBoundingClientRect().top ?? 0);
    scrollTo(0, top < innerHeight / 2 ? 0 : top);
  });

  // A form that met a lost sign-in is filled in again for the same user on the way back: no passwords, no files.
  const user = document.querySelector(".menu-who .text-secondary")?.textContent;
  const kept = "kept-form";
  const entered = (form) => [...form.elements].filter((one) => one.name && !/^(hidden|password|file|submit|button)$/.test(one.type));
  try {
    const { who, path, fields } = JSON.parse(sessionStorage.getItem(kept)) ?? {};
    if (user) sessionStorage.removeItem(kept);
    const form = user && who === user && path === location.pathname + location.search && new URL(document.referrer || location.href).pathname === "/sign-in" && document.querySelector("main form[method=post]");
    if (form) entered(form).forEach((one, at) => {
      if (fields[at]?.[0] !== one.name) return;
      if (one.matches("[type=checkbox], [type=radio]")) one.checked = fields[at][1]; else one.value = fields[at][1];
    });
  } catch { /* private mode */ }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!user || form.method !== "post" || form !== document.querySelector("main form[method=post]")) return;
    const fields = entered(form).map((one) => [one.name, one.matches("[type=checkbox], [type=radio]") ? one.checked : one.value]);
    try { sessionStorage.setItem(kept, JSON.stringify({ who: user, path: location.pathname + location.search, fields })); } catch { /* private mode */ }
  });

  // The whole row leads where its link does, as that would: in a new tab where one is asked for. Selected text stays.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("tbody tr, .attention li")?.querySelector("a.row-link");
    if (link && !event.target.closest("a, button, input, label, summary, .cell-mark") && getSelection().isCollapsed) link.dispatchEvent(new MouseEvent("click", event));
  });

  // Copy buttons. Where the browser lends no clipboard (plain HTTP), the text is selected for Ctrl-C.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copies);
    const label = button.querySelector("[data-idle]");
    try {
      await navigator.clipboard.writeText(text.textContent);
      label.textContent = label.dataset.copied;
    } catch {
      if (text.select) text.select(); else getSelection().selectAllChildren(text);
      label.textContent = label.dataset[document.execCommand("copy") ? "copied" : "failed"];
    }
    setTimeout(() => { label.textContent = label.dataset.idle; }, 2000);
  });
})();

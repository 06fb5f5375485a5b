// Runs before the first paint.
(() => {
  // No flash of white for people who read in the dark.
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const apply = () => root.setAttribute("data-bs-theme", chosen() || (dark.matches ? "dark" : "light"));
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);

  // Days are counted in the reader's own calendar, and pages are written on the server.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  if (zone) document.cookie = `zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;

  // Who presses Back twice, quickly, does so while a page is still loading and htmx does not listen yet: the address
  // would change and the page would not.
  let loading = true;
  addEventListener("load", () => setTimeout(() => { loading = false; }));
  addEventListener("popstate", (event) => { if (loading && event.state?.htmx) location.reload(); });
})();

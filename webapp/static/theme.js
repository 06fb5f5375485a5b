// Runs before the first paint, so that nobody who reads in the dark is blinded by a flash of white.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const apply = () => root.setAttribute("data-bs-theme", chosen() || (dark.matches ? "dark" : "light"));
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
})();

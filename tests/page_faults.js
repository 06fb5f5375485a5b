// What is wrong with the page at the width it has now, a line each.
() => {
  const faults = [];
  const root = document.documentElement;
  const shown = (one) => one.checkVisibility({ checkVisibilityCSS: true }) && one.getBoundingClientRect().width > 1;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const called = (one) => one.tagName.toLowerCase() + (one.id ? "#" + one.id : "") + (one.className ? "." + one.className : "") + " " + one.textContent.trim().slice(0, 30);
  if (root.scrollWidth > root.clientWidth) faults.push(`scrolls sideways: ${root.scrollWidth}`);
  const heads = all("thead th").flatMap((head) => [...head.querySelectorAll("a, button, input")].filter(shown).map((one) => [head, one.getBoundingClientRect()]));
  heads.forEach(([head, box], at) => heads.slice(at + 1).forEach(([other, its]) => {
    const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
    const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
    if (across > 1 && down > 1 && head !== other && head.closest("table") === other.closest("table")) faults.push(`headings over each other: ${called(head)} and ${called(other)}`);
  }));
  for (const name of all("td:has(> .row-link), .log-item, .attention-name, .user-table td:first-child")) {
    const style = getComputedStyle(name), room = name.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (room < 160) faults.push(`name of ${room.toFixed()} px: ${called(name)}`);
  }
  for (const one of all("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    const box = (one.closest("label") ?? one.labels?.[0]?.closest(".form-check") ?? one).getBoundingClientRect();
    if (one.closest("p, dd, li > span, .skip-link") && one.tagName === "A" || one.matches(".skip-link, .visually-hidden")) continue;
    if (box.width < 23.9 || box.height < 23.9) faults.push(`${box.width.toFixed()} x ${box.height.toFixed()}: ${called(one)}`);
  }
  for (const choice of all("select")) {
    const style = getComputedStyle(choice), pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const room = choice.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const words = choice.selectedOptions[0]?.text ?? "";
    if (pen.measureText(words).width > room + 1) faults.push(`cut: ${called(choice)} "${words}"`);
  }
  return faults;
}

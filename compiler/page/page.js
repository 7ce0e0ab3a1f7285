/* What belongs together is marked together: while it is pointed at or focused, and after a click
   until Escape or the next click. A click also brings the C of it into view. */
(() => {
  "use strict";
  const belongs = new Map();
  const join = (a, b) => (belongs.get(a) ?? belongs.set(a, new Set()).get(a)).add(b);
  for (const element of document.querySelectorAll("[data-with]"))
    for (const id of element.dataset.with.split(" ")) {
      const other = document.getElementById(id);
      if (!other) continue;
      join(element, other);
      join(other, element);
    }

  const found = (target) => {
    for (let e = target; e instanceof Element; e = e.parentElement)
      if (belongs.has(e)) return e;
    return null;
  };
  const code = document.querySelector(".code");
  let marked = [], pinned = null;
  const mark = (element) => {
    for (const e of marked) e.classList.remove("on", "with");
    marked = element ? [element, ...belongs.get(element)] : [];
    for (const e of marked) e.classList.add(e === element ? "on" : "with");
  };

  /* Scrolls the box around an element, and nothing else; whether there is one that scrolls. */
  const bring = (element) => {
    const box = element.closest(".scroll");
    if (box.scrollHeight <= box.clientHeight) return false;
    box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    return true;
  };
  const kernelOf = (element) => [...belongs.get(element)].find((e) => e.classList.contains("k"));
  const pin = (element, kernel = element && kernelOf(element)) => {
    pinned = element;
    mark(element);
    document.documentElement.classList.toggle("docked", Boolean(kernel));
    if (!kernel || !bring(kernel)) return false;
    const covered = element.getBoundingClientRect().bottom - code.getBoundingClientRect().top;
    if (getComputedStyle(code).position === "fixed" && covered > 0) scrollBy(0, covered + 16);
    return true;
  };
  const close = document.createElement("button");
  close.textContent = "close";
  close.className = "close";
  close.addEventListener("click", () => pin(null));
  code.querySelector("h2").append(close);

  const point = (event) => mark(found(event.target) ?? pinned);
  document.addEventListener("pointerover", (event) => event.pointerType !== "touch" && point(event));
  document.addEventListener("focusin", point);
  document.addEventListener("click", (event) => {
    const element = found(event.target);
    if (element?.classList.contains("k") || getSelection().toString()) return;
    const link = event.target.closest("a[href^='#']");
    const goal = link && document.getElementById(link.hash.slice(1));
    if (element && goal?.classList.contains("k")) {
      if (pin(element, goal)) event.preventDefault();
    } else if (goal && belongs.has(goal)) pin(goal);
    else if (element) pin(element === pinned ? null : element);
    else if (!code.contains(event.target)) pin(null);
  });
  const goal = location.hash && document.getElementById(location.hash.slice(1));
  if (belongs.has(goal)) pin(goal);
  document.addEventListener("keydown", (event) => event.key === "Escape" && pin(null));
})();

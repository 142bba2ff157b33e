// Filters what the page lists. Without it the page shows everything, and no filters.
"use strict";
(() => {
  for (const picture of document.querySelectorAll(".scroll")) {  // one that is too wide begins at its root
    const root = picture.querySelector(".root").getBoundingClientRect();
    const frame = picture.getBoundingClientRect();
    picture.scrollLeft = root.left + root.width / 2 - frame.left - frame.width / 2;
  }

  for (const part of document.querySelectorAll("pre, .scroll")) {  // for keyboards where browsers do not see to it
    if (part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight) part.tabIndex = 0;
  }

  const form = document.getElementById("filters");
  if (!form) return;
  const items = [...document.querySelectorAll(".item")].map((element) => ({
    element,
    verdicts: element.dataset.verdicts.split(";"),
    part: element.dataset.part,
    text: element.textContent.toLowerCase(),
  }));
  const sections = [...document.querySelectorAll(".items")];
  const count = form.querySelector("output");
  const noneLeft = document.getElementById("none-left");

  const apply = () => {
    const { verdict, part, text } = form.elements;
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const fits =
        (!verdict.value || item.verdicts.includes(verdict.value)) &&
        (!part.value || item.part === part.value) &&
        words.every((word) => item.text.includes(word));
      item.element.hidden = !fits;
      shown += fits;
    }
    const filtered = verdict.value || words.length;
    for (const section of sections) {
      const empty = !section.querySelector(".item:not([hidden])");
      section.hidden = (part.value && section.id !== part.value) || (filtered && empty);
    }
    noneLeft.hidden = shown > 0 || !filtered;
    count.value = `${shown} of ${items.length} ${form.dataset.what}`;
  };

  // A link to something that is filtered out shows everything again.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      form.reset();
      apply();
      target.scrollIntoView();
    }
  };

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select")) {
      event.preventDefault();
      form.elements.text.focus();
    }
  });
  apply();
  reveal();
})();

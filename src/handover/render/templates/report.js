"use strict";
(() => {
  const rows = [...document.querySelectorAll("#names tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  const folds = [...document.querySelectorAll("details")];
  const lists = [...document.querySelectorAll("#names details")];
  const tools = document.getElementById("tools");
  const box = document.getElementById("find");
  const found = document.getElementById("found");
  const open = (all, wanted) => all.forEach((fold) => { fold.open = wanted(fold); });
  let before = null;

  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += !row.hidden;
    }
    if (words.length && !before) before = lists.map((list) => list.open);
    for (const list of lists) list.hidden = words.length > 0 && !list.querySelector("tbody tr:not([hidden])");
    if (words.length) open(lists, (list) => !list.hidden);
    else if (before) open(lists, (list) => before[lists.indexOf(list)]);
    if (!words.length) before = null;
    found.textContent = words.length ? found.dataset.words.replace("#", count).replace("#", rows.length) : "";
  };

  if (tools) {
    tools.hidden = false;
    box.addEventListener("input", search);
    document.getElementById("unfold").addEventListener("click", () => open(folds, () => true));
    document.getElementById("fold").addEventListener("click", () => open(folds, () => false));
  }
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = folds.filter((fold) => !fold.open);
    open(folded, () => true);
  });
  addEventListener("afterprint", () => open(folded, () => false));
})();

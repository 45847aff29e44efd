"use strict";
// Tables are sorted by the value of a cell (data-v), not by its text; cells without one come last.
function value(row, column) {
  const cell = row.cells[column];
  if (!cell || cell.dataset.v === undefined) return null;
  const number = Number(cell.dataset.v);
  return Number.isNaN(number) ? cell.dataset.v : number;
}
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b));
}
function sortBy(header) {
  const table = header.closest("table");
  const rising = header.getAttribute("aria-sort") !== "ascending";
  const rows = Array.from(table.tBodies[0].rows);
  rows.sort((one, other) => {
    const a = value(one, header.cellIndex), b = value(other, header.cellIndex);
    if (a === null || b === null) return (a === null) - (b === null);
    return rising ? compare(a, b) : compare(b, a);
  });
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", rising ? "ascending" : "descending");
  table.tBodies[0].append(...rows);
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
// Paper cannot be unfolded: all is open there.
const opened = [];
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not([open])")) {
    one.open = true;
    opened.push(one);
  }
});
window.addEventListener("afterprint", () => {
  for (const one of opened.splice(0)) one.open = false;
});
// What is wider than the screen can be scrolled with the keyboard, too.
function reachable() {
  for (const one of document.querySelectorAll(".scroll")) {
    if (one.scrollWidth > one.clientWidth + 1) one.tabIndex = 0;
    else one.removeAttribute("tabindex");
  }
}
window.addEventListener("resize", reachable);
window.addEventListener("load", reachable);
document.addEventListener("toggle", reachable, true);

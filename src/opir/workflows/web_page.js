"use strict";
// A link may lead to what is folded away: it is opened. Paper cannot be unfolded: all is open there.
function unfold() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = place; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (place) place.scrollIntoView();
}
window.addEventListener("hashchange", unfold);
if (location.hash) unfold();
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

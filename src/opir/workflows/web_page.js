"use strict";
// A link may lead to what is folded away: it is opened.
function unfold() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = place; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (place) place.scrollIntoView();
}
window.addEventListener("hashchange", unfold);
if (location.hash) unfold();

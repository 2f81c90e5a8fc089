// Keeps a copy of this page for when the network is away; in a copy, what is too old is no longer said.
"use strict";
document.querySelectorAll("[data-until]").forEach((told) => {
  if (Date.now() / 1000 < Number(told.dataset.until)) return;
  told.classList.remove("ready");
  told.firstElementChild.textContent = told.dataset.later;
});
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");

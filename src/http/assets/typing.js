// While somebody types, the session is kept alive: what took half an hour to write must not be lost with it. It is asked
// each five minutes at most, half a minute after it failed; twelve hours after signing in the session ends all the same.
"use strict";
(function () {
  var next = Date.now() + 300000;
  document.addEventListener("input", function () {
    if (Date.now() < next) return;
    next = Date.now() + 300000;
    fetch("/office/me", { method: "HEAD" }).catch(function () { next = Date.now() + 30000; });
  });
})();

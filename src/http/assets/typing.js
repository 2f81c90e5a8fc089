// While somebody types, the session is kept alive: what took half an hour to write must not be lost with it. Each five
// minutes at most; twelve hours after signing in it ends all the same.
"use strict";
(function () {
  var asked = Date.now();
  document.addEventListener("input", function () {
    if (Date.now() - asked < 300000) return;
    asked = Date.now();
    fetch("/office/me", { method: "HEAD" }).catch(function () { asked = 0; });
  });
})();

// On a bad line a form is sent again until it has arrived; the server carries it out once. Without this script the
// browser sends it once and says what went wrong.
"use strict";
(function () {
  if (!window.fetch) return;
  Array.prototype.forEach.call(document.querySelectorAll("form[data-again]"), function (form) {
    var said = document.createElement("p");
    said.setAttribute("role", "status");
    form.appendChild(said);
    form.addEventListener("submit", function (event) {
      var pressed = event.submitter;
      if (!pressed) return;
      event.preventDefault();
      var body = new URLSearchParams(new FormData(form));
      body.set(pressed.name, pressed.value);
      var buttons = form.querySelectorAll("button");
      Array.prototype.forEach.call(buttons, function (button) { button.disabled = true; });
      send(1000);
      function send(wait) {
        fetch(form.action, { method: "POST", body: body }).then(
          function (answer) {
            if (answer.status >= 500) return again(wait);
            if (/\/office\/sign-in/.test(answer.url)) { said.textContent = form.dataset.out; return null; }
            if (answer.redirected) {
              // An address that differs in its place alone would not be loaded anew.
              if (answer.url.split("#")[0] === location.href.split("#")[0]) location.reload();
              else location.assign(answer.url);
              return null;
            }
            return answer.text().then(function (page) {
              document.open();
              document.write(page);
              document.close();
            });
          },
          function () { again(wait); }
        );
      }
      function again(wait) {
        said.textContent = form.dataset.wait;
        setTimeout(function () { send(Math.min(wait * 2, 15000)); }, wait);
      }
    });
  });
})();

// On a bad line, or without one, what is pressed waits on the device and is sent when it can be; the server carries it out
// once. What waits belongs to the account that pressed it, and waits for that account to be signed in. Without this script
// the browser sends a form once and says what went wrong.
"use strict";
(function () {
  var page = document.querySelector("[data-waits]");
  if (!page || !window.fetch) return;
  var data = page.dataset, key = "bangtin-waits/" + data.waits, sending = false, pause = 1000;
  // The server's clock counts: a phone's may be wrong.
  var ahead = Number(data.now) - Date.now();
  var said = document.createElement("p");
  said.setAttribute("role", "status");
  page.appendChild(said);

  function waiting() {
    try { return JSON.parse(localStorage.getItem(key)) || []; } catch (error) { return []; }
  }
  function keep(list) {
    try {
      if (list.length) localStorage.setItem(key, JSON.stringify(list));
      else localStorage.removeItem(key);
      return true;
    } catch (error) { return false; }
  }
  function tell(text) {
    var count = waiting().length;
    said.textContent = text && count ? text + " (" + count + ")" : text;
  }

  Array.prototype.forEach.call(document.querySelectorAll("form[data-again]"), function (form) {
    form.addEventListener("submit", function (event) {
      var pressed = event.submitter;
      if (!pressed) return;
      var body = new URLSearchParams(new FormData(form));
      body.set(pressed.name, pressed.value);
      body.set("pressed", Date.now() + ahead);
      // Where nothing can be kept, the browser sends it by itself.
      if (!keep(waiting().concat({ id: Date.now() + "-" + Math.random(), action: form.action, body: body.toString() }))) return;
      event.preventDefault();
      Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) { button.disabled = true; });
      tell(data.wait);
      send();
    });
  });

  function later() {
    tell(data.wait);
    setTimeout(send, pause);
    pause = Math.min(pause * 2, 15000);
  }

  /** Sends what waits, the oldest first. */
  function send() {
    var list = waiting();
    if (sending || !list.length) return;
    sending = true;
    var sent = list[0], body = new URLSearchParams(sent.body);
    body.set("token", data.token);
    fetch(sent.action, { method: "POST", body: body }).then(
      function (answer) {
        sending = false;
        if (answer.status >= 500) return later();
        if (/\/office\/sign-in/.test(answer.url)) return tell(data.out);
        pause = 1000;
        // Another page of this account may have sent it too, and taken it out.
        keep(waiting().filter(function (item) { return item.id !== sent.id; }));
        if (waiting().length && answer.redirected) return send();
        if (!answer.redirected) {
          return answer.text().then(function (text) {
            document.open();
            document.write(text);
            document.close();
          });
        }
        // An address that differs in its place alone would not be loaded anew.
        if (answer.url.split("#")[0] === location.href.split("#")[0]) location.reload();
        else location.assign(answer.url);
      },
      function () { sending = false; later(); }
    );
  }

  window.addEventListener("online", send);
  send();
})();

// On a bad line, or without one, what is pressed waits on the device and is sent when it can be; the server carries it out
// once. What waits belongs to the account that pressed it, and waits for that account to be signed in. Without this script
// the browser sends a form once and says what went wrong.
"use strict";
(function () {
  var page = document.querySelector("[data-waits]");
  if (!page || !window.fetch) return;
  var data = page.dataset, key = "bangtin-waits/" + data.waits, sending = false, pause = 1000;
  // Longest side of a photo, pixels: the server keeps none that is larger.
  var SIDE = 1280;
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

  /** A photo as the device keeps it: small enough to wait here, and to be sent on a bad line. */
  function small(photo) {
    if (!photo) return Promise.resolve(null);
    if (!window.createImageBitmap) return Promise.reject();
    return createImageBitmap(photo).then(function (picture) {
      var scale = Math.min(1, SIDE / Math.max(picture.width, picture.height)), canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return canvas.toDataURL("image/jpeg", 0.8);
    });
  }
  /** What is sent: a form with files where there is a photo. */
  function content(sent) {
    var fields = new URLSearchParams(sent.body);
    fields.set("token", data.token);
    if (!sent.files) return fields;
    var form = new FormData();
    fields.forEach(function (value, name) { form.append(name, value); });
    if (sent.photo) {
      var letters = atob(sent.photo.split(",")[1]), bytes = new Uint8Array(letters.length);
      for (var i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
      form.append("photo", new Blob([bytes], { type: "image/jpeg" }), "photo.jpg");
    }
    return form;
  }

  Array.prototype.forEach.call(document.querySelectorAll("form[data-again]"), function (form) {
    form.addEventListener("submit", function (event) {
      var pressed = event.submitter, body = new URLSearchParams(), photo = null;
      if (!pressed) return;
      event.preventDefault();
      new FormData(form).forEach(function (value, name) {
        if (typeof value === "string") body.append(name, value);
        else if (value.size) photo = value;
      });
      body.set(pressed.name, pressed.value);
      body.set("pressed", Date.now() + ahead);
      // Where nothing can be kept, or the photo cannot be read here, the browser sends the form by itself.
      function alone() {
        var button = document.createElement("input");
        button.type = "hidden";
        button.name = pressed.name;
        button.value = pressed.value;
        form.appendChild(button);
        form.submit();
      }
      small(photo).then(function (picture) {
        var sent = { id: Date.now() + "-" + Math.random(), action: form.action, body: body.toString() };
        if (form.enctype === "multipart/form-data") sent.files = true;
        if (picture) sent.photo = picture;
        if (!keep(waiting().concat(sent))) return alone();
        Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) { button.disabled = true; });
        tell(data.wait);
        send();
      }, alone);
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
    var sent = list[0];
    fetch(sent.action, { method: "POST", body: content(sent) }).then(
      function (answer) {
        sending = false;
        // The server is away, or asks for patience.
        if (answer.status >= 500 || answer.status === 408 || answer.status === 429) return later();
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

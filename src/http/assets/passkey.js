// Passkeys: asks the server what to ask the browser, and puts what the browser gives into the form.
// Without this script an address, a passphrase and a code are typed.
"use strict";
(function () {
  var form = document.querySelector("form[data-passkey]");
  if (!form || !window.PublicKeyCredential || !navigator.credentials) return;
  var host = form.dataset.host;
  if (!host || (location.hostname !== host && !location.hostname.endsWith("." + host))) return;
  var kind = form.dataset.passkey;
  var said = document.createElement("p");
  said.setAttribute("role", "status");
  (form.querySelector("button[data-made]") || form.lastElementChild).parentElement.appendChild(said);

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }

  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function set(name, value) {
    var field = form.elements[name];
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      form.appendChild(field);
    }
    field.value = value;
  }

  // What the browser gives, as the server reads it.
  function flat(credential) {
    var response = credential.response;
    var made = { id: credential.id, clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      made.attestationObject = text(response.attestationObject);
      made.transports = response.getTransports ? response.getTransports() : [];
    } else {
      made.authenticatorData = text(response.authenticatorData);
      made.signature = text(response.signature);
      made.userHandle = response.userHandle ? text(response.userHandle) : null;
    }
    return JSON.stringify(made);
  }

  function ask() {
    return fetch(form.dataset.asked, { method: "POST", body: new URLSearchParams(new FormData(form)) }).then(function (answer) {
      return answer.json().then(function (body) {
        if (!answer.ok) throw new Error(body.detail || body.title || answer.status);
        return body;
      });
    }).then(function (body) {
      var options = body.options;
      options.challenge = bytes(options.challenge);
      (options.excludeCredentials || []).forEach(function (known) { known.id = bytes(known.id); });
      if (options.user) options.user.id = bytes(options.user.id);
      var asked = options.user ? navigator.credentials.create({ publicKey: options }) : navigator.credentials.get({ publicKey: options });
      return asked.then(function (credential) {
        set("asked", body.asked);
        set("passkey", flat(credential));
      });
    });
  }

  function failed(error) {
    said.textContent = error.name === "Error" ? error.message : form.dataset.failed;
  }

  if (kind === "instead") {
    var button = form.querySelector("button[data-made]");
    button.parentElement.hidden = false;
    button.addEventListener("click", function () {
      said.textContent = "";
      ask().then(function () {
        form.elements.code.required = false;
        form.elements.code.value = "";
        said.textContent = button.dataset.made;
      }).catch(failed);
    });
    return;
  }
  form.hidden = false;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    said.textContent = "";
    ask().then(function () { form.submit(); }).catch(failed);
  });
})();

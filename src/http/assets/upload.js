// A large file goes in pieces: its progress is seen, and after a broken line or a reload it goes on where it was.
// Without this script the form itself sends the file whole.
"use strict";
(function () {
  var form = document.querySelector("form[data-pieces]");
  if (!form || !window.fetch || !window.Promise) return;
  var chooser = form.querySelector("input[type=file]");
  var token = form.elements.token.value;
  var words = form.dataset;
  var bar = document.createElement("progress");
  var said = document.createElement("p");
  bar.hidden = true;
  said.setAttribute("role", "status");
  form.appendChild(bar);
  form.appendChild(said);

  function known(file) {
    return "bangtin:" + file.name + ":" + file.size + ":" + file.lastModified;
  }

  function json(answer) {
    if (answer.status === 401 || answer.redirected) throw new Error(words.out);
    if (!answer.ok) return answer.json().then(function (body) { throw new Error(body.detail || body.title || answer.status); });
    return answer.json();
  }

  function begin(file) {
    var body = new URLSearchParams({ token: token, name: file.name, bytes: file.size, lang: form.elements.lang ? form.elements.lang.value : "" });
    return fetch("/office/uploads", { method: "POST", body: body }).then(json).then(function (upload) {
      try { localStorage.setItem(known(file), upload.id); } catch (_) { /* A reload then sends it anew. */ }
      return upload;
    });
  }

  function find(file) {
    var id = null;
    try { id = localStorage.getItem(known(file)); } catch (_) { /* It is sent anew. */ }
    if (!id) return begin(file);
    return fetch("/office/uploads/" + id).then(function (answer) {
      return answer.status === 404 ? begin(file) : json(answer);
    });
  }

  // A piece is tried again until the line is back: at first after a second, then less often.
  function piece(file, upload, number, wait) {
    var from = number * upload.piece_bytes;
    var request = { method: "POST", body: file.slice(from, from + upload.piece_bytes), headers: { "bangtin-token": token } };
    return fetch("/office/uploads/" + upload.id + "/" + number, request).then(
      function (answer) {
        if (answer.status >= 500 || answer.status === 429) return again();
        if (answer.redirected) throw new Error(words.out);
        if (!answer.ok) throw new Error(words.failed);
      },
      again
    );
    function again() {
      said.textContent = words.again;
      return new Promise(function (done) { setTimeout(done, wait); }).then(function () {
        return piece(file, upload, number, Math.min(wait * 2, 15000));
      });
    }
  }

  form.addEventListener("submit", function (event) {
    var file = chooser.files[0];
    if (!file || !file.size) return;
    event.preventDefault();
    var button = form.querySelector("button");
    button.disabled = true;
    bar.hidden = false;
    find(file).then(function (upload) {
      var all = Math.ceil(upload.bytes / upload.piece_bytes), done = all - upload.missing.length;
      bar.max = all;
      return upload.missing.reduce(function (before, number) {
        return before.then(function () {
          bar.value = done;
          said.textContent = words.sent + " " + Math.floor((100 * done) / all) + " %";
          return piece(file, upload, number, 1000).then(function () { done += 1; });
        });
      }, Promise.resolve()).then(function () {
        bar.value = all;
        said.textContent = words.reading;
        var field = document.createElement("input");
        field.type = "hidden";
        field.name = "upload";
        field.value = upload.id;
        form.appendChild(field);
        chooser.disabled = true;
        form.submit();
      });
    }).catch(function (error) {
      button.disabled = false;
      bar.hidden = true;
      said.textContent = error.message || words.failed;
    });
  });
})();

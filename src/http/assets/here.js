// A button for the browser's own position: asked for, rounded to a metre, sent in the body of a POST.
"use strict";
(function () {
  var place = document.getElementById("locate");
  if (!place || !navigator.geolocation) return;
  var data = place.dataset;
  var button = document.createElement("button");
  button.type = "button";
  button.className = "wide";
  button.textContent = data.label;
  var said = document.createElement("p");
  said.setAttribute("role", "status");
  button.addEventListener("click", function () {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      function (found) {
        if (data.fill) {
          // The form asks for more than the place: its fields are filled, and the map is shown there.
          var own = place.closest("form");
          own.elements.lon.value = found.coords.longitude.toFixed(5);
          own.elements.lat.value = found.coords.latitude.toFixed(5);
          own.requestSubmit(own.querySelector(data.fill));
          return;
        }
        var form = document.createElement("form");
        form.method = "post";
        form.action = data.action;
        var fields = { lon: found.coords.longitude.toFixed(5), lat: found.coords.latitude.toFixed(5), lang: data.lang, kind: data.kind };
        Object.keys(fields).forEach(function (name) {
          if (!fields[name]) return;
          var field = document.createElement("input");
          field.type = "hidden";
          field.name = name;
          field.value = fields[name];
          form.appendChild(field);
        });
        document.body.appendChild(form);
        form.submit();
      },
      function () {
        button.disabled = false;
        said.textContent = data.denied;
      },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 }
    );
  });
  place.appendChild(button);
  place.appendChild(said);
})();

// The interactive map of a collection: asks for what lies in view, two thousand features at most.
"use strict";
(function () {
  var place = document.getElementById("map");
  var said = document.getElementById("said");
  var data = place.dataset;
  var colours = JSON.parse(data.colours || "{}");
  var box = data.bbox.split(",").map(Number);
  var map = L.map(place, { attributionControl: false, preferCanvas: true, zoomSnap: 0.25 });
  map.fitBounds([[box[1], box[0]], [box[3], box[2]]]);
  L.control.scale({ imperial: false }).addTo(map);
  var layer = null;
  var asked = 0;

  function text(value) {
    return value === null || value === undefined ? "" : String(value);
  }

  // 2.159,6 in Vietnamese, 2,159.6 in English.
  function number(value) {
    var marks = document.documentElement.lang === "vi" ? [".", ","] : [",", "."];
    var parts = String(value).split(".");
    parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, marks[0]);
    return parts.join(marks[1]);
  }

  // Texts are put in as text, never as HTML: names come from planners' files.
  function popup(feature) {
    var about = feature.properties;
    var node = document.createElement("div");
    var title = document.createElement(about.url ? "a" : "strong");
    title.textContent = text(about.name || about.title || about.id);
    if (about.url) title.href = about.url;
    node.appendChild(title);
    // A zone's own name comes first; several plans may lie over one another.
    var plan = about.name && about.title;
    [plan, about.land_use, about.land_use_name, about.area_ha && number(about.area_ha) + " ha", about.address, about.phone, about.hours]
      .filter(Boolean)
      .forEach(function (line) {
        node.appendChild(document.createElement("br"));
        node.appendChild(document.createTextNode(text(line)));
      });
    return node;
  }

  function style(feature) {
    var kind = feature.geometry && feature.geometry.type;
    // A way around is dashed, so that colour is not all that tells it apart.
    if (/Line/.test(kind)) return feature.properties.aside ? { color: "#0b5394", weight: 4, dashArray: "8 6" } : { color: "#b00020", weight: 5 };
    if (!/Polygon/.test(kind)) return {};
    var colour = colours[feature.properties.land_use];
    // From afar borders would cover what they surround.
    var near = map.getZoom() >= 15;
    return { color: "#333", weight: near ? 1 : 0.4, fillColor: colour || "#ddd", fillOpacity: colour ? 0.75 : 0.4 };
  }

  // What the colours in view mean.
  function explain(features) {
    var names = {};
    features.forEach(function (feature) {
      var about = feature.properties;
      if (colours[about.land_use]) names[about.land_use] = about.land_use_name;
    });
    var list = document.getElementById("legend");
    list.textContent = "";
    Object.keys(names).sort().forEach(function (code) {
      var line = document.createElement("li");
      var mark = document.createElement("span");
      mark.className = "swatch";
      mark.style.display = "inline-block";
      mark.style.background = colours[code];
      line.appendChild(mark);
      line.appendChild(document.createTextNode(" " + code + " " + text(names[code])));
      list.appendChild(line);
    });
  }

  function load() {
    var mine = ++asked;
    var view = map.getBounds();
    var clip = function (value, low, high) { return Math.min(Math.max(value, low), high).toFixed(6); };
    var bbox = [clip(view.getWest(), -180, 180), clip(view.getSouth(), -90, 90), clip(view.getEast(), -180, 180), clip(view.getNorth(), -90, 90)];
    fetch(data.items + "&limit=2000&bbox=" + bbox.join(","))
      .then(function (answer) {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (found) {
        // A view that has moved on asks again.
        if (mine !== asked) return;
        var next = L.geoJSON(found, {
          style: style,
          pointToLayer: function (feature, at) {
            return L.circleMarker(at, { radius: 8, color: "#fff", weight: 2, fillColor: "#b00020", fillOpacity: 1 });
          },
          onEachFeature: function (feature, shape) { shape.bindPopup(function () { return popup(feature); }); }
        });
        if (layer) map.removeLayer(layer);
        layer = next.addTo(map);
        explain(found.features);
        var more = found.numberMatched > found.numberReturned;
        said.textContent = data.shown + " " + number(found.numberReturned) + (more ? " / " + number(found.numberMatched) + ". " + data.more : "");
        place.dataset.loaded = found.numberReturned;
      })
      .catch(function () {
        if (mine === asked) said.textContent = data.failed;
      });
  }

  map.on("moveend", load);
  load();
})();

// Leaflet, MapLibre and the site's own map show the layers in a real browser: `node maps.mjs BASE OUT`.
//
// The pages of the two libraries come from another origin, as a newspaper's would.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import assert from "node:assert/strict";
import { launch, photograph } from "./browser.mjs";

const require = createRequire(import.meta.url);
const [base, out] = process.argv.slice(2);
const library = (name) => path.dirname(require.resolve(`${name}/package.json`));

const leaflet = `<!doctype html><link rel=stylesheet href=/leaflet/leaflet.css><script src=/leaflet/leaflet.js></script>
<div id=map style="width:700px;height:600px"></div><script>
const map = L.map("map").setView([21.71, 104.89], 13);
Promise.all(["zones?bbox=104.85,21.68,104.93,21.74&limit=10000", "ambulances?"].map((name) =>
  fetch("${base}/collections/" + name.replace("?", "/items?f=json&")).then((answer) => answer.json())))
  .then(([zones, points]) => {
    L.geoJSON(zones, { style: { weight: 1 } }).addTo(map);
    L.geoJSON(points, { pointToLayer: (f, at) => L.circleMarker(at, { color: "red" }) }).addTo(map);
    window.done = { zones: zones.features.length, matched: zones.numberMatched, points: points.features.length };
  }, (error) => { window.done = { error: String(error) }; });
</script>`;

const maplibre = `<!doctype html><link rel=stylesheet href=/maplibre-gl/maplibre-gl.css>
<div id=map style="width:700px;height:600px"></div><script type=module>
import * as all from "/maplibre-gl/maplibre-gl.mjs";
const maplibregl = all.Map ? all : all.default;
maplibregl.setWorkerUrl("/maplibre-gl/maplibre-gl-worker.mjs");
const errors = [];
const map = new maplibregl.Map({ container: "map", style: "${base}/collections/zones/style.json", center: [104.89, 21.71], zoom: 13.3, fadeDuration: 0 });
map.on("error", (event) => errors.push(String(event.error)));
map.on("load", async () => {
  map.addSource("points", { type: "geojson", data: "${base}/collections/ambulances/items?f=json", promoteId: "id" });
  map.addLayer({ id: "points", type: "circle", source: "points", paint: { "circle-radius": 9, "circle-color": "#b00020" } });
  map.once("idle", () => {
    const zones = map.queryRenderedFeatures({ layers: ["fill"] });
    const points = map.queryRenderedFeatures({ layers: ["points"] });
    // Strings as ids: promoteId is what makes feature-state possible.
    map.setFeatureState({ source: "zones", sourceLayer: "zones", id: zones[0].properties.id }, { hover: true });
    const held = map.getFeatureState({ source: "zones", sourceLayer: "zones", id: zones[0].properties.id });
    window.done = { zones: new Set(zones.map((z) => z.id)).size, id: zones[0].id, points: points.length, held, errors };
  });
});
</script>`;

// The lines of plans by their own style: what is drawn, and what went wrong.
const lines = `<!doctype html><link rel=stylesheet href=/maplibre-gl/maplibre-gl.css>
<div id=map style="width:700px;height:600px"></div><script type=module>
import * as all from "/maplibre-gl/maplibre-gl.mjs";
const maplibregl = all.Map ? all : all.default;
maplibregl.setWorkerUrl("/maplibre-gl/maplibre-gl-worker.mjs");
const errors = [];
const map = new maplibregl.Map({ container: "map", style: "${base}/collections/plan-lines/style.json", center: [104.8995, 21.7115], zoom: 15.5, fadeDuration: 0 });
map.on("error", (event) => errors.push(String(event.error)));
map.once("idle", () => {
  const drawn = map.queryRenderedFeatures();
  window.done = { kinds: [...new Set(drawn.map((line) => line.properties.line_kind))].sort(), errors };
});
</script>`;

const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".map": "application/json" };
const server = createServer(async (request, response) => {
  const pages = { "/leaflet.html": leaflet, "/maplibre.html": maplibre, "/lines.html": lines };
  if (pages[request.url]) return response.writeHead(200, { "content-type": "text/html" }).end(pages[request.url]);
  const [, name, file] = request.url.split("/");
  try {
    const text = await readFile(path.join(library(name), "dist", file));
    response.writeHead(200, { "content-type": types[path.extname(file)] ?? "application/octet-stream" }).end(text);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const own = `http://127.0.0.1:${server.address().port}`;

const browser = await launch("--enable-unsafe-swiftshader");
try {
  const page = await browser.newPage({ viewport: { width: 720, height: 640 } });
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  const look = async (address, name) => {
    await page.goto(address);
    try {
      await page.waitForFunction(() => window.done, null, { timeout: 60000 });
    } catch (error) {
      throw new Error(`${name}: ${error.message}\n${said.join("\n")}`);
    }
    await photograph(page, { path: `${out}/${name}.png` });
    return page.evaluate(() => window.done);
  };
  const flat = await look(`${own}/leaflet.html`, "leaflet");
  assert.equal(flat.error, undefined);
  assert.ok(flat.zones > 100 && flat.zones === flat.matched && flat.points > 0, JSON.stringify(flat));
  const tiles = await look(`${own}/maplibre.html`, "maplibre");
  assert.deepEqual(tiles.errors, []);
  assert.ok(tiles.zones > 50 && tiles.points > 0 && tiles.held.hover, JSON.stringify(tiles));
  assert.match(tiles.id, /^[0-9A-Z]{9}-[0-9]+-[0-9]+$/);

  const drawn = await look(`${own}/lines.html`, "lines");
  assert.deepEqual(drawn.errors, []);
  for (const kind of ["building-line", "red-line", "road"]) assert.ok(drawn.kinds.includes(kind), JSON.stringify(drawn));

  // The site's own map loads its library only on the page that shows it, and nothing from elsewhere.
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${base}/collections/zones?lang=vi`);
  assert.ok(!asked.some((url) => url.endsWith(".js")), "a page without a map loads no script");
  await page.goto(`${base}/collections/zones/map?lang=vi`);
  await page.waitForSelector("#map[data-loaded]", { timeout: 60000 });
  assert.ok(Number(await page.getAttribute("#map", "data-loaded")) > 100);
  assert.match(await page.textContent("#said"), /: [0-9]{1,3}(\.[0-9]{3})+/, "numbers as Vietnamese writes them");
  const before = asked.filter((url) => url.includes("/items?")).length;
  await page.keyboard.press("Tab");
  await page.click(".leaflet-control-zoom-in");
  await page.waitForFunction((n) => performance.getEntriesByType("resource").filter((e) => e.name.includes("/items?")).length > n, before, { timeout: 60000 });
  await photograph(page, { path: `${out}/own-map.png` });
  assert.ok(asked.every((url) => url.startsWith(base) || url.startsWith("data:") || url.startsWith("blob:")), "everything comes from the site itself");
  assert.deepEqual(said.filter((line) => /Refused|Error|violat/i.test(line)), []);
  console.log("Leaflet", flat, "MapLibre", tiles.zones, "zones in tiles");
} finally {
  await browser.close();
  server.close();
}

// Keeps the last page of whom to call, and the scripts it needs. The network comes first: what is shown
// from here says so, and says when it was made.
"use strict";
const NAME = "bangtin-2";
const FILES = ["/assets/here.js", "/assets/offline.js"];
// A copy is kept under the kind it is of; a page that was made for a position is never kept.
const keyOf = (url) => {
  const lang = url.searchParams.get("lang") || "vi";
  return "/nearest?kind=" + (url.searchParams.get("kind") || "ambulance") + (lang === "vi" ? "" : "&lang=" + lang);
};
const hasPosition = (url) => ["lon", "lat", "e", "n"].some((name) => url.searchParams.has(name));

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name.startsWith("bangtin-") && name !== NAME).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()).then(() => self.clients.matchAll()).then((clients) =>
    Promise.all(clients.filter((client) => new URL(client.url).pathname === "/nearest").map((client) => visit(new URL(client.url))))));
});

// The page without a position: for one that was asked for with one, and for the page that brought the
// worker along and was loaded before it.
async function visit(url) {
  try {
    const key = keyOf(url);
    const answer = await fetch(key, { headers: { accept: "text/html" } });
    if (answer.ok) await (await caches.open(NAME)).put(key, answer);
  } catch { /* another time */ }
}

async function kept(url) {
  const cache = await caches.open(NAME);
  const copy = (await cache.match(keyOf(url))) || (await cache.match("/nearest", { ignoreSearch: true }));
  if (!copy) return Response.error();
  const html = (await copy.text()).replace("<html ", '<html data-offline="1" ');
  return new Response(html, { status: 200, headers: copy.headers });
}

async function nearest(event, url) {
  const request = event.request;
  let asked = url;
  if (request.method === "POST") {
    const form = await request.clone().formData().catch(() => new FormData());
    asked = new URL(url);
    for (const name of ["kind", "lang"]) if (form.get(name)) asked.searchParams.set(name, form.get(name));
  }
  try {
    const answer = await fetch(request);
    if (request.method === "POST" || hasPosition(url)) event.waitUntil(visit(asked));
    else if (answer.ok) await (await caches.open(NAME)).put(keyOf(asked), answer.clone());
    return answer;
  } catch {
    return kept(asked);
  }
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) return;
  if (url.pathname === "/nearest" && event.request.mode === "navigate") event.respondWith(nearest(event, url));
  else if (FILES.includes(url.pathname)) event.respondWith(fetch(event.request).catch(() => caches.match(url.pathname)));
});

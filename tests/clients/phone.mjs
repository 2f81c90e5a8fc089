// A resident with a phone: `node phone.mjs BASE OUT`.
//
// Every page in light, dark, print, at twice the text size, in both languages, checked by axe-core;
// every flow with JavaScript and without, 360 × 640. Pictures of what was seen go to OUT.
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import assert from "node:assert/strict";
import { launch, photograph } from "./browser.mjs";

const require = createRequire(import.meta.url);
const axe = require("axe-core").source;
const [base, out] = process.argv.slice(2);
const PHONE = { locale: "vi-VN", viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };
const HERE = { longitude: 104.8712345678, latitude: 21.7071987654 };

// Name of the picture, address, and what the page is there for.
const PAGES = [
  ["home", "/"],
  ["plan", "/q/QHSDD21AG"],
  ["plan-unit", "/q/QHSDD21AG?unit=04252-2025"],
  ["plan-print-current", "/q/QHSDD21AG.B1F"],
  ["plan-print-old", "/q/QHSDD21AG.B3B"],
  ["plan-print-revoked", "/q/QHSDD21AG.B73"],
  ["plan-changes", "/q/QHSDD21AG/changes"],
  ["plan-history", "/q/QHSDD21AG/history"],
  ["plan-revision", "/q/QHSDD21AG/revisions/1"],
  ["schedule", "/q/KHSDD26AK"],
  ["construction", "/q/QHXD2200H"],
  ["general", "/q/QHC2020AH"],
  ["detailed", "/q/QHCT2401G"],
  ["zoning-unit", "/q/QHPK2301B?unit=04261-2020"],
  ["lots", "/q/QHCT2401G/lots"],
  ["lot", "/q/QHCT2401G/lots/ODT-01"],
  ["here-lots", "/here?lon=104.897&lat=21.71"],
  ["consultation", "/q/YKND26016"],
  ["campaign", "/q/NKTM20267"],
  ["programme", "/q/DDDT2022J"],
  ["ambulance", "/q/XCT00001C"],
  ["board", "/q/BANG0001F"],
  ["boards", "/boards"],
  ["boards-superseded", "/boards?due=superseded"],
  ["report", "/q/QHSDD21AG/report"],
  ["reports", "/reports"],
  ["here", "/here"],
  ["here-answer", "/here?lon=104.8712&lat=21.7071&since=2024-01-01"],
  ["here-map", "/here?map=1"],
  ["here-unit", "/here?unit=04252-2025"],
  ["here-which", "/here?place=yen+ninh"],
  ["here-wrong", "/here?lon=abc&lat=104.87"],
  ["nearest", "/nearest"],
  ["nearest-place", "/nearest?kind=health-station&lon=104.8712&lat=21.7071"],
  ["today", "/today"],
  ["today-unit", "/today?unit=04273-2025&on=2026-12-04"],
  ["indicators", "/indicators"],
  ["ranking", "/indicators/CTKS22176"],
  ["pledges", "/indicators/CTCK2618S"],
  ["indicator", "/q/CTTB2201T"],
  ["search", "/search?q=yen+ninh"],
  ["search-nothing", "/search?q=xe+cuu+thuwong"],
  ["glossary", "/glossary"],
  ["licence", "/licence"],
  ["collections", "/collections"],
  ["collection", "/collections/plans"],
  ["collection-items", "/collections/plans/items?f=html"],
  ["api", "/api?f=html"],
  ["wrong-code", "/q/QHSDD21AA"],
  ["not-found", "/khong-co"],
];

const settled = (page) => page.waitForLoadState("networkidle");

// The first screens of a page, as far as a person scrolls.
async function picture(page, name) {
  const height = Math.min(2400, await page.evaluate(() => document.documentElement.scrollHeight));
  await photograph(page, { path: `${out}/${name}.png`, fullPage: true, clip: { x: 0, y: 0, width: 360, height } });
}

async function axeFinds(page, name) {
  // Everything that axe knows, the rules that are good practice only with them.
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const lines = found.violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
  assert.deepEqual(lines, [], `${name}: axe`);
}

async function fits(page, name) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const page = document.documentElement.scrollWidth;
    if (page <= width) return [];
    return [`${page} > ${width}`, ...[...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll") && e.getBoundingClientRect().right > width + 1).slice(0, 5).map((e) => e.outerHTML.slice(0, 200))];
  });
  assert.deepEqual(wide, [], `${name}: wider than the screen`);
}

async function sweep(browser, large) {
  const modes = [
    { name: "light", context: {}, media: {} },
    { name: "dark", context: { colorScheme: "dark" }, media: {} },
    { name: "print", context: {}, media: { media: "print" } },
    { name: "english", context: { extraHTTPHeaders: { "accept-language": "en" } }, media: {} },
  ];
  for (const mode of modes) {
    const context = await browser.newContext({ ...PHONE, ...mode.context });
    const page = await context.newPage();
    for (const [name, address] of PAGES) {
      await page.goto(base + address);
      await page.emulateMedia(mode.media);
      await axeFinds(page, `${name}, ${mode.name}`);
      if (mode.name !== "print") await fits(page, `${name}, ${mode.name}`);
      await picture(page, `${name}-${mode.name}`);
      if (mode.name === "light") await page.emulateMedia({});
    }
    await context.close();
  }
  const context = await large.newContext(PHONE);
  const page = await context.newPage();
  for (const [name, address] of PAGES) {
    await page.goto(base + address);
    const size = await page.evaluate(() => parseFloat(getComputedStyle(document.querySelector("main p") ?? document.body).fontSize));
    assert.ok(size >= 26, `${name}: the text follows the size that was chosen: ${size}`);
    await fits(page, `${name}, text at 200 %`);
    await picture(page, `${name}-large`);
  }
  await context.close();
}

async function firstScreen(browser) {
  const context = await browser.newContext({ ...PHONE, javaScriptEnabled: false });
  const page = await context.newPage();
  for (const [code, words] of [["QHSDD21AG", "ĐANG CÓ HIỆU LỰC"], ["QHXD2200H", "ĐANG CÓ HIỆU LỰC"], ["QHC2020AH", "ĐANG CÓ HIỆU LỰC"], ["QHCT2401G", "ĐANG CÓ HIỆU LỰC"]]) {
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`${base}/q/${code}`);
    await settled(page);
    page.removeAllListeners("request");
    assert.deepEqual(asked.filter((url) => !url.startsWith("data:")), [`${base}/q/${code}`], "one request, and the page is there");
    const bottom = await page.evaluate(() => document.querySelector(".status").getBoundingClientRect().bottom);
    assert.ok(bottom <= 640, `${code}: what holds is on the first screen: ${bottom}`);
    const status = await page.innerText(".status");
    assert.ok(status.includes(words) && /từ ngày \d+\/\d+\/\d{4}/.test(status) && status.includes("Quyết định"), status);
    assert.ok((await page.$$("svg.map")).length === 1 && (await page.$$("table")).length >= 1, "a table beside the map");
  }
  await context.close();
}

// What a screen reader meets: one heading of the first rank, no rank left out; the way to the content first.
async function order(browser) {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  for (const [name, address] of PAGES) {
    await page.goto(base + address);
    const ranks = await page.evaluate(() => [...document.querySelectorAll("h1,h2,h3,h4")].map((h) => Number(h.tagName[1])));
    assert.equal(ranks.filter((rank) => rank === 1).length, 1, `${name}: one first heading`);
    assert.ok(ranks.every((rank, i) => i === 0 ? rank === 1 : rank <= ranks[i - 1] + 1), `${name}: ${ranks}`);
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
    assert.equal(first, "#content", `${name}: the first stop leads to the content`);
    // Every stop can be seen, in the order of the page.
    const seen = [];
    for (let i = 0; i < 12; i++) {
      const stop = await page.evaluate(() => {
        const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
        return { tag: e.tagName, skip: e.matches(".skip"), top: box.top + scrollY, size: box.width * box.height, outline: style.outlineStyle };
      });
      if (stop.tag === "BODY" || stop.skip && i > 0) break;
      assert.ok(stop.size > 0 && stop.outline !== "none", `${name}: ${JSON.stringify(stop)}`);
      seen.push(stop.top);
      await page.keyboard.press("Tab");
    }
    const flow = seen.slice(1);
    assert.ok(flow.every((top, i) => i === 0 || top >= flow[i - 1] - 60), `${name}: stops jump about: ${flow}`);
  }
  await context.close();
}

// Fingers need room (WCAG 2.5.8): 24 pixels, or that much to the next.
async function fingers(browser) {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  for (const [name, address] of PAGES) {
    await page.goto(base + address);
    const small = await page.evaluate(() => {
      const centres = [...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")].map((e) => {
        const box = e.getBoundingClientRect();
        const inText = e.matches("p a, li a, dd a, td a, span a, .status:not(.part) a") && !e.closest("ul.ways, nav");
        return { text: e.outerHTML.slice(0, 80), box, inText };
      }).filter((e) => e.box.width > 0 && e.box.right > 0);
      return centres.filter((e) => !e.inText && (e.box.width < 24 || e.box.height < 24)).map((e) => `${e.text} ${e.box.width}×${e.box.height}`);
    });
    assert.deepEqual(small, [], `${name}: too small for a finger`);
  }
  await context.close();
}

const flows = {
  // From the code on a board that shows an old print: what changed, and the whole.
  async board(page) {
    await page.goto(`${base}/q/QHSDD21AG.B3B`);
    const banner = await page.innerText("main");
    assert.match(banner, /lần công bố 1/);
    await page.click("main a[href*='/changes']");
    assert.match(await page.innerText("main"), /thay đổi/i);
    await page.goBack();
    await page.click("text=Xem toàn bộ");
    assert.ok((await page.$$("svg.map")).length === 1 && !(await page.innerText("main")).includes("Phần thuộc"));
  },
  // From the whole to a ward's part and back.
  async unit(page) {
    await page.goto(`${base}/q/QHSDD21AG`);
    const whole = await page.innerText("main");
    await page.click("main a[href*='unit=04252-2025']");
    const part = await page.innerText("main");
    assert.ok(part.includes("Phường Yên Bái") && part !== whole);
    await page.click("text=Xem toàn bộ");
    assert.equal(await page.innerText("main"), whole);
  },
  async search(page) {
    await page.goto(base);
    await page.fill("input[name=q]", "cuu thuong");
    await page.press("input[name=q]", "Enter");
    await page.click("a[href='/q/XCT00001C']");
    assert.match(await page.innerText("h1"), /Xe cứu thương số 1/);
    assert.ok(await page.isVisible("a.call[href^='tel:']"));
    await page.goto(`${base}/search?q=cuu+thuongg`);
    await page.click("main a[href*='search?q=']");
    assert.match(await page.innerText("main"), /Xe cứu thương/);
  },
  async report(page) {
    await page.goto(`${base}/q/QHSDD21AG`);
    await page.click("a[href*='/report']");
    await page.check("input[value=false-code]");
    await page.fill("textarea[name=text]", "Mã ở chợ bị dán đè");
    await page.click("main button");
    assert.match(await page.innerText("main"), /[Cc]ảm ơn|[Đđ]ã nhận/);
  },
  async place(page) {
    await page.goto(`${base}/here`);
    // A name that one place has leads to its answer; one that several have is asked back.
    await page.fill("input[name=place]", "cho yen bai");
    await page.click("form[role=search] button");
    assert.match(await page.innerText("h1"), /Chợ Yên Bái/);
    await page.fill("input[name=place]", "yen bai");
    await page.click("form[role=search] button");
    await page.locator("main ul.list button").nth(1).click();
    assert.match(await page.innerText("main"), /Đang có hiệu lực tại đây/);
    assert.ok(!page.url().includes("lon="), "no position in an address");
  },
  async tap(page) {
    await page.goto(`${base}/here`);
    await page.click("text=Chọn trên bản đồ");
    // A tap on a landmark's mark is a tap on the landmark, as far as a finger and a pixel go.
    const mark = await page.evaluate(() => {
      const svg = decodeURIComponent(document.querySelector("input[type=image]").src.slice("data:image/svg+xml,".length));
      const [, x, y] = /<path d=['"]M([\d.]+) ([\d.]+)h[^>]*><text[^>]*>Chợ Yên Bái/.exec(svg);
      // The mark is a square of six twelfths of a label's eleven pixels.
      return { x: Number(x) + 2.75, y: Number(y) + 2.75 };
    });
    await page.click("input[type=image]", { position: mark });
    const first = await page.innerText("main");
    const [, lat, lon] = /(\d+\.\d+), (\d+\.\d+)/.exec(first).map(Number);
    assert.ok(Math.hypot((lon - 104.8752) * 103400, (lat - 21.7042) * 111200) < 120, `${lon} ${lat} is where the market is`);
    assert.ok(/quy hoạch/i.test(first), first);
    await page.click("input[type=image]", { position: { x: 150, y: 150 } });
    assert.ok(!page.url().includes("lon=") && !page.url().includes("at.x"), page.url());
  },
  async coordinates(page) {
    await page.goto(`${base}/here`);
    await page.click("text=Nhập tọa độ");
    await page.fill("input[name=e]", "512650,5");
    await page.fill("input[name=n]", "2401150");
    await page.click("form:has(input[name=e]) button");
    assert.match(await page.innerText("main"), /quy hoạch/i);
    await page.goto(`${base}/here`);
    await page.click("text=Nhập tọa độ");
    await page.fill("input[name=lon]", "chỗ tôi");
    await page.fill("input[name=lat]", "21,7");
    await page.click("form:has(input[name=lon]) button");
    assert.match(await page.innerText("[role=alert]"), /không phải là số/);
  },
  async parcel(page) {
    await page.goto(`${base}/here`);
    await page.click("text=Nhập thửa đất của tôi");
    await page.fill("textarea", "1 2401150,00 512650,00\n2 2401150,00 512670,00\n3 2401120,00 512670,00\n4 2401120,00 512650,00");
    await page.click("form:has(textarea) button");
    const said = await page.innerText("main");
    assert.ok(said.includes("600") && said.includes("m²") && said.includes("%"), said);
  },
  async nearest(page) {
    await page.goto(`${base}/nearest`);
    const first = await page.getAttribute("main a.call", "href");
    assert.equal(first, "tel:115", "115 comes first");
    await page.click("main a[href*='kind=health-station']");
    await page.click("main a[href*='lon=']");
    assert.match(await page.innerText("main"), /km|\d m/);
    await page.click("button[value=ambulance]");
    assert.match(await page.innerText("main"), /Xe cứu thương[^]*km/);
    assert.ok(!page.url().includes("lon="), "no position in an address");
    await page.goto(`${base}/nearest?kind=health-station`);
    await page.fill("input[name=place]", "ga yen bai");
    await page.click("form[role=search] button");
    await page.locator("main ul.list button").first().click();
    assert.match(await page.innerText("h1"), /Gần nhất: Cơ sở y tế/);
    assert.ok(!page.url().includes("lon="), "no position in an address");
  },
  async campaign(page) {
    await page.goto(`${base}/q/NKTM20267`);
    const text = await page.innerText("main");
    assert.match(text, /thứ Sáu/);
    assert.ok((await page.getAttribute("a[href$='.ics']", "href")) === "/q/NKTM20267.ics");
    assert.ok((await page.$$("svg.map")).length === 1 && (await page.$$("ul.list li, table tbody tr")).length > 1);
  },
  async glossary(page) {
    await page.goto(`${base}/q/QHSDD21AG`);
    await page.locator("a.term").first().click();
    assert.match(page.url(), /\/glossary.*#/);
    const id = decodeURIComponent(page.url().split("#")[1]);
    assert.equal((await page.$$(`[id='${id}']`)).length, 1, "the term stands there");
  },
};

async function walk(browser, javaScriptEnabled) {
  const context = await browser.newContext({ ...PHONE, javaScriptEnabled });
  for (const [name, flow] of Object.entries(flows)) {
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("console", (message) => { if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) wrong.push(message.text()); });
    try {
      await flow(page);
    } catch (error) {
      throw new Error(`${name}, JavaScript ${javaScriptEnabled ? "on" : "off"}, ${page.url()}: ${error.message}`);
    } finally {
      await picture(page, `flow-${name}-${javaScriptEnabled ? "js" : "nojs"}`);
    }
    assert.deepEqual(wrong, [], name);
    await page.close();
  }
  await context.close();
}

// The browser's own position: asked for by a button, rounded, in a body; refused, it says what else there is.
async function position(browser) {
  const context = await browser.newContext({ ...PHONE, geolocation: HERE, permissions: ["geolocation"] });
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push([request.method(), request.url(), request.postData()]));
  await page.goto(`${base}/here`);
  await page.click("#locate button");
  await page.waitForSelector("h2");
  assert.match(await page.innerText("main"), /quy hoạch/i);
  const posted = asked.filter(([method]) => method === "POST");
  assert.equal(posted.length, 1);
  assert.match(posted[0][2], /lon=104\.87123&lat=21\.70720/, "rounded to a metre");
  assert.ok(asked.every(([, url]) => !url.includes("104.8")), "in no address");
  await context.close();
  const refused = await browser.newContext(PHONE);
  const other = await refused.newPage();
  await other.goto(`${base}/here`);
  await other.click("#locate button");
  await other.waitForFunction(() => document.querySelector("#locate [role=status]").textContent.length > 10);
  await refused.close();
}

// A network that can be cut: what the browser's own switch does not do to a service worker.
async function network() {
  const target = new URL(base);
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(target.port, target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy()).on("close", () => open.delete(one));
    }
  });
  const listen = (port) => new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  await listen(0);
  const { port } = server.address();
  const cut = () => new Promise((done) => {
    server.close(done);
    open.forEach((socket) => socket.destroy());
  });
  return { base: `http://127.0.0.1:${port}`, cut, mend: () => listen(port) };
}

async function offline(browser) {
  const { base, cut, mend } = await network();
  const context = await browser.newContext({ ...PHONE, geolocation: HERE, permissions: ["geolocation"] });
  const page = await context.newPage();
  await page.goto(`${base}/nearest`);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const there = async () => (await (await caches.open("bangtin-2")).keys()).some((key) => key.url.includes("/nearest"));
    while (!(await there())) await new Promise((done) => setTimeout(done, 50));
  });
  assert.ok(!(await page.isVisible(".offline")));
  await cut();
  await page.goto(`${base}/nearest`);
  assert.ok(await page.isVisible(".offline"), "it says that it is a copy");
  assert.match(await page.innerText(".offline"), /lúc \d+:\d\d, \d+\/\d+/);
  assert.equal(await page.getAttribute("main a.call", "href"), "tel:115");
  assert.ok((await page.$$("li.near a.call[href^='tel:']")).length >= 2);
  await picture(page, "nearest-offline");
  // A duty that is too old by now is unknown in the copy too.
  await page.addInitScript(() => { const now = Date.now; Date.now = () => now() + 7 * 24 * 3600 * 1000; });
  await page.goto(`${base}/nearest`);
  assert.ok(!(await page.innerText("main")).includes("Sẵn sàng"), "a week later nobody is said to be ready");
  // With a position and no network the copy is shown all the same.
  await Promise.all([page.waitForEvent("load"), page.click("#locate button")]);
  assert.ok(await page.isVisible(".offline"));
  await mend();
  await page.goto(`${base}/nearest`);
  assert.ok(!(await page.isVisible(".offline")));
  // What was asked for with a position is shown, and kept nowhere.
  await Promise.all([page.waitForEvent("load"), page.click("#locate button")]);
  assert.match(await page.innerText("main"), /km/);
  await page.goto(`${base}/nearest?kind=health-station&lon=104.87123&lat=21.7072`);
  const kept = await page.evaluate(async () => {
    const cache = await caches.open("bangtin-2");
    const stations = async () => (await cache.keys()).some((key) => key.url.includes("kind=health-station"));
    while (!(await stations())) await new Promise((done) => setTimeout(done, 50));
    const all = await Promise.all((await cache.keys()).map(async (key) => key.url + (await (await cache.match(key)).text())));
    return all.join("\n");
  });
  assert.ok(kept.includes("health-station") && !kept.includes("104.87123") && !kept.includes("21.7072"), "no position in a copy");
  await context.close();
  await cut();
}

// The interactive map comes when it is asked for, and not before.
async function interactive(browser) {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  const scripts = [];
  page.on("request", (request) => { if (request.resourceType() === "script") scripts.push(request.url()); });
  await page.goto(`${base}/q/QHSDD21AG`);
  await settled(page);
  assert.deepEqual(scripts, []);
  await page.click("a[href*='/map']");
  await page.waitForSelector("#map[data-loaded]", { timeout: 60000 });
  assert.ok(scripts.length > 0 && (await page.$$("#map path, #map canvas")).length > 0);
  await picture(page, "interactive");
  await context.close();
}

const browser = await launch();
const large = await launch("--blink-settings=defaultFontSize=32,defaultFixedFontSize=26");
const only = process.env.ONLY?.split(",");
try {
  const steps = {
    firstScreen: () => firstScreen(browser),
    flows: () => walk(browser, true),
    flowsWithoutScript: () => walk(browser, false),
    position: () => position(browser),
    offline: () => offline(browser),
    interactive: () => interactive(browser),
    order: () => order(browser),
    fingers: () => fingers(browser),
    sweep: () => sweep(browser, large),
  };
  const failed = [];
  for (const [name, step] of Object.entries(steps)) {
    if (only && !only.includes(name)) continue;
    const patience = new Promise((_, fail) => setTimeout(() => fail(new Error("it hangs")), 300_000).unref());
    await Promise.race([step(), patience]).catch((error) => failed.push(`${name}: ${error.message}`));
  }
  if (failed.length > 0) throw new Error(failed.join("\n\n"));
  console.log(`${PAGES.length} pages and ${Object.keys(flows).length} flows hold`);
} finally {
  await browser.close();
  await large.close();
}

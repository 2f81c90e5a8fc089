// The office: `node office.mjs BASE OUT WIDTH JS PLANNER APPROVER CLERK DISPATCHER ADMINISTRATOR`.
//
// Five persons accept their invitations (the last arguments; the clerk one that the administrator makes in the browser). A
// planner and an approver play a plan from its file to its publication: a broken file, one whose column is chosen, the good
// one, returned with a comment, changed, approved, its poster decoded; a clerk hangs a print and reports damage; a dispatcher
// says where a vehicle is; an administrator makes a token and changes a setting. Every page on the way is checked by axe-core
// and must not be wider than the screen. Pictures of what was seen go to OUT. JS is `on` or `off`.
// With OTHER set, the approver signs in at BASE and works at that other node of the same city.
// With KILLS set it says `killed?` between two steps and waits for a line: whoever runs it kills the server there.
import { readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { fillInvitation, holds, launch, photograph } from "./browser.mjs";

const [base, out, width, js, ...invitations] = process.argv.slice(2);
const elsewhere = process.env.OTHER || base;
const PLAN = "QHSDD21AG";
const BOARD = "BANG0001F";
const GOOD = new URL("../data/formats/plan.zip", import.meta.url).pathname;
const view = { locale: "vi-VN", viewport: { width: Number(width), height: 900 } };

const browser = await launch();
const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let pages = 0;
let pieces = 0;

/** Checks the page as it stands. */
async function check(page, name) {
  pages += 1;
  await photograph(page, { path: `${out}/${name}.png`, fullPage: true });
  await holds(page, name, view.viewport);
  await interrupted();
}

/** Between two steps the server may be killed and started again: says so, and waits for a line. */
async function interrupted() {
  if (!process.env.KILLS) return;
  process.stdout.write("killed?\n");
  await told.next();
}

async function invited(link, name, email) {
  const context = await browser.newContext({ ...view, javaScriptEnabled: js === "on" });
  const page = await context.newPage();
  page.on("request", (request) => { pieces += /\/office\/uploads\/[0-9a-f]+\/\d+$/.test(request.url()) ? 1 : 0; });
  await fillInvitation(page, link, name, email);
  await check(page, `invitation-${email[0]}`);
  await page.click("button.wide");
  await page.goto(`${base}/office`);
  await check(page, `home-${email[0]}`);
  return page;
}

async function brings(page, file) {
  await page.goto(`${base}/office/plans/new?revises=${PLAN}`);
  await check(page, "file");
  await page.setInputFiles("input[name=file]", file);
  await page.fill("input[name=authority]", "UBND tỉnh Yên Bái");
  await page.fill("input[name=signed]", "2026-10-01");
  await page.fill("input[name=effective_from]", "2026-11-16");
  await page.click("button.wide");
  await page.waitForURL(/\/office\/imports\//);
}

/** Whoever types keeps the session alive, though no page is opened for long. */
async function keepsTyping(page) {
  if (js !== "on") return;
  const context = await browser.newContext(view);
  await context.addCookies(await page.context().cookies());
  const beside = await context.newPage();
  await beside.clock.install();
  await beside.goto(page.url());
  await beside.clock.fastForward("06:00");
  const asked = beside.waitForResponse((answer) => answer.request().method() === "HEAD" && answer.url().endsWith("/office/me"));
  await beside.locator("textarea[name=summary]").pressSequentially("a");
  assert.equal((await asked).status(), 200);
  await context.close();
}

async function proposes(page, number) {
  await interrupted();
  await page.selectOption("select[name=adjustment]", "local");
  await page.fill("input[name=decision]", number);
  await page.click("button[value=propose]");
  await page.waitForURL(new RegExp(`/office/proposals/${PLAN}`));
}

/** The path of the invitation that an administrator makes in the browser. */
async function invites(page, name, role) {
  await page.goto(`${base}/office/accounts`);
  await page.locator("form", { has: page.locator("input[name=email]") }).locator("input[name=name]").fill(name);
  await page.check(`input[name=role][value=${role}]`);
  await page.click("button.wide");
  const link = await page.getAttribute("p.small a[href*='/office/invitation/']", "href");
  await check(page, "invites");
  return base + new URL(link).pathname;
}

const chief = await invited(invitations[4], "Hoàng Văn Em", "em@yenbai.gov.vn");
const byChief = await invites(chief, "Lê Thị Cúc", "clerk");
const planner = await invited(invitations[0], "Nguyễn Thị An", "an@yenbai.gov.vn");
const approver = await invited(invitations[1], "Trần Văn Bình", "binh@yenbai.gov.vn");

// A broken twin of the file.
const broken = `${out}/broken.geojson`;
writeFileSync(broken, readFileSync(new URL("../data/formats/plan.geojson", import.meta.url), "utf8").replace('"MaLoaiDat":"', '"MaLoaiDat":"X'));
await brings(planner, broken);
await check(planner, "broken");
assert.match(await planner.innerText("main"), /chưa công bố được/);
await planner.goto(`${planner.url().split("?")[0]}/report`);
assert.ok(await planner.locator("svg").count());

// A twin whose column of codes has a name that nobody knows: it is chosen on the page.
const renamed = `${out}/renamed.geojson`;
writeFileSync(renamed, readFileSync(new URL("../data/formats/plan.geojson", import.meta.url), "utf8").replaceAll('"MaLoaiDat":', '"Cot 1":'));
await brings(planner, renamed);
await planner.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; })).catch(() => {});
if (!(await planner.isVisible("select[name=land_use]"))) await planner.click("details summary");
await planner.selectOption("select[name=land_use]", "Cot 1");
await check(planner, "columns");
await planner.locator("form", { has: planner.locator("select[name=land_use]") }).locator("button").click();
await planner.waitForLoadState();
assert.match(await planner.innerText("main"), /Tệp công bố được/);
await planner.click("button[value=drop]");

// A twin whose first feature has no shape: it is left out by choice, kept as a draft, and dropped.
const shapeless = JSON.parse(readFileSync(new URL("../data/formats/plan.geojson", import.meta.url), "utf8"));
shapeless.features[0].geometry = null;
writeFileSync(`${out}/shapeless.geojson`, JSON.stringify(shapeless));
await brings(planner, `${out}/shapeless.geojson`);
await planner.check("input[name=leave_out]");
await check(planner, "leave-out");
await planner.locator("form", { has: planner.locator("input[name=leave_out]") }).locator("button").click();
await planner.waitForURL(/\/office\/imports\//);
assert.match(await planner.innerText("main"), /Tệp công bố được/);
await planner.fill("input[name=title]", "Còn dở dang");
// Enter keeps the draft; it sends nothing to anybody.
await planner.locator("input[name=title]").press("Enter");
await planner.waitForURL(/kept=1/);
await check(planner, "draft");
assert.equal(await planner.inputValue("input[name=title]"), "Còn dở dang");
await planner.goto(`${base}/office`);
await check(planner, "drafts");
await planner.click("ul.list a[href*='/office/imports/'] >> nth=0");
await planner.click("button[value=drop]");

await brings(planner, GOOD);
await check(planner, "facts");
await keepsTyping(planner);
// What would come of it, seen before anybody else hears of it.
const draft = planner.url().split("?")[0];
await planner.goto(`${draft}/map`);
if (js === "on") await planner.waitForSelector("#map[data-loaded]");
await check(planner, "draft-map");
for (const what of ["page", "changes"]) {
  await planner.goto(draft);
  await planner.fill("input[name=decision]", "0123/QĐ-DEMO");
  await planner.selectOption("select[name=adjustment]", "local");
  await planner.click(`button[value=preview-${what}]`);
  await planner.waitForSelector("text=BẢN NHÁP");
  await check(planner, `draft-${what}`);
}
await planner.goto(draft);
await proposes(planner, "0123/QĐ-DEMO");
await check(planner, "proposed");

/** Opens a page until it has what another node was told a moment ago. */
async function opens(page, address, selector) {
  do await page.goto(address); while ((await page.locator(selector).count()) === 0);
}

// The approver returns it; the planner changes it.
const waiting = `ul.list a[href*="/office/proposals/${PLAN}"]`;
await opens(approver, `${elsewhere}/office`, waiting);
await approver.click(waiting);
await check(approver, "to-approve");
await approver.fill("textarea[name=comment]", "Thiếu quyết định kèm theo");
await Promise.all([approver.waitForEvent("framenavigated"), approver.click("button[value=return]")]);
await interrupted();
await planner.goto(`${base}/office`);
await check(planner, "came-back");
await planner.click("ul.list a[href*='/office/proposals/']");
assert.match(await planner.innerText("main"), /Thiếu quyết định kèm theo/);
await planner.click("a[href*='/office/imports/']");
await planner.setInputFiles("input[name=decision_file]", GOOD);
await proposes(planner, "0124/QĐ-DEMO");

await opens(approver, `${elsewhere}/office`, waiting);
await approver.click(waiting);
await approver.click('a[href*="/preview"]');
await check(approver, "preview");
assert.match(await approver.innerText("main"), /BẢN NHÁP/);
await approver.goBack();
await approver.click("button[value=approve]");
await approver.waitForURL(`${elsewhere}/office/items/${PLAN}*`);
await check(approver, "what-follows");
// Its poster, as a printer and a camera see it.
const poster = await approver.context().request.get(`${elsewhere}/q/${PLAN}/poster.pdf`);
assert.equal(poster.status(), 200);
writeFileSync(`${out}/poster.pdf`, await poster.body());
execFileSync("pdftoppm", ["-r", "150", "-png", "-singlefile", `${out}/poster.pdf`, `${out}/poster`]);
assert.match(execFileSync("zbarimg", ["--raw", "-q", `${out}/poster.png`], { stdio: ["ignore", "pipe", "ignore"] }).toString(), new RegExp(`/Q/${PLAN}`, "i"));
await planner.goto(`${base}/office/items/${PLAN}`);
await planner.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; })).catch(() => {});
await check(planner, "item");
await planner.goto(`${base}/office/items`);
await check(planner, "items");
await approver.goto(`${base}/q/${PLAN}/history`);
assert.match(await approver.innerText("main"), /16\/11\/2026/);
await planner.goto(`${base}/office/deadlines`);
await check(planner, "deadlines");

// The clerk scans the board's code, prints for it and hangs it.
const clerk = await invited(byChief, "Lê Thị Cúc", "cuc@yenbai.gov.vn");
await clerk.goto(`${base}/q/${BOARD}`);
await clerk.click(`a[href*="/office/boards/${BOARD}"]`);
await check(clerk, "board");
// The print that hangs shows the revision before the one that was just published.
const own = clerk.locator("section", { has: clerk.locator(`a[href*="/q/${PLAN}"]`) });
const [printed] = await Promise.all([
  clerk.waitForResponse((answer) => answer.url().includes("poster.pdf")).catch(() => null),
  own.locator("button[value=print]").click().catch(() => {}),
]);
assert.ok(printed === null || printed.status() === 200);
do {
  // The poster opens as a file, which may still be under way.
  await clerk.goto(`${base}/office/boards/${BOARD}`).catch(() => {});
} while ((await own.locator("button[value=hang]").count()) === 0);
await own.locator("button[value=hang]").click();
await own.locator("button[value=hang]").waitFor({ state: "detached" });
assert.equal(await own.locator("button[value=print]").count(), 0);
assert.match(await own.innerText(), /Lần công bố 3/);
await check(clerk, "hung");
// Another browser, whose cache has no page of it yet: the print shows what is in force.
await approver.goto(`${base}/q/${BOARD}`);
assert.match(await approver.locator("li", { has: approver.locator(`a[href*="/q/${PLAN}"]`) }).first().innerText(), /3/);

// Damage is reported with a photo; a script makes it small before it is sent.
const damage = async (page, note) => {
  await page.fill("input[name=note]", note);
  const photo = await photograph(planner, { type: "jpeg", fullPage: true });
  await page.setInputFiles("input[name=photo]", { name: "IMG_0001.jpg", mimeType: "image/jpeg", buffer: photo });
  await page.click("button[value=damage]");
};
const reported = async (page, count) => {
  await page.goto(`${base}/office/reports`);
  const photos = await page.$$eval("img.photo", (all) => Promise.all(all.map(async (one) => {
    one.loading = "eager";
    await one.decode();
    return one.naturalWidth;
  })));
  assert.equal(photos.length, count);
  assert.ok(photos.every((width) => width > 0 && width <= 1280), `${photos}`);
};
await clerk.goto(`${base}/office/boards/${BOARD}`);
await damage(clerk, "Kính vỡ");
await clerk.waitForSelector("text=Phản ánh chưa xử lý về bảng này (1)");
await reported(clerk, 1);
await check(clerk, "reports");

// Without a network what is pressed waits on the device, also when the page is closed, and for this account alone.
if (js === "on") {
  const context = clerk.context();
  await clerk.goto(`${base}/office/boards/${BOARD}`);
  await context.setOffline(true);
  await clerk.click("button.wide[value=check]");
  const says = (text) => clerk.waitForFunction((text) => document.querySelector("[data-waits] [role=status]").textContent.includes(text), text);
  await says("sẽ gửi khi có mạng (1)");
  await damage(clerk, "Bản in rách");
  await says("sẽ gửi khi có mạng (2)");
  const kept = await clerk.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("bangtin-waits/")));
  assert.equal(kept.length, 1);
  await clerk.evaluate((key) => localStorage.setItem("bangtin-waits/a-other", localStorage.getItem(key)), kept[0]);
  await clerk.close();
  await context.setOffline(false);
  const later = await context.newPage();
  await later.goto(`${base}/office`);
  await later.waitForFunction((key) => !localStorage.getItem(key), kept[0]);
  await later.waitForURL(/\/office\/boards\//);
  assert.ok(await later.evaluate(() => localStorage.getItem("bangtin-waits/a-other")), "another account's was not sent");
  await reported(later, 2);
  await later.close();
}

// One tap says where a vehicle is.
const dispatcher = await invited(invitations[3], "Phạm Văn Dũng", "dung@yenbai.gov.vn");
await dispatcher.goto(`${base}/office/duty`);
const vehicle = dispatcher.locator("section").first();
await vehicle.locator("button[value=out]").click();
await vehicle.locator("button[value=out][aria-pressed=true]").waitFor();
await check(dispatcher, "duty");

// A point is placed with the finger: the map is as large as it was drawn, or the tap would land elsewhere.
await dispatcher.goto(`${base}/office/points?kind=health-station`);
await check(dispatcher, "points");
await dispatcher.goto(`${base}/office/points/new?kind=advisory-desk`);
await dispatcher.fill("input[name=title]", "Bàn tư vấn lưu động");
const map = dispatcher.locator("input[type=image]");
const drawn = await map.evaluate((map) => [map.offsetWidth, map.offsetHeight]);
assert.deepEqual(drawn, [await map.getAttribute("width"), await map.getAttribute("height")].map(Number));
await map.click({ position: { x: 150, y: 120 } });
assert.match(await dispatcher.inputValue("input[name=lat]"), /^21\.\d+$/);
assert.equal(await dispatcher.inputValue("input[name=title]"), "Bàn tư vấn lưu động");
await check(dispatcher, "point");
await dispatcher.click("button[value=save] >> nth=0");
await dispatcher.waitForURL(/\/office\/points\?kind=advisory-desk&done=1/);
const list = "Tên,Địa chỉ,lat,lon\nBàn tư vấn lưu động,Chợ Yên Bái,21.705,104.87\nBàn tư vấn hai,Tổ 3,21.71,104.88\n";
await dispatcher.setInputFiles("input[name=file]", { name: "ban.csv", mimeType: "text/csv", buffer: Buffer.from(list) });
await dispatcher.click("button:has-text('So sánh')");
await dispatcher.waitForURL(/\/office\/points\/lists\//);
assert.match(await dispatcher.innerText("main"), /1 điểm mới[\s\S]*1 điểm thay đổi[\s\S]*Chợ Yên Bái/);
await check(dispatcher, "list");
await dispatcher.click("button.wide");
await dispatcher.waitForURL(/\/office\/points\?kind=.*done=2/);

// An administrator makes a token for a program, and changes the number to call.
await chief.goto(`${base}/office/tokens`);
await chief.fill("input[name=label]", "Bệnh viện đa khoa");
await chief.selectOption("select[name=role]", "health");
await chief.click("button.wide");
assert.match(await chief.innerText("main"), /bt_[0-9a-f]{64}/);
await check(chief, "tokens");
await chief.goto(`${base}/office/city`);
await chief.fill("input[name=phone]", "0216 0000 999");
await chief.click("button.wide");
await check(chief, "city");
assert.match(await chief.innerText("main"), /Hoàng Văn Em\s+Điện thoại hỏi đáp/);
for (const page of ["accounts", "audit"]) {
  await chief.goto(`${base}/office/${page}`);
  await check(chief, page);
}
// With scripts, files go in pieces.
assert.equal(pieces > 0, js === "on");
await browser.close();
process.stdin.destroy();
console.log(`the office: ${pages} pages hold at ${width} pixels, JavaScript ${js}`);

// The programme: `node programme.mjs BASE OUT WIDTH ORGANISER APPROVER WARD`.
//
// An organiser makes a weekly Cashless Day with a moved day and three places, and a link for a merchant; the merchant edits
// hours by the link, and an approver lets it through; a ward enters results in a workbook, and the ranking changes; a resident
// finds the nearest place that takes cards now; a calendar on a phone follows a day that is called off. Every page on the way is
// checked by axe-core and must not be wider than the screen. Pictures of what was seen go to OUT. Pages run without scripts.
import { writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { fillInvitation, holds, launch, photograph } from "./browser.mjs";

const require = createRequire(import.meta.url);
const ICAL = (await import(require.resolve("ical.js"))).default;
const [base, out, width, ...invitations] = process.argv.slice(2);
const view = { locale: "vi-VN", viewport: { width: Number(width), height: 900 }, javaScriptEnabled: false };
const INDICATOR = "CTCK2618S";
const browser = await launch();
let pages = 0;

async function check(page, name) {
  pages += 1;
  await photograph(page, { path: `${out}/${name}.png`, fullPage: true });
  await holds(page, name, view.viewport);
}

async function invited(link, name, email) {
  const page = await (await browser.newContext(view)).newPage();
  await fillInvitation(page, link, name, email);
  await page.click("button.wide");
  return page;
}

/** Presses a button and waits for the page that comes of it. */
async function press(page, button) {
  await Promise.all([page.waitForEvent("framenavigated"), button.click()]);
  await page.waitForLoadState();
}

/** A day of the city's calendar, so many days from now, as forms and as people write it. */
function day(ahead) {
  const iso = new Date(Date.now() + (7 * 60 + ahead * 1440) * 60_000).toISOString().slice(0, 10);
  const [y, m, d] = iso.split("-").map(Number);
  return { iso, written: `${d}/${m}/${y}` };
}

const organiser = await invited(invitations[0], "Nguyễn Thị An", "an@yenbai.gov.vn");
const approver = await invited(invitations[1], "Trần Văn Bình", "binh@yenbai.gov.vn");
const ward = await invited(invitations[2], "Lê Thị Cúc", "cuc@yenbai.gov.vn");
let resident = await (await browser.newContext(view)).newPage();

/** A page as somebody opens it who was not there before: browsers keep one for a minute. */
async function opened(path) {
  await resident.context().close();
  resident = await (await browser.newContext(view)).newPage();
  await resident.goto(base + path);
}

// A Cashless Day each week on the day after tomorrow's weekday; its second day is moved.
const [first, second, moved, third] = [2, 9, 10, 16].map(day);
const weekday = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"][new Date(first.iso).getUTCDay()];
await organiser.goto(`${base}/office/campaigns/new`);
await organiser.selectOption("select[name=kind]", "cashless-day");
await organiser.fill("input[name=title]", "Ngày không tiền mặt của phường");
await organiser.fill("input[name=organiser]", "UBND phường Yên Bái");
await organiser.selectOption("select[name=repeat]", "weekly");
await organiser.fill("input[name=from]", first.iso);
await organiser.check(`input[name=weekday][value=${weekday}]`);
await organiser.selectOption("select[name=holidays]", "next-working-day");
await organiser.fill("textarea[name=times]", "7:00–18:00");
await organiser.fill("textarea[name=exceptions]", `${second.written} -> ${moved.written}: Ngày lễ của phường`);
await organiser.check("input[name=unit][value='04252-2025']");
await check(organiser, "campaign-form");
await organiser.click("button[value=save]");
await organiser.waitForURL(/\/office\/campaigns\/[0-9A-Z]{9}/);
const campaign = new URL(organiser.url()).pathname.split("/").pop();
await check(organiser, "campaign");

// Three places: only one takes cards. They are open day and night, whenever this story is told.
const places = [
  ["Tạp hóa Hồng", "21.7060", "104.8752", ["transfer", "cash"]],
  ["Quán cơm Sen", "21.7065", "104.8756", ["transfer", "card"]],
  ["Nhà sách Mai", "21.7070", "104.8760", ["transfer"]],
];
const codes = [];
for (const [title, lat, lon, ways] of places) {
  await organiser.goto(`${base}/office/points/new?kind=shop`);
  await organiser.fill("input[name=title]", title);
  await organiser.fill("input[name=lat]", lat);
  await organiser.fill("input[name=lon]", lon);
  await organiser.fill("textarea[name=times]", "0:00–12:00\n12:00–0:00");
  for (const way of ways) await organiser.check(`input[name=pay][value=${way}]`);
  await organiser.check(`input[name=campaign][value='${campaign}']`);
  const units = organiser.locator("details", { has: organiser.locator("input[name=unit]") });
  if (!(await organiser.isVisible("input[name=unit]"))) await units.locator("summary").click();
  await organiser.check("input[name=unit][value='04252-2025']");
  if (codes.length === 0) await check(organiser, "place-form");
  await organiser.locator("button[value=save]").first().click();
  await organiser.waitForURL(/\/office\/points\?kind=shop/);
  codes.push((await organiser.locator(`fieldset legend a:text-is("${title}")`).getAttribute("href")).split("/").pop().slice(0, 9));
}
await check(organiser, "places");
await opened(`/q/${campaign}`);
for (const [title] of places) assert.match(await resident.innerText("main"), new RegExp(title));
assert.match(await resident.innerText("main"), new RegExp(`${moved.written.slice(0, 5)}`));
await check(resident, "campaign-page");

// The merchant of the second place edits hours by a link, without an account.
await organiser.goto(`${base}/office/merchants/${codes[1]}`);
await press(organiser, organiser.locator("button[value=issue-link]"));
await check(organiser, "link");
const link = base + new URL((await organiser.locator("span.code", { hasText: "/edit/" }).innerText()).replace(/\s/g, "")).pathname;
const merchant = await (await browser.newContext(view)).newPage();
await merchant.goto(link);
await check(merchant, "merchant");
await merchant.fill("textarea[name=offers]", "Tặng trà đá | khi quét thẻ");
await merchant.fill("input[name=hours]", "Nghỉ mùng Một Tết");
await merchant.click("button[value=save]");
await merchant.waitForURL(/done=sent/);
await check(merchant, "merchant-sent");
await opened(`/q/${codes[1]}`);
assert.doesNotMatch(await resident.innerText("main"), /Tặng trà đá/);
await approver.goto(`${base}/office/proposals/${codes[1]}`);
await check(approver, "to-approve");
assert.match(await approver.innerText("main"), /Chủ cơ sở, qua liên kết[^]*Tặng trà đá/);
await approver.click("button[value=approve]");
await approver.waitForURL(/\/office\/items\//);
await opened(`/q/${codes[1]}`);
assert.match(await resident.innerText("main"), /Tặng trà đá[^]*Nghỉ mùng Một Tết/);
await check(resident, "place-page");

// A ward enters its result in a workbook of another program's hand; the ranking changes.
const shares = async () => (await (await resident.context().request.get(`${base}/indicators/${INDICATOR}.json?period=2026-10`)).json()).units;
assert.ok(!(await shares()).some((one) => one.unit === "04543-2025"));
writeFileSync(`${out}/results.csv`, "Mã đơn vị,Tên,Số liệu\n04543-2025,Phường Âu Lâu,199\n");
execFileSync("ogr2ogr", ["-f", "XLSX", `${out}/results.xlsx`, `${out}/results.csv`, "-oo", "AUTODETECT_TYPE=NO"]);
const form = `${base}/office/indicators/${INDICATOR}?period=2026-10`;
await ward.goto(form);
await check(ward, "results");
await ward.setInputFiles("input[name=file]", `${out}/results.xlsx`);
await press(ward, ward.locator("button[value=read]"));
await check(ward, "results-read");
assert.equal(await ward.inputValue("input[name='value-04543-2025']"), "199");
await ward.fill("input[name=as_of]", "2026-11-20");
await ward.fill("input[name=source]", "Rà soát của phường");
await press(ward, ward.locator("button[value=save]"));
const ranked = await shares();
assert.deepEqual(ranked.filter((one) => one.rank === 1).map((one) => one.unit), ["04543-2025"]);
await resident.goto(`${base}/indicators/${INDICATOR}?period=2026-10`);
await check(resident, "ranking");

// The indicator itself, its targets, and the page of the ward.
await organiser.goto(`${base}/office/indicators/new`);
await check(organiser, "indicator-form");
await organiser.goto(`${base}/office/indicators/${INDICATOR}?period=2026-12`);
await organiser.locator("summary", { hasText: "Đặt mục tiêu" }).click();
await check(organiser, "targets");
await resident.goto(`${base}/here?unit=04252-2025`);
await check(resident, "ward-page");

// The nearest place that takes cards, for somebody who stands at its door. It is open at every hour of the day.
await resident.goto(`${base}/nearest?kind=place&pays=card&lat=21.7065&lon=104.8756`);
assert.match(await resident.locator("li.near").first().innerText(), /Quán cơm Sen[^]*ĐANG MỞ CỬA[^]*Thẻ ngân hàng/);
assert.doesNotMatch(await resident.innerText("main"), /Tạp hóa Hồng/);
await check(resident, "nearest");

/** The days that a calendar has, as a phone reads them, and the number of its newest entry. */
async function calendar() {
  const text = await (await resident.context().request.get(`${base}/q/${campaign}.ics`)).text();
  const root = new ICAL.Component(ICAL.parse(text));
  for (const zone of root.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const all = root.getAllSubcomponents("vevent").map((component) => new ICAL.Event(component, { exceptions: [] }));
  const days = new Set();
  for (const event of all.filter((one) => !one.isRecurrenceException())) {
    all.filter((one) => one.isRecurrenceException() && one.uid === event.uid).forEach((one) => event.relateException(one));
    const turns = event.iterator();
    for (let count = 0, time = turns.next(); time && count < 8; time = turns.next(), count += 1) {
      const { item, startDate } = event.getOccurrenceDetails(time);
      if (item.component.getFirstPropertyValue("status") !== "CANCELLED") days.add(startDate.toString().slice(0, 10));
    }
  }
  return { days, sequence: Math.max(...all.map((event) => event.sequence)) };
}

const before = await calendar();
assert.ok(before.days.has(first.iso) && !before.days.has(second.iso) && before.days.has(moved.iso) && before.days.has(third.iso));
await organiser.goto(`${base}/office/campaigns/${campaign}`);
const off = organiser.locator("details", { has: organiser.locator(`input[name=day][value='${third.iso}']`) });
await off.locator("summary").click();
await off.locator("input[name=reason]").fill("Mưa bão");
await press(organiser, off.locator("button[value=cancel-day]"));
const after = await calendar();
assert.ok(!after.days.has(third.iso) && after.days.has(first.iso) && after.sequence > before.sequence);
await opened(`/q/${campaign}`);
assert.match(await resident.innerText("main"), /Mưa bão/);
await check(resident, "called-off");
await resident.emulateMedia({ media: "print" });
await check(resident, "printed");
const posters = [`/q/${codes[1]}/stickers.pdf`, `/q/${campaign}/poster.pdf`, "/today/poster.pdf?unit=04252-2025"];
for (const path of posters) assert.equal((await resident.context().request.get(base + path)).status(), 200, path);

await browser.close();
console.log(`the programme's ${pages} pages hold at ${width}`);

// From a planner's file to the published revision by keyboard alone: `node keyboard.mjs BASE PLANNER APPROVER`.
//
// An action is a field that is filled, a file that is chosen, or a link or button that is pressed. Everything is reached by
// Tab; going on to the next one is no action of its own.
import assert from "node:assert/strict";
import { fillInvitation, launch } from "./browser.mjs";

const [base, ...invitations] = process.argv.slice(2);
const PLAN = "QHSDD21AG";
const GOOD = new URL("../data/formats/plan.zip", import.meta.url).pathname;
const browser = await launch();
let actions = 0;

async function invited(link, name, email) {
  const page = await (await browser.newContext({ locale: "vi-VN" })).newPage();
  await fillInvitation(page, link, name, email);
  await page.click("button.wide");
  await page.waitForSelector("ol.codes");
  return page;
}

/** Goes on by Tab until the focus is there. */
async function to(page, selector) {
  for (let tabs = 0; tabs < 300; tabs += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not lead to ${selector} at ${page.url()}`);
}

async function presses(page, selector) {
  await to(page, selector);
  actions += 1;
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}

async function fills(page, selector, text) {
  await to(page, selector);
  actions += 1;
  await page.fill(":focus", text);
}

const planner = await invited(invitations[0], "Nguyễn Thị An", "an@yenbai.gov.vn");
const approver = await invited(invitations[1], "Trần Văn Bình", "binh@yenbai.gov.vn");

await planner.goto(`${base}/office/items/${PLAN}`);
await presses(planner, `a[href*="/office/plans/new?revises=${PLAN}"]`);
await to(planner, "input[type=file]");
actions += 1;
await planner.setInputFiles(":focus", GOOD);
await fills(planner, "input[name=authority]", "UBND tỉnh Yên Bái");
await fills(planner, "input[name=signed]", "2026-10-01");
await to(planner, "form[enctype] button.wide");
actions += 1;
await planner.keyboard.press("Enter");
await planner.waitForURL(/\/office\/imports\//);
await fills(planner, "input[name=decision]", "0123/QĐ-DEMO");
await fills(planner, "input[name=effective_from]", "2026-12-15");
await to(planner, "select[name=adjustment]");
actions += 1;
await planner.keyboard.press("ArrowDown");
assert.equal(await planner.inputValue("select[name=adjustment]"), "overall");
await presses(planner, "button[value=propose]");

await approver.goto(`${base}/office`);
await presses(approver, `ul.list a[href*="/office/proposals/${PLAN}"]`);
await presses(approver, "button[value=approve]");
await approver.goto(`${base}/q/${PLAN}/history`);
assert.match(await approver.innerText("main"), /15\/12\/2026/);
await browser.close();
assert.ok(actions <= 12, `${actions} actions`);
console.log(`from file to published revision in ${actions} actions`);

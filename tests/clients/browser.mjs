// What the scripts of the office share: a browser, the codes of an authenticator app, and what every page must hold.
import { createRequire } from "node:module";
import { createHmac } from "node:crypto";
import assert from "node:assert/strict";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;
const arguments_ = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const PASSPHRASE = "con trâu gặm cỏ bên sông Hồng";

export function launch(...more) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...arguments_, ...more] });
}

/** A picture of the page. On a busy machine Chromium now and then has no frame at hand and says so; asked again, it has. */
export async function photograph(page, options) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await page.screenshot(options);
    } catch (error) {
      if (tries === 5 || !error.message.includes("Unable to capture screenshot")) throw error;
    }
  }
}

/** The six digits that an authenticator app shows (RFC 6238). */
function digits(secret) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1e6).padStart(6, "0");
}

/** Opens an invitation and fills it in, with an app's code. */
export async function fillInvitation(page, link, name, email) {
  await page.goto(link);
  const secret = (await page.content()).match(/secret=([A-Z2-7]+)/)[1];
  await page.fill("input[name=name]", name);
  await page.fill("input[name=email]", email);
  await page.fill("input[name=passphrase]", PASSPHRASE);
  await page.fill("input[name=code]", digits(secret));
}

/** The page as it stands is not wider than the screen and without a fault for axe-core; looked at in a page with scripts
 * beside it, for it may have none itself. */
export async function holds(page, name, viewport) {
  const context = await page.context().browser().newContext({ locale: "vi-VN", viewport, bypassCSP: true });
  await context.addCookies(await page.context().cookies());
  const beside = await context.newPage();
  await beside.setContent(await page.content());
  const wide = await beside.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
  await beside.evaluate(axe);
  const found = await beside.evaluate(() => globalThis.axe.run());
  assert.deepEqual(found.violations.map((v) => [v.id, v.nodes[0].html]), [], name);
  await context.close();
}

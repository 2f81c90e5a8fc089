// Passkeys in a real browser with a virtual device: `node passkeys.mjs BASE OUT INVITATION`.
//
// A clerk accepts the invitation with a passkey instead of an app, signs out, signs in with it, adds a second one and
// removes the first. A device that does not know its user signs nobody in.
import assert from "node:assert/strict";
import { PASSPHRASE, holds, launch, photograph } from "./browser.mjs";

const [base, out, invitation] = process.argv.slice(2);
const viewport = { width: 390, height: 900 };

const browser = await launch();
const context = await browser.newContext({ locale: "vi-VN", viewport });
const page = await context.newPage();
page.on("pageerror", (error) => { throw error; });
const device = await context.newCDPSession(page);
await device.send("WebAuthn.enable");

/** Plugs a device in. */
async function plug(isUserVerified) {
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified };
  return (await device.send("WebAuthn.addVirtualAuthenticator", { options })).authenticatorId;
}

async function check(name) {
  await photograph(page, { path: `${out}/passkey-${name}.png`, fullPage: true });
  await holds(page, name, viewport);
}

let id = await plug(true);
await page.goto(invitation);
await page.fill("input[name=name]", "Lê Thị Chi");
await page.fill("input[name=email]", "chi@yenbai.gov.vn");
await page.fill("input[name=passphrase]", PASSPHRASE);
await page.click("button[data-made]");
await page.waitForFunction(() => /Đã tạo khóa/.test(document.querySelector("form [role=status]").textContent));
await check("invitation");
await page.click("button.wide");
await page.waitForSelector("ol.codes");

async function signOut() {
  await page.goto(`${base}/office/me`);
  await page.click("button[name=everywhere]");
  await page.waitForURL(/sign-in/);
}

await signOut();
await check("sign-in");
await page.click("form[data-passkey=get] button");
await page.waitForURL(`${base}/office`);
assert.match(await page.innerText("main"), /Lê Thị Chi/);

// A second passkey, on another device; then the first goes.
await device.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: id });
id = await plug(true);
await page.goto(`${base}/office/me`);
await page.fill("form[data-passkey=new] input[name=label]", "Máy tính cơ quan");
await page.fill("form[data-passkey=new] input[name=current]", PASSPHRASE);
await page.click("form[data-passkey=new] button");
await page.waitForSelector("text=Máy tính cơ quan");
await check("own");
await page.click("li:has-text('Khóa truy cập') details summary");
await page.fill("li:has-text('Khóa truy cập') details input[name=current]", PASSPHRASE);
await page.click("li:has-text('Khóa truy cập') details button");
await page.waitForFunction(() => document.querySelectorAll("li details").length === 1);
await signOut();
await page.click("form[data-passkey=get] button");
await page.waitForURL(`${base}/office`);

// A device that knows its user by nothing gives no passkey, and the page says what else to do.
await signOut();
await device.send("WebAuthn.setUserVerified", { authenticatorId: id, isUserVerified: false });
await page.click("form[data-passkey=get] button");
await page.waitForFunction(() => /Hãy thử lại, hoặc dùng mã/.test(document.querySelector("form[data-passkey] [role=status]").textContent));
await check("refused");
await browser.close();
console.log("signed in with passkeys");

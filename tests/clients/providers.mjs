// Signing in at real OpenID providers with a real browser: `node providers.mjs FOLDER BASE OUT`.
//
// Starts two of oidc-provider and one of Glewlwyd, writes the program's settings into FOLDER, says "ready", and reads the
// invitations of an administrator and of a planner, a line each. Then the planner comes in from each of them.
import { createRequire } from "node:module";
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { PASSPHRASE, fillInvitation, holds, launch, photograph } from "./browser.mjs";

const require = createRequire(import.meta.url);
const { default: Provider } = await import(require.resolve("oidc-provider"));
const [folder, base, out] = process.argv.slice(2);
const SECRET = "a secret of 32 letters, & 100 % !";
const viewport = { width: 390, height: 900 };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function key(kid) {
  return { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" };
}

/** An oidc-provider; its people are whoever types a name, and belong to the group "lap". */
async function start(id, port, keys) {
  const issuer = `http://localhost:${port}`;
  const client = {
    client_id: "bangtin", client_secret: SECRET, redirect_uris: [`${base}/office/oidc/${id}/back`], response_types: ["code"],
    grant_types: ["authorization_code"], id_token_signed_response_alg: "ES256", post_logout_redirect_uris: [`${base}/office/sign-in`],
  };
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys },
    cookies: { keys: ["a key of this test alone"] },
    pkce: { required: () => true },
    claims: { openid: ["sub"], office: ["groups"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, groups: ["lap"] }) }),
  });
  const server = await new Promise((resolve) => { const listening = provider.listen(port, "127.0.0.1", () => resolve(listening)); });
  return { issuer, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

/** A Glewlwyd, with one person and the program as its client. */
async function glewlwyd(port) {
  const at = `http://localhost:${port}`;
  execFileSync("sqlite3", [`${folder}/glewlwyd.db`, ".read /usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"]);
  const modules = ["user", "client"].map((name) => `${name}_module_path="/usr/lib/glewlwyd/${name}"\n`).join("");
  writeFileSync(`${folder}/glewlwyd.conf`, `port=${port}\nbind_address="127.0.0.1"\nexternal_url="${at}"\nlogin_url="login.html"\napi_prefix="api"
log_mode="file"\nlog_level="ERROR"\nlog_file="${folder}/glewlwyd.log"\ncookie_secure=0\nsession_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"\nadmin_scope="g_admin"\nprofile_scope="g_profile"\nlogin_api_enabled=true\n${modules}
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"\nplugin_module_path="/usr/lib/glewlwyd/plugin"\nhash_algorithm="SHA512"
database={type="sqlite3";path="${folder}/glewlwyd.db";};\n`);
  const child = spawn("glewlwyd", [`--config-file=${folder}/glewlwyd.conf`], { stdio: "ignore" });
  process.on("exit", () => child.kill());
  let cookie = "";
  const ask = async (path, body) => {
    const headers = { "content-type": "application/json", cookie };
    const answer = await fetch(`${at}/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, `${path}: ${await answer.text()}`);
    return answer;
  };
  const admin = { username: "admin", password: "password" };
  for (const begun = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const answer = await ask("auth/", admin).catch((error) => error);
    if (!(answer instanceof Error)) { cookie = answer.headers.get("set-cookie").split(";")[0]; break; }
    assert.ok(Date.now() - begun < 20_000, `Glewlwyd does not start: ${answer}`);
  }
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await ask("mod/plugin/", { module: "oidc", name: "oidc", display_name: "oidc", parameters: {
    iss: `${at}/api/oidc`, "jwt-type": "rsa", "jwt-key-size": "256", key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: publicKey.export({ type: "spki", format: "pem" }), "access-token-duration": 3600, "refresh-token-duration": 1209600,
    "code-duration": 600, "refresh-token-rolling": true, "allow-non-oidc": false, "auth-type-code-enabled": true,
    "auth-type-token-enabled": false, "auth-type-id-token-enabled": true, "auth-type-none-enabled": false, "auth-type-password-enabled": false,
    "auth-type-client-enabled": false, "auth-type-device-enabled": false, "auth-type-refresh-enabled": false, scope: [],
    "additional-parameters": [], claims: [], "jwks-show": true, "jwks-x5c": [], "request-parameter-allow": false, "secret-type": "pairwise",
    "subject-type": "public", "pkce-allowed": true, "pkce-method-plain-allowed": false, "session-management-allowed": true,
    "session-cookie-name": "OIDC_SESSION", "session-cookie-expiration": 2419200,
  } });
  await ask("client/", { client_id: "bangtin", name: "bangtin", source: "database", enabled: true, confidential: true, password: SECRET,
    redirect_uri: [`${base}/office/oidc/glewlwyd/back`], authorization_type: ["code"], scope: ["openid"],
    token_endpoint_auth_method: ["client_secret_post"] });
  await ask("user/", { username: "an", name: "An", password: PASSPHRASE, enabled: true, source: "database", scope: ["openid"] });
  return { at, issuer: `${at}/api/oidc` };
}

const [portA, portB, portC] = [await freePort(), await freePort(), await freePort()];
let one = await start("mot", portA, [key("first")]);
const two = await start("hai", portB, [key("first")]);
const third = await glewlwyd(portC);
writeFileSync(`${folder}/secret`, `${SECRET}\n`, { mode: 0o600 });
const table = (id, name, issuer, more) => `[[provider]]\nid = "${id}"\nname_vi = "${name}"\nname_en = "${name}"\nissuer = "${issuer}"
client_id = "bangtin"\nsecret_file = "secret"\nacr = []\n${more}\n`;
writeFileSync(`${folder}/oidc.toml`, table("mot", "Cổng của tỉnh", one.issuer, "")
  + table("hai", "Cổng của bộ", two.issuer, `scopes = ["office"]\nclaims_in = "userinfo"\nroles_claim = "groups"\n[provider.roles]\nlap = ["planner"]`)
  + table("glewlwyd", "Glewlwyd", third.issuer, `secret_in = "form"`));
console.log("ready");
const invitations = [(await lines.next()).value, (await lines.next()).value];

const browser = await launch();
async function person(javaScriptEnabled = true) {
  const context = await browser.newContext({ locale: "vi-VN", viewport, javaScriptEnabled });
  const page = await context.newPage();
  page.on("pageerror", (error) => { throw error; });
  return page;
}

async function check(page, name) {
  await photograph(page, { path: `${out}/${name}.png`, fullPage: true });
  await holds(page, name, viewport);
}

async function accept(link, name, email) {
  const page = await person();
  await fillInvitation(page, link, name, email);
  await page.click("button.wide");
  await page.waitForSelector("ol.codes");
  return page;
}

const administrator = await accept(invitations[0], "Trần Văn Quản", "quan-tri@yenbai.gov.vn");
await accept(invitations[1], "Lê Thị An", "an@yenbai.gov.vn");
await administrator.goto(`${base}/office/accounts`);
const account = await administrator.getAttribute("a:has-text('Lê Thị An')", "href");

/** Signs in at an oidc-provider as whoever is named there, and comes back. */
async function comeFrom(page, name, login) {
  await page.goto(`${base}/office/sign-in?back=/office/proposals`);
  await page.click(`button:has-text('${name}')`);
  const origin = new URL(base).origin;
  // The office's page that leads on, then as many pages of the provider as it wants, then back.
  await page.waitForURL((url) => url.origin !== origin || url.pathname.endsWith("/back") || url.pathname === "/office/proposals");
  while (new URL(page.url()).origin !== origin) {
    const before = page.url();
    await page.waitForSelector("button[type=submit]");
    if (await page.locator("input[name=login]").count()) {
      await page.fill("input[name=login]", login);
      await page.fill("input[name=password]", "x");
    }
    await page.click("button[type=submit]");
    await page.waitForURL((url) => url.href !== before);
  }
}

/** The administrator types the code that the page shows. */
async function tie(page) {
  await page.waitForSelector("span.code");
  const code = await page.innerText("span.code");
  await administrator.goto(base + account);
  await administrator.fill("input[name=code]", code);
  await administrator.click("button[value=tie]");
  await administrator.waitForLoadState();
}

// Without scripts: a stranger first, then tied.
let page = await person(false);
await page.goto(`${base}/office/sign-in`);
await check(page, "sign-in");
await comeFrom(page, "Cổng của tỉnh", "an.le");
await check(page, "stranger");
await tie(page);
await check(administrator, "account");
assert.match(await administrator.innerText("main"), /an\.le/);
await comeFrom(page, "Cổng của tỉnh", "an.le");
assert.equal(page.url(), `${base}/office/proposals`);
await page.goto(`${base}/office/me`);
await check(page, "me");
assert.match(await page.innerText("main"), /an\.le/);

// Signing out here signs out there, and leads back.
await page.click("nav.office form button");
await page.waitForURL((url) => url.href.startsWith(one.issuer));
await page.click("button[type=submit], button[autofocus], button");
await page.waitForURL((url) => url.href.startsWith(`${base}/office/sign-in`));
await page.goto(`${base}/office/me`);
assert.match(page.url(), /sign-in/);

// The provider has other keys from now on.
await one.stop();
one = await start("mot", portA, [key("second")]);
page = await person();
await comeFrom(page, "Cổng của tỉnh", "an.le");
assert.equal(page.url(), `${base}/office/proposals`);

// The second provider says at its UserInfo address what the person is, and the same name there is another identity.
page = await person();
await comeFrom(page, "Cổng của bộ", "an.le");
await tie(page);
await comeFrom(page, "Cổng của bộ", "an.le");
assert.equal(page.url(), `${base}/office/proposals`);

/** The address to which the office leads this browser, without going there. */
async function address(page, id) {
  const led = await page.request.post(`${base}/office/oidc/${id}`, { headers: { origin: base }, form: { back: "/office" } });
  return led.headers().refresh.replace("0;url=", "");
}

// What the one sends is not taken for what the other sends. (This browser is known there, so nothing is asked.)
let there = await address(page, "hai");
while (!there.startsWith(base)) {
  there = (await page.request.get(there, { maxRedirects: 0 })).headers().location;
}
await page.goto(there.replace("/oidc/hai/", "/oidc/mot/"));
assert.match(await page.innerText("main"), /bắt đầu ở trình duyệt khác/);
await check(page, "mixed-up");

// Glewlwyd: its pages need scripts of their own, so the person signs in by its API, in the same browser.
page = await person();
for (const round of ["stranger", "tied"]) {
  await page.request.post(`${third.at}/api/auth/`, { data: { username: "an", password: PASSPHRASE } });
  const granted = await page.request.put(`${third.at}/api/auth/grant/bangtin`, { data: { scope: "openid" } });
  assert.ok(granted.ok(), await granted.text());
  await page.goto(`${await address(page, "glewlwyd")}&g_continue`);
  await page.waitForURL((url) => url.href.startsWith(base));
  if (round === "stranger") await tie(page);
}
assert.equal(page.url(), `${base}/office`);

// Without the provider people sign in here.
await one.stop();
page = await person();
await page.goto(`${base}/office/sign-in`);
await page.click("button:has-text('Cổng của tỉnh')");
await page.waitForSelector("text=không trả lời");
await check(page, "away");
await browser.close();
await two.stop();
console.log("signed in at three providers");
process.exit(0);

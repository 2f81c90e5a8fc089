// When a page can be read on a slow phone and a slow network: `node benches/phone.mjs BASE PATH…`.
//
// 400 ms to the server and back, 400 kbit/s, a processor four times slower, nothing cached, set through
// the browser's debugging protocol (which delays requests, not the making of connections). What counts
// is the later of the first paint and the whole page being there, the median of seven visits.
import { createRequire } from "node:module";

const require = createRequire(new URL("../tests/clients/x.mjs", import.meta.url));
const { chromium } = require("playwright-core");
const [base, ...paths] = process.argv.slice(2);
const GOAL = 1500;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
for (const path of paths) {
  const times = [];
  for (let i = 0; i < 7; i++) {
    const context = await browser.newContext({ viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, isMobile: true, locale: "vi-VN" });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 });
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await page.goto(base + path, { waitUntil: "load" });
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    times.push(await page.evaluate(() => Math.max(
      performance.getEntriesByName("first-contentful-paint")[0].startTime,
      performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
    )));
    await context.close();
  }
  const middle = times.sort((a, b) => a - b)[3];
  console.log(`| ${path} can be read, 400 ms, 400 kbit/s, processor ÷ 4 | ${middle.toFixed(0)} ms | ${GOAL} ms | ${(middle / GOAL).toFixed(2)} | ≤ 1 |`);
}
await browser.close();

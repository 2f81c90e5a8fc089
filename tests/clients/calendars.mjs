// Two calendars of other hands read a file: `node calendars.mjs CLIENT FILE FROM TO`, a line for each start.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const [client, path, begin, end] = process.argv.slice(2);
const text = readFileSync(path, "utf8");
const starts = new Set();
const take = (start) => { if (start.slice(0, 10) >= begin && start.slice(0, 10) <= end) starts.add(start); };
const next = (day) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

/** Whole days one by one; what has hours is told by its start. */
function spread(start, until) {
  if (start.length > 10) return take(start);
  for (let day = start; day < until; day = next(day)) take(day);
}

if (client === "ical.js") {
  const ICAL = (await import(require.resolve("ical.js"))).default;
  const root = new ICAL.Component(ICAL.parse(text));
  for (const zone of root.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const written = (time) => time.isDate ? time.toString() : time.toString().replace("T", " ").slice(0, 16);
  const all = root.getAllSubcomponents("vevent").map((component) => new ICAL.Event(component, { exceptions: [] }));
  for (const event of all.filter((one) => !one.isRecurrenceException())) {
    // Left to itself, the library takes the exceptions of every series of the file for this one.
    all.filter((one) => one.isRecurrenceException() && one.uid === event.uid).forEach((one) => event.relateException(one));
    const turns = event.iterator();
    for (let time = turns.next(), count = 0; time && count < 5000 && time.toString().slice(0, 10) <= end; time = turns.next(), count += 1) {
      const { item, startDate, endDate } = event.getOccurrenceDetails(time);
      if (item.component.getFirstPropertyValue("status") === "CANCELLED") continue;
      spread(written(startDate), written(endDate));
    }
  }
} else {
  const ical = require("node-ical");
  const zoned = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Ho_Chi_Minh", dateStyle: "short", timeStyle: "short" });
  const local = (date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
  const from = new Date(`${begin}T00:00:00+07:00`);
  const to = new Date(`${next(end)}T00:00:00+07:00`);
  for (const event of Object.values(ical.sync.parseICS(text))) {
    if (event.type !== "VEVENT") continue;
    for (const one of ical.expandRecurringEvent(event, { from, to, expandOngoing: true })) {
      if (one.event.status === "CANCELLED") continue;
      if (one.isFullDay) spread(local(one.start), local(one.end));
      else take(zoned.format(one.start));
    }
  }
}
console.log([...starts].sort().join("\n"));

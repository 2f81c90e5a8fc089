"""Two calendars of other hands read a file: `python calendars.py CLIENT FILE FROM TO`, a line for each start."""
import datetime
import os
import subprocess
import sys
import tempfile

import icalendar
import recurring_ical_events

client, path, begin, end = sys.argv[1:]
first, last = datetime.date.fromisoformat(begin), datetime.date.fromisoformat(end)
after = last + datetime.timedelta(days=1)


def written(start):
    return start.strftime("%Y-%m-%d %H:%M") if isinstance(start, datetime.datetime) else start.isoformat()


def spread(start, end):
    """Whole days one by one; what has hours is told by its start."""
    if isinstance(start, datetime.datetime):
        yield written(start)
        return
    while start < end:
        yield written(start)
        start += datetime.timedelta(days=1)


def by_library():
    with open(path, "rb") as file:
        calendar = icalendar.Calendar.from_ical(file.read())
    for event in recurring_ical_events.of(calendar).between(first, after):
        if event.get("STATUS") != "CANCELLED":
            yield from spread(event["DTSTART"].dt, event["DTEND"].dt)


def by_khal():
    with tempfile.TemporaryDirectory() as home:
        config = os.path.join(home, "config")
        with open(config, "w") as file:
            file.write(
                f"[calendars]\n[[city]]\npath = {home}/city\ntype = calendar\n[sqlite]\npath = {home}/khal.db\n"
                "[locale]\nlocal_timezone = Asia/Ho_Chi_Minh\ndefault_timezone = Asia/Ho_Chi_Minh\ntimeformat = %H:%M\n"
                "dateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\ndatetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
            )
        khal = os.path.join(os.path.dirname(sys.executable), "khal")
        ask = lambda *words: subprocess.run([khal, "-c", config, *words], check=True, capture_output=True, text=True).stdout
        os.mkdir(os.path.join(home, "city"))
        ask("import", "--batch", "-a", "city", path)
        form = "{start-date}|{start-time}|{end-date}|{status}"
        for line in ask("list", "--day-format", "", "--format", form, begin, after.isoformat()).splitlines():
            if not line.strip():
                continue
            day, time, until, status = line.split("|")
            if "CANCELLED" in status:
                continue
            if time:
                yield f"{day} {time}"
            else:
                yield from spread(datetime.date.fromisoformat(day), datetime.date.fromisoformat(until) + datetime.timedelta(days=1))


starts = {"recurring-ical-events": by_library, "khal": by_khal}[client]()
for start in sorted({start for start in starts if begin <= start[:10] <= end}):
    print(start)

"""The office for schemathesis: signs in, walks its pages, and writes down what their forms and links send.

The office has no published description: its pages are for people. So this makes one of what the pages show, with the
values that they offer, and has schemathesis send them, and anything else, with a session and without one. No answer may
be an error of the server's.
"""

import base64
import hashlib
import hmac
import html.parser
import json
import re
import struct
import subprocess
import sys
import time
import urllib.parse

import requests

base, invitation, program, document, addresses = sys.argv[1:6]
addresses = json.loads(addresses)
PLAN = "../data/formats/plan.geojson"
# They end the session, which the others need; they come last.
ENDING = ("/office/sign-out", "/office/me")
# What may be asked beside what links ask.
ASKED = ("lang", "f", "kind", "from", "q", "done", "person", "item", "day", "back", "over", "code", "state", "error", "iss")


def totp(secret):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Page(html.parser.HTMLParser):
    """The links and forms of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.forms, self.choice = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        of = dict(attributes)
        for name in ("href", "src"):
            if of.get(name):
                self.links.append(of[name])
        if tag == "form":
            self.forms.append({"action": of.get("action", ""), "method": of.get("method", "get"), "files": "enctype" in of, "fields": {}})
        elif tag in ("input", "button", "textarea", "select") and of.get("name") and self.forms:
            kind = of.get("type", tag)
            field = self.forms[-1]["fields"].setdefault(of["name"], {"file": kind == "file", "values": set()})
            if of.get("value"):
                field["values"].add(of["value"])
            self.choice = field if tag == "select" else None
        elif tag == "option" and self.choice is not None and of.get("value"):
            self.choice["values"].add(of["value"])


session = requests.Session()
session.headers.update({"Origin": base, "Accept": "text/html"})
text = session.get(invitation).text
secret = re.search(r"otpauth://totp/[^\"]*?secret=([A-Z2-7]+)", text).group(1)
person = {"name": "Nguyễn Thị Thử", "email": "thu@yenbai.gov.vn", "passphrase": "con trâu gặm cỏ bên sông Hồng", "code": totp(secret)}
answer = session.post(invitation, data=person, allow_redirects=False)
cookie = answer.headers["set-cookie"].split(";")[0]
session.cookies.clear()
session.headers["Cookie"] = cookie


def token():
    return re.search('name="token" value="([^"]+)"', session.get(base + "/office/me").text).group(1)


# Something of each kind: a draft, a file in pieces, a list of points, a report with a photo.
own = token()
with open(PLAN, "rb") as plan:
    session.post(base + "/office/plans/new", data={"token": own, "kind": "land-use-plan"}, files={"file": plan})
began = session.post(base + "/office/uploads", data={"token": own, "name": "plan.zip", "bytes": "2000000"}).json()
listed = session.get(base + "/office/points/list.csv?kind=health-station").content
session.post(base + "/office/points/lists", data={"token": own, "kind": "health-station"}, files={"file": ("a.csv", listed)})
account = session.get(base + "/office/accounts").text

known = {path: {"ids": {}, "asked": {}, "forms": []} for _, path in addresses}
known["/office/uploads/{id}"]["ids"]["id"] = {began["id"]}
known["/office/uploads/{id}/{number}"]["ids"].update({"id": {began["id"]}, "number": {"0", "1"}})


def place(path):
    """The address that a path belongs to, and its parts; the most literal one."""
    for address in sorted(known, key=lambda address: address.count("{")):
        names = re.findall(r"\{(\w+)\}", address)
        found = re.fullmatch(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(address)), path)
        if found:
            return address, dict(zip(names, found.groups()))
    return None, {}


def note(link):
    """Notes what a link asks."""
    parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, link))
    address, ids = place(parts.path)
    if address is None or f"{parts.scheme}://{parts.netloc}" != base:
        return None
    for name, value in ids.items():
        known[address]["ids"].setdefault(name, set()).add(urllib.parse.unquote(value))
    for name, value in urllib.parse.parse_qsl(parts.query):
        known[address]["asked"].setdefault(name, set()).add(value)
    return address, parts.path + ("?" + parts.query if parts.query else "")


start = [path for method, path in addresses if method == "GET" and "{" not in path]
board = re.search(r"/q/(\w+)", session.get(base + "/boards").text).group(1)
open_, seen, pages = [*start, f"/office/boards/{board}"], {}, 0
while open_:
    link = open_.pop(0)
    noted = note(link)
    if noted is None:
        continue
    address, path = noted
    # A few of each kind are enough.
    if path in seen or sum(other == address for other in seen.values()) >= 4:
        continue
    seen[path] = address
    answer = session.get(base + path, allow_redirects=False)
    assert answer.status_code < 500, (path, answer.status_code)
    if "location" in answer.headers:
        open_.append(answer.headers["location"])
    if not answer.headers.get("content-type", "").startswith("text/html"):
        continue
    pages += 1
    page = Page(answer.text)
    open_.extend(page.links)
    for form in page.forms:
        target = note(form["action"] or path)
        if target and form["method"].lower() == "post":
            known[target[0]]["forms"].append(form)
        elif target:
            for name, field in form["fields"].items():
                known[target[0]]["asked"].setdefault(name, set()).update(field["values"])
myself = re.search(r"account/(\w+)|data-waits=\"([^\"]+)\"", session.get(base + "/office").text)
myself = next(group for group in myself.groups() if group)
for of in known.values():
    of["ids"].get("id", set()).discard(myself)


def values(some):
    """What a page offers, or anything else."""
    some = sorted(some)[:30]
    return {"anyOf": [{"type": "string", "enum": some}, {"type": "string"}]} if some else {"type": "string"}


paths = {}
for method, path in addresses:
    of = known[path]
    operation = {"responses": {"default": {"description": "any"}}}
    if method == "GET":
        asked = {name: of["asked"].get(name, set()) for name in [*ASKED, *sorted(of["asked"])]}
        operation["parameters"] = [{"name": name, "in": "query", "schema": values(some)} for name, some in asked.items()]
    else:
        media = "multipart/form-data" if any(form["files"] for form in of["forms"]) else "application/x-www-form-urlencoded"
        fields = {"token": {"type": "string", "enum": [own]}}
        for form in of["forms"]:
            for name, field in form["fields"].items():
                if name != "token":
                    fields[name] = {"type": "string", "format": "binary"} if field["file"] else values(field["values"])
        schema = {"type": "object", "properties": fields, "required": ["token"]}
        operation["requestBody"] = {"content": {media: {"schema": schema}}}
    names = re.findall(r"\{(\w+)\}", path)
    entry = paths.setdefault(path, {"parameters": [
        {"name": name, "in": "path", "required": True, "schema": values(of["ids"].get(name, set()))} for name in names
    ]} if names else {})
    entry[method.lower()] = operation
with open(document, "w", encoding="utf-8") as out:
    json.dump({"openapi": "3.1.0", "info": {"title": "office", "version": "1"}, "paths": paths}, out)


def run(*arguments, examples):
    command = [program, "run", document, "--url", base, "--checks", "not_a_server_error", "--mode", "all", "--seed", "1", "--workers", "1"]
    command += ["--phases", "coverage,fuzzing", "-n", str(examples), "--max-redirects", "0", "--suppress-health-check", "all"]
    done = subprocess.run(command + ["--warnings", "off", "-H", f"Origin: {base}", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"(\d+) generated", done.stdout).group(1))


count = run(examples=3)
ending = [part for path in ENDING for part in ("--exclude-path", path)]
count += run("-H", f"Cookie: {cookie}", *ending, examples=8)
assert session.get(base + "/office", allow_redirects=False).status_code == 200, "the session was there all the time"
count += run("-H", f"Cookie: {cookie}", *(part for path in ENDING for part in ("--include-path", path)), examples=8)
forms = sum(len(of["forms"]) for of in known.values())
print(f"{pages} pages, {forms} forms, {count} requests")

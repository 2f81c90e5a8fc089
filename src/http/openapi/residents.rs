//! What residents and clerks can ask beyond an item's page.

use serde_json::{Map, Value, json};

use super::{Read, binary, object, page, path, query, refer};
use crate::domain::city::City;
use crate::domain::payment::Method;
use crate::domain::procedure::Procedure;
use crate::domain::report::ReportKind;
use crate::read_model::nearest::kinds;

/// A field: name, schema and description.
type Field = (&'static str, Value, &'static str);

/// An address that is asked with GET, the fields in the address, or with POST, the same fields in the body.
/// With POST, a position stands in no address.
fn asked(mut read: Value, id: &str, fields: Vec<Field>, bodies: Vec<(&str, Value)>) -> Value {
    let mut post = read["get"].clone();
    post["operationId"] = json!(id);
    let properties: Map<String, Value> = fields
        .into_iter()
        .map(|(name, mut schema, about)| {
            schema["description"] = json!(about);
            (name.to_owned(), schema)
        })
        .collect();
    let mut content = Map::new();
    content.insert("application/x-www-form-urlencoded".into(), json!({ "schema": { "type": "object", "properties": properties } }));
    content.extend(bodies.into_iter().map(|(media, schema)| (media.to_owned(), json!({ "schema": schema }))));
    post["requestBody"] = json!({ "content": content });
    post["parameters"] = json!([]);
    if let Some(responses) = post["responses"].as_object_mut() {
        responses.remove("304");
        for status in ["408", "413"] {
            responses.insert(status.into(), json!({ "$ref": "#/components/responses/Problem" }));
        }
    }
    read["post"] = post;
    read
}

fn parameters(fields: &[Field]) -> Vec<Value> {
    fields.iter().map(|(name, schema, about)| query(name, schema.clone(), about)).collect()
}

pub(super) fn of_residents(put: &mut impl FnMut(String, Value), city: &City) {
    let [west, south, east, north] = city.bbox;
    let text = || json!({ "type": "string" });
    let number = |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    let position = || -> Vec<Field> {
        vec![
            ("lon", number(west, east), "Longitude, WGS 84, degrees; with lat"),
            ("lat", number(south, north), "Latitude, WGS 84, degrees; with lon"),
            ("e", json!({ "type": "number" }), "East in the city's VN-2000 zone, metres; with n"),
            ("n", json!({ "type": "number" }), "North in the city's VN-2000 zone, metres; with e"),
        ]
    };
    let form = || -> Vec<Field> {
        vec![
            ("f", json!({ "type": "string", "enum": ["json", "html"], "default": "html" }), "Form of the answer"),
            ("lang", text(), "Language: en for English, anything else is Vietnamese"),
        ]
    };

    let mut here = position();
    here.extend([
        ("unit", json!({ "type": "string", "pattern": "^([0-9]{5}-[0-9]{4})?$" }), "A unit: its part of every plan"),
        ("place", text(), "A name: unit, landmark, published place"),
        (
            "parcel",
            json!({ "type": "string", "format": "parcel" }),
            "A GeoJSON polygon, or the corners of a land certificate, a line each: X (north), Y (east)",
        ),
        ("since", json!({ "type": "string", "format": "day-before-today" }), "Also what changed since that day"),
    ]);
    here.extend(form());
    let read = Read::new("here", "What applies at a place", "pages").with(parameters(&here)).gives(vec![object(), page()]).build();
    let polygon = json!({
        "type": "object", "required": ["type", "coordinates"], "properties": {
            "type": { "type": "string", "enum": ["Polygon", "MultiPolygon"] }, "coordinates": { "type": "array", "items": { "type": "array", "items": {} } },
        },
    });
    let corners = json!({ "type": "string", "format": "parcel" });
    put("/here".into(), asked(read, "here-by-form", here, vec![("application/geo+json", polygon), ("text/plain", corners)]));

    let mut nearest = position();
    nearest.push(("kind", json!({ "type": "string", "enum": kinds() }), "What is looked for"));
    let pays = Method::ALL.map(Method::as_str);
    nearest.push(("pays", json!({ "type": "string", "enum": pays }), "Of places, only those that take this way to pay"));
    nearest.extend(form());
    let read =
        Read::new("nearest", "Whom to call, nearest first", "pages").with(parameters(&nearest)).gives(vec![object(), page()]).build();
    put("/nearest".into(), asked(read, "nearest-by-form", nearest, vec![]));

    of_today(&position, &form, put);
    of_indicators(put);
    of_scans(put);
    of_boards(put);
    put(
        "/glossary".into(),
        Read::new("glossary", "Terms of the law in plain words", "pages").with(vec![refer("page-lang")]).gives(vec![page()]).build(),
    );
    put(
        "/sw.js".into(),
        Read::new("worker", "Keeps /nearest for when there is no network", "pages")
            .gives(vec![binary("text/javascript; charset=utf-8")])
            .build(),
    );
    of_reports(put);
    of_places(put);
    of_desk(put);
    put(
        "/coverage".into(),
        Read::new("coverage", "Hamlets that community digital teams serve, and those that none serves", "pages")
            .with(vec![refer("f"), refer("page-lang")])
            .gives(vec![object(), page()])
            .build(),
    );
}

fn of_boards(put: &mut impl FnMut(String, Value)) {
    let due = query(
        "due",
        json!({ "type": "string", "enum": ["all", "superseded", "check"], "default": "all" }),
        "Which of them somebody has to go to",
    );
    put(
        "/boards".into(),
        Read::new("boards", "Notice boards, and what hangs on them", "pages")
            .with(vec![due, refer("unit"), refer("f"), refer("page-lang")])
            .gives(vec![object(), page()])
            .build(),
    );
    put(
        "/booklet.pdf".into(),
        Read::new("booklet", "The posters of all boards of a unit", "pages")
            .with(vec![refer("unit"), refer("page-lang")])
            .gives(vec![binary("application/pdf")])
            .build(),
    );
}

/// What is on, its calendar, and the poster of a month.
fn of_today(position: &impl Fn() -> Vec<Field>, form: &impl Fn() -> Vec<Field>, put: &mut impl FnMut(String, Value)) {
    let unit: Field = ("unit", json!({ "type": "string", "pattern": "^([0-9]{5}-[0-9]{4})?$" }), "A unit; the whole city where not given");
    let mut today = position();
    today.extend([
        unit,
        ("on", json!({ "type": "string", "format": "date" }), "First day; today where not given"),
        ("days", json!({ "type": "integer", "minimum": 1, "maximum": 92, "default": 7 }), "How many days"),
    ]);
    today.extend(form());
    let read = Read::new("today", "What is on, and the places that take part, nearest first", "pages");
    let read = read.with(parameters(&today)).gives(vec![object(), page()]).build();
    put("/today".into(), asked(read, "today-by-form", today, vec![]));
    put(
        "/today.ics".into(),
        Read::new("today-calendar", "The calendar of the city or a unit", "pages")
            .with(vec![refer("unit")])
            .gives(vec![binary("text/calendar; charset=utf-8")])
            .build(),
    );
    put(
        "/today/poster.pdf".into(),
        Read::new("month-poster", "What is on in a month, on one page", "pages")
            .with(vec![
                refer("unit"),
                query("month", json!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$" }), "The month"),
                refer("page-lang"),
            ])
            .gives(vec![binary("application/pdf")])
            .build(),
    );
}

/// How often pages were read.
fn of_scans(put: &mut impl FnMut(String, Value)) {
    put(
        "/scans.csv".into(),
        Read::new("scans", "Readings by month and ward of the board; what is below ten is merged", "data")
            .gives(vec![binary("text/csv; charset=utf-8")])
            .build(),
    );
}

/// Indicators and their files.
fn of_indicators(put: &mut impl FnMut(String, Value)) {
    put(
        "/indicators".into(),
        Read::new("indicator-list", "Indicators with their latest figures", "pages")
            .with(vec![refer("f"), refer("page-lang")])
            .gives(vec![object(), page()])
            .build(),
    );
    // The id may end in .csv, .xlsx or .json, which gives a file.
    let id = path(
        "id",
        json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}(\\.(csv|xlsx|json))?$" }),
        "The indicator's code; with .csv, .xlsx or .json a file",
        "CTKS22176",
    );
    let period = query(
        "period",
        json!({ "type": "string", "pattern": "^[0-9]{4}(-(Q[1-4]|0[1-9]|1[0-2]))?$" }),
        "The period; the latest where not given",
    );
    let workbook = binary("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    put(
        "/indicators/{id}".into(),
        Read::new("indicator", "Targets, pledges, results and the ranking of a period", "pages")
            .with(vec![id, period, refer("f"), refer("page-lang")])
            .gives(vec![object(), page(), binary("text/csv; charset=utf-8"), workbook])
            .build(),
    );
}

/// An answer that is a page.
fn a_page(about: &str) -> Value {
    json!({ "description": about, "content": { "text/html; charset=utf-8": { "schema": { "type": "string" } } } })
}

/// Places where people pay: the check of a code, and the merchant's own form.
fn of_places(put: &mut impl FnMut(String, Value)) {
    let code = || path("code", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}$" }), "The place's code", "CHHA00016");
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let mut check = Read::new("check-form", "The form for a photo of a stand's payment code", "pages")
        .with(vec![code(), refer("page-lang")])
        .gives(vec![page()])
        .build();
    let verdicts = ["same", "other", "no-payment-code", "several", "unread", "not-registered"];
    let verdict =
        json!({ "type": "object", "properties": { "code": { "type": "string" }, "verdict": { "type": "string", "enum": verdicts } } });
    check["post"] = json!({
        "operationId": "check-code", "tags": ["pages"], "summary": "Whether the code in a photo pays to the account that is registered; the photo is kept nowhere",
        "parameters": [code(), refer("page-lang")],
        "requestBody": { "required": true, "content": { "multipart/form-data": { "schema": { "type": "object", "required": ["file"], "properties": {
            "file": { "type": "string", "format": "binary" }, "lang": { "type": "string" },
        } } } } },
        "responses": {
            "200": { "description": "The same payee, another one, or why that cannot be told", "content": {
                "application/json": { "schema": verdict }, "text/html; charset=utf-8": { "schema": { "type": "string" } } } },
            "400": problem(), "404": problem(), "408": problem(), "413": problem(), "422": a_page("The file is no picture"), "429": problem(), "503": problem(),
        },
    });
    put("/q/{code}/check".into(), check);
    let key = || path("key", json!({ "type": "string" }), "The secret of the merchant's link", "1-0123456789abcdef0123456789abcdef");
    let mut edit = Read::new("merchant-form", "The merchant's own form, by their link", "pages")
        .with(vec![code(), key(), refer("page-lang")])
        .gives(vec![page()])
        .build();
    edit["post"] = json!({
        "operationId": "merchant-suggests", "tags": ["pages"], "summary": "Suggest other hours, offers and products; the ward approves before they show",
        "parameters": [code(), key(), refer("page-lang")],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": { "type": "object", "properties": {
            "do": { "type": "string", "enum": ["save", "withdraw"] }, "summary": { "type": "string" }, "phones": { "type": "string" },
            "times": { "type": "string" }, "hours": { "type": "string" }, "pay": { "type": "string" }, "offers": { "type": "string" },
            "products": { "type": "string" }, "access": { "type": "string" },
        } } } } },
        "responses": {
            "303": { "description": "Sent" }, "400": problem(), "404": problem(), "408": problem(), "413": problem(),
            "422": a_page("What is wrong: the form again"), "429": problem(), "503": problem(),
        },
    });
    put("/q/{code}/edit/{key}".into(), edit);
}

/// The advisory desk.
fn of_desk(put: &mut impl FnMut(String, Value)) {
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let text = |most: u32| json!({ "type": "string", "maxLength": most });
    let procedures = Procedure::ALL.map(Procedure::as_str);
    let or_none: Vec<&str> = [""].into_iter().chain(procedures).collect();
    let mut desk = Read::new("desk", "What was asked and answered, and the form for a question", "pages")
        .with(vec![
            query("q", json!({ "type": "string" }), "Words"),
            query("procedure", json!({ "type": "string", "enum": procedures }), "Procedure"),
            refer("f"),
            refer("page-lang"),
        ])
        .gives(vec![object(), page()])
        .build();
    desk["post"] = json!({
        "operationId": "ask", "tags": ["pages"], "summary": "Ask the advisory desk; the answer is a receipt",
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": { "type": "object", "required": ["text"], "properties": {
            "about": { "type": "string", "enum": or_none }, "unit": { "type": "string", "pattern": "^([0-9]{5}-[0-9]{4})?$" },
            "text": text(4_000), "reply_to": text(200), "may_publish": { "type": "string" }, "lang": { "type": "string" },
        } } } } },
        "responses": { "200": a_page("Taken in: its receipt"), "400": problem(), "404": problem(), "408": problem(), "413": problem(),
            "422": a_page("Something is missing: the form again"), "429": problem(), "503": problem() },
    });
    put("/desk".into(), desk);
    let receipt = || path("receipt", json!({ "type": "string" }), "The receipt", "K7QM-2T9X-H01C");
    let mut answered = Read::new("desk-answer", "What became of a question, for whoever has its receipt", "pages")
        .with(vec![receipt(), refer("page-lang")])
        .gives(vec![page()])
        .build();
    answered["post"] = json!({
        "operationId": "erase-question", "tags": ["pages"], "summary": "Erase a question, its contact and its answer", "parameters": [receipt()],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": { "type": "object", "properties": {
            "do": { "type": "string", "enum": ["erase"] }, "lang": { "type": "string" },
        } } } } },
        "responses": { "303": { "description": "Done" }, "400": problem(), "404": problem(), "408": problem(), "413": problem(), "503": problem() },
    });
    put("/desk/{receipt}".into(), answered);
}

/// Reports: anyone may send one, and clerks read them.
fn of_reports(put: &mut impl FnMut(String, Value)) {
    let text = |most: u32| json!({ "type": "string", "maxLength": most });
    let kinds: Vec<&str> = ReportKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let code = || path("code", json!({ "type": "string", "pattern": "^[0-9A-Za-z]{9}$" }), "The item's code", "QHSDD21AG");
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let kind = || query("kind", json!({ "type": "string" }), "What is reported; anything unknown is a mistake on the page");
    let board = || query("board", json!({ "type": "string" }), "Number of the board where the print hangs");
    let mut report = Read::new("report-form", "The form for a report", "pages")
        .with(vec![code(), kind(), board(), refer("page-lang")])
        .gives(vec![page()])
        .build();
    let taken =
        json!({ "description": "Taken in: its number", "content": { "text/html; charset=utf-8": { "schema": { "type": "string" } } } });
    report["post"] = json!({
        "operationId": "report", "tags": ["pages"], "summary": "Report a mistake, or a code that is false or pasted over",
        "parameters": [code(), refer("page-lang")],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": { "type": "object", "properties": {
            "kind": { "type": "string", "enum": kinds }, "text": text(2_000), "reply_to": text(200), "board": { "type": "integer", "minimum": 1 },
        } } } } },
        "responses": { "200": taken, "400": problem(), "404": problem(), "408": problem(), "413": problem(), "422": {
            "description": "Something is missing: the form again", "content": { "text/html; charset=utf-8": { "schema": { "type": "string" } } },
        }, "429": problem(), "503": problem() },
    });
    put("/q/{code}/report".into(), report);
    let id = path("id", json!({ "type": "string" }), "The report's number", "r-0a1b2c3d4e5f");
    let answered = Read::new("report-answer", "What became of a report, for whoever has its number", "pages")
        .with(vec![code(), id, refer("page-lang")])
        .gives(vec![page()])
        .build();
    put("/q/{code}/reports/{id}".into(), answered);

    let mut reports = Read::new("reports", "Open reports, for a token of a clerk or editor; for a browser, the form for one", "write")
        .gives(vec![object(), page()])
        .or("401", problem())
        .or("403", problem())
        .build();
    reports["get"]["security"] = json!([{ "token": [] }]);
    reports["post"] = json!({
        "operationId": "reports-by-form", "tags": ["write"], "summary": "The same by a form; closes the report that it names",
        "security": [{ "token": [] }],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": { "type": "object", "properties": {
            "token": { "type": "string" }, "report": { "type": "string" },
            "outcome": { "type": "string", "enum": ["mended", "no-fault", "abuse"] }, "answer": text(2_000), "lang": { "type": "string" },
        } } } } },
        "responses": {
            "200": { "description": "The open reports", "content": { "text/html; charset=utf-8": { "schema": { "type": "string" } } } },
            "400": problem(), "401": problem(), "403": problem(), "404": problem(), "408": problem(), "413": problem(), "422": problem(), "503": problem(),
        },
    });
    put("/reports".into(), reports);
}

//! Reads descriptions in HTML: “Layer to KML” of ArcGIS keeps the columns in a table there.

use serde_json::{Map, Value};

/// Most pairs taken from a description.
const MOST_PAIRS: usize = 200;

/// Adds the columns of a table in the description to the other properties. Any other description becomes plain
/// text.
pub(super) fn take_table(properties: &mut Map<String, Value>) {
    let Some(html) = properties.get("description").and_then(Value::as_str).filter(|text| text.contains('<')).map(str::to_owned) else {
        return;
    };
    let pairs = pairs(&html);
    if pairs.is_empty() {
        properties.insert("description".into(), Value::from(plain(&html)));
        return;
    }
    properties.remove("description");
    for (name, value) in pairs {
        properties.entry(name).or_insert(Value::from(value));
    }
}

/// The rows of two cells, from anywhere in the table.
fn pairs(html: &str) -> Vec<(String, String)> {
    let lower = html.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = lower[at..].find("<tr").map(|i| at + i) {
        let end = lower[start + 3..].find("<tr").map_or(lower.len(), |i| start + 3 + i);
        let end = lower[start..end].find("</tr").map_or(end, |i| start + i);
        let cells = cells(&html[start..end], &lower[start..end]);
        if let [name, value] = cells.as_slice()
            && !name.is_empty()
            && found.len() < MOST_PAIRS
        {
            let value = if matches!(value.as_str(), "<Null>" | "&lt;Null&gt;") { "" } else { value };
            found.push((name.clone(), value.to_owned()));
        }
        at = end.max(start + 3);
    }
    found
}

fn cells(row: &str, lower: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find("<td").map(|i| at + i) {
        let Some(begin) = lower[open..].find('>').map(|i| open + i + 1) else { break };
        let end = lower[begin..].find("</td").map_or(lower.len(), |i| begin + i);
        found.push(plain(&row[begin..end]));
        at = end;
    }
    found
}

/// A text without its tags; line breaks stay.
fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        // “<Null>” is no tag: ArcGIS writes it for an empty cell.
        if let Some(behind) = tag.strip_prefix("Null>") {
            out.push_str("<Null>");
            rest = behind;
            continue;
        }
        let Some((name, after)) = tag.split_once('>') else {
            // A “<” as in “a < b” begins no tag.
            out.push('<');
            rest = tag;
            break;
        };
        let name = name.trim_start_matches('/').to_ascii_lowercase();
        if ["br", "p", "div", "tr", "li"].iter().any(|block| name.split([' ', '/']).next() == Some(block)) && !out.ends_with('\n') {
            out.push('\n');
        }
        rest = after;
    }
    out.push_str(rest);
    let out = out.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(description: &str) -> Map<String, Value> {
        let mut properties = Map::new();
        properties.insert("description".into(), Value::from(description));
        take_table(&mut properties);
        properties
    }

    #[test]
    fn columns_in_a_table_of_the_description_are_columns() {
        let html = "<html><body><table><tr><td>Lô 1</td></tr><tr><td><table><tr bgcolor=\"#D4E4F3\"><td>MALOAIDAT</td><td>ODT</td></tr><TR><TD>TEN</TD><TD>Đất &amp; nhà</TD></TR><tr><td>GHICHU</td><td>&lt;Null&gt;</td></tr></table></td></tr></table>";
        let taken = taken(html);
        assert_eq!((taken["MALOAIDAT"].as_str(), taken["TEN"].as_str()), (Some("ODT"), Some("Đất & nhà")));
        assert!(taken["GHICHU"] == "" && !taken.contains_key("description"));
    }

    #[test]
    fn other_descriptions_become_plain_text() {
        assert_eq!(taken("Mở cửa<br>7:30<p>Gọi <b>115</b></p>")["description"], "Mở cửa\n7:30\nGọi 115");
        assert_eq!(taken("a < b")["description"], "a < b");
        assert_eq!(taken("không thẻ")["description"], "không thẻ");
    }
}

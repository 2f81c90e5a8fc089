//! Reads the texts of a drawing without their formatting codes.

use super::Point;

/// A text of the drawing.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Where it stands.
    pub(super) at: Point,
    /// The end of its first letter's height along its line: in which direction it is written, and how high its letters are.
    pub(super) along: Point,
    /// What it says, line by line.
    pub(super) lines: Vec<String>,
    /// Its struck-through part, which was left out.
    pub(super) struck: String,
    /// The name that a block's attribute has.
    pub(super) tag: Option<String>,
}

impl Text {
    /// What it says, in one line.
    pub(super) fn joined(&self) -> String {
        self.lines.join(" ")
    }
}

/// What stands above and below each other in an MTEXT (`\S2^;`, `\S1/2;`), in one line: `²`, `1/2`.
fn stacked(text: &str) -> String {
    let Some((above, below)) = text.split_once(['^', '/', '#']) else { return text.to_owned() };
    match (above.trim(), below.trim()) {
        ("2", "") => "²".into(),
        ("3", "") => "³".into(),
        ("0" | "o", "") => "°".into(),
        (above, "") => above.to_owned(),
        ("", below) => below.to_owned(),
        (above, below) => format!("{above}/{below}"),
    }
}

/// The lines of a text without its formatting codes (MTEXT), with `\U+XXXX` and `%%` resolved. A struck-through part was
/// meant to go: it is left out, and returned separately.
pub(super) fn plain_text(text: &str) -> (Vec<String>, String) {
    let (mut out, mut struck) = (String::new(), String::new());
    // True while the following text is struck through, and the same for each enclosing group.
    let (mut is_struck, mut around) = (false, Vec::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let drawn = match c {
            '\\' => match chars.next() {
                Some('P') => Some('\n'),
                Some('~') => Some(' '),
                Some('U') if chars.peek() == Some(&'+') => {
                    let digits: String = chars.by_ref().skip(1).take(4).collect();
                    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
                }
                Some(literal @ ('\\' | '{' | '}')) => Some(literal),
                Some('S') => {
                    let stack: String = chars.by_ref().take_while(|c| *c != ';').collect();
                    let stack = stacked(&stack);
                    if is_struck {
                        struck.push_str(&stack);
                    } else {
                        out.push_str(&stack);
                    }
                    None
                }
                Some('A' | 'C' | 'c' | 'f' | 'F' | 'H' | 'Q' | 'T' | 'W' | 'p') => {
                    let _ = chars.by_ref().take_while(|c| *c != ';').count();
                    None
                }
                Some(switch @ ('K' | 'k')) => {
                    is_struck = switch == 'K';
                    None
                }
                _ => None,
            },
            '{' => {
                around.push(is_struck);
                None
            }
            '}' => {
                is_struck = around.pop().unwrap_or(false);
                None
            }
            '%' if chars.peek() == Some(&'%') => {
                chars.next();
                match chars.next() {
                    Some('k' | 'K') => {
                        is_struck = !is_struck;
                        None
                    }
                    // Underlined and overlined.
                    Some('u' | 'U' | 'o' | 'O') => None,
                    Some('d' | 'D') => Some('°'),
                    Some('p' | 'P') => Some('±'),
                    Some('c' | 'C') => Some('Ø'),
                    Some(digit @ '0'..='9') => {
                        let mut code = String::from(digit);
                        while let Some(more) = chars.next_if(|c| code.len() < 3 && c.is_ascii_digit()) {
                            code.push(more);
                        }
                        code.parse().ok().and_then(char::from_u32).filter(|c| !c.is_control())
                    }
                    other => other,
                }
            }
            c => Some(c),
        };
        if is_struck { struck.extend(drawn) } else { out.extend(drawn) }
    }
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    (lines, struck.replace('\n', " ").trim().to_owned())
}

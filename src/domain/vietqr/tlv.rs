//! Fields of a payment code: two digits of an id, two digits of a length, the value (EMVCo Merchant-Presented QR 1.1, section 3).

/// The CRC of a text: CRC-16/CCITT-FALSE (ISO/IEC 13239), as EMVCo names it in section 4.7.3.
pub(super) fn crc(text: &str) -> u16 {
    text.bytes().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

/// The fields of a text, in its order: id and value. None where a length does not fit what is there. Lengths count
/// characters.
pub(super) fn fields(mut text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (id, rest) = text.split_at_checked(2)?;
        let (length, rest) = rest.split_at_checked(2)?;
        if ![id, length].iter().all(|digits| digits.bytes().all(|digit| digit.is_ascii_digit())) {
            return None;
        }
        let length: usize = length.parse().ok()?;
        let end = rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(length)?;
        let (value, rest) = rest.split_at(end);
        found.push((id, value));
        text = rest;
    }
    Some(found)
}

/// A field as it is written. The value has at most 99 characters.
pub(super) fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.chars().count())
}

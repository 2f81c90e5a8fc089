//! Phone numbers, as people in Viet Nam write and dial them.

use crate::words::alike::read;

/// True for a number that can be dialled: 3 to 15 digits (E.164) with blanks, dots, dashes, parentheses and a leading
/// plus, and no number of Viet Nam with a digit too few or too many, or without its 0.
pub fn is_phone(number: &str) -> bool {
    let seen = read(number);
    let bare = seen.strip_prefix('(').unwrap_or(&seen);
    let rest = bare.strip_prefix('+').unwrap_or(bare);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let is_written = (3..=15).contains(&digits) && rest.bytes().all(|byte| byte.is_ascii_digit() || b" .-()".contains(&byte));
    is_written && is_whole_phone(number) && !lost_its_zero(number)
}

/// True for a phone number that a program damaged by treating it as a number. Its leading 0 is gone (a mobile
/// number of 9 digits, a landline of 9 or 10), or the + before 84.
pub fn lost_its_zero(phone: &str) -> bool {
    let digits: String = read(phone).chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '(' | ')')).collect();
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let begins = |with: &str| with.bytes().any(|byte| digits.as_bytes().first() == Some(&byte));
    all_digits
        && match digits.len() {
            9 => begins("235789"),
            10 => begins("2"),
            11 | 12 => digits.starts_with("84"),
            _ => false,
        }
}

/// False for a number that by its digits is no phone number of Viet Nam: one that begins with 0 has 10 digits, or 11 if
/// it begins with 02, and +84 stands for the 0. Short numbers and those of other countries are not judged, but for a fraction.
pub fn is_whole_phone(phone: &str) -> bool {
    let read = read(phone);
    // “+84 (0)216 …”: the zero is dialled within the country only.
    let read = if read.trim_start().starts_with("+84") { read.replacen("(0)", "", 1) } else { read.into_owned() };
    let digits: String = read.chars().filter(char::is_ascii_digit).collect();
    let is_fraction =
        read.trim().rsplit_once('.').is_some_and(|(whole, end)| end == "0" && whole.bytes().all(|byte| byte.is_ascii_digit()));
    let national = if read.trim_start().starts_with("+84") { format!("0{}", &digits[2..]) } else { digits };
    !is_fraction
        && match national.as_bytes() {
            // Landlines had 10 digits before 2017.
            [b'0', b'2', ..] => matches!(national.len(), 10 | 11),
            [b'0', ..] => national.len() == 10,
            _ => true,
        }
}

/// True for a landline's number without its area code: it can be dialled from landlines of the same province only.
/// Short numbers such as 115 and 19001234 begin with 1.
pub fn lacks_area_code(phone: &str) -> bool {
    let digits: String = read(phone).chars().filter(char::is_ascii_digit).collect();
    (6..=8).contains(&digits.len()) && digits.starts_with(|c: char| ('2'..='9').contains(&c)) && !phone.trim_start().starts_with('+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_nobody_could_dial_is_none() {
        for phone in [
            "115",
            "0216 3852 115",
            "(0216) 3852.115",
            "+84 216 3852 115",
            "+84 (0)216 3852 115",
            "0912 345 678",
            "1900 1234",
            "+33 1 23 45 67 89",
            "0216\u{a0}3852\u{2011}115",
            "(+84) 216 3852 115",
        ] {
            assert!(is_phone(phone), "{phone}");
        }
        for phone in [
            "0216 3852 115 - 116",
            "+84 0216 3852 115",
            "84 216 3852115",
            "(84-216) 3852115",
            "0912 345 67",
            "912 345 678",
            "12",
            "0216 3852 115 hoặc 116",
            "0912 345 6789",
            "",
        ] {
            assert!(!is_phone(phone), "{phone}");
        }
    }

    #[test]
    fn a_phone_number_with_a_digit_too_few_or_too_many_is_noticed() {
        for phone in [
            "0912345678",
            "0912 345 678",
            "0216 3852 009",
            "+84 912 345 678",
            "(0216) 3 852 009",
            "115",
            "1900 6868",
            "０９１２３４５６７８",
        ] {
            assert!(is_whole_phone(phone), "{phone}");
        }
        for phone in ["0912345678.0", "0912 345 67", "09123456789", "0216 3852 0091", "+84 912 345 67", "0912345678; 0987654321"] {
            assert!(!is_whole_phone(phone), "{phone}");
        }
    }

    #[test]
    fn a_phone_number_without_its_0_is_noticed() {
        for phone in ["900000001", "216 385 0115", "84900000001", "2163850115"] {
            assert!(lost_its_zero(phone), "{phone}");
        }
        for phone in ["0900000001", "115", "+84900000001", "02163850115", "19001234", "18001234", "190012345", "1900123456"] {
            assert!(!lost_its_zero(phone), "{phone}");
        }
    }
}

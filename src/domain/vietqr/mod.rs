//! Payment codes of banks and wallets: VietQR (NAPAS, version 1.0 of September 2021), a profile of EMVCo's merchant-presented
//! code. Whoever reads one pays to an account; nothing here knows whose account it is.

mod banks;
mod tlv;

pub use banks::{bank, banks};

use serde::{Deserialize, Serialize};

use crate::domain::Refusal;

/// The id under which NAPAS is registered.
const NAPAS: &str = "A000000727";
/// The currency: Vietnamese đồng (ISO 4217).
const DONG: &str = "704";
/// Longest account, characters (NAPAS, table 4).
const LONGEST_ACCOUNT: usize = 19;
/// Longest name of an account's holder, characters.
const LONGEST_NAME: usize = 100;
/// Why a code that names more than one payee is refused.
const SEVERAL: &str = "vietqr-several";
/// Longest text of a code, characters: EMVCo's limit.
const LONGEST: usize = 512;

/// Where money goes: a bank or wallet, and an account or card there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The bank's identification number, 6 digits.
    pub bin: String,
    /// Account or card: letters and digits, at most 19.
    pub number: String,
    /// True for a card.
    #[serde(default)]
    pub is_card: bool,
}

/// Who is paid: an account, and the name of its holder as the bank's app shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    /// The account.
    pub account: Account,
    /// The holder's name.
    pub holder: String,
}

/// What a code that was read says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Where the money goes.
    pub account: Account,
    /// The amount in đồng, where the code names one.
    pub amount: Option<String>,
    /// Number of the bill.
    pub bill: Option<String>,
    /// Reference.
    pub reference: Option<String>,
    /// What the payment is for.
    pub purpose: Option<String>,
}

fn wrong(reason: &'static str, said: crate::words::sentence::Sentence) -> Refusal {
    Refusal::invalid(reason, said)
}

impl Account {
    fn check(self) -> Result<Self, Refusal> {
        if self.bin.len() != 6 || !self.bin.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong("vietqr-bank", sentence!("vietqr-bank", bin = self.bin)));
        }
        let is_plain = self.number.bytes().all(|c| c.is_ascii_alphanumeric());
        if self.number.is_empty() || self.number.len() > LONGEST_ACCOUNT || !is_plain {
            return Err(wrong("vietqr-account", sentence!("vietqr-account", most = LONGEST_ACCOUNT)));
        }
        Ok(self)
    }

    /// The text of a code that pays to it: no amount, to be used again and again.
    pub fn code(&self) -> String {
        let to = tlv::field("00", &self.bin) + &tlv::field("01", &self.number);
        let service = if self.is_card { "QRIBFTTC" } else { "QRIBFTTA" };
        let napas = [tlv::field("00", NAPAS), tlv::field("01", &to), tlv::field("02", service)].concat();
        let fields = [("00", "01"), ("01", "11"), ("38", napas.as_str()), ("53", DONG), ("58", "VN")];
        let text: String = fields.into_iter().map(|(id, value)| tlv::field(id, value)).collect();
        let text = text + "6304";
        format!("{text}{:04X}", tlv::crc(&text))
    }

    /// The account's last four characters, for lists in which nobody needs the whole.
    pub fn tail(&self) -> &str {
        self.number.get(self.number.len().saturating_sub(4)..).unwrap_or_default()
    }
}

impl Payee {
    /// Refuses an account that no code can name, an unknown bank and a missing name.
    pub fn check(self) -> Result<Self, Refusal> {
        let account = self.account.check()?;
        if bank(&account.bin).is_none() {
            return Err(wrong("vietqr-bank", sentence!("vietqr-bank", bin = account.bin)));
        }
        let holder = crate::words::fold::typed(&self.holder);
        if holder.is_empty() || holder.chars().count() > LONGEST_NAME {
            return Err(wrong("payee-name", sentence!("payee-name", most = LONGEST_NAME)));
        }
        Ok(Self { account, holder })
    }
}

/// The values of fields that may stand there once: a second one would be a way to show one payee and pay another.
struct Once<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Once<'t> {
    fn of(text: &'t str, what: &str) -> Result<Self, Refusal> {
        let unread = || wrong("vietqr-fields", sentence!("vietqr-fields", what));
        let found = tlv::fields(text).ok_or_else(unread)?;
        let is_twice = found.iter().enumerate().any(|(at, (id, _))| found[..at].iter().any(|(known, _)| known == id));
        if is_twice { Err(unread()) } else { Ok(Self(found)) }
    }

    fn get(&self, id: &str) -> Option<&'t str> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, value)| *value)
    }
}

/// Reads the text of a code. Errors: it is no payment code, was damaged or put together wrongly, or pays in another way; the
/// refusal says which.
pub fn read(text: &str) -> Result<Payload, Refusal> {
    let text = text.trim();
    if !text.starts_with("000201") || text.chars().count() > LONGEST {
        return Err(wrong("vietqr-none", sentence!("vietqr-none")));
    }
    let end = text.len().checked_sub(8).filter(|end| text.get(*end..).is_some_and(|tail| tail.starts_with("6304")));
    let Some(end) = end else { return Err(wrong("vietqr-crc", sentence!("vietqr-crc"))) };
    let (said, given) = (&text[..end + 4], &text[end + 4..]);
    if !given.eq_ignore_ascii_case(&format!("{:04X}", tlv::crc(said))) {
        return Err(wrong("vietqr-crc", sentence!("vietqr-crc")));
    }
    let all = Once::of(text, "00–63")?;
    // A place for a payee is 02 to 51 (EMVCo, table 3.4). Apps differ in which of several they pay.
    if all.0.iter().any(|(id, _)| *id != "38" && ("02"..="51").contains(id)) {
        return Err(wrong(SEVERAL, sentence!("vietqr-several")));
    }
    let Some(napas) = all.get("38") else { return Err(wrong("vietqr-other", sentence!("vietqr-other"))) };
    let napas = Once::of(napas, "38")?;
    let is_vietqr = napas.get("00") == Some(NAPAS) && all.get("53") == Some(DONG) && all.get("58") == Some("VN");
    let is_card = match napas.get("02") {
        Some("QRIBFTTA") => false,
        Some("QRIBFTTC") => true,
        _ => return Err(wrong("vietqr-fields", sentence!("vietqr-fields", what = "38/02"))),
    };
    if !is_vietqr || !matches!(all.get("01"), Some("11" | "12") | None) {
        return Err(wrong("vietqr-other", sentence!("vietqr-other")));
    }
    let to = Once::of(napas.get("01").unwrap_or_default(), "38/01")?;
    let part = |id: &str| to.get(id).unwrap_or_default().to_owned();
    let account = Account { bin: part("00"), number: part("01"), is_card }.check()?;
    let beside = Once::of(all.get("62").unwrap_or_default(), "62")?;
    let told = |id: &str| beside.get(id).map(str::to_owned);
    Ok(Payload { account, amount: all.get("54").map(str::to_owned), bill: told("01"), reference: told("05"), purpose: told("08") })
}

/// What a photo of a stand's code says, beside the account that is registered there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every code in it pays to that account.
    Same,
    /// A code in it pays to another account.
    Other(Account),
    /// The code in it is no payment code.
    NoPayment,
    /// There is more than one code in it, and not all of them could be read as payment codes; or one names several payees.
    Several,
    /// No code in it could be read.
    Unread,
}

/// Compares the codes of a photo with the account that is registered. `unread` tells how many codes were seen and not read:
/// beside one of them nothing is the same, as it may be the one that people scan.
pub fn judge(registered: &Account, texts: &[String], unread: usize) -> Verdict {
    let outcomes: Vec<Result<Payload, Refusal>> = texts.iter().map(|text| read(text)).collect();
    let names_several = outcomes.iter().any(|outcome| outcome.as_ref().is_err_and(|refusal| refusal.reason == SEVERAL));
    let read: Vec<Option<Account>> = outcomes.into_iter().map(|outcome| outcome.ok().map(|payload| payload.account)).collect();
    if let Some(other) = read.iter().flatten().find(|account| *account != registered) {
        return Verdict::Other(other.clone());
    }
    match (read.iter().flatten().count(), read.len(), unread) {
        _ if names_several => Verdict::Several,
        (0, 0, _) => Verdict::Unread,
        (0, ..) => Verdict::NoPayment,
        (same, all, 0) if same == all => Verdict::Same,
        _ => Verdict::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors, each with the columns by name.
    fn vectors() -> Vec<std::collections::HashMap<String, String>> {
        let text = include_str!("../../../tests/data/vietqr_examples.csv");
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.expect("a row")).collect()
    }

    #[test]
    fn the_examples_of_napas_and_of_others_are_read_and_the_bad_ones_are_refused_with_the_reason() {
        let mut refused = Vec::new();
        for row in vectors() {
            let (id, text) = (&row["id"], &row["payload"]);
            if row["valid"] != "yes" {
                refused.push((id.clone(), read(text).expect_err(id).reason));
                continue;
            }
            let payload = read(text).unwrap_or_else(|refusal| panic!("{id}: {}", refusal.said));
            let told = |name: &str| Some(row[name].clone()).filter(|value| !value.is_empty());
            let account = Account { bin: row["bin"].clone(), number: row["account"].clone(), is_card: row["service"] == "QRIBFTTC" };
            let expected =
                Payload { account, amount: told("amount"), bill: told("bill"), reference: told("reference"), purpose: told("purpose") };
            assert_eq!(payload.account, expected.account, "{id}");
            assert_eq!((payload.amount, payload.reference), (expected.amount, expected.reference), "{id}");
            assert_eq!(payload.purpose.as_deref().map(str::trim), expected.purpose.as_deref().map(str::trim), "{id}");
            // What is built from an account is the plain code of that account.
            let is_plain = row["poi"] == "11" && told("bill").is_none() && told("purpose").is_none() && told("reference").is_none();
            if is_plain && row["amount"].is_empty() {
                assert_eq!(payload.account.code(), *text, "{id}");
            }
            assert_eq!(read(&payload.account.code()).expect(id).account, payload.account, "{id}");
        }
        refused.sort();
        let reasons: Vec<(&str, &str)> = refused.iter().map(|(id, reason)| (id.as_str(), *reason)).collect();
        assert_eq!(
            reasons,
            [
                ("bnd-bad", "vietqr-fields"),
                ("napas-6.1.1-printed", "vietqr-fields"),
                ("napas-6.1.4-headline", "vietqr-crc"),
                ("xn-dynamic-acb-badcrc", "vietqr-crc")
            ]
        );
    }

    #[test]
    fn no_code_with_one_changed_character_is_read() {
        let good = Account { bin: "970436".into(), number: "0011001932418".into(), is_card: false }.code();
        for at in 0..good.len() {
            for other in ['0', '7', 'A', 'Z'] {
                let mut changed: Vec<char> = good.chars().collect();
                if changed[at] == other {
                    continue;
                }
                changed[at] = other;
                assert!(read(&changed.into_iter().collect::<String>()).is_err(), "{at} {other}");
            }
        }
    }

    #[test]
    fn what_is_no_vietqr_is_refused_and_never_panics() {
        let sealed = |text: &str| {
            let text = format!("{text}6304");
            format!("{text}{:04X}", tlv::crc(&text))
        };
        let to = "38570010A00000072701270006970403011300110123456780208QRIBFTTA";
        for (text, reason) in [
            ("https://bangtin.example/Q/QHSDD21AG", "vietqr-none"),
            ("", "vietqr-none"),
            ("000201", "vietqr-crc"),
            ("00020101021138ế6304", "vietqr-crc"),
            (&sealed("000201010211530370458 02VN"), "vietqr-fields"),
            (&sealed("000201010211530370458002VN"), "vietqr-fields"),
            (&sealed("00020101021153037045802VN"), "vietqr-other"),
            (&sealed(&format!("000201010211{to}53038405802VN")), "vietqr-other"),
            (&sealed(&format!("000201010211{to}{to}53037045802VN")), "vietqr-fields"),
            (&sealed(&format!("000201010211{to}530370454ế5802VN")), "vietqr-fields"),
        ] {
            assert_eq!(read(text).map(|_| ()).map_err(|refusal| refusal.reason), Err(reason), "{text}");
        }
        let twice = "38570010A00000072701270006970403010600110101037890208QRIBFTTA";
        assert!(read(&sealed(&format!("000201010211{twice}53037045802VN"))).is_err(), "an account that stands there twice");
    }

    #[test]
    fn a_photo_shows_the_same_payee_only_where_nothing_else_is_in_it() {
        let account = |number: &str| Account { bin: "970436".into(), number: number.into(), is_card: false };
        let (own, other) = (account("1"), account("2"));
        let of = |texts: &[&str], unread| judge(&own, &texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), unread);
        assert_eq!(of(&[&own.code()], 0), Verdict::Same);
        assert_eq!(of(&[&own.code(), &own.code()], 0), Verdict::Same);
        assert_eq!(of(&[&own.code(), &other.code()], 0), Verdict::Other(other.clone()));
        assert_eq!(of(&[&other.code()], 3), Verdict::Other(other.clone()));
        assert_eq!(of(&[&own.code()], 1), Verdict::Several);
        assert_eq!(of(&[&own.code(), "https://a.example"], 0), Verdict::Several);
        assert_eq!(of(&["https://a.example"], 0), Verdict::NoPayment);
        // A code that names the right payee and, in a part that other apps read first, another one.
        let napas = &own.code()[12..own.code().len() - 8];
        let network = tlv::field("00", NAPAS) + &tlv::field("01", "0006970415010555555");
        for hidden in [tlv::field("02", "4111111111111111"), tlv::field("26", &network), tlv::field("39", &network)] {
            let text = format!("000201010211{hidden}{napas}6304");
            assert_eq!(of(&[&format!("{text}{:04X}", tlv::crc(&text))], 0), Verdict::Several, "{hidden}");
        }
        assert_eq!(of(&[], 1), Verdict::Unread);
        let card = Account { is_card: true, ..own.clone() };
        assert_eq!(of(&[&card.code()], 0), Verdict::Other(card), "a card of that number is another account");
    }

    #[test]
    fn a_payee_has_a_known_bank_an_account_and_a_name() {
        let payee = |bin: &str, number: &str, holder: &str| {
            Payee { account: Account { bin: bin.into(), number: number.into(), is_card: false }, holder: holder.into() }.check()
        };
        assert_eq!(payee("970436", "0011001932418", "  LE THI  HOA ").expect("right").holder, "LE THI  HOA");
        for (bin, number, holder) in
            [("970999", "1", "A"), ("97043", "1", "A"), ("970436", "12 34", "A"), ("970436", "", "A"), ("970436", "1", " ")]
        {
            assert!(payee(bin, number, holder).is_err(), "{bin} {number} {holder}");
        }
        assert_eq!(bank("970436").map(|bank| bank.short.as_str()), Some("Vietcombank"));
    }
}

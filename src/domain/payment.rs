//! Ways to pay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::fold::fold;
use crate::words::sentence::{Names, Sentence};
use crate::words::text::{Lang, text};

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Cash.
    Cash,
    /// A transfer from account to account, most often by a VietQR code.
    Transfer,
    /// A bank card.
    Card,
    /// A wallet on the phone.
    Wallet,
    /// Money on a phone number's account.
    MobileMoney,
}

impl Method {
    /// All of them; those without cash come first.
    pub const ALL: [Self; 5] = [Self::Transfer, Self::Card, Self::Wallet, Self::MobileMoney, Self::Cash];

    /// Its name in addresses and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Transfer => "transfer",
            Self::Card => "card",
            Self::Wallet => "wallet",
            Self::MobileMoney => "mobile-money",
        }
    }

    /// The one with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// The key of its name in the catalogue.
    pub fn key(self) -> &'static str {
        match self {
            Self::Cash => "pay-cash",
            Self::Transfer => "pay-transfer",
            Self::Card => "pay-card",
            Self::Wallet => "pay-wallet",
            Self::MobileMoney => "pay-mobile-money",
        }
    }
}

/// A way to pay that a place takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Which.
    pub method: Method,
    /// By what name: `Napas`, `MoMo`. None for all of its kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// What stands for a way to pay in people's words, folded, and whether it is a name that is kept.
const WORDS: [(&str, Method, bool); 31] = [
    ("khong tien mat", Method::Transfer, false),
    ("khong dung tien mat", Method::Transfer, false),
    ("tien mat", Method::Cash, false),
    ("cash", Method::Cash, false),
    ("vietqr", Method::Transfer, false),
    ("chuyen khoan", Method::Transfer, false),
    ("ma qr", Method::Transfer, false),
    ("qr", Method::Transfer, false),
    ("ngan hang", Method::Transfer, false),
    ("transfer", Method::Transfer, false),
    ("napas", Method::Card, true),
    ("visa", Method::Card, true),
    ("mastercard", Method::Card, true),
    ("jcb", Method::Card, true),
    ("the", Method::Card, false),
    ("the ngan hang", Method::Card, false),
    ("quet the", Method::Card, false),
    ("pos", Method::Card, false),
    ("card", Method::Card, false),
    ("momo", Method::Wallet, true),
    ("zalopay", Method::Wallet, true),
    ("vnpay", Method::Wallet, true),
    ("vnpt pay", Method::Wallet, true),
    ("shopeepay", Method::Wallet, true),
    ("viettelpay", Method::Wallet, true),
    ("vi dien tu", Method::Wallet, false),
    ("vi", Method::Wallet, false),
    ("wallet", Method::Wallet, false),
    ("viettel money", Method::MobileMoney, true),
    ("mobile money", Method::MobileMoney, false),
    ("tien di dong", Method::MobileMoney, false),
];

/// The parts of a text between separators, and whether each stands in brackets: then it is a name of what stands before it.
/// What stands after a colon may be anything, an account for instance.
fn parts(written: &str) -> Vec<(&str, bool)> {
    let (mut parts, mut start, mut is_named) = (Vec::new(), 0, false);
    for (at, c) in written.char_indices().chain([(written.len(), ';')]) {
        if matches!(c, ',' | ';' | '/' | '(' | ')' | '+' | ':' | '\n') {
            parts.push((written[start..at].trim(), is_named));
            start = (at + c.len_utf8()).min(written.len());
            is_named = match c {
                '(' => true,
                ')' | ';' | ':' | '\n' => false,
                _ => is_named,
            };
        }
    }
    parts.retain(|(part, _)| !part.is_empty());
    parts
}

/// The ways to pay that a text names: `Tiền mặt, VietQR, thẻ (Napas, Visa), MoMo`. What it does not know is left out; the second
/// value holds it. What stands in brackets after a way to pay is a name of it, known or not.
pub fn named_in(written: &str) -> (Vec<Payment>, Vec<String>) {
    let (mut found, mut unknown) = (Vec::<Payment>::new(), Vec::new());
    // The way to pay before the bracket.
    let mut last = None;
    for (part, is_named) in parts(written) {
        let folded = fold(part);
        let words = format!(" {folded} ");
        // “Không nhận thẻ” is no way to pay; “không tiền mặt” is one.
        let denies = ["khong", "chua", "ko", "no"].iter().any(|no| words.starts_with(&format!(" {no} ")));
        if denies && !words.contains("tien mat") {
            unknown.push(part.to_owned());
            continue;
        }
        // The longest name first: “không tiền mặt” is not cash, and “ví MoMo” is MoMo.
        let known = WORDS.iter().filter(|(name, ..)| words.contains(&format!(" {name} ")));
        // In brackets “POS Agribank” is a name; “thẻ” is a way to pay of its own.
        let known = known.filter(|(name, _, is_name)| !is_named || *is_name || folded == *name);
        let known = known.max_by_key(|(name, _, is_name)| (*is_name, name.len())).map(|(_, method, is_name)| (*method, *is_name));
        let Some((method, is_name)) = known.or(last.filter(|_| is_named).map(|method| (method, true))) else {
            unknown.push(part.to_owned());
            continue;
        };
        if !is_named {
            last = Some(method);
        }
        let at = found.iter().position(|payment| payment.method == method).unwrap_or_else(|| {
            found.push(Payment { method, names: Vec::new() });
            found.len() - 1
        });
        let bare = part.strip_prefix("ví ").or_else(|| part.strip_prefix("Ví ")).or_else(|| part.strip_prefix("thẻ ")).unwrap_or(part);
        if is_name && !found[at].names.iter().any(|name| name == bare) {
            found[at].names.push(bare.to_owned());
        }
    }
    (found, unknown)
}

/// The names of ways to pay, for a page: “thẻ (Napas, Visa), ví điện tử (MoMo)”.
pub fn said(payments: &[Payment]) -> Sentence {
    let listed = |lang: Lang| {
        let one = |payment: &Payment| match payment.names.as_slice() {
            [] => text(lang, payment.method.key()).to_owned(),
            names => format!("{} ({})", text(lang, payment.method.key()), names.join(", ")),
        };
        payments.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    sentence!("listed", list = Names(&listed(Lang::Vi), &listed(Lang::En)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_ways_to_pay_is_read_as_the_same() {
        let payments = |list: &[(Method, &[&str])]| {
            list.iter()
                .map(|(method, names)| Payment { method: *method, names: names.iter().map(|name| (*name).to_owned()).collect() })
                .collect::<Vec<_>>()
        };
        for own in [
            payments(&Method::ALL.map(|method| (method, [].as_slice()))),
            payments(&[
                (Method::Card, &["Napas", "Visa"]),
                (Method::Wallet, &["MoMo", "SmartPay"]),
                (Method::MobileMoney, &["Viettel Money"]),
            ]),
            payments(&[(Method::Transfer, &["Ngân hàng Agribank", "QR đa năng"]), (Method::Card, &["POS Agribank"])]),
        ] {
            assert_eq!(named_in(&said(&own).text(Lang::Vi)), (own, vec![]));
        }
    }

    #[test]
    fn ways_to_pay_are_found_in_peoples_words() {
        let of = |written: &str| {
            let (found, unknown) = named_in(written);
            (found.into_iter().map(|payment| (payment.method, payment.names.join("+"))).collect::<Vec<_>>(), unknown)
        };
        let plain = |methods: &[Method]| methods.iter().map(|method| (*method, String::new())).collect::<Vec<_>>();
        assert_eq!(of("Tiền mặt, VietQR; thẻ").0, plain(&[Method::Cash, Method::Transfer, Method::Card]));
        assert_eq!(of("Thẻ (Napas, Visa)").0, [(Method::Card, "Napas+Visa".to_owned())]);
        assert_eq!(of("ví MoMo, ZaloPay").0, [(Method::Wallet, "MoMo+ZaloPay".to_owned())]);
        assert_eq!(of("Không dùng tiền mặt").0, plain(&[Method::Transfer]));
        assert_eq!(of("Viettel Money").0, [(Method::MobileMoney, "Viettel Money".to_owned())]);
        assert_eq!(of("chuyển khoản qua mã QR").0, plain(&[Method::Transfer]));
        assert_eq!(of("vỏ sò").1, ["vỏ sò"]);
        assert_eq!(of("Chuyển khoản: 0123456789 Vietcombank").1, ["0123456789 Vietcombank"]);
        assert_eq!(of("Thẻ: Napas, Visa").0, [(Method::Card, "Napas+Visa".to_owned())]);
        assert_eq!(
            of("thẻ, ví điện tử (SmartPay), tiền mặt").0,
            [(Method::Card, String::new()), (Method::Wallet, "SmartPay".into()), (Method::Cash, String::new())]
        );
        assert_eq!(of("tiền mặt (vỏ sò), muối"), (vec![(Method::Cash, "vỏ sò".into())], vec!["muối".to_owned()]));
        assert_eq!(of("không nhận thẻ, tiền mặt"), (plain(&[Method::Cash]), vec!["không nhận thẻ".to_owned()]));
    }
}

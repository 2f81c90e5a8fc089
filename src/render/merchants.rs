//! Pages of places where people pay: the check of a code, the merchant's own form, and the fields that it shares with the office.

use maud::{Markup, html};

use super::layout::{Page, language_field, page};
use crate::domain::city::City;
use crate::domain::days::Open;
use crate::domain::payment::Method;
use crate::domain::publication::ProposalState;
use crate::domain::publication::view::View;
use crate::domain::trade::Access;
use crate::domain::vietqr::{Payee, Verdict, bank};
use crate::words::format;
use crate::words::text::{Lang, text};

/// Until when a place is open, or when it opens: “đến 17h00”.
pub fn until(lang: Lang, today: jiff::civil::Date, open: Open) -> String {
    let hour = |time: jiff::civil::DateTime| format!("{}h{:02}", time.hour(), time.minute());
    match open {
        Open::Until(at) => format!("{} {}", text(lang, "until-hour"), hour(at)),
        Open::From(at) if at.date() == today => format!("{} {}", text(lang, "opens-at"), hour(at)),
        Open::From(at) => format!("{} {}, {}", text(lang, "opens-at"), hour(at), format::day_in_words(lang, today, at.date())),
        Open::Closed => String::new(),
    }
}

/// What a form is filled with: the text of a field, and all its values.
pub struct Filled<'a> {
    /// The text of a field.
    pub text: &'a dyn Fn(&str) -> String,
    /// All values of a field.
    pub all: &'a dyn Fn(&str) -> Vec<String>,
}

/// The fields of hours, ways to pay, offers, products and access.
pub fn trade_fields(lang: Lang, filled: &Filled<'_>) -> Markup {
    let t = |key| text(lang, key);
    let area = |name: &str, label: &str, help: &str, rows: u32| html! { label { (label) " " span.note { (help) } textarea name=(name) rows=(rows) maxlength="8000" { ((filled.text)(name)) } } };
    let (ways, access) = ((filled.all)("pay"), (filled.all)("access"));
    html! {
        (area("times", t("times"), "7h30–11h T2-T6", 3))
        fieldset {
            legend { (t("payment")) }
            @for method in Method::ALL {
                label { input type="checkbox" name="pay" value=(method.as_str()) checked[ways.iter().any(|own| own == method.as_str())]; " " (t(method.key())) }
                @if matches!(method, Method::Card | Method::Wallet | Method::MobileMoney) {
                    label { (t("pay-names")) ": " (t(method.key())) input type="text" name={ "pay-" (method.as_str()) } value=((filled.text)(&format!("pay-{}", method.as_str()))) maxlength="300"; }
                }
            }
        }
        (area("offers", t("offers"), t("offers-help"), 3))
        (area("products", t("products"), t("products-help"), 4))
        fieldset {
            legend { (t("access")) }
            @for one in Access::ALL {
                label { input type="checkbox" name="access" value=(one.as_str()) checked[access.iter().any(|own| own == one.as_str())]; " " (t(one.key())) }
            }
        }
    }
}

/// The page on which a photo of a stand's code is compared with the account that is registered there.
pub fn check(lang: Lang, city: &City, view: &View, payee: Option<&Payee>, outcome: Option<Result<&Verdict, &str>>) -> String {
    let t = |key| text(lang, key);
    let path = format!("/q/{}/check", view.code);
    let named = |bin: &str| bank(bin).map_or_else(|| bin.to_owned(), |bank| bank.short.clone());
    let content = html! {
        p.kind { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
        h1 { (t("check-code")) }
        @match outcome {
            None => {},
            Some(Err(wrong)) => div.status.bad role="alert" { (wrong) },
            Some(Ok(verdict)) => {
                @match verdict {
                    Verdict::Same => div.status.good role="status" { b { (t("check-same")) } (t("compare-name")) },
                    Verdict::Other(account) => div.status.bad role="alert" { b { (t("check-other")) } (t("check-other-help")) " " (named(&account.bin)) " …" (account.tail()) "." },
                    Verdict::NoPayment => div.status.bad role="alert" { b { (t("check-no-payment")) } (t("check-no-payment-help")) },
                    Verdict::Several => div.status.wait role="status" { b { (t("check-several")) } (t("check-several-help")) },
                    Verdict::Unread => div.status.wait role="status" { b { (t("check-unread")) } (t("check-unread-help")) },
                }
                @if matches!(verdict, Verdict::Other(_) | Verdict::NoPayment) {
                    p { a href={ "/q/" (view.code) "/report" (lang.query()) } { (t("report-fake-code")) } }
                }
            }
        }
        @if let Some(payee) = payee {
            p { (t("payee-registered")) ": " b { (payee.holder) } ", " (named(&payee.account.bin)) }
            form.column action=(path) method="post" enctype="multipart/form-data" {
                (language_field(lang))
                label { (t("check-photo")) input type="file" name="file" accept="image/jpeg,image/png" required; }
                button.wide { (t("check-send")) }
            }
            p.note { (t("check-privacy")) }
            p { strong { (t("compare-name")) } }
        } @else {
            p { (t("check-none")) }
        }
    };
    page(&Page::new(lang, city, t("check-code"), &path), content)
}

/// The merchant's own form.
pub struct Edit<'a> {
    /// Address of the form: it holds the key.
    pub path: &'a str,
    /// The place.
    pub view: &'a View,
    /// The last day on which the link works.
    pub until: jiff::civil::Date,
    /// What the form is filled with.
    pub filled: Filled<'a>,
    /// Where stands what was suggested before; and why it was returned.
    pub before: Option<(ProposalState, Option<&'a str>)>,
    /// True where a payee is shown on the place's page.
    pub has_payee: bool,
    /// The key of what was done just now.
    pub done: Option<&'a str>,
}

/// The page behind a merchant's link.
pub fn edit(lang: Lang, city: &City, edit: &Edit<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let Edit { path, view, until, filled, before, has_payee, done } = edit;
    let content = html! {
        p.kind { a href={ "/q/" (view.code) (lang.query()) } { (view.title) } }
        h1 { (t("edit-place")) }
        @if let Some(wrong) = wrong { div.status.bad role="alert" { (wrong) } }
        @if let Some(done) = done { div.status.good role="status" { b { (t(done)) } } }
        @match before {
            Some((ProposalState::Submitted, _)) => div.status.wait { b { (t("edit-waits")) } },
            Some((ProposalState::Returned, why)) => div.status.bad { b { (t("edit-returned")) } @if let Some(why) = why { (why) } },
            Some((ProposalState::Overtaken | ProposalState::Halted, _)) => div.status.bad { b { (t("edit-overtaken")) } },
            _ => {},
        }
        p { (t("edit-help")) }
        form.column action=(path) method="post" {
            (language_field(lang))
            label { (t("what-it-means")) textarea name="summary" rows="3" maxlength="2000" { ((filled.text)("summary")) } }
            label { (t("edit-phones")) textarea name="phones" rows="2" maxlength="1000" { ((filled.text)("phones")) } }
            (trade_fields(lang, filled))
            label { (t("campaign-hours-words")) input type="text" name="hours" value=((filled.text)("hours")) maxlength="300"; }
            button.wide name="do" value="save" { (t("edit-send")) }
        }
        @if *has_payee {
            h2 { (t("pay-here")) }
            p { (t("payee-withdraw-help")) }
            form action=(path) method="post" { (language_field(lang)) button.plain name="do" value="withdraw" { (t("payee-withdraw")) } }
        }
        p.note { (t("edit-until")) " " (format::date(*until)) ". " (t("edit-keep-secret")) }
    };
    page(&Page::new(lang, city, t("edit-place"), path), content)
}

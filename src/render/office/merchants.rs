//! Whom one pays at a place, and the merchant's own link.

use maud::{Markup, html};

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, View};
use crate::domain::trade::Checked;
use crate::domain::vietqr::{Payee, bank, banks};
use crate::words::format;
use crate::words::text::{Lang, text};

/// A place in the office.
pub struct Place<'a> {
    /// The place.
    pub view: &'a View,
    /// Its version.
    pub seen: i64,
    /// Whom one pays there, while they agree.
    pub payee: Option<&'a Payee>,
    /// The address of the merchant's link, while it works.
    pub link: Option<&'a str>,
    /// The text of a field.
    pub filled: &'a dyn Fn(&str) -> String,
}

/// The page.
pub fn page(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, place: &Place<'_>, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let view = place.view;
    let path = format!("/office/merchants/{}", view.code);
    let content = html! {
        (wrong_box(wrong))
        p {
            a href={ "/q/" (view.code) (lang.query()) } { (t("office-see-page")) } " · "
            a href={ "/office/points/" (view.code) (lang.query()) } { (t("merchant-change")) } " · "
            a href={ "/q/" (view.code) "/stickers.pdf" (lang.query()) } { (t("stickers")) }
        }
        h2 { (t("pay-here")) }
        @match place.payee {
            None => p { (t("payee-none")) },
            Some(payee) => {
                p {
                    b { (payee.holder) } br;
                    (bank(&payee.account.bin).map_or(payee.account.bin.as_str(), |bank| bank.short.as_str())) " " span.code { (payee.account.number) }
                    @if let Some(registered) = view.merchant().and_then(|merchant| merchant.payee.as_ref()) {
                        br; span.note { (t("payee-checked")) " " (format::date(registered.checked_on)) ": " (text(lang, registered.checked.key())) }
                    }
                }
                form action=(path) method="post" {
                    (who.hidden(lang))
                    p.note { (t("payee-withdraw-help")) }
                    button.plain name="do" value="withdraw" { (t("payee-withdraw")) }
                }
            }
        }
        details open[wrong.is_some()] {
            summary { (t(if place.payee.is_some() { "payee-replace" } else { "payee-register" })) }
            (payee(lang, who, moment, place, &path))
        }
        h2 { (t("merchant-link")) }
        (link(lang, who, moment, place, &path))
    };
    frame(lang, city, who, &view.title, &path, content)
}

fn payee(lang: Lang, who: &Who<'_>, moment: &Moment, place: &Place<'_>, path: &str) -> Markup {
    let t = |key| text(lang, key);
    let filled = place.filled;
    let chosen = filled("bank");
    html! {
        form.column action=(path) method="post" enctype="multipart/form-data" {
            (who.hidden(lang))
            input type="hidden" name="seen" value=(place.seen);
            p { (t("payee-help")) }
            label { (t("payee-photo")) input type="file" name="file" accept="image/jpeg,image/png"; }
            label { (t("payee-text")) textarea name="vietqr" rows="2" maxlength="600" { (filled("vietqr")) } }
            label { (t("payee-bank")) select name="bank" { option value="" {} @for bank in banks() { option value=(bank.bin) selected[bank.bin == chosen] { (bank.short) " – " (bank.name) } } } }
            label { (t("payee-account")) input type="text" name="account" value=(filled("account")) maxlength="30" autocomplete="off"; }
            label { (t("payee-holder")) input type="text" name="holder" value=(filled("holder")) maxlength="100" required autocomplete="off"; }
            fieldset {
                legend { (t("payee-checked-how")) }
                @for how in Checked::ALL {
                    label { input type="radio" name="checked" value=(how.as_str()) required checked[filled("checked") == how.as_str()]; " " (text(lang, how.key())) }
                }
            }
            label { (t("payee-checked-on")) input type="date" name="checked_on" value=(Some(filled("checked_on")).filter(|day| !day.is_empty()).unwrap_or_else(|| moment.today.to_string())) required; }
            label { (t("contact-consent")) input type="text" name="consent" value=(filled("consent")) maxlength="200" required autocomplete="off"; }
            button.wide name="do" value="payee" { (t("payee-register")) }
        }
    }
}

fn link(lang: Lang, who: &Who<'_>, moment: &Moment, place: &Place<'_>, path: &str) -> Markup {
    let t = |key| text(lang, key);
    let known = place.view.merchant().and_then(|merchant| merchant.link.as_ref());
    let in_a_month = moment.today.saturating_add(jiff::ToSpan::days(30)).to_string();
    html! {
        p { (t("merchant-link-help")) }
        @if let Some(known) = known.filter(|known| known.until >= moment.today) {
            p {
                @if let Some(address) = place.link { span.code { (address) } } @else { (t("merchant-link-others")) }
                br; span.note { (t("edit-until")) " " (format::date(known.until)) }
            }
            form action=(path) method="post" {
                (who.hidden(lang))
                input type="hidden" name="seen" value=(place.seen);
                input type="hidden" name="number" value=(known.number);
                button.plain name="do" value="end-link" { (t("merchant-link-end")) }
            }
        }
        form.column action=(path) method="post" {
            (who.hidden(lang))
            input type="hidden" name="seen" value=(place.seen);
            label { (t("edit-until")) input type="date" name="until" value=(in_a_month) required; }
            button name="do" value="issue-link" { (t(if place.link.is_some() { "merchant-link-replace" } else { "merchant-link-issue" })) }
        }
    }
}

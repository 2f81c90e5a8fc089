//! What the page of a place where people pay shows in addition: whether it is open, offers, products, and whom one pays.

use maud::{Markup, PreEscaped, html};

use super::Item;
use crate::domain::days::Weekday;
use crate::domain::payment::said;
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::domain::trade::{Offer, Product};
use crate::domain::vietqr::bank;
use crate::render::merchants::until;
use crate::render::qr;
use crate::words::format;

/// Most places that take part in a campaign and are listed on its page.
const LISTED: usize = 100;

impl Item<'_> {
    /// Whether the place is open now, beside its status.
    pub(super) fn opening(&self) -> Option<Markup> {
        let view = self.view;
        let open = view.merchant()?.open.filter(|_| view.status == Status::InForce && self.revision.is_none())?;
        Some(html! { span { (until(self.lang, self.moment.today, open)) } })
    }

    /// How one pays there and when it is open: what people come for, before the map.
    pub(super) fn pays(&self) -> Markup {
        let view = self.view;
        let Some(merchant) = view.merchant().filter(|merchant| !merchant.payments.is_empty()) else { return html! {} };
        let times: Vec<String> =
            view.facts.iter().filter(|fact| fact.label == "times").map(|fact| self.shown(&fact.value).into_string()).collect();
        html! {
            p.next {
                (self.t("payment")) ": " b { (said(&merchant.payments).text(self.lang)) }
                @if !times.is_empty() { br; (self.t("times")) ": " b { (PreEscaped(times.join("; "))) } }
            }
        }
    }

    /// Whom one pays: the code, the bank, the account and its holder's name.
    pub(super) fn payee(&self) -> Result<Markup, qr::QrError> {
        let (Some(payee), Some(merchant)) = (self.payee, self.view.merchant()) else { return Ok(html! {}) };
        let code = payee.account.code();
        let matrix = qr::Matrix::new(&code)?;
        let name = bank(&payee.account.bin).map_or(payee.account.bin.as_str(), |bank| bank.short.as_str());
        Ok(html! {
            h2 { (self.t("pay-here")) }
            div.qr {
                (PreEscaped(matrix.svg(self.t("pay-here"))))
                p {
                    b { (payee.holder) } br;
                    (name) " " span.code { (payee.account.number) }
                    @if let Some(registered) = &merchant.payee { br; span.note { (self.t("payee-checked")) " " (format::date(registered.checked_on)) } }
                }
            }
            p { strong { (self.t("compare-name")) } }
            p.noprint { a href={ "/q/" (self.view.code) "/check" (self.lang.query()) } { (self.t("check-code")) } }
        })
    }

    /// Whom one would pay, for whoever approves it: in words, without a code that somebody might scan.
    pub fn payee_in_words(&self) -> Markup {
        let Some((payee, registered)) = self.payee.zip(self.view.merchant().and_then(|merchant| merchant.payee.as_ref())) else {
            return html! {};
        };
        let name = bank(&payee.account.bin).map_or(payee.account.bin.as_str(), |bank| bank.short.as_str());
        html! {
            h2 { (self.t("pay-here")) }
            dl {
                dt { (self.t("payee-holder")) } dd { (payee.holder) }
                dt { (self.t("payee-bank")) } dd { (name) }
                dt { (self.t("payee-account")) } dd { (payee.account.number) }
                dt { (self.t("payee-checked-how")) } dd { (self.t(registered.checked.key())) ", " (format::date(registered.checked_on)) }
            }
        }
    }

    /// Offers and products of a place.
    pub(super) fn trade(&self) -> Markup {
        let Some(merchant) = self.view.merchant() else { return html! {} };
        html! {
            @if !merchant.offers.is_empty() {
                h2 { (self.t("offers")) }
                ul.list { @for offer in &merchant.offers { li { (self.offer(offer)) } } }
            }
            @if !merchant.products.is_empty() {
                h2 { (self.t("products")) }
                ul.list {
                    @for product in &merchant.products {
                        li {
                            b { (product.name) }
                            @if let Some(season) = &product.season { br; (self.t("season")) ": " (season) }
                            @if let Some(seller) = &product.seller { br; (self.t("seller")) ": " (seller) }
                            @if let Some(link) = &product.link { br; a href=(link) rel="noopener nofollow" { (self.t("marketplace-page")) " (" (host(link)) ")" } }
                        }
                    }
                }
            }
            @if !merchant.campaigns.is_empty() {
                h2 { (self.t("takes-part")) }
                ul.list { @for code in &merchant.campaigns { li { a href={ "/q/" (code) (self.lang.query()) } { (self.title_of(*code)) } } } }
            }
        }
    }

    pub(super) fn title_of(&self, code: crate::domain::Code) -> String {
        self.others.iter().find(|view| view.code == code).map_or_else(|| code.to_string(), |view| view.title.clone())
    }

    pub(super) fn offer(&self, offer: &Offer) -> Markup {
        let days: Vec<&str> = offer.days.iter().copied().map(Weekday::key).map(|key| self.t(key)).collect();
        html! {
            b { (offer.what) }
            @if let Some(condition) = &offer.condition { br; (condition) }
            @if !days.is_empty() { br; (self.t("every")) ": " (days.join(", ")) }
            @match (offer.from, offer.to) {
                (Some(from), Some(to)) => { br; (format::date(from)) "–" (format::date(to)) },
                (Some(from), None) => { br; (self.t("from-day")) " " (format::date(from)) },
                (None, Some(to)) => { br; (self.t("until")) " " (format::date(to)) },
                (None, None) => {}
            }
            @if let Some(campaign) = offer.campaign { br; (self.t("offer-on-days-of")) " " a href={ "/q/" (campaign) (self.lang.query()) } { (self.title_of(campaign)) } }
        }
    }

    /// The places that take part in a campaign and have a page of their own.
    pub(super) fn taking_part(&self) -> Markup {
        let places: Vec<&View> = self.others.iter().filter(|view| view.merchant().is_some()).collect();
        if places.is_empty() || self.view.merchant().is_some() {
            return html! {};
        }
        html! {
            h2 { (self.t("merchants")) " (" (places.len()) ")" }
            p.noprint { a href={ "/nearest?kind=place" (self.lang.and()) } { (self.t("nearest-place")) } }
            ul.list {
                @for view in places.iter().take(LISTED) {
                    li {
                        a href={ "/q/" (view.code) (self.lang.query()) } { (view.title) }
                        @if let Some(address) = view.told("address") { br; (address) }
                        @if let Some(merchant) = view.merchant() {
                            @if !merchant.payments.is_empty() { br; (self.t("payment")) ": " (said(&merchant.payments).text(self.lang)) }
                            @for offer in merchant.offers.iter().filter(|offer| offer.campaign.is_none_or(|code| code == self.view.code)) { br; (self.t("offer")) ": " (offer.what) }
                        }
                    }
                }
            }
            @if places.len() > LISTED { p { a href={ "/collections/merchants/items?f=html" (self.lang.and()) } { (self.t("all-places")) } } }
        }
    }
}

/// A product in a line: all that is stated of it.
pub(super) fn product_line(product: &Product) -> String {
    let parts = [Some(&product.name), product.season.as_ref(), product.seller.as_ref(), product.link.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" – ")
}

/// The host of an address on the web.
fn host(link: &str) -> &str {
    link.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or(link)
}

//! The rules of places where people pay.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{IssueLink, LinkEnded, Merchant, MerchantChange, MerchantChanged, MerchantState};
use crate::domain::access::Role;
use crate::domain::payment::Method;
use crate::domain::phone::is_phone;
use crate::domain::publication::view::{Moment, View};
use crate::domain::publication::{Event, Family, Publication, own_changes};
use crate::domain::schema::{Property, Shape};
use crate::domain::trade::{LinkIssued, PayeeRegistered, is_web_address};
use crate::domain::unit::UnitId;
use crate::domain::{Code, Context, Refusal};
use crate::geometry::contains;

/// Most entries of a list.
const MOST: usize = 60;
/// So many digits in a name are an account, a phone number or a card.
const ACCOUNT_DIGITS: usize = 6;
/// Longest text of an entry, characters.
const LONGEST: usize = 300;
/// Longest time for which a link works, days.
const LONGEST_LINK_DAYS: i64 = 366;
/// Oldest check of an account that counts, days.
const OLDEST_CHECK_DAYS: i64 = 366;

impl Family for Merchant {
    const NAME: &'static str = "merchant";
    const COLLECTIONS: &'static [(&'static str, &'static str)] = &[("merchants", "")];
    const SHAPE: Shape = Shape::Point;
    const ROLES: &'static [Role] = &[Role::Campaign, Role::Clerk];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("merchants", "CHMB00013")];
    type Change = MerchantChange;
    type Changed = MerchantChanged;
    type State = MerchantState;

    own_changes! {
        MerchantChange {
            "register-payee" => RegisterPayee(PayeeRegistered),
            "issue-link" => IssueLink(IssueLink),
            "end-link" => EndLink(LinkEnded),
        }
        MerchantChanged {
            "merchant.payee_registered", 1 => PayeeRegistered(PayeeRegistered),
            "merchant.link_issued", 1 => LinkIssued(LinkIssued),
            "merchant.link_ended", 1 => LinkEnded(LinkEnded),
        }
    }

    fn properties(_: &str) -> Vec<Property> {
        super::view::PROPERTIES.to_vec()
    }

    fn kind(&self) -> &'static str {
        self.kind.as_str()
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn units(&self) -> &[UnitId] {
        &self.units
    }

    fn refers(&self) -> Vec<Code> {
        let of_offers = self.offers.iter().filter_map(|offer| offer.campaign);
        let mut all: Vec<Code> = self.campaigns.iter().copied().chain(of_offers).collect();
        all.sort();
        all.dedup();
        all
    }

    fn check(&self, _: Date, context: &Context) -> Result<(), Refusal> {
        if self.title.trim().is_empty() {
            return Err(Refusal::invalid("title-missing", sentence!("merchant-incomplete")));
        }
        let Self { position, .. } = self;
        if !contains(&context.city.bbox, position.lon, position.lat) {
            let said = sentence!("point-outside", lon = position.lon, lat = position.lat, city = context.city.name());
            return Err(Refusal::invalid("outside-city", said));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !is_phone(&phone.number)) {
            return Err(Refusal::invalid("phone", sentence!("phone", phone = phone.number)));
        }
        self.check_lists()?;
        if let Some(hours) = self.times.iter().find(|hours| hours.from == hours.to) {
            return Err(Refusal::invalid("merchant-hours", sentence!("merchant-hours", hours = hours.in_words())));
        }
        if let Some(twice) =
            self.payments.iter().enumerate().find(|(at, one)| self.payments[..*at].iter().any(|known| known.method == one.method))
        {
            return Err(Refusal::invalid("payment-twice", sentence!("payment-twice", method = twice.1.method.as_str())));
        }
        if self.payments.iter().any(|payment| payment.method == Method::Wallet && payment.names.is_empty()) {
            return Err(Refusal::invalid("wallet-name", sentence!("wallet-name")));
        }
        if let Some(offer) = self.offers.iter().find(|offer| offer.to.zip(offer.from).is_some_and(|(to, from)| to < from)) {
            return Err(Refusal::invalid("offer-days", sentence!("offer-days", what = offer.what)));
        }
        if let Some(link) = self.products.iter().filter_map(|product| product.link.as_deref()).find(|link| !is_web_address(link)) {
            return Err(Refusal::invalid("product-link", sentence!("web-address", link)));
        }
        context.check_campaigns(self.refers())
    }

    fn is_private(changed: &MerchantChanged) -> bool {
        matches!(changed, MerchantChanged::LinkIssued(_) | MerchantChanged::LinkEnded(_))
    }

    fn is_publishing(change: &MerchantChange) -> bool {
        matches!(change, MerchantChange::RegisterPayee(_))
    }

    fn decide(current: &Publication<Self>, change: MerchantChange, context: &Context) -> Result<Vec<Event<Self>>, Refusal> {
        if current.latest().is_none() {
            return Err(Refusal::conflict("not-published", sentence!("not-published")));
        }
        let changed = match change {
            MerchantChange::RegisterPayee(payee) => {
                if payee.checked_on > context.today || payee.checked_on < context.today.saturating_sub(OLDEST_CHECK_DAYS.days()) {
                    return Err(Refusal::invalid("checked-on", sentence!("checked-on", day = payee.checked_on)));
                }
                MerchantChanged::PayeeRegistered(payee)
            }
            MerchantChange::IssueLink(IssueLink { until }) => {
                if until < context.today || until > context.today.saturating_add(LONGEST_LINK_DAYS.days()) {
                    return Err(Refusal::invalid("link-days", sentence!("link-days", most = LONGEST_LINK_DAYS)));
                }
                MerchantChanged::LinkIssued(LinkIssued { number: current.state.links + 1, until, by: context.by.clone() })
            }
            MerchantChange::EndLink(ended) => match &current.state.link {
                Some(link) if link.number == ended.number => MerchantChanged::LinkEnded(ended),
                _ => return Err(Refusal::conflict("link-ended", sentence!("link-ended"))),
            },
        };
        Ok(vec![Event::Changed(changed)])
    }

    fn apply(state: &mut MerchantState, changed: &MerchantChanged) {
        match changed {
            MerchantChanged::PayeeRegistered(payee) => state.payees.push(payee.clone()),
            MerchantChanged::LinkIssued(link) => {
                state.links = link.number;
                state.link = Some(link.clone());
            }
            MerchantChanged::LinkEnded(_) => state.link = None,
        }
    }

    fn describe(&self, state: &MerchantState, moment: &Moment, view: &mut View) {
        super::view::describe(self, state, moment, view);
    }
}

impl Merchant {
    fn check_lists(&self) -> Result<(), Refusal> {
        let counts = [self.times.len(), self.payments.len(), self.offers.len(), self.products.len(), self.access.len(), self.phones.len()];
        if counts.into_iter().chain([self.campaigns.len()]).any(|count| count > MOST) {
            return Err(Refusal::invalid("too-many", sentence!("merchant-many", most = MOST)));
        }
        let names = self.payments.iter().flat_map(|payment| &payment.names);
        // Whom one pays is a person's: it is in the vault, with consent, and can be erased.
        if names.clone().any(|name| name.chars().filter(char::is_ascii_digit).count() >= ACCOUNT_DIGITS) {
            return Err(Refusal::invalid("merchant-account", sentence!("merchant-account")));
        }
        let names = names.chain(self.offers.iter().map(|offer| &offer.what));
        let needed: Vec<&String> = names.chain(self.products.iter().map(|product| &product.name)).collect();
        if needed.iter().any(|text| text.trim().is_empty()) {
            return Err(Refusal::invalid("merchant-entry", sentence!("merchant-entry")));
        }
        let more = self.products.iter().flat_map(|product| [&product.season, &product.seller]);
        let more = more.chain(self.offers.iter().map(|offer| &offer.condition)).flatten();
        if needed.into_iter().chain(more).any(|text| text.chars().count() > LONGEST) {
            return Err(Refusal::invalid("merchant-long", sentence!("merchant-long", most = LONGEST)));
        }
        Ok(())
    }
}

//! Places where people pay, and the other items that a page names.

use super::image::Image;
use crate::domain::Code;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Moment, View};
use crate::domain::subject::Contact;
use crate::domain::vietqr::Payee;

impl Image {
    /// The places that hold now, and that are `wanted`.
    pub(super) fn merchants(&self, wanted: impl Fn(&View) -> bool, moment: &Moment) -> Vec<View> {
        let all = self.collection("merchants").filter_map(|(_, entry)| entry.item.view(None, moment));
        let mut found: Vec<View> = all.filter(|view| view.status == Status::InForce && wanted(view)).collect();
        found.sort_by(|a, b| (&a.title, a.code).cmp(&(&b.title, b.code)));
        found
    }

    /// A person to call at a place, while their consent holds.
    pub fn contact_of(&self, view: &View) -> Option<&Contact> {
        self.contact(view.calls()?.contact.as_ref()?)
    }

    /// Whom one pays at a place, while their consent holds.
    pub fn payee_of(&self, view: &View) -> Option<&Payee> {
        self.payee(&view.merchant()?.payee.as_ref()?.payee)
    }

    /// The other items that a page names: what hangs on a board, what a consultation is about, the campaigns in which a place
    /// takes part, and the places that take part in a campaign.
    pub fn others(&self, view: &View, moment: &Moment) -> Vec<View> {
        let hanging = view.board().into_iter().flat_map(|board| board.postings.iter().map(|posting| posting.item));
        let of_offers = |view: &View| {
            view.merchant().into_iter().flat_map(|merchant| merchant.offers.iter().filter_map(|offer| offer.campaign)).collect::<Vec<_>>()
        };
        let campaigns = view.merchant().into_iter().flat_map(|merchant| merchant.campaigns.iter().copied()).chain(of_offers(view));
        // What is no campaign is not shown as one.
        let campaigns = campaigns.filter_map(|code| self.view(&code, None, moment)).filter(|view| view.collection == "campaigns");
        let named = hanging.chain(view.about()).filter_map(|code| self.view(&code, None, moment)).chain(campaigns);
        let taking_part = if view.collection == "campaigns" { self.taking_part(&[view.code], moment) } else { Vec::new() };
        named.chain(taking_part).collect()
    }

    /// The places that take part in one of these campaigns.
    pub(super) fn taking_part(&self, campaigns: &[Code], moment: &Moment) -> Vec<View> {
        let takes_part =
            |view: &View| view.merchant().is_some_and(|merchant| merchant.campaigns.iter().any(|code| campaigns.contains(code)));
        self.merchants(takes_part, moment)
    }
}

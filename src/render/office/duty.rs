//! The page of vehicles on duty, for a phone in one hand.

use maud::html;

use super::{Who, frame, wrong_box};
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, Shown, Usable, View};
use crate::words::format;
use crate::words::text::{Lang, text};

/// What can be said of a vehicle, and when that is what the public sees.
const STATES: [(&str, Usable); 3] = [("ready", Usable::Yes), ("out", Usable::Busy), ("off", Usable::No)];

/// The vehicles, each with its version and its three buttons.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, vehicles: &[(View, i64)], wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        (wrong_box(wrong))
        @if vehicles.is_empty() { p { (t("duty-no-vehicle")) } }
        @for (view, seen) in vehicles {
            section id=(view.code) {
                h2 { (view.title) }
                p role="status" {
                    (t("duty-public-sees")) ": " b { (t(&view.standing)) }
                    @if let Some(Shown::Moment(at)) = view.fact("duty-at") { " · " (t("duty-set-at")) " " (format::clock(&moment.zone, moment.today, *at)) }
                    @if let Some(until) = view.next_change.filter(|_| view.duty() != Some(Usable::Unknown)) { " · " (t("duty-fresh-until")) " " (format::clock(&moment.zone, moment.today, until)) }
                }
                form.taps action="/office/duty" method="post" data-again {
                    (who.hidden(lang))
                    input type="hidden" name="code" value=(view.code);
                    input type="hidden" name="seen" value=(seen);
                    @for (state, usable) in STATES {
                        button.now[view.duty() == Some(usable)] name="do" value=(state) aria-pressed=(if view.duty() == Some(usable) { "true" } else { "false" }) { (text(lang, &format!("duty-{state}"))) }
                    }
                }
            }
        }
        (who.waits(lang, moment.now))
    };
    frame(lang, city, who, t("office-duty"), "/office/duty", content)
}

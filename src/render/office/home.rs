//! The office's first page.

use jiff::Timestamp;
use maud::html;

use super::deadlines::{self, Due};
use super::proposals::{Listed, Unseconded, entries, unseconded};
use super::{Who, frame, grant_line};
use crate::app::imports::Draft;
use crate::domain::city::City;
use crate::domain::families;
use crate::domain::publication::ProposalState;
use crate::domain::publication::view::{Moment, moment_of};
use crate::words::format;
use crate::words::text::{Lang, text};

/// What the collections of those families and kinds are called.
fn named(lang: Lang, kinds: &[String]) -> Vec<&'static str> {
    let is_meant = |family: &str, kind: &str| kinds.iter().any(|named| named == family || named == kind);
    let collections = families::collections().into_iter().filter(|(_, family, kind)| is_meant(family, kind));
    collections.map(|(name, ..)| text(lang, name)).collect()
}

/// What waits for a person.
pub struct Waits<'a> {
    /// Proposals that they see.
    pub proposals: &'a [Listed],
    /// What one person published alone.
    pub alone: &'a [Unseconded],
    /// Their files that were read and not sent.
    pub drafts: &'a [Draft],
    /// What is due in the next days.
    pub due: &'a [Due],
    /// How many questions of residents they may answer.
    pub questions: usize,
    /// Why there is no new certificate, and when the present one ends.
    pub certificate: Option<(String, Option<Timestamp>)>,
}

/// What waits for the person, and what they may do.
pub fn home(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, two_persons: Option<&[String]>, waits: &Waits<'_>) -> String {
    let Waits { proposals, alone, drafts, due, questions, certificate } = waits;
    let t = |key| text(lang, key);
    let of = |wanted: &dyn Fn(&Listed) -> bool| proposals.iter().filter(|listed| wanted(listed)).collect::<Vec<_>>();
    let waiting = of(&|listed| listed.waits_for_me);
    let back = of(&|listed| {
        listed.is_own && matches!(listed.proposal.state, ProposalState::Returned | ProposalState::Overtaken | ProposalState::Halted)
    });
    let content = html! {
        @if let Some((why, until)) = certificate {
            p.rule {
                b { (t("certificate-trouble")) }
                @if let Some(until) = until { " " (t("certificate-until")) " " (format::moment(lang, &moment.zone, *until)) "." }
                br; span.note lang="en" { (why) }
            }
        }
        h2 { (t("office-waits")) }
        @if *questions > 0 { p { a href={ "/office/desk" (lang.query()) } { (t("desk-open")) " (" (questions) ")" } } }
        @if waiting.is_empty() && back.is_empty() && alone.is_empty() && *questions == 0 { p { (t("office-nothing-waits")) } }
        @if !waiting.is_empty() { (entries(lang, moment, &waiting)) }
        @if !alone.is_empty() { h2 { (t("office-alone")) } (unseconded(lang, who, moment, alone)) }
        @if !back.is_empty() { h2 { (t("office-came-back")) } (entries(lang, moment, &back)) }
        @if !due.is_empty() { h2 { (t("office-due")) } (deadlines::due(lang, due)) }
        @if !drafts.is_empty() {
            h2 { (t("office-drafts")) }
            ul.list {
                @for draft in *drafts {
                    li {
                        a href={ "/office/imports/" (draft.id) (lang.query()) } { @if draft.title.is_empty() { (draft.file) } @else { (draft.title) } }
                        @if !draft.title.is_empty() { " (" (draft.file) ")" }
                        " – " (format::moment(lang, &moment.zone, moment_of(draft.used_at)))
                    }
                }
            }
        }
        h2 { (t("office-rights")) }
        p { (t("office-signed-in-as")) " " b { (who.name) } }
        ul { @for grant in who.grants { li { (grant_line(lang, city, grant)) } } }
        p.rule {
            @match two_persons {
                None => (t("office-one-person")),
                Some([]) => (t("office-two-persons-nothing")),
                Some(kinds) => { (t("office-two-persons")) " " (named(lang, kinds).join(", ")) "." },
            }
        }
        (who.waits(lang, moment.now))
    };
    frame(lang, city, who, t("office"), "/office", content)
}

//! Tokens for programs, for an administrator.

use maud::html;

use super::{Who, frame, grant_line, wrong_box};
use crate::domain::access::{Grant, Role, TokenCreated};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::words::text::{Lang, text};

/// The roles that a token may have here: those that publish, or read reports.
pub const ROLES: [Role; 6] = [Role::Planner, Role::Health, Role::Campaign, Role::Works, Role::Clerk, Role::Editor];

/// A token that may be used.
pub struct Listed {
    /// The token.
    pub token: TokenCreated,
    /// Name of the person who uses it.
    pub person: Option<String>,
}

/// What stands above the list.
pub enum Said<'a> {
    /// Nothing.
    Nothing,
    /// The secret of a token that was just made.
    Made(&'a str),
    /// Why it was refused.
    Wrong(&'a str),
}

/// The page; `people` are ids and names.
pub fn list(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    moment: &Moment,
    tokens: &[Listed],
    people: &[(String, String)],
    said: &Said<'_>,
) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        @match said {
            Said::Nothing => {}
            Said::Made(secret) => div.status.good role="status" {
                b { (t("token-made")) }
                p { span.code.small { (secret) } }
            },
            Said::Wrong(what) => (wrong_box(Some(what))),
        }
        p.note { (t("tokens-help")) }
        @if tokens.is_empty() { p { (t("tokens-none")) } }
        ul.list {
            @for Listed { token, person } in tokens {
                li {
                    b { @if token.label.is_empty() { (token.token) } @else { (token.label) } }
                    br; span.note {
                        (grant_line(lang, city, &Grant { role: token.role, reach: token.reach.clone() })) " · " (token.token)
                        @if let Some(person) = person { " · " (person) }
                    }
                    form action="/office/tokens" method="post" {
                        input type="hidden" name="revoke" value=(token.token);
                        (who.hidden(lang))
                        button.plain { (t("token-revoke")) }
                    }
                }
            }
        }
        h2 { (t("token-new")) }
        form.column action="/office/tokens" method="post" {
            label { (t("token-label")) input type="text" name="label" maxlength="80" required; }
            label { (t("token-role"))
                select name="role" { @for role in ROLES { option value=(role.as_str()) { (text(lang, &format!("role-{}", role.as_str()))) } } }
            }
            label { (t("token-person"))
                select name="person" {
                    option value="" { (t("token-nobody")) }
                    @for (id, name) in people { option value=(id) { (name) } }
                }
            }
            p.note { (t("token-person-help")) }
            fieldset {
                legend { (t("units")) }
                label { input type="radio" name="reach" value="city" checked; " " (t("whole-city")) }
                details {
                    summary { (t("role-units")) }
                    label { input type="radio" name="reach" value="units"; " " (t("role-units")) }
                    @for unit in city.units.valid_on(moment.today) {
                        label { input type="checkbox" name="unit" value=(unit.id.as_str()); " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                    }
                }
            }
            (who.hidden(lang))
            button.wide { (t("token-new")) }
        }
    };
    frame(lang, city, who, t("tokens"), "/office/tokens", content)
}

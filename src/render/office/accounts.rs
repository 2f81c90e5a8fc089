//! Accounts, for administrators and for everybody their own.

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

use super::{Who, frame, grant_line, wrong_box};
use crate::app::accounts::Profile;
use crate::app::oidc::Identity;
use crate::credentials::passkeys::{self, Passkey};
use crate::domain::Digest;
use crate::domain::access::{AccountId, Grant, Reach, Role};
use crate::domain::account::{Account, AccountState, INVITATION_HOURS};
use crate::domain::city::City;
use crate::domain::publication::view::{Moment, moment_of};
use crate::event_store::sessions::SessionRow;
use crate::render::qr::{Matrix, QrError};
use crate::words::format;
use crate::words::text::{Lang, text};

/// An account with the person's name.
pub struct Listed {
    /// Its id.
    pub id: AccountId,
    /// The account.
    pub account: Account,
    /// The person.
    pub profile: Profile,
    /// Who they are at providers.
    pub identities: Vec<Identity>,
}

impl Listed {
    /// The person's name, else the account's id.
    fn name(&self) -> &str {
        let names = [self.profile.name.as_str(), self.profile.email.as_str()];
        names.into_iter().find(|name| !name.is_empty()).unwrap_or(&self.id.0)
    }
}

/// Roles to tick, each with the units where it holds.
fn role_fields(lang: Lang, city: &City, moment: &Moment, held: &[Grant]) -> Markup {
    let t = |key| text(lang, key);
    html! {
        @for role in Role::OF_PEOPLE {
            @let grant = held.iter().find(|grant| grant.role == role);
            fieldset {
                legend { label { input type="checkbox" name="role" value=(role.as_str()) checked[grant.is_some()]; " " b { (text(lang, &format!("role-{}", role.as_str()))) } } }
                p.note { (text(lang, &format!("role-{}-may", role.as_str()))) }
                @let within = grant.is_some_and(|grant| grant.reach != Reach::City);
                @let reach = format!("reach-{}", role.as_str());
                details open[within] {
                    summary { @if within { (t("role-units")) } @else { (t("whole-city")) } }
                    label { input type="radio" name=(reach) value="city" checked[!within]; " " (t("whole-city")) }
                    label { input type="radio" name=(reach) value="units" checked[within]; " " (t("role-units")) }
                    @for unit in city.units.valid_on(moment.today) {
                        @let holds = grant.is_some_and(|grant| matches!(&grant.reach, Reach::Units(units) if units.contains(&unit.id)));
                        label { input type="checkbox" name={ "unit-" (role.as_str()) } value=(unit.id.as_str()) checked[holds]; " " (lang.pick(&unit.name_vi, &unit.name_en)) }
                    }
                }
            }
        }
    }
}

/// All accounts, and the form to invite somebody.
pub fn list(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, all: &[Listed], wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        (wrong_box(wrong))
        ul.list {
            @for listed in all {
                li {
                    a href={ "/office/accounts/" (listed.id) (lang.query()) } { (listed.name()) }
                    " " span.tag { (state(lang, &listed.account)) }
                    @for grant in &listed.account.grants { br; span.note { (grant_line(lang, city, grant)) } }
                }
            }
        }
        h2 { (t("office-invite")) }
        p { (t("office-invite-help")) }
        form.column action="/office/accounts" method="post" {
            label { (t("person-name")) input type="text" name="name" autocomplete="off" maxlength="120"; }
            label { (t("email")) input type="email" name="email" autocomplete="off" maxlength="120"; }
            (role_fields(lang, city, moment, &[]))
            (who.hidden(lang))
            button.wide { (t("office-invite")) }
        }
    };
    frame(lang, city, who, t("office-accounts"), "/office/accounts", content)
}

fn state(lang: Lang, account: &Account) -> &'static str {
    match account.state() {
        AccountState::Invited => text(lang, "account-invited"),
        AccountState::Active => text(lang, "account-active"),
        AccountState::Suspended => text(lang, "account-suspended"),
        AccountState::Erased => text(lang, "account-erased"),
    }
}

/// How a person gets in.
pub struct Access {
    /// Open sessions.
    pub sessions: usize,
    /// True where people may sign in elsewhere.
    pub has_providers: bool,
}

/// One account: its rights, and what an administrator can do with it.
pub fn one(lang: Lang, city: &City, who: &Who<'_>, moment: &Moment, listed: &Listed, access: &Access, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let path = format!("/office/accounts/{}", listed.id);
    let content = html! {
        (wrong_box(wrong))
        dl {
            dt { (t("email")) } dd { (listed.profile.email) }
            dt { (t("office-account")) } dd { (listed.id) " " span.tag { (state(lang, &listed.account)) } }
            @if let Some((_, until)) = listed.account.invitation { dt { (t("office-invitation-until")) } dd { (format::moment(lang, &moment.zone, until)) } }
        }
        h2 { (t("office-rights")) }
        form.column action=(path) method="post" {
            (role_fields(lang, city, moment, &listed.account.grants))
            (who.hidden(lang))
            button name="do" value="grant" { (t("office-rights-save")) }
        }
        h2 { (t("office-access")) }
        form.column action=(path) method="post" {
            (who.hidden(lang))
            p.note { (t("office-invite-again-help")) }
            button name="do" value="invite" { (t("office-invite-again")) }
            @if listed.account.suspended {
                button name="do" value="resume" { (t("office-resume")) }
            } @else {
                p.note { (t("office-suspend-help")) }
                button name="do" value="suspend" { (t("office-suspend")) }
            }
        }
        h2 { (t("office-sessions")) " (" (access.sessions) ")" }
        @if access.sessions > 0 {
            form action=(path) method="post" { (who.hidden(lang)) button name="do" value="end-sessions" { (t("office-sessions-end")) } }
        }
        @if access.has_providers || !listed.identities.is_empty() {
            h2 { (t("identities")) }
            p.note { (t("identities-help")) }
            ul.list {
                @for identity in &listed.identities {
                    li {
                        b { (identity.subject) } " · " (identity.issuer)
                        form action=(path) method="post" {
                            input type="hidden" name="identity" value=(identity.id);
                            (who.hidden(lang))
                            button name="do" value="untie" { (t("identity-untie")) }
                        }
                    }
                }
            }
            form.column action=(path) method="post" {
                label { (t("identity-code")) input type="text" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" required; }
                (who.hidden(lang))
                button name="do" value="tie" { (t("identity-tie")) }
            }
        }
    };
    frame(lang, city, who, listed.name(), &path, content)
}

/// The invitation as it is printed or sent, shown once. Errors: the address does not fit a code.
pub fn invitation(lang: Lang, city: &City, who: &Who<'_>, listed: &Listed, secret: &str) -> Result<String, QrError> {
    let t = |key| text(lang, key);
    let address = format!("{}/office/invitation/{secret}", city.public_url);
    let content = html! {
        p { (t("office-invitation-print")) }
        p { b { (listed.name()) } }
        ul { @for grant in &listed.account.grants { li { (grant_line(lang, city, grant)) } } }
        div.qr { (PreEscaped(Matrix::new(&address)?.svg(t("office-invitation")))) }
        p.small { a href=(address) { (address) } }
        p.note { (t("office-invitation-valid")) " " (INVITATION_HOURS) "." }
        p.noprint { a href={ "/office/accounts" (lang.query()) } { (t("office-accounts")) } }
    };
    Ok(frame(lang, city, who, t("office-invitation"), "/office/accounts", content))
}

/// The field for the passphrase that the person has now.
fn present_passphrase(lang: Lang) -> Markup {
    html! {
        label {
            (text(lang, "office-passphrase-current"))
            input type="password" name="current" autocomplete="current-password" maxlength="200" required;
        }
    }
}

/// The person's own account.
#[expect(clippy::too_many_arguments, reason = "a page shows what it is given")]
pub fn own(
    lang: Lang,
    city: &City,
    who: &Who<'_>,
    moment: &Moment,
    listed: &Listed,
    sessions: &[SessionRow],
    present: &SessionRow,
    recovery_left: usize,
    own_passkeys: &[Passkey],
    wrong: Option<&str>,
) -> String {
    let t = |key| text(lang, key);
    let at = |micros: i64| -> Timestamp { moment_of(micros) };
    let content = html! {
        (wrong_box(wrong))
        p { (listed.profile.email) }
        ul { @for grant in &listed.account.grants { li { (grant_line(lang, city, grant)) } } }
        p { (t("office-recovery-left")) ": " b { (recovery_left) } }
        @if !listed.identities.is_empty() {
            h2 { (t("identities")) }
            ul.list { @for identity in &listed.identities { li { b { (identity.subject) } " · " (identity.issuer) } } }
        }
        h2 { (t("office-sessions")) }
        ul.list {
            @for session in sessions {
                li {
                    (t("office-session-begun")) " " (format::moment(lang, &moment.zone, at(session.begun_at))) " · "
                    (t("office-session-used")) " " (format::moment(lang, &moment.zone, at(session.used_at)))
                    @if session.sha256 == present.sha256 { " " span.tag { (t("office-session-this")) } } @else {
                        details {
                            summary { (t("office-session-end")) }
                            form.column action="/office/me" method="post" {
                                (who.hidden(lang))
                                input type="hidden" name="session" value=(Digest(session.sha256));
                                (present_passphrase(lang))
                                button.plain { (t("office-session-end")) }
                            }
                        }
                    }
                }
            }
        }
        form action="/office/sign-out" method="post" { (who.hidden(lang)) button name="everywhere" value="1" { (t("office-sign-out-everywhere")) } }
        h2 { (t("passkeys")) }
        p.note { (t("passkeys-help")) }
        ul.list {
            @for passkey in own_passkeys {
                li {
                    b { @if passkey.label.is_empty() { (t("passkey")) } @else { (passkey.label) } }
                    " · " (t("passkey-added")) " " (format::moment(lang, &moment.zone, at(passkey.added_at)))
                    details {
                        summary { (t("passkey-remove")) }
                        form.column action="/office/me/passkeys" method="post" {
                            input type="hidden" name="remove" value=(passkey.id());
                            (present_passphrase(lang))
                            (who.hidden(lang))
                            button { (t("passkey-remove")) }
                        }
                    }
                }
            }
        }
        @if let Some(host) = passkeys::host(&city.public_url) {
            // The script shows it where the browser can.
            form.column action="/office/me/passkeys" method="post" data-passkey="new" data-asked="/office/me/passkeys/asked" data-host=(host) data-failed=(t("passkey-failed")) hidden {
                label { (t("passkey-label")) input type="text" name="label" maxlength="60" placeholder=(t("passkey-label-example")); }
                (present_passphrase(lang))
                (who.hidden(lang))
                button { (t("passkey-add")) }
            }
            script src="/assets/passkey.js" defer {}
        }
        h2 { (t("office-passphrase-change")) }
        p.note { (t("passphrase-rules")) }
        form.column action="/office/me" method="post" {
            (present_passphrase(lang))
            label { (t("office-passphrase-new")) input type="password" name="passphrase" autocomplete="new-password" minlength="12" maxlength="200" required; }
            (who.hidden(lang))
            button { (t("office-passphrase-change")) }
        }
    };
    frame(lang, city, who, t("office-own"), "/office/me", content)
}

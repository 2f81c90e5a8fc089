//! Signing in, and accepting an invitation.

use maud::{Markup, PreEscaped, html};

use super::{grant_line, wrong_box};
use crate::app::accounts::{Acceptance, Invitation};
use crate::credentials::oidc::Provider;
use crate::credentials::{self, passkeys};
use crate::domain::city::City;
use crate::render::layout::{Page, language_field, page};
use crate::render::qr::{Matrix, QrError};
use crate::words::copied::in_query;
use crate::words::text::{Lang, text};

/// The form to sign in, here or at a provider; `back` is where it leads on to.
pub fn form(lang: Lang, city: &City, providers: &[Provider], back: &str, email: &str, wrong: Option<&str>) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("office-sign-in")) }
        (wrong_box(wrong))
        form.column action="/office/sign-in" method="post" {
            label { (t("email")) input type="email" name="email" value=(email) autocomplete="username" maxlength="120" required; }
            label { (t("passphrase")) input type="password" name="passphrase" autocomplete="current-password" maxlength="200" required; }
            label { (t("office-code")) input type="text" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="40" required; }
            input type="hidden" name="back" value=(back);
            (language_field(lang))
            button.wide { (t("office-sign-in")) }
        }
        @if let Some(host) = passkeys::host(&city.public_url) {
            // The script shows it where the browser can.
            form.column action="/office/passkeys" method="post" data-passkey="get" data-asked="/office/passkeys/asked" data-host=(host) data-failed=(t("passkey-failed")) hidden {
                input type="hidden" name="back" value=(back);
                (language_field(lang))
                button.plain { (t("passkey-sign-in")) }
            }
            script src="/assets/passkey.js" defer {}
        }
        @for provider in providers {
            form.column action={ "/office/oidc/" (provider.id) } method="post" {
                input type="hidden" name="back" value=(back);
                (language_field(lang))
                button.plain { (t("provider-sign-in")) " " (provider.name(lang)) }
            }
        }
        p.note { (t("office-sign-in-help")) }
    };
    let path = if back.is_empty() { "/office/sign-in".to_owned() } else { format!("/office/sign-in?back={}", in_query(back)) };
    page(&Page::new(lang, city, t("office-sign-in"), &path), content)
}

/// A page that leads on to another site.
pub fn onward(lang: Lang, city: &City, title: &str, address: &str) -> String {
    let content = html! {
        h1 { (title) }
        p { a.call.plain href=(address) { (text(lang, "provider-go-on")) } }
    };
    page(&Page::new(lang, city, title, "/office/sign-in"), content)
}

/// The page for somebody whose identity at a provider is tied to no account, with the code for an administrator.
pub fn stranger(lang: Lang, city: &City, code: &str) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("provider-stranger")) }
        p { (t("provider-stranger-help")) }
        p { span.code { (code) } }
        p.note { (t("provider-stranger-valid")) }
        p { a href={ "/office/sign-in" (lang.query()) } { (t("office-sign-in")) } }
    };
    page(&Page::new(lang, city, t("provider-stranger"), "/office/sign-in"), content)
}

fn passphrase_rules(lang: Lang) -> Markup {
    html! { p.note #passphrase-rules { (text(lang, "passphrase-rules")) } }
}

/// The page behind an invitation. Errors: the address for the authenticator app does not fit a code.
pub fn invitation(
    lang: Lang,
    city: &City,
    secret: &str,
    invitation: &Invitation,
    filled: &Acceptance,
    wrong: Option<&str>,
) -> Result<String, QrError> {
    let t = |key| text(lang, key);
    let path = format!("/office/invitation/{secret}");
    let host = passkeys::host(&city.public_url).unwrap_or_default();
    let issuer = format!("{} {}", t("board"), lang.pick(&city.name_vi, &city.name_en));
    let name = if filled.email.is_empty() { &invitation.account.0 } else { &filled.email };
    let address = credentials::totp_address(&invitation.totp, &issuer, name);
    let groups: Vec<String> = invitation.totp.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let content = html! {
        h1 { (t("office-invitation")) }
        p { (t("office-invitation-roles")) }
        ul { @for grant in &invitation.grants { li { (grant_line(lang, city, grant)) } } }
        (wrong_box(wrong))
        form.column action=(path) method="post" data-passkey="instead" data-asked={ (path) "/passkey" } data-host=(host) data-failed=(t("passkey-failed")) {
            h2 { "1. " (t("office-who")) }
            label { (t("person-name")) input type="text" name="name" value=(filled.name) autocomplete="name" maxlength="120" required; }
            label { (t("email")) input type="email" name="email" value=(filled.email) autocomplete="username" maxlength="120" required; }
            h2 { "2. " (t("passphrase")) }
            (passphrase_rules(lang))
            label { (t("passphrase")) input type="password" name="passphrase" autocomplete="new-password" minlength=(credentials::SHORTEST) maxlength=(credentials::LONGEST) aria-describedby="passphrase-rules" required; }
            h2 { "3. " (t("office-app")) }
            p { (t("office-app-help")) }
            div.qr { (PreEscaped(Matrix::new(&address)?.svg(t("office-app")))) }
            p { (t("office-app-type")) " " span.code.small { (groups.join(" ")) } " · " a href=(address) { (t("office-app-open")) } }
            label { (t("office-app-code")) input type="text" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required; }
            p hidden {
                (t("passkey-instead-help")) " "
                button.plain type="button" data-made=(t("passkey-made")) { (t("passkey-instead")) }
            }
            (language_field(lang))
            button.wide { (t("office-accept")) }
        }
        p.note { (t("office-privacy")) }
        @if !host.is_empty() { script src="/assets/passkey.js" defer {} }
    };
    Ok(page(&Page::new(lang, city, t("office-invitation"), &path), content))
}

/// The recovery codes, shown once.
pub fn recovery_codes(lang: Lang, city: &City, email: &str, codes: &[String]) -> String {
    let t = |key| text(lang, key);
    let content = html! {
        h1 { (t("office-recovery")) }
        p { (t("office-recovery-help")) }
        p { b { (email) } }
        ol.codes { @for code in codes { li.code.small { (code) } } }
        p { a.call.plain href={ "/office" (lang.query()) } { (t("office-recovery-kept")) } }
    };
    page(&Page::new(lang, city, t("office-recovery"), "/office"), content)
}

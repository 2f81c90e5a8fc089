//! Takes out of a command what a person shares, for the vault:
//! * `facts.contact`: `{"name", "phone", "consent": {"purpose", "text_version", "evidence"}}`;
//! * `payee`: `{"vietqr"}` or `{"bank", "account", "is_card"}`, with `{"holder", "consent"}`.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Refusal;
use crate::domain::phone::is_phone;
use crate::domain::subject::{Consent, Contact, Shared, names_no_evidence};
use crate::domain::vietqr::{self, Account, Payee};
use crate::words::fold::typed;

/// What a payee's consent is for.
const PAYMENT_CODE: &str = "payment-code";

/// A person's name and phone number as received. They leave this struct only for the vault.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactInput {
    name: String,
    phone: String,
    consent: Consent,
}

/// Whom to pay, as received: by the text of a code, or by bank and account.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayeeInput {
    #[serde(default)]
    vietqr: Option<String>,
    #[serde(default)]
    bank: Option<String>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    is_card: bool,
    holder: String,
    consent: Consent,
}

impl PayeeInput {
    fn checked(self) -> Result<(Shared, Consent), Refusal> {
        if names_no_evidence(&self.consent.evidence) || self.consent.purpose != PAYMENT_CODE {
            return Err(Refusal::invalid("consent-denied", sentence!("payee-consent", evidence = self.consent.evidence)));
        }
        let account = match (self.vietqr.filter(|text| !text.is_empty()), self.bank, self.account) {
            (Some(text), None, None) => vietqr::read(&text)?.account,
            (None, Some(bin), Some(number)) => Account { bin, number: number.split_whitespace().collect(), is_card: self.is_card },
            _ => return Err(Refusal::invalid("payee", sentence!("payee-shape"))),
        };
        Ok((Shared::Payee(Payee { account, holder: self.holder }.check()?), self.consent))
    }
}

/// What a command's body says of a person, with their consent; it is in the body no more. Errors: it lacks something, or a
/// payee is named by an id.
pub fn detach(body: &mut Value) -> Result<Option<(Shared, Consent)>, Refusal> {
    // Whoever is paid is named anew each time: nobody else's account comes along by its id.
    if let Some(payee) = body.get("payee") {
        let input: PayeeInput = serde_json::from_value(payee.clone()).map_err(|_| Refusal::invalid("payee", sentence!("payee-shape")))?;
        body["payee"] = Value::Null;
        return input.checked().map(Some);
    }
    let Some(contact) = body.pointer("/facts/contact").filter(|contact| contact.get("name").is_some()) else { return Ok(None) };
    let misshapen = |error: serde_json::Error| Refusal::invalid("contact", sentence!("contact", error = error.to_string()));
    let ContactInput { name, phone, consent } = serde_json::from_value(contact.clone()).map_err(misshapen)?;
    let (name, phone) = (typed(&name), typed(&phone));
    if !is_phone(&phone) || name.is_empty() {
        return Err(Refusal::invalid("contact", sentence!("contact-attach")));
    }
    if let Some(facts) = body.get_mut("facts").and_then(Value::as_object_mut) {
        facts.remove("contact");
    }
    Ok(Some((Shared::Contact(Contact { name, phone }), consent)))
}

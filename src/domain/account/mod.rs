//! The people of the office: who is invited, what each may do, and from when on two persons are needed.
//!
//! All accounts are one aggregate, so that two administrators cannot suspend each other at the same time. Names,
//! addresses and what people sign in with are in the vault.

mod events;

pub use events::{
    AccountEvent, AccountNamed, Credential, CredentialsChanged, Granted, IdentityTied, IdentityUntied, Invited, InvitedAgain,
    SecondPersonBegan, SecondPersonChosen,
};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::access::{AccountId, Actor, Grant, Reach, Role};
use crate::domain::{Context, Digest, Refusal};

/// Hours that an invitation is valid.
pub const INVITATION_HOURS: i64 = 48;

/// Commands about accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCommand {
    /// Invite somebody.
    Invite(Invited),
    /// Invite somebody anew who lost what they sign in with.
    InviteAgain(InvitedAgain),
    /// Accept the invitation with this digest.
    Activate(Digest),
    /// Change what somebody may do.
    Grant(Granted),
    /// Keep somebody out for the time being.
    Suspend(AccountId),
    /// Let them in again.
    Resume(AccountId),
    /// Erase for good who they were.
    Erase(AccountId),
    /// Note that somebody changed what they sign in with.
    ChangeCredential(CredentialsChanged),
    /// Let somebody sign in at a provider.
    TieIdentity(IdentityTied),
    /// No longer let somebody sign in there.
    UntieIdentity(IdentityUntied),
    /// Choose for what two persons are needed.
    ChooseSecondPerson(SecondPersonChosen),
}

/// Most identities of a person at providers.
pub const MOST_IDENTITIES: usize = 5;

/// Families for whose items two persons are needed where the city has chosen nothing else.
const TWO_PERSONS: [&str; 2] = ["plan", "consultation"];

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// Invited; the person has not come yet.
    Invited,
    /// The person can sign in.
    Active,
    /// The person is kept out.
    Suspended,
    /// Who they were is erased.
    Erased,
}

impl AccountState {
    /// The key of its word in the catalogue, without `account-`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Erased => "erased",
        }
    }
}

/// An account as events left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What the person may do.
    pub grants: Vec<Grant>,
    /// The open invitation, and until when it is valid.
    pub invitation: Option<(Digest, Timestamp)>,
    /// True once the person has set what they sign in with.
    pub activated: bool,
    /// True while they are kept out.
    pub suspended: bool,
    /// Sessions that began before this moment have ended; microseconds since 1970.
    pub sessions_from: i64,
    /// When their rights last changed; microseconds since 1970.
    pub rights_at: i64,
    /// True once it is erased who they were.
    #[serde(default)]
    pub erased: bool,
    /// Who the person is at providers: opaque ids, each with its issuer.
    #[serde(default)]
    pub identities: BTreeMap<String, String>,
}

impl Account {
    /// Where it stands.
    pub fn state(&self) -> AccountState {
        if self.erased {
            return AccountState::Erased;
        }
        match (self.suspended, self.activated) {
            (true, _) => AccountState::Suspended,
            (false, true) => AccountState::Active,
            (false, false) => AccountState::Invited,
        }
    }

    /// True when the person can sign in.
    pub fn is_active(&self) -> bool {
        self.state() == AccountState::Active
    }

    /// True when one of its roles is this one.
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }
}

/// All accounts as events left them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accounts {
    /// The accounts.
    pub all: BTreeMap<AccountId, Account>,
    /// Since when two persons are needed; microseconds since 1970.
    pub second_person_since: Option<i64>,
    /// For what, where the city has chosen.
    #[serde(default)]
    pub second_person_for: Option<Vec<String>>,
}

impl Accounts {
    /// The account with that invitation, whether it is still valid or not.
    pub fn invited(&self, invitation: &Digest) -> Option<(&AccountId, &Account)> {
        self.all.iter().find(|(_, account)| account.invitation.is_some_and(|(known, _)| known == *invitation))
    }

    /// Those who can sign in.
    pub fn active(&self) -> impl Iterator<Item = (&AccountId, &Account)> {
        self.all.iter().filter(|(_, account)| account.is_active())
    }

    /// Families and kinds whose items nobody may publish alone: none before the rule holds.
    pub fn two_persons(&self) -> Vec<String> {
        if self.second_person_since.is_none() { Vec::new() } else { self.chosen() }
    }

    /// For what two persons are needed once the rule holds.
    pub fn chosen(&self) -> Vec<String> {
        self.second_person_for.clone().unwrap_or_else(|| TWO_PERSONS.map(str::to_owned).to_vec())
    }

    fn find(&self, id: &AccountId) -> Result<&Account, Refusal> {
        let account = self.all.get(id).ok_or_else(|| Refusal::unknown("unknown-account", sentence!("unknown-account", account = id)))?;
        if account.erased {
            return Err(Refusal::conflict("subject-erased", sentence!("subject-erased")));
        }
        Ok(account)
    }

    /// Refuses what would leave the city without an administrator who can sign in.
    fn keep_an_administrator(&self, without: &AccountId) -> Result<(), Refusal> {
        let is_one = self.all.get(without).is_some_and(|account| account.is_active() && account.has(Role::Administrator));
        let others = self.active().any(|(id, account)| id != without && account.has(Role::Administrator));
        if is_one && !others {
            return Err(Refusal::conflict("last-administrator", sentence!("last-administrator")));
        }
        Ok(())
    }

    /// Decides a command. Errors: the actor is no administrator, or the rules say no.
    pub fn decide(&self, command: AccountCommand, actor: &Actor, context: &Context) -> Result<Vec<AccountEvent>, Refusal> {
        // A person accepts an invitation and changes what they sign in with by themselves.
        let is_own = match &command {
            AccountCommand::Activate(_) => true,
            AccountCommand::ChangeCredential(changed) => actor.person() == Some(&changed.account),
            _ => false,
        };
        if !is_own {
            actor.check_administrator()?;
        }
        let event = match command {
            AccountCommand::Invite(invited) => {
                check_grants(&invited.grants, context)?;
                AccountEvent::Invited(Invited { grants: tidy(invited.grants), ..invited })
            }
            AccountCommand::InviteAgain(again) => {
                self.find(&again.account)?;
                // At the machine it always works: whoever lost the only second factor must come in again.
                if !actor.is_local() {
                    self.keep_an_administrator(&again.account)?;
                }
                AccountEvent::InvitedAgain(again)
            }
            AccountCommand::Activate(invitation) => {
                let (id, account) =
                    self.invited(&invitation).ok_or_else(|| Refusal::unknown("invitation-unknown", sentence!("invitation-unknown")))?;
                if account.suspended {
                    return Err(Refusal::forbidden("account-suspended", sentence!("account-suspended")));
                }
                if account.invitation.is_none_or(|(_, until)| until < context.now) {
                    return Err(Refusal::conflict("invitation-over", sentence!("invitation-over", hours = INVITATION_HOURS)));
                }
                AccountEvent::Activated(AccountNamed { account: id.clone() })
            }
            AccountCommand::Grant(granted) => {
                let account = self.find(&granted.account)?;
                check_grants(&granted.grants, context)?;
                if !granted.grants.iter().any(|grant| grant.role == Role::Administrator) {
                    self.keep_an_administrator(&granted.account)?;
                }
                let grants = tidy(granted.grants);
                if grants == account.grants {
                    return Ok(Vec::new());
                }
                AccountEvent::Granted(Granted { grants, ..granted })
            }
            AccountCommand::Suspend(account) => {
                if self.find(&account)?.suspended {
                    return Ok(Vec::new());
                }
                self.keep_an_administrator(&account)?;
                AccountEvent::Suspended(AccountNamed { account })
            }
            AccountCommand::Resume(account) => {
                if !self.find(&account)?.suspended {
                    return Ok(Vec::new());
                }
                AccountEvent::Resumed(AccountNamed { account })
            }
            AccountCommand::Erase(account) => {
                self.find(&account)?;
                if !actor.is_local() {
                    self.keep_an_administrator(&account)?;
                }
                AccountEvent::Erased(AccountNamed { account })
            }
            AccountCommand::ChangeCredential(changed) => {
                self.find(&changed.account)?;
                AccountEvent::CredentialsChanged(changed)
            }
            AccountCommand::TieIdentity(tied) => self.tie(tied)?,
            AccountCommand::UntieIdentity(untied) => self.untie(untied)?,
            AccountCommand::ChooseSecondPerson(chosen) if self.second_person_for.as_ref() == Some(&chosen.kinds) => return Ok(Vec::new()),
            AccountCommand::ChooseSecondPerson(chosen) => AccountEvent::SecondPersonChosen(chosen),
        };
        let mut after = self.clone();
        after.apply_at(&event, context.now.as_microsecond());
        let mut events = vec![event];
        if self.second_person_since.is_none() && after.could_be_two() {
            events.push(AccountEvent::SecondPersonBegan(SecondPersonBegan {}));
        }
        Ok(events)
    }

    fn tie(&self, tied: IdentityTied) -> Result<AccountEvent, Refusal> {
        if self.find(&tied.account)?.identities.len() >= MOST_IDENTITIES {
            return Err(Refusal::conflict("identities-many", sentence!("identities-many", most = MOST_IDENTITIES)));
        }
        Ok(AccountEvent::IdentityTied(tied))
    }

    fn untie(&self, untied: IdentityUntied) -> Result<AccountEvent, Refusal> {
        if !self.find(&untied.account)?.identities.contains_key(&untied.identity) {
            return Err(Refusal::unknown("identity-unknown", sentence!("identity-unknown")));
        }
        Ok(AccountEvent::IdentityUntied(untied))
    }

    /// True when two persons can sign in, one of them an approver.
    fn could_be_two(&self) -> bool {
        self.active().count() >= 2 && self.active().any(|(_, account)| account.has(Role::Approver))
    }

    /// Applies an event that was recorded at `at`, microseconds since 1970.
    pub fn apply_at(&mut self, event: &AccountEvent, at: i64) {
        match event {
            AccountEvent::Invited(invited) => {
                let account = Account {
                    grants: invited.grants.clone(),
                    invitation: Some((invited.invitation, invited.until)),
                    activated: false,
                    suspended: false,
                    sessions_from: at,
                    rights_at: at,
                    erased: false,
                    identities: BTreeMap::new(),
                };
                self.all.insert(invited.account.clone(), account);
            }
            AccountEvent::InvitedAgain(again) => self.change(&again.account, |account| {
                account.invitation = Some((again.invitation, again.until));
                account.activated = false;
                account.sessions_from = at;
            }),
            AccountEvent::Activated(named) => self.change(&named.account, |account| {
                account.invitation = None;
                account.activated = true;
                account.sessions_from = at;
            }),
            AccountEvent::Granted(granted) => self.change(&granted.account, |account| {
                account.grants.clone_from(&granted.grants);
                account.rights_at = at;
            }),
            AccountEvent::Suspended(named) => self.change(&named.account, |account| {
                account.suspended = true;
                account.sessions_from = at;
            }),
            AccountEvent::Resumed(named) => self.change(&named.account, |account| account.suspended = false),
            AccountEvent::Erased(named) => self.change(&named.account, |account| {
                account.invitation = None;
                account.grants.clear();
                account.activated = false;
                account.erased = true;
                account.identities.clear();
                account.sessions_from = at;
                account.rights_at = at;
            }),
            AccountEvent::CredentialsChanged(_) => {}
            AccountEvent::IdentityTied(tied) => self.change(&tied.account, |account| {
                account.identities.insert(tied.identity.clone(), tied.issuer.clone());
            }),
            AccountEvent::IdentityUntied(untied) => self.change(&untied.account, |account| {
                account.identities.remove(&untied.identity);
                account.sessions_from = at;
            }),
            AccountEvent::SecondPersonBegan(_) => self.second_person_since = Some(at),
            AccountEvent::SecondPersonChosen(chosen) => self.second_person_for = Some(chosen.kinds.clone()),
        }
    }

    fn change(&mut self, id: &AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.all.get_mut(id) {
            change(account);
        }
    }
}

fn check_grants(grants: &[Grant], context: &Context) -> Result<(), Refusal> {
    if grants.is_empty() {
        return Err(Refusal::invalid("no-role", sentence!("no-role")));
    }
    for grant in grants {
        if !Role::OF_PEOPLE.contains(&grant.role) {
            return Err(Refusal::invalid("role-of-tokens", sentence!("role-of-tokens")));
        }
        if let Reach::Units(units) = &grant.reach {
            if units.is_empty() {
                return Err(Refusal::invalid("no-unit", sentence!("no-unit")));
            }
            context.city.units.check(units, context.today)?;
        }
    }
    Ok(())
}

/// Each role once, with all its units, in a fixed order.
fn tidy(grants: Vec<Grant>) -> Vec<Grant> {
    let mut by_role: BTreeMap<Role, Option<BTreeSet<_>>> = BTreeMap::new();
    for grant in grants {
        let known = by_role.entry(grant.role).or_insert_with(|| Some(BTreeSet::new()));
        match (grant.reach, known.as_mut()) {
            (Reach::City, _) => *known = None,
            (Reach::Units(units), Some(known)) => known.extend(units),
            (Reach::Units(_), None) => {}
        }
    }
    let reach = |units: Option<BTreeSet<_>>| units.map_or(Reach::City, |units| Reach::Units(units.into_iter().collect()));
    by_role.into_iter().map(|(role, units)| Grant { role, reach: reach(units) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_support::on;

    fn id(name: &str) -> AccountId {
        AccountId(format!("a-{name}"))
    }

    fn city_wide(roles: &[Role]) -> Vec<Grant> {
        roles.iter().map(|role| Grant { role: *role, reach: Reach::City }).collect()
    }

    fn until(context: &Context) -> Timestamp {
        context.now.checked_add(jiff::SignedDuration::from_hours(INVITATION_HOURS)).expect("a moment")
    }

    fn invited(name: &str, roles: &[Role]) -> AccountCommand {
        let invitation = Digest::of(name.as_bytes());
        AccountCommand::Invite(Invited { account: id(name), grants: city_wide(roles), invitation, until: until(&on(2026, 1, 1)) })
    }

    /// The accounts after these commands, all given at the machine on 1/1/2026.
    fn after(commands: Vec<AccountCommand>) -> Accounts {
        let mut accounts = Accounts::default();
        for command in commands {
            for event in accounts.decide(command, &Actor::local(), &on(2026, 1, 1)).expect("allowed") {
                accounts.apply_at(&event, 1);
            }
        }
        accounts
    }

    fn activated(name: &str) -> AccountCommand {
        AccountCommand::Activate(Digest::of(name.as_bytes()))
    }

    fn refused(accounts: &Accounts, command: AccountCommand, actor: &Actor) -> &'static str {
        accounts.decide(command, actor, &on(2026, 1, 1)).expect_err("refused").reason
    }

    #[test]
    fn the_last_administrator_stays_one() {
        let commands = vec![invited("a", &[Role::Administrator]), invited("b", &[Role::Administrator]), activated("a")];
        let accounts = after(commands);
        let actor = Actor::of(id("a"), city_wide(&[Role::Administrator]));
        assert_eq!(refused(&accounts, AccountCommand::Suspend(id("a")), &actor), "last-administrator", "the other has not come yet");
        let less = AccountCommand::Grant(Granted { account: id("a"), grants: city_wide(&[Role::Planner]) });
        assert_eq!(refused(&accounts, less.clone(), &actor), "last-administrator");
        let again = InvitedAgain { account: id("a"), invitation: Digest::of(b"again"), until: until(&on(2026, 1, 1)) };
        assert_eq!(refused(&accounts, AccountCommand::InviteAgain(again.clone()), &actor), "last-administrator");
        assert!(accounts.decide(AccountCommand::InviteAgain(again), &Actor::local(), &on(2026, 1, 1)).is_ok(), "at the machine");
        let mut two = accounts.clone();
        for event in two.decide(activated("b"), &actor, &on(2026, 1, 1)).expect("allowed") {
            two.apply_at(&event, 2);
        }
        assert!(two.decide(AccountCommand::Suspend(id("a")), &actor, &on(2026, 1, 1)).is_ok());
        assert!(two.decide(less, &actor, &on(2026, 1, 1)).is_ok());
    }

    #[test]
    fn an_invitation_is_used_once_and_within_48_hours() {
        let accounts = after(vec![invited("a", &[Role::Planner])]);
        assert!(accounts.decide(activated("a"), &Actor::local(), &on(2026, 1, 3)).is_ok());
        let late = accounts.decide(activated("a"), &Actor::local(), &on(2026, 1, 4)).expect_err("late");
        assert_eq!(late.reason, "invitation-over");
        let used = after(vec![invited("a", &[Role::Planner]), activated("a")]);
        assert_eq!(refused(&used, activated("a"), &Actor::local()), "invitation-unknown");
        let suspended = after(vec![invited("a", &[Role::Planner]), AccountCommand::Suspend(id("a"))]);
        assert_eq!(refused(&suspended, activated("a"), &Actor::local()), "account-suspended");
    }

    #[test]
    fn only_administrators_change_accounts_and_a_person_changes_their_own_credentials() {
        let accounts = after(vec![invited("a", &[Role::Planner]), activated("a")]);
        let planner = Actor::of(id("a"), city_wide(&[Role::Planner]));
        for command in [invited("b", &[Role::Planner]), AccountCommand::Suspend(id("a"))] {
            assert_eq!(refused(&accounts, command, &planner), "forbidden-role");
        }
        let own = |name| AccountCommand::ChangeCredential(CredentialsChanged { account: id(name), credential: Credential::Totp });
        assert!(accounts.decide(own("a"), &planner, &on(2026, 1, 1)).is_ok());
        assert_eq!(refused(&accounts, own("b"), &planner), "forbidden-role");
    }

    #[test]
    fn two_persons_are_needed_once_two_can_sign_in_and_one_approves() {
        let planners = after(vec![invited("a", &[Role::Planner]), invited("b", &[Role::Planner]), activated("a"), activated("b")]);
        assert_eq!(planners.second_person_since, None, "nobody could approve");
        let one = after(vec![invited("a", &[Role::Planner, Role::Approver]), activated("a")]);
        assert_eq!(one.second_person_since, None, "one person");
        let two = after(vec![invited("a", &[Role::Planner]), invited("b", &[Role::Approver]), activated("a"), activated("b")]);
        assert_eq!(two.second_person_since, Some(1));
        let events = two.decide(AccountCommand::Suspend(id("b")), &Actor::local(), &on(2026, 1, 1)).expect("allowed");
        assert_eq!(events.len(), 1, "the rule began once and stays");
    }

    #[test]
    fn a_role_stands_once_with_all_its_units() {
        let at = |role, units: &[&str]| Grant { role, reach: Reach::Units(units.iter().map(|id| id.parse().expect("id")).collect()) };
        let grants = vec![
            at(Role::Clerk, &["04279-2025"]),
            at(Role::Clerk, &["04252-2025", "04279-2025"]),
            at(Role::Planner, &["04279-2025"]),
            Grant { role: Role::Planner, reach: Reach::City },
        ];
        let tidied = vec![Grant { role: Role::Planner, reach: Reach::City }, at(Role::Clerk, &["04252-2025", "04279-2025"])];
        assert_eq!(tidy(grants), tidied);
        let none = AccountCommand::Invite(Invited {
            account: id("a"),
            grants: vec![at(Role::Clerk, &[])],
            invitation: Digest::of(b""),
            until: until(&on(2026, 1, 1)),
        });
        assert_eq!(refused(&Accounts::default(), none, &Actor::local()), "no-unit");
        assert_eq!(refused(&Accounts::default(), invited("a", &[Role::Editor]), &Actor::local()), "role-of-tokens");
        assert_eq!(refused(&Accounts::default(), invited("a", &[]), &Actor::local()), "no-role");
    }
}

//! Who may write: people of the office and bearer tokens, each with roles and units. Only a token's SHA-256 is known.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unit::{UnitId, Units};
use super::{Code, Context, Digest, Refusal};

opaque_id! {
    /// An opaque identity of a token, safe to print and to keep in the log.
    TokenId
}

opaque_id! {
    /// An opaque identity of a person of the office; says nothing about them.
    AccountId
}

/// What a person or a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Plans, consultations, notice boards.
    Planner,
    /// Map points.
    Health,
    /// Campaigns.
    Campaign,
    /// Works on roads.
    Works,
    /// Notice boards and what residents report.
    Clerk,
    /// What others have drafted: approve it, or return it.
    Approver,
    /// Accounts, tokens, and the city's settings.
    Administrator,
    /// Every family; for tokens only.
    Editor,
}

impl Role {
    /// The roles that a person can have.
    pub const OF_PEOPLE: [Self; 7] =
        [Self::Planner, Self::Approver, Self::Clerk, Self::Health, Self::Campaign, Self::Works, Self::Administrator];

    /// The name used in forms and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planner => "planner",
            Self::Health => "health",
            Self::Campaign => "campaign",
            Self::Works => "works",
            Self::Clerk => "clerk",
            Self::Approver => "approver",
            Self::Administrator => "administrator",
            Self::Editor => "editor",
        }
    }

    /// True when the role may publish a family, by the roles that the family names.
    pub fn covers(self, roles: &[Self]) -> bool {
        self == Self::Editor || roles.contains(&self)
    }

    /// True when the role may read what residents report.
    pub fn reads_reports(self) -> bool {
        matches!(self, Self::Clerk | Self::Editor)
    }
}

/// Where a right holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The whole city and items without units.
    City,
    /// These units, each for as long as it exists.
    Units(Vec<UnitId>),
}

/// A role, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// What may be done.
    pub role: Role,
    /// Where.
    pub reach: Reach,
}

/// `token.created`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenCreated {
    /// The token's opaque id.
    pub token: TokenId,
    /// SHA-256 of the secret.
    pub sha256: Digest,
    /// What it may publish.
    pub role: Role,
    /// Where.
    pub reach: Reach,
    /// What it is for, in the office's words; no personal data.
    #[serde(default)]
    pub label: String,
}

/// `token.revoked`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoked {
    /// The token's opaque id.
    pub token: TokenId,
}

/// `token.tied`: who uses the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenTied {
    /// The token's opaque id.
    pub token: TokenId,
    /// The person's account.
    pub person: AccountId,
}

/// Events of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenEvent {
    /// It may be used from now on.
    Created(TokenCreated),
    /// What is done with it, a person does.
    Tied(TokenTied),
    /// It may not be used any more.
    Revoked(TokenRevoked),
}

/// Commands about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    /// Create it, for a person where one is named.
    Create(TokenCreated, Option<AccountId>),
    /// Revoke it.
    Revoke(TokenRevoked),
}

/// A token as events left it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Token {
    /// None before its creation.
    pub grant: Option<TokenCreated>,
    /// True after its revocation.
    pub revoked: bool,
}

impl Token {
    /// Decides a command.
    pub fn decide(&self, command: TokenCommand, context: &Context) -> Result<Vec<TokenEvent>, Refusal> {
        match command {
            TokenCommand::Create(created, person) => {
                if let Reach::Units(units) = &created.reach {
                    context.city.units.check(units, context.today)?;
                }
                let tied = person.map(|person| TokenEvent::Tied(TokenTied { token: created.token.clone(), person }));
                Ok([TokenEvent::Created(created)].into_iter().chain(tied).collect())
            }
            TokenCommand::Revoke(_) if self.revoked => Ok(Vec::new()),
            TokenCommand::Revoke(revoked) if self.grant.is_some() => Ok(vec![TokenEvent::Revoked(revoked)]),
            TokenCommand::Revoke(revoked) => Err(Refusal::invalid("unknown-token", sentence!("unknown-token", token = revoked.token))),
        }
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &TokenEvent) {
        match event {
            TokenEvent::Created(created) => self.grant = Some(created.clone()),
            TokenEvent::Tied(_) => {}
            TokenEvent::Revoked(_) => self.revoked = true,
        }
    }
}

/// What the name of an actor begins with who has a place's link.
const LINK: &str = "link-";

/// Who carries out a command: a person of the office, a token, or somebody at the machine itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    name: String,
    person: Option<AccountId>,
    /// None for the machine itself, which may do everything.
    grants: Option<Vec<Grant>>,
}

impl Actor {
    /// A token, and the person who uses it where one is known.
    pub fn of_token(token: TokenCreated, person: Option<AccountId>) -> Self {
        let grants = Some(vec![Grant { role: token.role, reach: token.reach }]);
        Self { name: token.token.0, person, grants }
    }

    /// Whoever has the link of a place: the merchant. They only suggest.
    pub fn of_link(code: Code) -> Self {
        let name = format!("{LINK}{code}");
        let grants = Some(vec![Grant { role: Role::Clerk, reach: Reach::City }]);
        Self { person: Some(AccountId(name.clone())), name, grants }
    }

    /// The item whose link somebody used who has this name in the log.
    pub fn item_of_link(name: &str) -> Option<Code> {
        name.strip_prefix(LINK)?.parse().ok()
    }

    /// True for the account that stands for whoever has a place's link.
    pub fn is_of_link(account: &AccountId) -> bool {
        account.0.starts_with(LINK)
    }

    /// Somebody at the machine itself: the command line.
    pub fn local() -> Self {
        Self { name: "local".into(), person: None, grants: None }
    }

    /// The clock, where something was approved for an hour.
    pub fn clock() -> Self {
        Self { name: "clock".into(), person: None, grants: None }
    }

    /// A person who has signed in.
    pub fn of(person: AccountId, grants: Vec<Grant>) -> Self {
        Self { name: person.0.clone(), person: Some(person), grants: Some(grants) }
    }

    /// The opaque name recorded with every event.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The person, where one is known.
    pub fn person(&self) -> Option<&AccountId> {
        self.person.as_ref()
    }

    /// True for somebody at the machine itself.
    pub fn is_local(&self) -> bool {
        self.grants.is_none()
    }

    /// True when one of its roles is `wanted`, wherever it holds. The machine itself has every role.
    pub fn has(&self, wanted: impl Fn(Role) -> bool) -> bool {
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(|grant| wanted(grant.role)))
    }

    /// True when a role that is `wanted` holds in one of these units, in the whole city where there are none.
    pub fn reaches(&self, wanted: impl Fn(Role) -> bool, units: &[UnitId]) -> bool {
        let Some(grants) = &self.grants else { return true };
        grants.iter().filter(|grant| wanted(grant.role)).any(|grant| match &grant.reach {
            Reach::City => true,
            Reach::Units(own) => units.iter().any(|unit| own.contains(unit)),
        })
    }

    /// Refuses whoever is no administrator.
    pub fn check_administrator(&self) -> Result<(), Refusal> {
        if self.has(|role| role == Role::Administrator) {
            return Ok(());
        }
        Err(Refusal::forbidden("forbidden-role", sentence!("forbidden-administrator")))
    }

    /// Refuses an actor who has not this very role for `units`. Whoever may publish everything is no approver and no
    /// administrator by that.
    pub fn check_as(&self, wanted: Role, units: &[UnitId], table: &Units, today: Date) -> Result<(), Refusal> {
        if !self.has(|role| role == wanted) {
            let said = if wanted == Role::Approver { sentence!("forbidden-approver") } else { sentence!("forbidden-administrator") };
            return Err(Refusal::forbidden("forbidden-role", said));
        }
        let grants = self.grants.as_ref().map(|grants| grants.iter().filter(|grant| grant.role == wanted).cloned().collect());
        Self { grants, ..self.clone() }.check(&[wanted], units, table, today)
    }

    /// Refuses what the actor may not do to an item in `units` of a family that names those roles.
    ///
    /// A unit of a right counts only while it exists. An item's unit that has ended stands for the
    /// units that took it over. An item without units is city-wide.
    pub fn check(&self, roles: &[Role], units: &[UnitId], table: &Units, today: Date) -> Result<(), Refusal> {
        let Some(grants) = &self.grants else { return Ok(()) };
        let mut own = Vec::new();
        for grant in grants.iter().filter(|grant| grant.role.covers(roles)) {
            match &grant.reach {
                Reach::City => return Ok(()),
                Reach::Units(units) => own.push(units),
            }
        }
        if own.is_empty() {
            return Err(Refusal::forbidden("forbidden-role", sentence!("forbidden-role")));
        }
        if units.is_empty() {
            return Err(Refusal::forbidden("forbidden-city", sentence!("forbidden-city")));
        }
        let is_own = |id: &UnitId| own.iter().any(|units| units.contains(id)) && table.get(id).is_some_and(|unit| unit.is_valid_on(today));
        for id in units {
            let today_units = table.at(id, today);
            if today_units.is_empty() || !today_units.iter().all(|unit| is_own(&unit.id)) {
                return Err(Refusal::forbidden("forbidden-unit", sentence!("forbidden-unit", id)));
            }
        }
        Ok(())
    }
}

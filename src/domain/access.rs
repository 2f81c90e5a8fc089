//! Who may write: bearer tokens with a role and units. Only a token's SHA-256 is known.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unit::{UnitId, Units};
use super::{Context, Digest, Refusal};

/// An opaque identity of a token, safe to print and to keep in the log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TokenId(pub String);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(TokenId);

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a token may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
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
    /// Every family.
    Editor,
}

impl Role {
    /// True when the role may publish a family, by the roles that the family names.
    pub fn covers(self, roles: &[Self]) -> bool {
        self == Self::Editor || roles.contains(&self)
    }

    /// True when the role may read what residents report.
    pub fn reads_reports(self) -> bool {
        matches!(self, Self::Clerk | Self::Editor)
    }
}

/// Where a token's right holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The whole city and items without units.
    City,
    /// These units, each for as long as it exists.
    Units(Vec<UnitId>),
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

/// Events of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenEvent {
    /// It may be used from now on.
    Created(TokenCreated),
    /// It may not be used any more.
    Revoked(TokenRevoked),
}

/// Commands about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    /// Create it.
    Create(TokenCreated),
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
            TokenCommand::Create(created) => {
                if let Reach::Units(units) = &created.reach {
                    context.city.units.check(units, context.today)?;
                }
                Ok(vec![TokenEvent::Created(created)])
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
            TokenEvent::Revoked(_) => self.revoked = true,
        }
    }
}

/// Who carries out a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody at the machine itself: the command line.
    Local,
    /// A bearer token over HTTP.
    Token(TokenCreated),
}

impl Actor {
    /// The opaque name recorded with every event.
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Token(token) => &token.token.0,
        }
    }

    /// Refuses what the actor may not do to an item in `units` of a family that names those roles.
    ///
    /// A unit of the token counts only while it exists. An item's unit that has ended stands for the
    /// units that took it over. An item without units is city-wide.
    pub fn check(&self, roles: &[Role], units: &[UnitId], table: &Units, today: Date) -> Result<(), Refusal> {
        let Self::Token(token) = self else { return Ok(()) };
        if !token.role.covers(roles) {
            return Err(Refusal::forbidden("forbidden-role", sentence!("forbidden-role")));
        }
        let Reach::Units(own) = &token.reach else { return Ok(()) };
        let alive = |id: &UnitId| own.contains(id) && table.get(id).is_some_and(|unit| unit.is_valid_on(today));
        if units.is_empty() {
            return Err(Refusal::forbidden("forbidden-city", sentence!("forbidden-city")));
        }
        for id in units {
            let today_units = table.at(id, today);
            if today_units.is_empty() || !today_units.iter().all(|unit| alive(&unit.id)) {
                return Err(Refusal::forbidden("forbidden-unit", sentence!("forbidden-unit", id)));
            }
        }
        Ok(())
    }
}

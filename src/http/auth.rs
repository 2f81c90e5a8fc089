//! Bearer tokens.

use axum::http::{HeaderMap, header};

use super::Site;
use super::errors::HttpError;
use crate::domain::access::Actor;

/// Who sends a request. Tokens are looked up by their SHA-256, so nothing is compared byte by byte.
pub fn actor(site: &Site, headers: &HeaderMap) -> Result<Actor, HttpError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, secret)) = secret else { return Err(HttpError::Unauthorized) };
    let grant = site.model.image().token(secret.trim()).cloned();
    let Some(grant) = grant else {
        tracing::warn!(target: "audit", "a write with an unknown or revoked token was refused");
        return Err(HttpError::Unauthorized);
    };
    Ok(Actor::Token(grant))
}

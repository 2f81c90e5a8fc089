//! Bearer tokens.

use std::time::Duration;

use axum::http::{HeaderMap, header};

use super::Site;
use super::errors::HttpError;
use crate::domain::access::Actor;

/// How long to wait for a token that was just made.
const PATIENCE: Duration = Duration::from_secs(1);

/// Finds out who sends a request. Tokens are looked up by their SHA-256, so nothing is compared byte by byte.
///
/// Another process may have made an unknown token a moment ago. So the image first gets time to reach the
/// end of the log. Errors: there is no token, or it is not valid.
pub async fn actor(site: &Site, headers: &HeaderMap) -> Result<Actor, HttpError> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, secret)) = secret else { return Err(HttpError::Unauthorized) };
    let find = || site.model.image().bearer(secret.trim());
    let mut bearer = find();
    if bearer.is_none()
        && let Ok(head) = site.app.log().head().await
        && site.model.image().position < head.position
        && site.model.wait_for(head.position, PATIENCE).await
    {
        bearer = find();
    }
    bearer.ok_or_else(|| {
        tracing::warn!(target: "audit", "a write with an unknown or revoked token was refused");
        HttpError::Unauthorized
    })
}

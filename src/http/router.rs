//! The router: every route behind what runs around each request.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use super::routes::routes;
use super::{Site, home, middleware};

/// The whole site.
pub fn router(site: Arc<Site>) -> Router {
    let mut router = Router::new();
    for (path, _, answers) in routes() {
        // A printed code is in upper case.
        if let Some(rest) = path.strip_prefix("/q/") {
            router = router.route(&format!("/Q/{rest}"), answers.clone());
            if let Some(lot) = rest.strip_prefix("{code}/lots/") {
                router = router.route(&format!("/Q/{{code}}/LOTS/{lot}"), answers.clone());
            }
        }
        router = router.route(path, answers);
    }
    router
        .fallback(home::not_found)
        .method_not_allowed_fallback(home::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&site), middleware::around))
        .with_state(site)
}

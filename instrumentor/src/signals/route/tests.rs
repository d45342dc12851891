//! Routes of realistic paths.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn router(change: impl FnOnce(&mut Settings)) -> Router {
    let mut settings = Settings::default();
    change(&mut settings);
    Router::new(settings)
}

#[test]
fn guesses() {
    let mut router = router(|_| {});
    for (path, route) in [
        ("/", "/"),
        ("/health", "/health"),
        ("/users/42", "/users/{id}"),
        ("/users/42/", "/users/{id}/"),
        ("/users/42/orders/7", "/users/{id}/orders/{id}"),
        ("/api/v2/items/550e8400-e29b-41d4-a716-446655440000", "/api/v2/items/{id}"),
        ("/static/app.3f2a91bc.js", "/static/{id}.js"),
        ("/static/jquery.min.js", "/static/jquery.min.js"),
        ("/search?q=shoes", "/search"),
        ("/reports/2024/01/31", "/reports/{id}/{id}/{id}"),
        ("/repos/rust-lang/rust/pulls/12345/files", "/repos/rust-lang/rust/pulls/{id}/files"),
        ("/v1/customers/cus_9s6XKzkNRiz8i3/sources", "/v1/customers/{id}/sources"),
        ("/.well-known/openid-configuration", "/.well-known/openid-configuration"),
        ("/watch/dQw4w9WgXcQ", "/watch/{id}"),
        ("/invite/anna%40example.com", "/invite/{id}"),
        ("/cart;jsessionid=0A1B", "/cart"),
        ("//double//slash", "//double//slash"),
        ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "/a/b/c/d/e/f/g/h/i/j/k/l/*"),
        (
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ),
    ] {
        for _ in 0..2 {
            assert_eq!(router.route("shop", path), Some(route), "{path}");
        }
    }
    assert_eq!(router.route("shop", "*"), None);
    assert_eq!(router.route("shop", ""), None);
    assert_eq!(router.route("shop", "example.com:443"), None);
}

#[test]
fn patterns_come_first() {
    let patterns = ["/users/{user}", "/files/*"].map(|text| Pattern::parse(text).unwrap()).to_vec();
    for (mode, guessed) in
        [(Mode::Heuristic, Some("/users/{id}/orders")), (Mode::PatternsOnly, None), (Mode::None, None)]
    {
        let mut router = router(|settings| {
            settings.mode = mode;
            settings.patterns.clone_from(&patterns);
        });
        let given = |route| if mode == Mode::None { None } else { Some(route) };
        assert_eq!(router.route("shop", "/users/anna"), given("/users/{user}"));
        assert_eq!(router.route("shop", "/files/a/b?c"), given("/files/*"));
        assert_eq!(router.route("shop", "/users/42/orders"), guessed);
    }
}

#[test]
fn what_varies_more_than_it_looks_is_folded() {
    let mut router = router(|settings| settings.max_children = 10);
    let name = |i: u8| char::from(b'a' + i).to_string();
    for i in 0..26 {
        let path = format!("/users/{}/orders", name(i));
        let route = if i < 10 { path.clone() } else { "/users/*/orders".into() };
        assert_eq!(router.route("shop", &path), Some(route.as_str()));
    }
    assert_eq!(
        router.route("shop", "/users/b/orders"),
        Some("/users/b/orders"),
        "known ones keep their route"
    );
    assert_eq!(router.route("shop", "/products/z"), Some("/products/z"), "other prefixes are not concerned");
}

#[test]
fn a_service_cannot_have_any_number_of_routes() {
    let mut router = router(|settings| settings.max_routes = 20);
    let name = |i: usize| {
        format!(
            "{}{}",
            char::from(b'a' + u8::try_from(i / 26).unwrap()),
            char::from(b'a' + u8::try_from(i % 26).unwrap())
        )
    };
    let mut routes = BTreeSet::new();
    for i in 0..600 {
        routes.insert(router.route("shop", &format!("/{}/{}", name(i), name(600 - i))).unwrap().to_owned());
    }
    assert_eq!(routes.len(), 20);
    assert!(routes.contains("/*"));
    assert_eq!(router.route("shop", "/aa/xc"), Some("/aa/xc"), "known ones keep their route");
    assert_eq!(router.route("shop", "/aa"), Some("/*"));
    assert_eq!(router.route("blog", "/aa"), Some("/aa"), "other services are not concerned");
}

#[test]
fn services_come_and_go() {
    let mut router = router(|_| {});
    for i in 0..3 * MAX_SERVICES {
        assert_eq!(router.route(&i.to_string(), "/users/7"), Some("/users/{id}"));
        assert_eq!(router.route("stays", "/users/7"), Some("/users/{id}"));
    }
    assert_eq!(router.services.len(), MAX_SERVICES);
    assert_eq!(router.services["stays"].id, 2, "the one in use is not forgotten");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_path_has_a_route_and_few_do(paths in proptest::collection::vec("/[a-z0-9%{}*/.;-]{0,30}", 1..300)) {
        let mut router = router(|settings| settings.max_routes = 30);
        let routes: BTreeSet<_> = paths.iter().map(|path| router.route("shop", path).unwrap().to_owned()).collect();
        prop_assert!(routes.len() <= 30);
        prop_assert!(routes.iter().all(|route| route.starts_with('/')));
        let again: BTreeSet<_> = paths.iter().map(|path| router.route("shop", path).unwrap().to_owned()).collect();
        prop_assert!(again.len() <= 30);
    }
}

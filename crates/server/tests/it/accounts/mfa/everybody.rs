//! A server whose operator asks everybody for a second factor, and one whose operator takes no late code.

use serde_json::json;
use wardgraph_http::FactorRules;
use wardgraph_testkit::{App, AppOptions, Authenticator, Person, Window};

use super::{super::register, claims, show, token, with_an_app};

async fn asking(factors: FactorRules) -> App {
    App::with(AppOptions { factors, ..AppOptions::default() }).await
}

#[tokio::test]
async fn where_the_operator_asks_for_two_factors_nobody_gets_in_by_one() {
    let app = asking(FactorRules { required: true, ..FactorRules::default() }).await;
    assert_eq!(register(&app, "ada@example.com").await.status, 202);
    // The password is right, and nothing is given for it but a way to add a factor.
    let asked = Person::signing_in(&app, "ada@example.com").await;
    assert_eq!((&asked["mfa_required"], &asked["enrol"]), (&json!(true), &json!(["totp", "webauthn"])));
    assert!(asked.get("access_token").is_none() && asked.get("refresh_token").is_none(), "{asked}");
    let window = Window::open(&app);
    window.get("/sign-in").await;
    let page = window.send("/sign-in", &[("email", "ada@example.com"), ("password", wardgraph_testkit::PASSWORD)]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(window.cookie("__Host-wg_session").is_none(), "{}", page.text);
    assert!(window.get("/account").await.leads().starts_with("/sign-in"));
    let begin = json!({ "mfa_token": asked["mfa_token"], "method": "totp" });
    let begun = app.stranger().post("/api/v1/auth/mfa/enrol", &begin).await.created();
    let authenticator = Authenticator::begun(&app, &begun).await;
    assert_eq!(claims(&authenticator.enabled)["acr"], "aal2");
    // It stays: the next sign-in would be by one again.
    let ada = Person::of(&app, "ada@example.com", &authenticator.enabled);
    assert_eq!(ada.caller.get("/api/v1/users/me/mfa").await.ok()["required"], true);
    let factor = format!("/api/v1/users/me/mfa/{}", authenticator.enabled["factor_id"].as_str().unwrap());
    ada.caller.delete(&factor).await.problem(409);
    let asked = Person::signing_in(&app, "ada@example.com").await;
    assert_eq!(asked["methods"], json!(["totp", "recovery_code"]));
}

#[tokio::test]
async fn where_the_operator_says_so_a_code_is_good_for_its_own_thirty_seconds() {
    for (skew, late) in [(1, 200), (0, 401)] {
        let app = asking(FactorRules { skew, ..FactorRules::default() }).await;
        let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
        app.clock.advance(std::time::Duration::from_mins(2));
        for (later, status) in [(-1, late), (1, late)] {
            let shown = show(&app, &token(&app, "ada@example.com").await, &authenticator.code(&app, later)).await;
            assert_eq!(shown.status, status, "{skew} {later}: {}", shown.text);
        }
        app.clock.advance(std::time::Duration::from_mins(2));
        show(&app, &token(&app, "ada@example.com").await, &authenticator.code(&app, 0)).await.ok();
    }
}

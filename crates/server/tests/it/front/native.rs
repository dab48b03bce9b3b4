//! Programs on a person's own machine: whichever listens there may call itself by a client's name (RFC 8252, section 8.6).

use serde_json::{Value, json};
use wardgraph_testkit::{App, Window};

use super::kit::{Site, agree, answer, hidden, somebody};

fn is_a_question(reply: &wardgraph_testkit::Reply) -> bool {
    reply.status == 200 && reply.text.contains("action=\"/oauth2/consent\"")
}

#[tokio::test]
async fn what_was_agreed_to_opens_nothing_silently_for_a_program_that_anybody_can_be() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let asked = |redirect: &str| json!({ "auth_method": "none", "redirect_uris": [redirect] });
    let first_party =
        |redirect: &str| json!({ "auth_method": "none", "redirect_uris": [redirect], "first_party": true, "source": "cli" });
    for change in [
        asked("http://127.0.0.1/cb"),
        asked("http://[::1]:3000/cb"),
        asked("http://localhost/cb"),
        asked("com.example.app:/cb"),
        first_party("http://127.0.0.1/cb"),
    ] {
        let site = Site::of(&app, &ada.caller.tenant, change.clone()).await;
        for _ in 0..2 {
            let page = window.get(&site.request(&[])).await;
            assert!(is_a_question(&page), "{change}: {}", page.text);
            assert!(answer(&agree(&window, page).await, &site.redirect).contains_key("code"), "{change}");
        }
        let silent = answer(&window.get(&site.request(&[("prompt", "none")])).await, &site.redirect);
        assert_eq!(silent["error"], "consent_required", "{change}");
        // That they were asked long ago is anybody's to say, and that they agreed is not.
        for said in
            [vec![("asked", "0")], vec![("asked", "0"), ("agreed", "yes")], vec![("asked", "0"), ("agreed", &window.token())]]
        {
            assert!(is_a_question(&window.get(&site.request(&said)).await), "{change} {said:?}");
        }
    }
    let known = |change: Value| async { Site::of(&app, &ada.caller.tenant, change).await };
    for change in [json!({ "redirect_uris": ["http://127.0.0.1/cb"] }), asked("https://app.example/cb")] {
        let site = known(change.clone()).await;
        site.code(&window, &[]).await;
        assert_eq!(window.get(&site.request(&[])).await.status, 303, "{change}");
    }
}

#[tokio::test]
async fn somebody_agrees_to_one_request_in_one_browser() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let other = Window::open(&app);
    other.sign_in("ada@example.com").await;
    let native = json!({ "auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"] });
    let site = Site::of(&app, &ada.caller.tenant, native).await;
    let fields = hidden(&window.get(&site.request(&[("state", "one")])).await);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let next = window.send_raw("/oauth2/consent", fields).await.leads().to_owned();
    assert!(next.contains("agreed="), "{next}");
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    for (of, to) in [
        ("state=one", "state=two"),
        (challenge, "AAMelhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("127.0.0.1%2Fcb", "127.0.0.1%3A49152%2Fcb"),
        ("asked=", "asked=1"),
    ] {
        assert!(next.contains(of));
        assert!(is_a_question(&window.get(&next.replace(of, to)).await), "{to}");
    }
    assert!(is_a_question(&other.get(&next).await), "another browser of the same person");
    assert!(answer(&window.get(&next).await, &site.redirect).contains_key("code"));
}

//! From a client's request to its tokens.

use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, OWN_ISS, PASSWORD, Reply, Window};

use super::kit::{Site, agree, answer, claims, form, hidden, post, somebody};

#[tokio::test]
async fn a_person_signs_in_agrees_and_the_client_acts_for_them() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let window = Window::open(&app);
    let first = window.get(&site.request(&[("login_hint", "ada@example.com")])).await;
    let to_sign_in = first.leads().to_owned();
    assert!(to_sign_in.starts_with("/sign-in?return_to=%2Foauth2%2Fauthorize%3F"), "{to_sign_in}");
    let page = window.get(&to_sign_in).await;
    assert!(page.text.contains("value=\"ada@example.com\""), "who is probably there is filled in");
    let back = page.text.split_once("name=\"return_to\" value=\"").unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("return_to", back.as_str())];
    let signed_in = window.send("/sign-in", &fields).await;
    let question = window.get(signed_in.leads()).await;
    for part in ["<strong>Graph Atlas</strong>", "see your e-mail address", "read nodes", "app.example", "ada@example.com"] {
        assert!(question.text.contains(part), "{part} in {}", question.text);
    }
    let said = answer(&agree(&window, question).await, &site.redirect);
    assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a state&of=mine", OWN_ISS));
    let tokens = site.token(&app, &[("code", &said["code"])]).await;
    assert_eq!(tokens.headers["cache-control"], "no-store");
    let tokens = tokens.ok();
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!("email nodes:read openid")));
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (&id["iss"], &id["aud"], &id["azp"], &id["nonce"]),
        (&json!(OWN_ISS), &json!(site.id), &json!(site.id), &json!("a-nonce"))
    );
    let access = claims(&tokens["access_token"]);
    assert_eq!((&id["sub"], &id["sid"]), (&access["sub"], &access["sid"]));
    assert_eq!((&id["acr"], &id["amr"]), (&json!("aal1"), &json!(["pwd"])));
    assert_eq!(id["auth_time"], json!(app.clock.now().as_second()));
    assert!(id.get("email").is_none() && id["at_hash"].is_string());
    let client = app.bearer(tokens["access_token"].as_str().unwrap());
    assert_eq!(client.get("/nodes").await.status, 200);
    client.create_node("not allowed").await.problem(403);
    client.get("/api/v1/users/me").await.problem(403);
    for reply in [client.get("/oauth2/userinfo").await, client.post("/oauth2/userinfo", &Value::Null).await] {
        if reply.status != 400 {
            let told = reply.ok();
            assert_eq!((&told["sub"], &told["email"], told.get("name")), (&id["sub"], &json!("ada@example.com"), None));
        }
    }
    let refreshed = site
        .token(&app, &[("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())])
        .await
        .ok();
    assert_eq!(claims(&refreshed["access_token"])["sid"], id["sid"]);
}

#[tokio::test]
async fn what_was_agreed_to_is_not_asked_again_and_more_is() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    site.code(&window, &[]).await;
    let again = window.get(&site.request(&[])).await;
    assert!(answer(&again, &site.redirect).contains_key("code") && again.status == 303);
    assert!(answer(&window.get(&site.request(&[("scope", "openid")])).await, &site.redirect).contains_key("code"));
    let more = window.get(&site.request(&[("scope", "openid profile")])).await;
    assert!(more.text.contains("see your name") && more.status == 200, "{}", more.text);
    assert!(answer(&agree(&window, more).await, &site.redirect).contains_key("code"));
    let asked = window.get(&site.request(&[("prompt", "consent")])).await;
    assert!(asked.text.contains("action=\"/oauth2/consent\""));
    assert!(answer(&agree(&window, asked).await, &site.redirect).contains_key("code"));
    let chosen = window.get(&site.request(&[("prompt", "select_account")])).await;
    assert!(chosen.text.contains("Sign in as somebody else"));
    // Somebody else is asked themselves.
    let (_, other) = somebody(&app, "bob@example.com").await;
    assert!(other.get(&site.request(&[])).await.text.contains("action=\"/oauth2/consent\""));
}

#[tokio::test]
async fn who_does_not_agree_sends_the_client_away_with_nothing() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let page = window.get(&site.request(&[])).await;
    let deny = page.text.split_once("<a class=\"button\" href=\"").unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
    let said = answer(&window.get(&deny).await, &site.redirect);
    assert_eq!(
        (said["error"].as_str(), said["state"].as_str(), said["iss"].as_str()),
        ("access_denied", "a state&of=mine", OWN_ISS)
    );
    assert!(!said.contains_key("code"));
}

#[tokio::test]
async fn an_answer_may_come_as_a_form_that_goes_to_the_client_alone() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    site.code(&window, &[]).await;
    let page = window.get(&site.request(&[("response_mode", "form_post")])).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action https://app.example;") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("default-src 'none'"), "{policy}");
    assert!(page.text.contains("<form method=\"post\" action=\"https://app.example/cb\">"), "{}", page.text);
    for part in ["name=\"code\" value=\"wgo_", "name=\"state\" value=\"a state&amp;of=mine\"", "name=\"iss\"", "/assets/send.js"]
    {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    let wrong = window.get(&site.request(&[("response_mode", "form_post"), ("scope", "unheard:of")])).await;
    assert!(wrong.text.contains("name=\"error\" value=\"invalid_scope\""), "{}", wrong.text);
}

#[tokio::test]
async fn a_request_may_come_as_a_form_of_another_site() {
    let app = App::start().await;
    let (ada, _) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let parameters = site.parameters(&[]);
    let led = post(&app, "/oauth2/authorize", &parameters).await;
    let (path, query) = led.leads().split_once('?').unwrap();
    let mut back: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut sent = parameters.clone();
    back.sort();
    sent.sort();
    assert_eq!((path, back), ("/oauth2/authorize", sent));
}

#[tokio::test]
async fn a_person_of_several_organizations_says_where_the_client_works() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    let user = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].as_str().unwrap().to_owned();
    let sql = "insert into wardgraph.memberships (organization_id, user_id, role, created_at) values ($1, $2::text::uuid, 'analyst', '2027-01-01')";
    app.database.behind_the_scenes().await.execute(sql, &[&bob.caller.tenant, &user]).await.unwrap();
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let page = window.get(&site.request(&[("scope", "openid nodes:read nodes:write")])).await;
    assert!(page.text.contains("<select id=\"organization\"") && page.text.matches("<option").count() == 2, "{}", page.text);
    let mut fields = hidden(&page);
    assert_eq!(fields.last().unwrap().1, ada.caller.tenant, "the one that the session is of comes first");
    fields.last_mut().unwrap().1.clone_from(&bob.caller.tenant);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let next = window.send_raw("/oauth2/consent", fields).await.leads().to_owned();
    let code = answer(&window.get(&next).await, &site.redirect)["code"].clone();
    let tokens = site.token(&app, &[("code", &code)]).await.ok();
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["tenant_id"], json!(bob.caller.tenant));
    // An analyst reads.
    assert_eq!(tokens["scope"], "nodes:read openid");
    app.bearer(tokens["access_token"].as_str().unwrap()).create_node("no").await.problem(403);
    // Who may not be asked works where the browser's session does; there nothing was agreed to.
    let silent = answer(&window.get(&site.request(&[("prompt", "none")])).await, &site.redirect);
    assert_eq!(silent["error"], "consent_required");
    let there = [("prompt", "none"), ("organization", bob.caller.tenant.as_str()), ("scope", "openid nodes:read")];
    assert!(answer(&window.get(&site.request(&there)).await, &site.redirect).contains_key("code"));
    let nowhere = [("organization", "org_somebody_elses")];
    assert_eq!(answer(&window.get(&site.request(&nowhere)).await, &site.redirect)["error"], "access_denied");
}

#[tokio::test]
async fn a_first_party_client_is_trusted_where_it_belongs_and_nowhere_else() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (_, stranger) = somebody(&app, "bob@example.com").await;
    let own = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    assert!(answer(&window.get(&own.request(&[])).await, &own.redirect).contains_key("code"));
    assert!(
        stranger.get(&own.request(&[])).await.text.contains("action=\"/oauth2/consent\""),
        "another organization's people are asked"
    );
    let silent = answer(&stranger.get(&own.request(&[("prompt", "none")])).await, &own.redirect);
    assert_eq!(silent["error"], "consent_required");
    let operators = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true, "source": "cli" })).await;
    assert!(answer(&stranger.get(&operators.request(&[])).await, &operators.redirect).contains_key("code"));
    assert!(window.get(&own.request(&[("prompt", "consent")])).await.text.contains("action=\"/oauth2/consent\""));
}

#[tokio::test]
async fn a_client_gets_what_it_registered_for_and_its_person_may() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let user = claims(&json!(ada.caller.token.clone().unwrap()))["sub"].as_str().unwrap().to_owned();
    let sql = "update wardgraph.memberships set role = 'analyst' where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&user]).await.unwrap();
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let tokens = site.tokens(&app, &window, &[("scope", "openid nodes:write edges:read users:write")]).await;
    assert_eq!(tokens["scope"], "nodes:read openid", "an analyst reads, and the client has no edges");
    let nothing = Site::of(&app, &ada.caller.tenant, json!({ "scopes": ["admin:refresh"] })).await;
    let said = answer(&window.get(&nothing.request(&[("scope", "admin:refresh")])).await, &nothing.redirect);
    assert_eq!(said["error"], "access_denied");
    assert_eq!(form(&[]), "");
}

#[tokio::test]
async fn a_program_on_the_persons_own_machine_needs_no_secret() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let uris = json!({ "auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"] });
    let site = Site { redirect: "http://127.0.0.1:49152/cb".into(), ..Site::of(&app, &ada.caller.tenant, uris).await };
    let tokens = site.tokens(&app, &window, &[]).await;
    assert!(tokens["id_token"].is_string());
    let page: Reply = window.get("/account/applications").await;
    assert!(page.text.contains("Graph Atlas"), "{}", page.text);
}

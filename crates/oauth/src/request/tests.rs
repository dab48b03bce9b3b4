//! Requests, and what is tried with them.

use super::*;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Kept {
    redirect_uris: Vec<String>,
    scopes: Vec<String>,
    resources: Vec<String>,
}

impl Kept {
    fn new() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            redirect_uris: words(&["https://app.example/cb", "https://app.example/other?x=1", "http://127.0.0.1/cb"]),
            scopes: words(&["openid", "email", "offline_access", "nodes:read"]),
            resources: words(&["https://api.example/"]),
        }
    }

    fn client(&self) -> Registered<'_> {
        Registered {
            id: "wgc_1",
            redirect_uris: &self.redirect_uris,
            scopes: &self.scopes,
            resources: &self.resources,
            ours: "https://graph.example",
            takes_codes: true,
            refreshes: true,
            requires_par: false,
        }
    }
}

fn good() -> Params {
    let query = format!(
        "client_id=wgc_1&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=openid+nodes:read&state=s%20t&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    Params::read(&query).unwrap()
}

fn judged(params: &Params) -> Result<Request, Told> {
    check(&Kept::new().client(), params, Origin::Browser)
}

#[track_caller]
fn fault(params: &Params) -> &'static str {
    match judged(params) {
        Err(Told::Client(to, fault)) => {
            assert_eq!(to.uri, "https://app.example/cb");
            fault.error
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_request_is_understood() {
    let request = judged(&good()).unwrap();
    assert_eq!(request.scopes, ["nodes:read", "openid"]);
    assert_eq!((request.to.state.as_deref(), request.to.mode), (Some("s t"), Mode::Query));
    assert!(request.is_openid() && request.prompt == Prompt::default() && request.max_age.is_none());
    let more = good()
        .with("prompt", "login consent")
        .with("max_age", "0")
        .with("acr_values", "aal2 aal1")
        .with("response_mode", "form_post")
        .with("resource", "https://api.example/")
        .with("unheard_of", "1");
    let request = judged(&more).unwrap();
    assert!(request.prompt.login && request.prompt.consent && !request.prompt.none);
    assert_eq!((request.max_age, request.acr_values.len(), request.to.mode), (Some(0), 2, Mode::FormPost));
    assert_eq!(request.resource.as_deref(), Some("https://api.example/"));
    assert_eq!(Params::read(&more.query()).unwrap(), more, "what was understood can be written again");
}

#[test]
fn nothing_is_sent_to_an_address_that_was_not_registered() {
    for uri in [
        "",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/CB",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://app.example/cb/../evil",
        "https://app.example/%63b",
        "https://app.example/cb%2f..%2fevil",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "https://user@app.example/cb",
        "https://evil.example/https://app.example/cb",
        "http://app.example/cb",
        "https://[::1]/cb",
        "//app.example/cb",
        "/cb",
        "javascript:alert(1)//app.example/cb",
        "https://app.example/other",
        "https://app.example/other?x=1&y=2",
        "http://localhost/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.2/cb",
    ] {
        // Whatever else is wrong.
        for params in
            [good(), good().without("code_challenge"), good().with("prompt", "none"), good().with("response_type", "token")]
        {
            let refused = judged(&params.with("redirect_uri", uri));
            assert!(matches!(refused, Err(Told::Person(_))), "{uri}: {refused:?}");
        }
    }
    let twice = Params::read(&format!("{}&redirect_uri=https%3A%2F%2Fapp.example%2Fcb", good().query())).unwrap();
    assert!(matches!(judged(&twice), Err(Told::Person(_))));
    // RFC 8252, section 7.3: whatever port a program on the person's own machine got.
    assert!(judged(&good().with("redirect_uri", "http://127.0.0.1:49152/cb")).is_ok());
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_standards() {
    for (params, error) in [
        (good().without("response_type"), "invalid_request"),
        (good().with("response_type", "token"), "unsupported_response_type"),
        (good().with("response_type", "code id_token"), "unsupported_response_type"),
        (good().with("response_mode", "fragment"), "invalid_request"),
        (good().with("response_mode", "query.jwt"), "invalid_request"),
        (good().with("request", "eyJ"), "request_not_supported"),
        (good().with("request_uri", "https://app.example/request"), "request_uri_not_supported"),
        (good().with("registration", "{}"), "registration_not_supported"),
        (good().with("scope", "unheard:of"), "invalid_scope"),
        (good().with("prompt", "none login"), "invalid_request"),
        (good().with("prompt", "whatever"), "invalid_request"),
        (good().with("max_age", "-1"), "invalid_request"),
        (good().with("max_age", "1e9"), "invalid_request"),
        (good().with("claims", "[]"), "invalid_request"),
        (good().with("resource", "api"), "invalid_target"),
        (good().with("resource", "https://other.example/"), "invalid_target"),
        (good().with("dpop_jkt", "short"), "invalid_request"),
        (good().with("state", "x".repeat(2_049)), "invalid_request"),
    ] {
        assert_eq!(fault(&params), error, "{}", params.query());
    }
    for twin in ["scope=openid", "state=x", "nonce=1&nonce=2", "code_challenge=x", "prompt=login&prompt=none"] {
        assert_eq!(fault(&Params::read(&format!("{}&{twin}", good().query())).unwrap()), "invalid_request", "{twin}");
    }
    let two = Params::read(&format!("{}&resource=https://a.example&resource=https://b.example", good().query())).unwrap();
    assert_eq!(fault(&two), "invalid_target");
}

#[test]
fn a_code_is_bound_to_a_hash_and_never_to_a_verifier_in_the_clear() {
    for params in [
        good().without("code_challenge"),
        good().without("code_challenge_method"),
        good().without("code_challenge").without("code_challenge_method"),
        good().with("code_challenge_method", "plain"),
        good().with("code_challenge_method", "s256"),
        good().with("code_challenge", "a".repeat(44)),
        good().with("code_challenge", "a"),
    ] {
        assert_eq!(fault(&params), "invalid_request", "{}", params.query());
    }
}

#[test]
fn a_client_gets_no_more_than_it_registered_for() {
    let request = judged(&good().with("scope", "openid email profile nodes:read nodes:write")).unwrap();
    assert_eq!(request.scopes, ["email", "nodes:read", "openid"]);
    let kept = Kept::new();
    let silent = Registered { refreshes: false, ..kept.client() };
    let request = check(&silent, &good().with("scope", "openid offline_access"), Origin::Browser).unwrap();
    assert_eq!(request.scopes, ["openid"]);
    let pushing = Registered { requires_par: true, ..kept.client() };
    assert!(matches!(check(&pushing, &good(), Origin::Browser), Err(Told::Client(..))));
    assert!(check(&pushing, &good(), Origin::Pushed).is_ok());
    let service = Registered { takes_codes: false, ..kept.client() };
    assert!(matches!(
        check(&service, &good(), Origin::Browser),
        Err(Told::Client(_, Fault { error: "unauthorized_client", .. }))
    ));
    let other = Registered { id: "wgc_2", ..kept.client() };
    assert!(matches!(check(&other, &good(), Origin::Browser), Err(Told::Person(_))));
}

#[test]
fn claims_say_how_somebody_must_have_signed_in() {
    let text = r#"{"userinfo": {"name": null}, "id_token": {"acr": {"essential": true, "values": ["aal2"]}, "auth_time": {"essential": true}, "sub": {"value": "u"}}}"#;
    let claims = judged(&good().with("claims", text)).unwrap().claims;
    assert_eq!(
        (claims.essential_acr, claims.voluntary_acr.len(), claims.subjects),
        (vec!["aal2".to_owned()], 0, Some(vec!["u".to_owned()]))
    );
    for bad in [
        "{",
        "1",
        "{\"id_token\": []}",
        "{\"id_token\": {\"acr\": 1}}",
        "{\"userinfo\": {\"email\": true}}",
        "{\"userinfo\": \"email\"}",
    ] {
        assert_eq!(fault(&good().with("claims", bad)), "invalid_request", "{bad}");
    }
}

#[test]
fn single_claims_are_those_that_a_client_may_be_told() {
    let text = r#"{"userinfo": {"email": {"essential": true}, "birthdate": null, "name": null}, "id_token": {"email_verified": null, "auth_time": null, "iss": null}, "other": 1}"#;
    let registered: Vec<_> = ["openid", "email", "nodes:read"].map(str::to_owned).into();
    let claims = super::Claims::read(text, &registered).unwrap();
    assert_eq!(
        (claims.in_userinfo.as_slice(), claims.in_id_token.as_slice()),
        (&["email".to_owned()][..], &["email_verified".to_owned()][..])
    );
    assert_eq!(claims.scopes().collect::<Vec<_>>(), ["email"]);
    // Who asks for no ID token is told nothing by claims either.
    let nobody = judged(&good().with("claims", text).with("scope", "nodes:read")).unwrap();
    assert_eq!(nobody.to_agree(&nobody.scopes), nobody.scopes);
}

#[test]
fn who_must_be_there_is_among_all_that_are_named() {
    let must_be = |text: &str, hinted: Option<&str>| {
        super::Claims::read(text, &[]).unwrap().must_be(hinted.map(str::to_owned)).map(|subjects| subjects.join(" "))
    };
    for (text, hinted, expected) in [
        ("{}", None, None),
        ("{}", Some("a"), Some("a")),
        (r#"{"id_token": {"sub": null}}"#, None, None),
        (r#"{"id_token": {"sub": {"essential": true}}}"#, None, None),
        (r#"{"id_token": {"sub": {"values": ["a", "b"]}}}"#, None, Some("a b")),
        (r#"{"id_token": {"sub": {"values": ["a", "b"]}}}"#, Some("b"), Some("b")),
        (r#"{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}"#, None, Some("")),
        (r#"{"userinfo": {"sub": {"value": "a"}}}"#, Some("b"), Some("")),
        (r#"{"id_token": {"sub": {"value": 7}}}"#, None, Some("")),
    ] {
        assert_eq!(must_be(text, hinted).as_deref(), expected, "{text} {hinted:?}");
    }
}

#[test]
fn an_answer_says_who_gives_it_and_keeps_the_address_as_it_is() {
    let to = |uri: &str, mode| Return { uri: uri.into(), mode, state: Some("a&b=c".into()) };
    let go = to("https://app.example/other?x=1", Mode::Query).with_code("https://graph.example", "wgo_1");
    assert_eq!(go, Answer::Go("https://app.example/other?x=1&code=wgo_1&state=a%26b%3Dc&iss=https%3A%2F%2Fgraph.example".into()));
    let denied = Fault::new("access_denied", "no");
    let post = to("com.example.app:/cb", Mode::FormPost).with_fault("https://graph.example", denied);
    let Answer::Post(uri, fields) = post else { panic!() };
    assert_eq!(uri, "com.example.app:/cb");
    assert_eq!(fields.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["error", "error_description", "state", "iss"]);
}

#[test]
fn too_much_is_no_request() {
    assert!(Params::read(&format!("a={}", "x".repeat(MOST_BYTES))).is_none());
    assert!(Params::read(&"a=1&".repeat(65)).is_none());
    assert!(!Params::read("a=&b=1").unwrap().has("a"), "what is empty was not sent");
}

proptest::proptest! {
    #[test]
    fn no_request_ever_goes_astray(name in "[a-z_]{1,20}", value in "\\PC{0,60}", uri in "\\PC{0,60}") {
        for params in [good().with(&name, value.clone()), good().with("redirect_uri", uri.clone()).with(&name, value.clone())] {
            if let Err(Told::Client(to, _)) | Ok(Request { to, .. }) = judged(&params) {
                proptest::prop_assert!(Kept::new().redirect_uris.contains(&to.uri) || to.uri.starts_with("http://127.0.0.1"));
            }
        }
    }
}

//! Who is asked what.

use uuid::Uuid;

use super::*;
use crate::request::{Claims, Mode, Prompt, Return};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn plain() -> Request {
    Request {
        to: Return { uri: "https://app.example/cb".into(), mode: Mode::Query, state: None },
        scopes: vec!["openid".into()],
        challenge: String::new(),
        nonce: None,
        prompt: Prompt::default(),
        max_age: None,
        acr_values: Vec::new(),
        login_hint: None,
        id_token_hint: None,
        claims: Claims::default(),
        resource: None,
        jkt: None,
        organization: None,
    }
}

const NONE: Prompt = Prompt { none: true, login: false, consent: false, select_account: false };

/// What becomes of a request at second 1000, whose person signed in at `signed_in` and was asked at `asked`.
fn judged(request: &Request, signed_in_at: i64, amr: &[&str], asked: Option<i64>) -> Result<Step, &'static str> {
    let proof = Proof::of(amr, at(signed_in_at));
    let met = Met { user: UserId::from(Uuid::from_bytes([7; 16])), proof: &proof };
    signed_in(request, Some(met), None, asked.map(at), at(1_000)).map_err(|fault| fault.error)
}

#[test]
fn who_is_not_signed_in_signs_in_or_the_client_is_told() {
    assert_eq!(signed_in(&plain(), None, None, None, at(0)), Ok(Step::SignIn));
    let silent = Request { prompt: NONE, ..plain() };
    assert_eq!(signed_in(&silent, None, None, None, at(0)).unwrap_err().error, "login_required");
    assert_eq!(judged(&plain(), 0, &["pwd"], None), Ok(Step::On));
    assert_eq!(judged(&silent, 0, &["pwd"], None), Ok(Step::On));
}

#[test]
fn whoever_is_asked_to_sign_in_again_does_and_once() {
    let login = Request { prompt: Prompt { login: true, ..Prompt::default() }, ..plain() };
    let at_once = Request { max_age: Some(0), ..plain() };
    for request in [&login, &at_once] {
        assert_eq!(judged(request, 999, &["pwd"], None), Ok(Step::SignIn));
        assert_eq!(judged(request, 989, &["pwd"], Some(990)), Ok(Step::SignIn), "who came back without");
        assert_eq!(judged(request, 991, &["pwd"], Some(990)), Ok(Step::On));
    }
    let recent = |prompt| Request { max_age: Some(100), prompt, ..plain() };
    assert_eq!(judged(&recent(Prompt::default()), 900, &["pwd"], None), Ok(Step::On));
    assert_eq!(judged(&recent(Prompt::default()), 899, &["pwd"], None), Ok(Step::SignIn));
    assert_eq!(judged(&recent(NONE), 899, &["pwd"], None), Err("login_required"));
}

#[test]
fn who_must_be_there_is() {
    let proof = Proof::of(&["pwd"], at(0));
    let met = Some(Met { user: UserId::from(Uuid::from_bytes([7; 16])), proof: &proof });
    let (me, other) = (Uuid::from_bytes([7; 16]).to_string(), "other".to_owned());
    for fit in [&[me.clone()][..], &[other.clone(), me]] {
        assert_eq!(signed_in(&plain(), met, Some(fit), None, at(0)), Ok(Step::On));
    }
    for unfit in [&[other][..], &[]] {
        assert_eq!(signed_in(&plain(), met, Some(unfit), None, at(0)), Ok(Step::SignIn));
        assert_eq!(signed_in(&plain(), met, Some(unfit), Some(at(0)), at(0)).unwrap_err().error, "login_required");
    }
}

#[test]
fn a_second_factor_is_shown_where_it_is_asked() {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let two = ["pwd", "otp", "mfa"];
    let liked = Request { acr_values: words(&["aal2"]), ..plain() };
    assert_eq!(judged(&liked, 0, &two, None), Ok(Step::On));
    assert_eq!(judged(&liked, 0, &["pwd"], None), Ok(Step::SignIn));
    assert_eq!(judged(&liked, 995, &["pwd"], Some(990)), Ok(Step::On), "it is no more than liked");
    let unheard = Request { acr_values: words(&["urn:gold"]), ..plain() };
    assert_eq!(judged(&unheard, 0, &["pwd"], None), Ok(Step::On));
    let essential = |acr: &[&str]| Request { claims: Claims { essential_acr: words(acr), ..Claims::default() }, ..plain() };
    assert_eq!(judged(&essential(&["aal1"]), 0, &two, None), Ok(Step::On), "more is enough");
    assert_eq!(judged(&essential(&["aal2"]), 0, &["pwd"], None), Ok(Step::SignIn));
    assert_eq!(judged(&essential(&["aal2"]), 995, &["pwd"], Some(990)), Err("unmet_authentication_requirements"));
    assert_eq!(judged(&essential(&["urn:gold"]), 0, &two, None), Err("unmet_authentication_requirements"));
}

#[test]
fn who_agreed_is_not_asked_again_but_where_that_is_wanted() {
    let scopes = ["openid".to_owned()];
    let before = Agreed { scopes: scopes.to_vec(), at: at(500) };
    let standing =
        Stance { agreed: Some(&before), scopes: &scopes, must_choose: false, trusted: false, assured: true, answered: None };
    let judge = |request: &Request, standing| agreed(request, &standing).map_err(|fault| fault.error);
    assert_eq!(judge(&plain(), standing), Ok(Step::On));
    assert_eq!(judge(&plain(), Stance { agreed: None, ..standing }), Ok(Step::Ask));
    assert_eq!(judge(&plain(), Stance { agreed: None, trusted: true, ..standing }), Ok(Step::On));
    assert_eq!(judge(&plain(), Stance { must_choose: true, ..standing }), Ok(Step::Ask));
    let more = ["email".to_owned(), "openid".to_owned()];
    assert_eq!(judge(&plain(), Stance { scopes: &more, ..standing }), Ok(Step::Ask));
    let again = Request { prompt: Prompt { consent: true, ..Prompt::default() }, ..plain() };
    assert_eq!(judge(&again, standing), Ok(Step::Ask));
    assert_eq!(judge(&again, Stance { answered: Some(at(501)), ..standing }), Ok(Step::Ask));
    assert_eq!(judge(&again, Stance { answered: Some(at(500)), ..standing }), Ok(Step::On));
    let silent = Request { prompt: NONE, ..plain() };
    assert_eq!(judge(&silent, Stance { agreed: None, ..standing }), Err("consent_required"));
    assert_eq!(judge(&silent, Stance { must_choose: true, ..standing }), Ok(Step::On));
}

#[test]
fn who_can_be_anybody_is_agreed_to_each_time() {
    let scopes = ["openid".to_owned()];
    let before = Agreed { scopes: scopes.to_vec(), at: at(500) };
    let anybody =
        Stance { agreed: Some(&before), scopes: &scopes, must_choose: false, trusted: false, assured: false, answered: None };
    let silent = Request { prompt: NONE, ..plain() };
    for standing in [anybody, Stance { trusted: true, ..anybody }, Stance { answered: Some(at(501)), ..anybody }] {
        assert_eq!(agreed(&plain(), &standing), Ok(Step::Ask));
        assert_eq!(agreed(&silent, &standing).unwrap_err().error, "consent_required");
    }
    assert_eq!(agreed(&plain(), &Stance { answered: Some(at(500)), ..anybody }), Ok(Step::On));
}

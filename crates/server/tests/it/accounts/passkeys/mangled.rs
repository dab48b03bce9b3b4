//! What is mangled on the way is refused, and what judges it does not fall over: thousands of them, without the server.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use wardgraph_identity::passkey::{self, Refusal, RelyingParty};
use wardgraph_testkit::{KeyKind, OWN_ISS, SecurityKey};

/// What befalls a text of base64, or the member that it is in.
#[derive(Debug, Clone)]
enum Harm {
    Flip { at: prop::sample::Index, bit: u8 },
    Cut(prop::sample::Index),
    Insert { at: prop::sample::Index, byte: u8 },
    Replace(Value),
    Remove,
}

fn harm() -> impl Strategy<Value = Harm> {
    let other =
        prop_oneof![Just(Value::Null), Just(json!(7)), Just(json!("")), Just(json!([])), Just(json!({})), Just(json!("AAAA"))];
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip { at, bit }),
        2 => any::<prop::sample::Index>().prop_map(Harm::Cut),
        2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Insert { at, byte }),
        1 => other.prop_map(Harm::Replace),
        1 => Just(Harm::Remove),
    ]
}

const MEMBERS: [&str; 9] = [
    "/id",
    "/rawId",
    "/type",
    "/response",
    "/response/clientDataJSON",
    "/response/attestationObject",
    "/response/authenticatorData",
    "/response/signature",
    "/response/userHandle",
];

fn harmed(sent: &Value, member: &str, harm: &Harm) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let mut sent = sent.clone();
    let (parent, name) = member.rsplit_once('/').unwrap();
    let Some(place) = sent.pointer_mut(member) else { return sent };
    let mut bytes = place.as_str().and_then(|text| B64.decode(text).ok()).unwrap_or_default();
    match harm {
        Harm::Remove => {
            sent.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            return sent;
        }
        Harm::Replace(other) => {
            place.clone_from(other);
            return sent;
        }
        _ if bytes.is_empty() => return sent,
        Harm::Flip { at, bit } => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Harm::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Harm::Insert { at, byte } => bytes.insert(at.index(bytes.len()), *byte),
    }
    *place = B64.encode(bytes).into();
    sent
}

/// Members whose every bit counts.
fn counts(member: &str, registering: bool) -> bool {
    match member {
        "/response/signature" | "/response/userHandle" => !registering,
        // The key that is made is whatever the bits say, where nothing is attested.
        "/response/attestationObject" | "/response/authenticatorData" => !registering,
        _ => false,
    }
}

#[test]
fn what_is_mangled_is_refused_and_never_breaks_what_judges_it() {
    let party = RelyingParty::new("wardgraph.test", vec![OWN_ISS.into()], "w").unwrap();
    let handle = [7; 64];
    for kind in [KeyKind::Es256, KeyKind::EdDsa, KeyKind::Rs256] {
        let asked = passkey::enrol(&party, &handle).unwrap();
        let mut key = SecurityKey::with(OWN_ISS, kind);
        let user = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, handle);
        let made = key.create(&json!({
            "rp": { "id": "wardgraph.test" }, "user": { "id": user }, "challenge": asked.challenge,
        }));
        let new = passkey::register(&party, &asked.state, made.as_object().unwrap()).unwrap();
        let begun = passkey::begin_alone(&party).unwrap();
        let shown = key.get(&json!({ "rpId": "wardgraph.test", "challenge": begun.challenge }));
        passkey::prove(&party, &begun.state, true, shown.as_object().unwrap(), &new.kept).unwrap();

        let mut runner = TestRunner::new(Config { cases: 3_000, failure_persistence: None, ..Config::default() });
        let case = (0..MEMBERS.len(), prop::collection::vec(harm(), 1..3), any::<bool>());
        let ran = runner.run(&case, |(member, harms, registering)| {
            let member = MEMBERS[member];
            let sent = if registering { &made } else { &shown };
            let harmed = harms.iter().fold(sent.clone(), |sent, harm| harmed(&sent, member, harm));
            if harmed == *sent {
                return Ok(());
            }
            let harmed = harmed.as_object().unwrap();
            let judged = if registering {
                passkey::register(&party, &asked.state, harmed).map(drop)
            } else {
                passkey::prove(&party, &begun.state, true, harmed, &new.kept).map(drop)
            };
            prop_assert_ne!(judged, Err(Refusal::Broken), "{} {:?}", member, harms);
            prop_assert!(judged.is_err() || !counts(member, registering), "{} {:?} was believed", member, harms);
            Ok(())
        });
        ran.unwrap();
    }
}

//! Hosts whose names lead astray.

use wardgraph_egress::EgressError;

use crate::kit::{OPEN, Says, World, are};

/// Each name's answers, one at each asking. None may be reached, and no answer may come from elsewhere.
pub(crate) fn astray() -> Vec<(&'static str, Vec<Says>)> {
    let alias = |addresses: &[&str]| {
        let Says::Are(addresses) = are(addresses) else { return Says::Silence };
        Says::Alias("inside.test", addresses)
    };
    vec![
        ("loopback.test", vec![are(&["127.0.0.1"])]),
        ("loopback6.test", vec![are(&["::1"])]),
        ("metadata.test", vec![are(&["169.254.169.254"])]),
        ("private.test", vec![are(&["10.0.0.1"])]),
        ("shared.test", vec![are(&["100.64.0.1"])]),
        ("mapped.test", vec![are(&["::ffff:127.0.0.1"])]),
        ("mapped-open.test", vec![are(&["::ffff:127.0.0.2"])]),
        ("compatible.test", vec![are(&["::127.0.0.1"])]),
        ("nat64.test", vec![are(&["64:ff9b::7f00:1"])]),
        ("sixtofour.test", vec![are(&["2002:7f00:1::"])]),
        ("teredo.test", vec![are(&["2001:0:7f00:1::"])]),
        ("unspecified.test", vec![are(&["0.0.0.0"])]),
        ("broadcast.test", vec![are(&["255.255.255.255"])]),
        ("local.test", vec![are(&["fe80::1"])]),
        ("unique.test", vec![are(&["fd00:ec2::254"])]),
        ("alias.test", vec![alias(&["127.0.0.1"])]),
        ("alias6.test", vec![alias(&["::1"])]),
        // In honest company.
        ("mixed.test", vec![are(&[OPEN, "127.0.0.1"])]),
        ("mixed-first.test", vec![are(&["127.0.0.1", OPEN])]),
        ("mixed6.test", vec![are(&[OPEN, "::1"])]),
        ("many.test", vec![are(&[OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, "10.0.0.1"])]),
    ]
}

/// Names that nobody knows, and name services that do not say.
pub(crate) fn nowhere() -> Vec<(&'static str, Vec<Says>)> {
    vec![
        ("unknown.test", vec![Says::Fails(3)]),
        ("failing.test", vec![Says::Fails(2)]),
        ("refused.test", vec![Says::Fails(5)]),
        ("empty.test", vec![are(&[])]),
        ("garbage.test", vec![Says::Garbage]),
        ("silent.test", vec![Says::Silence]),
    ]
}

/// Names that change their mind: what is said at each asking, and what comes of each request.
pub(crate) fn rebinding() -> Vec<(&'static str, Vec<Says>, Vec<bool>)> {
    vec![
        ("rebind.test", vec![are(&[OPEN]), are(&["127.0.0.1"])], vec![true, false, false]),
        ("rebind6.test", vec![are(&[OPEN]), are(&["::1"])], vec![true, false]),
        ("rebind-back.test", vec![are(&["127.0.0.1"]), are(&[OPEN])], vec![false, true]),
        ("rebind-mixed.test", vec![are(&[OPEN]), are(&[OPEN, "127.0.0.1"]), are(&[OPEN])], vec![true, false, true]),
        (
            "rebind-turns.test",
            vec![are(&[OPEN]), are(&["127.0.0.3"]), are(&[OPEN]), are(&["10.0.0.1"])],
            vec![true, false, true, false],
        ),
    ]
}

#[tokio::test]
async fn no_name_leads_to_a_special_address() {
    let world = World::new().await;
    for (name, says) in astray() {
        world.name(name, says);
        let outcome = world.get(&world.client(), &format!("http://{name}:PORT/")).await;
        assert!(matches!(outcome, Err(EgressError::Special(_))), "{name}: {outcome:?}");
    }
    assert_eq!((world.trespasses(), world.heads.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told() {
    let world = World::new().await;
    for (name, says) in nowhere() {
        world.name(name, says);
        let outcome = world.get(&world.client(), &format!("http://{name}:PORT/")).await;
        assert!(
            matches!(outcome, Err(EgressError::Unresolved | EgressError::Unreachable | EgressError::Slow)),
            "{name}: {outcome:?}"
        );
    }
    assert_eq!(world.trespasses(), 0);
}

#[tokio::test]
async fn fault_16_a_name_that_changes_its_mind_is_asked_once() {
    let world = World::new().await;
    for (name, says, outcomes) in rebinding() {
        world.name(name, says);
        for (turn, comes_through) in outcomes.into_iter().enumerate() {
            let outcome = world.get(&world.client(), &format!("http://{name}:PORT/")).await;
            if comes_through {
                assert_eq!(outcome.as_deref(), Ok("hello"), "{name}, {turn}");
            } else {
                assert!(matches!(outcome, Err(EgressError::Special(_))), "{name}, {turn}: {outcome:?}");
            }
            assert_eq!(world.asked.lock().unwrap().get(name), Some(&(turn + 1)), "{name}: once for each connection");
        }
    }
    assert_eq!(world.trespasses(), 0);
}

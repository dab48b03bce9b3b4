//! The largest that an organization may write takes no longer than its length says.

use std::time::{Duration, Instant};

use uuid::Uuid;
use wardgraph_access::{Held, Role, RoleName, Rule, Rulebook};

const RULES: usize = 1_000;
const OF_ROLE: usize = 250;

fn name(number: usize) -> RoleName {
    RoleName::read(&format!("r{number}")).unwrap()
}

/// Roles that allow what speaks of whoever asks, and roles that deny all that it could mean, each rule about everything that an organization can give.
fn roles() -> impl Iterator<Item = Role> {
    let read = |text: String| Rule::read(&text).unwrap();
    (0..2 * RULES / OF_ROLE).map(move |role| {
        let rules = || (0..OF_ROLE).map(move |rule| (role / 2) * OF_ROLE + rule);
        let allows: Vec<Rule> = rules().filter(|_| role % 2 == 0).map(|n| read(format!("*:*:a${{user_id}}{n:04}*"))).collect();
        let denies: Vec<Rule> = rules().filter(|_| role % 2 == 1).map(|n| read(format!("*:*:a-{n:04}"))).collect();
        Role::new(name(role), allows, denies, []).unwrap()
    })
}

#[test]
fn what_speaks_of_everybody_is_compared_with_all_that_is_denied_before_long() {
    let book = Rulebook::new(roles()).unwrap();
    assert!(book.effort() > 40_000, "{}", book.effort());
    let begun = Instant::now();
    let all = Held::new((0..2 * RULES / OF_ROLE).map(name), None).unwrap();
    let guarded = Held::new(
        (0..2 * RULES / OF_ROLE).filter(|role| role % 2 == 1).map(name).chain([RoleName::read("owner").unwrap()]),
        None,
    );
    let (given, own) = (book.compile(&all).unwrap(), book.compile(&guarded.unwrap()).unwrap());
    let user = Some(Uuid::from_u128(1).into());
    assert_eq!(own.beyond(user, &[], &given), [], "all that is denied is denied along with it");
    let open = book.compile(&Held::new((0..2 * RULES / OF_ROLE).filter(|role| *role != 7).map(name), None).unwrap()).unwrap();
    assert_eq!(own.beyond(user, &[], &open).len(), 100);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

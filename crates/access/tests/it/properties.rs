//! What must be true whatever the roles are.

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestCaseResult};
use uuid::Uuid;
use wardgraph_access::{Bound, Held, Matcher, Name, On, Question, Role, RoleName, Rule, Rulebook};
use wardgraph_kernel::{OrganizationRole, Permission, Permissions, UserId};

const USERS: [&str; 3] =
    ["0190a1b2-0000-7000-8000-000000000001", "0190a1b2-0000-7000-8000-00000190a1b2", "0190a1b2-0000-7000-8000-000000000003"];
const LITERALS: [&str; 9] =
    ["a", "a-", "ab", "a-1", "a-12", "b", "user-", "user-0190a1b2-0000-7000-8000-000000000001", "0190a1b2"];
const NAMES: [&str; 13] = [
    "a",
    "a-",
    "a-1",
    "a-12",
    "ab",
    "abc",
    "b",
    "c",
    "user-1",
    "user-0190a1b2-0000-7000-8000-000000000001",
    "user-0190a1b2-0000-7000-8000-000000000003-x",
    "0190a1b2-0000-7000-8000-00000190a1b2",
    "0190a1b2-0000-7000-8000-00000190a1b2-0000-7000-8000-00000190a1b2",
];

/// A role: what it allows, what it denies, and from which of those before it it inherits.
type Texts = (Vec<String>, Vec<String>, Vec<prop::sample::Index>);

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        5 => (select(&LITERALS[..]), any::<bool>()).prop_map(|(literal, open)| format!(":{literal}{}", if open { "*" } else { "" })),
        2 => select(&[":user-${user_id}", ":user-${user_id}*", ":${user_id}", ":${user_id}-*", ":a${user_id}"][..]).prop_map(str::to_owned),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let heads = ["nodes:read", "nodes:write", "search:read", "edges:read", "edges:*", "*:read", "*:*", "nodes:*"];
    (select(heads.to_vec()), pattern()).prop_map(|(head, pattern)| format!("{head}{pattern}"))
}

fn scope() -> impl Strategy<Value = String> {
    (select(vec!["nodes:read", "nodes:write", "search:read", "edges:read", "kg:read"]), pattern())
        .prop_map(|(head, pattern)| format!("{head}{pattern}"))
}

fn roles() -> impl Strategy<Value = Vec<Texts>> {
    vec((vec(rule(), 0..5), vec(rule(), 0..3), vec(any::<prop::sample::Index>(), 0..2)), 1..4)
}

fn user() -> impl Strategy<Value = Option<UserId>> {
    option::weighted(0.8, select(&USERS[..]).prop_map(|id| UserId::from(Uuid::parse_str(id).unwrap())))
}

fn name(number: usize) -> RoleName {
    RoleName::read(&format!("r{number}")).unwrap()
}

fn rules(texts: &[String]) -> impl Iterator<Item = Rule> {
    texts.iter().map(|text| Rule::read(text).unwrap())
}

/// What all the roles come to; in the order in which they are given, or backwards.
fn matcher(texts: &[Texts], backwards: bool) -> Matcher {
    let role = |(number, (allows, denies, parents)): (usize, &Texts)| {
        let parents: Vec<RoleName> =
            if number == 0 { Vec::new() } else { parents.iter().map(|parent| name(parent.index(number))).collect() };
        let (mut allows, mut denies) = (rules(allows).collect::<Vec<_>>(), rules(denies).collect::<Vec<_>>());
        if backwards {
            allows.reverse();
            denies.reverse();
        }
        Role::new(name(number), allows, denies, parents).unwrap()
    };
    let (mut roles, mut held): (Vec<Role>, Vec<RoleName>) =
        (texts.iter().enumerate().map(role).collect(), (0..texts.len()).map(name).collect());
    if backwards {
        roles.reverse();
        held.reverse();
    }
    Rulebook::new(roles).unwrap().compile(&Held::new(held, None).unwrap()).unwrap()
}

fn bounds(scopes: &[Vec<String>]) -> Vec<Bound> {
    scopes.iter().map(|words| Bound::of_scopes(words.iter().map(String::as_str))).collect()
}

/// Everything that can be asked of these names.
fn questions(user: Option<UserId>) -> impl Iterator<Item = Question<'static>> {
    let permissions =
        [Permission::NodesRead, Permission::NodesWrite, Permission::SearchRead, Permission::EdgesRead, Permission::EventsRead];
    let named = NAMES.iter().map(|name| On::Named(Name::read(name).unwrap()));
    let on: Vec<On<'static>> = [On::All, On::Any].into_iter().chain(named).collect();
    permissions.into_iter().flat_map(move |permission| on.clone().into_iter().map(move |on| Question { permission, on, user }))
}

/// Whatever the second allows, the first allows.
fn allows_no_less(
    more: impl Fn(&Question<'_>) -> bool,
    less: impl Fn(&Question<'_>) -> bool,
    user: Option<UserId>,
) -> TestCaseResult {
    for question in questions(user) {
        prop_assert!(!less(&question) || more(&question), "{:?}", question);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn another_deny_never_allows_more(texts in roles(), deny in rule(), at in any::<prop::sample::Index>(), user in user()) {
        let before = matcher(&texts, false);
        let mut more = texts;
        let at = at.index(more.len());
        more[at].1.push(deny);
        let after = matcher(&more, false);
        allows_no_less(|question| before.allows(question, &[]), |question| after.allows(question, &[]), user)?;
    }

    #[test]
    fn another_rule_that_allows_never_allows_less(texts in roles(), allow in rule(), user in user()) {
        let before = matcher(&texts, false);
        let mut more = texts;
        more[0].0.push(allow);
        let after = matcher(&more, false);
        allows_no_less(|question| after.allows(question, &[]), |question| before.allows(question, &[]), user)?;
    }

    #[test]
    fn narrower_scopes_never_allow_more(
        texts in roles(), words in vec(scope(), 0..5), further in vec(scope(), 0..5), user in user(), less in any::<prop::sample::Index>(),
    ) {
        let matcher = matcher(&texts, false);
        let (wide, cut) = (bounds(std::slice::from_ref(&words)), bounds(&[words[..less.index(words.len() + 1)].to_vec()]));
        let both = bounds(&[words, further]);
        let both: Vec<&Bound> = both.iter().collect();
        let within = |bounds: &[&Bound], question: &Question<'_>| matcher.allows(question, bounds);
        allows_no_less(|question| within(&[], question), |question| within(&[&wide[0]], question), user)?;
        allows_no_less(|question| within(&[&wide[0]], question), |question| within(&[&cut[0]], question), user)?;
        allows_no_less(|question| within(&[&wide[0]], question), |question| within(&both, question), user)?;
    }

    #[test]
    fn order_never_matters(texts in roles(), user in user()) {
        let (one, other) = (matcher(&texts, false), matcher(&texts, true));
        prop_assert_eq!(&one, &other);
        for question in questions(user) {
            prop_assert_eq!(one.explain(&question, &[]), other.explain(&question, &[]));
        }
    }

    #[test]
    fn an_explanation_says_what_was_decided(texts in roles(), scopes in vec(vec(scope(), 0..6), 0..3), user in user()) {
        let (matcher, bounds) = (matcher(&texts, false), bounds(&scopes));
        let bounds: Vec<&Bound> = bounds.iter().collect();
        for question in questions(user) {
            let (allowed, why) = (matcher.allows(&question, &bounds), matcher.explain(&question, &bounds));
            prop_assert_eq!((why.allowed, why.needs.is_empty()), (allowed, allowed), "{:?} {:?}", question, why);
            prop_assert!(!allowed || !why.allowed_by.is_empty());
        }
    }

    #[test]
    fn what_is_allowed_of_one_opens_the_door(texts in roles(), user in user()) {
        let matcher = matcher(&texts, false);
        for question in questions(user) {
            prop_assert!(!matcher.allows(&question, &[]) || matcher.allows(&Question { on: On::Any, ..question }, &[]), "{:?}", question);
        }
    }

    #[test]
    fn who_gets_what_may_be_given_can_do_no_more_than_who_gave_it(
        giver in roles(), given in roles(), scopes in vec(vec(scope(), 0..6), 0..2), giving in user(), getting in user(),
    ) {
        let (own, given, bounds) = (matcher(&giver, false), matcher(&given, false), bounds(&scopes));
        let bounds: Vec<&Bound> = bounds.iter().collect();
        if own.beyond(giving, &bounds, &given).is_empty() {
            for question in questions(getting) {
                let same = Question { user: giving, ..question };
                prop_assert!(!given.allows(&question, &[]) || own.allows(&same, &bounds), "{:?}", question);
            }
        }
    }

    /// The same where it is true more often: what is given was cut from what is held.
    #[test]
    fn who_gets_a_part_can_do_no_more_than_who_gave_it(
        giver in roles(), share in vec(any::<bool>(), 40), further in option::of(rule()), deny in option::of(rule()), giving in user(), getting in user(),
    ) {
        let mut keep = share.into_iter().cycle();
        let mut part = giver.clone();
        for (allows, denies, _) in &mut part {
            allows.retain(|_| keep.next().unwrap_or(true));
            denies.retain(|_| keep.next().unwrap_or(true) || keep.next().unwrap_or(true));
        }
        part[0].0.extend(further);
        part[0].1.extend(deny);
        let (own, given) = (matcher(&giver, false), matcher(&part, false));
        if own.beyond(giving, &[], &given).is_empty() {
            for question in questions(getting) {
                let same = Question { user: giving, ..question };
                prop_assert!(!given.allows(&question, &[]) || own.allows(&same, &[]), "{:?}", question);
            }
        }
    }

    #[test]
    fn whoever_speaks_of_nobody_may_hand_on_all_they_have(giver in roles(), user in user()) {
        let nobodys = |rules: &mut Vec<String>| rules.retain(|rule| !rule.contains('$'));
        let mut giver = giver;
        for (allows, denies, _) in &mut giver {
            nobodys(allows);
            nobodys(denies);
        }
        let own = matcher(&giver, false);
        prop_assert_eq!(own.beyond(user, &[], &own), []);
    }

    #[test]
    fn owners_may_hand_out_any_role_that_their_organization_can_have(given in roles(), user in user()) {
        let book = Rulebook::new([]).unwrap();
        let owner = book.compile(&Held::new([OrganizationRole::Owner.into()], None).unwrap()).unwrap();
        let given = matcher(&given, false);
        prop_assert_eq!(owner.beyond(user, &[], &given), []);
        let narrow = Bound::from(Permissions::from_scopes(["metrics:read"]));
        let any = questions(user).any(|question| given.allows(&question, &[]));
        prop_assert!(!any || !owner.beyond(user, &[&narrow], &given).is_empty());
    }

    #[test]
    fn no_text_makes_reading_rules_fail_in_another_way(text in "\\PC{0,40}|[a-z*:]{0,12}:[a-z:*${}_-]{0,20}") {
        if let Ok(rule) = Rule::read(&text) {
            prop_assert_eq!(Rule::read(rule.text()).unwrap(), rule);
        }
        let _ = (Name::read(&text).is_ok(), RoleName::read(&text).is_ok(), Bound::of_scopes([text.as_str()]));
    }
}

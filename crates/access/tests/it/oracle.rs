//! The matcher and Cedar decide alike. Cedar's decisions stand in `decisions.txt`, which `make oracle` writes.

use uuid::Uuid;
use wardgraph_access::{Bound, Held, Matcher, Name, Need, On, Question, Role, RoleName, Rule, Rulebook};
use wardgraph_kernel::{GlobalRole, Permission, UserId};

use crate::cases::{self, CaseRole, World};

const DECISIONS: &str = include_str!("decisions.txt");

fn rules(texts: &[String]) -> Vec<Rule> {
    texts.iter().map(|text| Rule::read(text).unwrap()).collect()
}

fn role(case: &CaseRole) -> Role {
    let inherits = case.inherits.iter().map(|name| RoleName::read(name).unwrap());
    Role::new(RoleName::read(&case.name).unwrap(), rules(&case.allows), rules(&case.denies), inherits).unwrap()
}

fn matcher(world: &World) -> Matcher {
    let book = Rulebook::new(world.roles.iter().map(role)).unwrap();
    let held = world.held.iter().map(|name| RoleName::read(name).unwrap());
    book.compile(&Held::new(held, world.global.map(|word| GlobalRole::of(word).unwrap())).unwrap()).unwrap()
}

/// What Cedar decided, case by case; the file says for which cases.
fn decided() -> Vec<bool> {
    let mut lines = DECISIONS.lines();
    assert_eq!(lines.next(), Some(cases::FORMAT), "run `make oracle`");
    let cases = format!("{:016x}", cases::fingerprint());
    assert_eq!(lines.next(), Some(cases.as_str()), "the cases changed since Cedar decided them: run `make oracle`");
    let digits = lines.flat_map(str::chars).map(|digit| digit.to_digit(16).unwrap());
    digits.flat_map(|digit| [8, 4, 2, 1].map(|bit| digit & bit != 0)).collect()
}

#[test]
fn the_matcher_agrees_with_cedar_on_100_000_cases() {
    let decided = decided();
    assert_eq!(decided.len(), 100_000);
    let (mut answers, mut differ) = (decided.iter(), Vec::new());
    let (mut allowed, mut denied, mut cut, mut inherited, mut personal) = (0, 0, 0, 0, 0);
    for world in cases::worlds() {
        let matcher = matcher(&world);
        let bounds: Vec<Bound> = world.bounds.iter().map(|words| Bound::of_scopes(words.iter().map(String::as_str))).collect();
        let bounds: Vec<&Bound> = bounds.iter().collect();
        let user = world.user.map(|id| UserId::from(Uuid::parse_str(id).unwrap()));
        for (permission, name) in &world.questions {
            let on = name.as_deref().map_or(On::All, |name| On::Named(Name::read(name).unwrap()));
            let question = Question { permission: Permission::of(permission).unwrap(), on, user };
            let (cedar, ours) = (*answers.next().unwrap(), matcher.allows(&question, &bounds));
            if ours != cedar {
                differ.push(format!("Cedar says {cedar} to {permission} on {name:?} in {world:?}"));
            }
            let why = matcher.explain(&question, &bounds);
            assert_eq!((why.allowed, why.needs.is_empty()), (ours, ours), "{why:?} of {question:?} in {world:?}");
            let any = Question { on: On::Any, ..question };
            assert!(!ours || matcher.allows(&any, &bounds), "shut out at the door: {question:?} in {world:?}");
            allowed += usize::from(ours);
            denied += usize::from(why.needs == [Need::NoDeny]);
            cut += usize::from(!ours && why.needs.iter().all(|need| matches!(need, Need::Scope { .. })));
            inherited += usize::from(ours && why.allowed_by.iter().all(|by| !by.through.contains(&by.role)));
            personal += usize::from(ours && why.allowed_by.iter().all(|by| by.rule.text().contains('$')));
        }
    }
    assert!(differ.is_empty(), "{} cases, such as:\n{}", differ.len(), differ[..differ.len().min(3)].join("\n"));
    // The cases would show little if one side of each were rare.
    println!(
        "{allowed} allowed, {inherited} of them by inheritance alone and {personal} to their person; {denied} denied by a deny, {cut} by scopes"
    );
    assert!((20_000..=80_000).contains(&allowed) && denied > 5_000 && cut > 5_000 && inherited > 2_000 && personal > 500);
}

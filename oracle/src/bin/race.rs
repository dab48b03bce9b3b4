//! What a warm decision costs: ours, Cedar's and Casbin's, on the same rules. `race SECONDS`, for each; prints one line of JSON, in microseconds.
//!
//! An organization with 100 custom roles of 100 rules each, and 5,000 members with two of them: 10,000 grants. Each decision is timed by itself, the
//! look-up of what a member's roles come to included. `crowned` is a member who has all 100 roles.

use std::{
    collections::BTreeSet,
    env,
    time::{Duration, Instant},
};

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use uuid::Uuid;
use wardgraph_access::{Bound, Held, Matchers, Name, On, Question, Role, RoleName, Rule, Rulebook};
use wardgraph_kernel::{OrganizationRole, Permission, TenantId, UserId};
use wardgraph_oracle::{
    Failure,
    cases::CaseRole,
    engine::{BuiltIn, Cedar, Member},
};

const ROLES: usize = 100;
const MEMBERS: usize = 5_000;
const VERSION: u64 = 7;
/// The most decisions that are timed of one engine.
const MOST: usize = 1_000_000;
const CASBIN: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && r.act == p.act && keyMatch(r.obj, p.obj)
";

/// One decision that is asked for.
struct Asked {
    member: String,
    held: Held,
    permission: Permission,
    name: String,
}

fn main() -> Result<(), Failure> {
    let seconds: f64 = env::args().nth(1).ok_or("say: SECONDS")?.parse()?;
    let within = Duration::try_from_secs_f64(seconds)?;
    let roles: Vec<CaseRole> = (0..ROLES).map(role).collect();
    let (members, crowned) = (asked(false)?, asked(true)?);

    let (book, tenant, matchers) = (book(&roles)?, TenantId::parse("acme")?, Matchers::new(256 << 20));
    for one in members.iter().chain(&crowned) {
        matchers.compile(&tenant, VERSION, &one.held, &book)?;
    }
    let bound = Bound::from(OrganizationRole::Owner.permissions());
    let user = UserId::from(Uuid::from_u128(7));
    let ours = |one: &Asked| -> Result<bool, Failure> {
        let matcher = matchers.find(&tenant, VERSION, &one.held).ok_or("a matcher is gone")?;
        let on = On::Named(Name::read(&one.name)?);
        Ok(matcher.allows(&Question { permission: one.permission, on, user: Some(user) }, &[&bound]))
    };

    let names: BTreeSet<&str> = members.iter().chain(&crowned).map(|one| one.name.as_str()).collect();
    let all: Vec<String> = (0..ROLES).map(|role| format!("r{role}")).collect();
    let texts: Vec<(String, [String; 2])> = (0..MEMBERS).map(|number| (format!("m{number}"), held(number))).collect();
    let people = texts.iter().map(|(name, roles)| Member { name, roles: roles.iter().map(String::as_str).collect() });
    let everything = Member { name: "crowned", roles: all.iter().map(String::as_str).collect() };
    let people: Vec<Member> = people.chain([everything]).collect();
    let begun = Instant::now();
    let cedar = Cedar::new(&BuiltIn::read()?, &roles, &people, &names, None, "")?;
    let cedar_loads = begun.elapsed();
    let cedars = |one: &Asked| -> Result<bool, Failure> {
        cedar.decides(&Cedar::question(&one.member, one.permission.word(), Some(&one.name))?)
    };

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let begun = Instant::now();
    let casbin = runtime.block_on(casbin(&roles, &people))?;
    let casbin_loads = begun.elapsed();
    let casbins = |one: &Asked| -> Result<bool, Failure> {
        Ok(casbin.enforce((one.member.as_str(), one.name.as_str(), one.permission.word()))?)
    };

    for one in members.iter().take(40).chain(crowned.iter().take(10)) {
        let said = [ours(one)?, cedars(one)?, casbins(one)?];
        if said.iter().any(|other| Some(other) != said.first()) {
            return Err(format!("they differ about {} and {}: {said:?}", one.member, one.name).into());
        }
    }
    let times = [
        ("ours", timed(within, &members, ours)?),
        ("ours_crowned", timed(within, &crowned, ours)?),
        ("clock", timed(within / 4, &members, |_| Ok(true))?),
        ("cedar", timed(within, &members, cedars)?),
        ("casbin", timed(within, &members, casbins)?),
    ];
    let times: Vec<String> = times.iter().map(|(name, times)| format!("\"{name}\":{times}")).collect();
    println!(
        "{{{},\"policies\":{},\"cedar_loads_ms\":{},\"casbin_loads_ms\":{}}}",
        times.join(","),
        cedar.size(),
        cedar_loads.as_millis(),
        casbin_loads.as_millis()
    );
    Ok(())
}

/// A role: 80 patterns and 10 names that it may read or write, 10 patterns that it may not.
fn role(number: usize) -> CaseRole {
    let word = |rule: usize| if rule.is_multiple_of(3) { "nodes:write" } else { "nodes:read" };
    let open = (0..80).map(|rule| format!("{}:team-{number}-project-{rule}-*", word(rule)));
    let exact = (0..10).map(|rule| format!("{}:shared-{rule}-of-{number}", word(rule)));
    let denies = (0..10).map(|rule| format!("nodes:write:team-{number}-project-{rule}-secret-*")).collect();
    CaseRole { name: format!("r{number}"), allows: open.chain(exact).collect(), denies, inherits: Vec::new() }
}

fn held(member: usize) -> [String; 2] {
    [format!("r{}", member % ROLES), format!("r{}", (member * 7 + 3) % ROLES)]
}

/// What is asked: of each member once, a name within one of their roles' or another's.
fn asked(crowned: bool) -> Result<Vec<Asked>, Failure> {
    let all: Vec<String> = (0..ROLES).map(|role| format!("r{role}")).collect();
    (0..MEMBERS)
        .map(|number| -> Result<Asked, Failure> {
            let texts = if crowned { all.clone() } else { held(number).to_vec() };
            let held = texts.iter().map(|name| RoleName::read(name)).collect::<Result<Vec<_>, _>>()?;
            let team = if number.is_multiple_of(4) { (number + 1) % ROLES } else { number % ROLES };
            let secret = if number.is_multiple_of(5) { "secret-" } else { "" };
            Ok(Asked {
                member: if crowned { "crowned".to_owned() } else { format!("m{number}") },
                held: Held::new(held, None)?,
                permission: if number.is_multiple_of(2) { Permission::NodesRead } else { Permission::NodesWrite },
                name: format!("team-{team}-project-{}-{secret}index-{}", number % 80, number % 7),
            })
        })
        .collect()
}

fn book(roles: &[CaseRole]) -> Result<Rulebook, Failure> {
    let rules = |texts: &[String]| texts.iter().map(|text| Rule::read(text)).collect::<Result<Vec<_>, _>>();
    let role = |role: &CaseRole| Role::new(RoleName::read(&role.name)?, rules(&role.allows)?, rules(&role.denies)?, []);
    Ok(Rulebook::new(roles.iter().map(role).collect::<Result<Vec<_>, _>>()?)?)
}

async fn casbin(roles: &[CaseRole], members: &[Member<'_>]) -> Result<Enforcer, Failure> {
    let mut enforcer = Enforcer::new(DefaultModel::from_str(CASBIN).await?, MemoryAdapter::default()).await?;
    let mut policies = Vec::new();
    for role in roles {
        for (rules, effect) in [(&role.allows, "allow"), (&role.denies, "deny")] {
            for rule in rules {
                let (word, pattern) = rule.rsplit_once(':').ok_or("a rule has no pattern")?;
                // Casbin knows nothing of what implies what.
                let words: &[&str] =
                    if word == "nodes:write" && effect == "allow" { &["nodes:write", "nodes:read"] } else { &[word] };
                policies.extend(
                    words.iter().map(|word| vec![role.name.clone(), pattern.to_owned(), (*word).to_owned(), effect.to_owned()]),
                );
            }
        }
    }
    policies.sort();
    policies.dedup();
    enforcer.add_policies(policies).await?;
    let grant = |member: &Member<'_>| {
        member.roles.iter().map(|role| vec![member.name.to_owned(), (*role).to_owned()]).collect::<Vec<_>>()
    };
    let mut grants: Vec<Vec<String>> = members.iter().flat_map(grant).collect();
    grants.sort();
    grants.dedup();
    enforcer.add_grouping_policies(grants).await?;
    Ok(enforcer)
}

/// Median, p99 and count, as JSON.
fn timed(within: Duration, asked: &[Asked], decide: impl Fn(&Asked) -> Result<bool, Failure>) -> Result<String, Failure> {
    for one in asked.iter().take(5) {
        std::hint::black_box(decide(one)?);
    }
    let (begun, mut times, mut allowed) = (Instant::now(), Vec::new(), 0_usize);
    for one in asked.iter().cycle().take(MOST) {
        let before = Instant::now();
        allowed += usize::from(std::hint::black_box(decide(one)?));
        times.push(before.elapsed());
        if begun.elapsed() > within {
            break;
        }
    }
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6);
    Ok(format!(r#"{{"median":{:.3},"p99":{:.3},"count":{},"allowed":{allowed}}}"#, at(50), at(99), times.len()))
}

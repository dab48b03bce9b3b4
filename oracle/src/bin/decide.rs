//! Has Cedar decide every case of `crates/access/tests/it/cases.rs`, and writes what it said to `decisions.txt` beside it.

use std::{collections::BTreeSet, fmt::Write, fs, thread};

use wardgraph_oracle::{
    Failure,
    cases::{self, World},
    engine::{BuiltIn, Cedar, Member, project},
    policies,
};

const WHO: &str = "somebody";
/// How many hexadecimal digits stand in a line.
const LINE: usize = 100;

fn main() -> Result<(), Failure> {
    let built_in = BuiltIn::read()?;
    let worlds: Vec<World> = cases::worlds().collect();
    let share = worlds.len().div_ceil(thread::available_parallelism()?.get());
    let decisions = thread::scope(|scope| -> Result<Vec<bool>, Failure> {
        let threads: Vec<_> = worlds.chunks(share).map(|some| scope.spawn(|| decide_all(&built_in, some))).collect();
        let mut decisions = Vec::new();
        for thread in threads {
            decisions.extend(thread.join().map_err(|_| "Cedar panicked")??);
        }
        Ok(decisions)
    })?;
    let digits = decisions.chunks(4).map(|four| four.iter().fold(0_u32, |all, one| all << 1 | u32::from(*one)));
    let digits: Vec<char> = digits.filter_map(|digit| char::from_digit(digit, 16)).collect();
    let mut file = format!("{}\n{:016x}\n", cases::FORMAT, cases::fingerprint());
    for line in digits.chunks(LINE) {
        writeln!(file, "{}", line.iter().collect::<String>())?;
    }
    fs::write(project().join("crates/access/tests/it/decisions.txt"), file)?;
    let allowed = decisions.iter().filter(|allowed| **allowed).count();
    println!("Cedar decided {} cases, and allowed {allowed} of them", decisions.len());
    Ok(())
}

fn decide_all(built_in: &BuiltIn, worlds: &[World]) -> Result<Vec<bool>, Failure> {
    let mut decisions = Vec::new();
    for world in worlds {
        decide(built_in, world, &mut decisions)?;
    }
    Ok(decisions)
}

fn decide(built_in: &BuiltIn, world: &World, decisions: &mut Vec<bool>) -> Result<(), Failure> {
    let names: BTreeSet<&str> = world.questions.iter().filter_map(|(_, name)| name.as_deref()).collect();
    let roles = world.held.iter().map(String::as_str).chain(world.global).collect();
    let bounds: String = world.bounds.iter().map(|scopes| policies::of_scopes(scopes, world.user)).collect();
    let cedar = Cedar::new(built_in, &world.roles, &[Member { name: WHO, roles }], &names, world.user, &bounds)?;
    for (permission, name) in &world.questions {
        decisions.push(cedar.decides(&Cedar::question(WHO, permission, name.as_deref())?)?);
    }
    Ok(())
}

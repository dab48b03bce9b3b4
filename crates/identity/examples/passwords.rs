//! What Argon2id alone does on this machine: verifications a second at the server's own cost, on threads that do nothing else.
//!
//! `passwords THREADS SECONDS`; prints one line of JSON. `make bench` measures sign-ins beside it.

use std::{
    env,
    error::Error,
    io::{Write, stdout},
    thread,
    time::{Duration, Instant},
};

use wardgraph_identity::password::{Cost, Verifier};
use wardgraph_kernel::{Secret, SeededChance};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [threads, seconds] = arguments.as_slice() else { return Err("say: THREADS SECONDS".into()) };
    let (threads, within) = (threads.parse::<u64>()?, Duration::try_from_secs_f64(seconds.parse()?)?);
    let began = Instant::now();
    let working: Vec<_> = (0..threads).map(|number| thread::spawn(move || verified(number, within))).collect();
    let mut count = 0;
    for thread in working {
        count += thread.join().map_err(|_| "a thread panicked")?.ok_or("a password was not verified")?;
    }
    writeln!(stdout(), r#"{{"verifications_per_s":{:.2}}}"#, f64::from(count) / began.elapsed().as_secs_f64())?;
    Ok(())
}

/// How many passwords one thread verifies in the time.
fn verified(number: u64, within: Duration) -> Option<u32> {
    let (password, mut memory) = (Secret::new("vowel-otter-sixteen-lamp"), Vec::new());
    let verifier = Verifier::make(&password, Cost::DEFAULT, &SeededChance::new(number), &mut memory)?;
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < within {
        count += u32::from(verifier.matches(&password, &mut memory));
    }
    (count > 0).then_some(count)
}

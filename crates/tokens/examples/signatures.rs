//! What a signature alone costs on this machine, by each algorithm that tokens are signed with, and keys as long as the server's.
//!
//! `signatures SECONDS`, for each; prints one line of JSON, in microseconds. `make bench` measures tokens beside it.

use std::{
    env,
    error::Error,
    io::{Write, stdout},
    time::{Duration, Instant},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};

/// As long as the signed part of a token.
const MESSAGE: [u8; 600] = [b'e'; 600];

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = env::args().nth(1).ok_or("say: SECONDS")?;
    let within = Duration::try_from_secs_f64(seconds.parse()?)?;
    let (chance, ed25519, rsa) = (SystemRandom::new(), Ed25519KeyPair::generate()?, RsaKeyPair::generate(KeySize::Rsa3072)?);
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let mut signature = vec![0; rsa.public_modulus_len()];
    let es256 = each(within, || p256.sign(&chance, &MESSAGE).is_ok());
    let eddsa = each(within, || !ed25519.sign(&MESSAGE).as_ref().is_empty());
    let rs256 = each(within, || rsa.sign(&RSA_PKCS1_SHA256, &chance, &MESSAGE, &mut signature).is_ok());
    writeln!(stdout(), r#"{{"ES256":{es256:.2},"EdDSA":{eddsa:.2},"RS256":{rs256:.2}}}"#)?;
    Ok(())
}

/// Microseconds of one.
fn each(within: Duration, mut sign: impl FnMut() -> bool) -> f64 {
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < within {
        count += u32::from(sign());
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(count.max(1))
}

//! RSA keys that can be factored, or that were never meant to be secret.

/// Primes by which keys of the ROCA kind betray themselves (Nemec and others, CVE-2017-15361): the powers of 65537 are few of their residues.
const TELLING_PRIMES: &[u32] = &[11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// How many bits a modulus has; big-endian, leading zeros not counted.
pub(crate) fn bits(modulus: &[u8]) -> usize {
    let leading = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(leading).map_or(8, |byte| byte.leading_zeros());
    ((modulus.len() - leading) * 8).saturating_sub(usize::try_from(first).unwrap_or(0))
}

/// Whether the primes of a modulus were made by the library whose keys can be factored: modulo every telling prime it is a power of 65537.
pub(crate) fn is_roca(modulus: &[u8]) -> bool {
    TELLING_PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |residue, byte| (residue * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (1..*prime).any(|_| {
            power = power * 65_537 % prime;
            power == residue
        })
    })
}

/// Whether an exponent is one that keys have: odd, at least 3, at most 32 bits, without leading zeros. With 1, anyone signs.
pub(crate) fn is_sound_exponent(exponent: &[u8]) -> bool {
    let (first, last) = (exponent.first(), exponent.last());
    first.is_some_and(|first| *first != 0) && exponent.len() <= 4 && exponent != [1] && last.is_some_and(|last| last % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_first_that_is_set() {
        for (modulus, expected) in [(&[][..], 0), (&[0], 0), (&[1], 1), (&[0, 0x80], 8), (&[1, 0], 9), (&[0xff; 256], 2_048)] {
            assert_eq!(bits(modulus), expected, "{modulus:?}");
        }
    }

    #[test]
    fn a_power_of_65537_modulo_every_telling_prime_is_roca() {
        // 65537 squared, and 65537 itself; a neighbour of each is not.
        for (number, expected) in [(65_537_u64, true), (65_537 * 65_537, true), (65_539, false), (65_537 * 65_539, false)] {
            assert_eq!(is_roca(&number.to_be_bytes()), expected, "{number}");
        }
    }

    #[test]
    fn exponents_are_odd_and_neither_1_nor_huge() {
        for (exponent, sound) in [
            (&[1_u8, 0, 1][..], true),
            (&[3], true),
            (&[], false),
            (&[0], false),
            (&[1], false),
            (&[2], false),
            (&[0, 3], false),
            (&[1, 0, 0, 0, 1], false),
        ] {
            assert_eq!(is_sound_exponent(exponent), sound, "{exponent:?}");
        }
    }
}

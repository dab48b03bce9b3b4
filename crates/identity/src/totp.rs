//! Codes of an authenticator app (RFC 6238): SHA-1, six digits, steps of 30 seconds, as every app has it.

use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Totp};
use wardgraph_kernel::{Chance, Secret, Timestamp};
use zeroize::Zeroizing;

use crate::IdentityError;

/// How apps call this server.
const ISSUER: &str = "Wardgraph";
/// Octets of a secret: as many as SHA-1 has (RFC 4226, section 4).
const SECRET_BYTES: usize = 20;
/// Light modules around a code, without which nothing reads it.
const QUIET: i32 = 4;

/// What an app needs to know, shown once.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The secret in base32, to be typed.
    pub secret: Secret,
    /// The same with everything else, as apps open it.
    pub uri: Secret,
    /// The same as a picture (SVG), to be photographed.
    pub qr_svg: Secret,
}

/// A new secret.
pub fn secret(chance: &dyn Chance) -> Zeroizing<Vec<u8>> {
    let drawn = Zeroizing::new(chance.bytes());
    Zeroizing::new(drawn.iter().copied().take(SECRET_BYTES).collect())
}

/// What an app needs to know of a secret for this account.
pub fn shown(secret: &[u8], account: &str) -> Result<Shown, IdentityError> {
    const UNSHOWABLE: IdentityError = IdentityError::Unreadable("an authenticator's secret");
    // A colon would end the issuer's name.
    let builder = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(account.replace(':', "_"));
    let totp = builder.build().map_err(|_| UNSHOWABLE)?;
    let uri = Zeroizing::new(totp.to_url().map_err(|_| UNSHOWABLE)?);
    let code = QrCode::encode_text(&uri, QrCodeEcc::Medium).map_err(|_| UNSHOWABLE)?;
    Ok(Shown { secret: Secret::new(totp.secret().to_base32()), qr_svg: Secret::new(svg(&code)), uri: Secret::new(uri.as_str()) })
}

/// The step that a code is of, if it is the secret's at `now`, or of one of the `skew` steps before and after it, and of a later one than `used`.
pub fn step(secret: &[u8], code: &str, (now, skew): (Timestamp, u16), used: Option<i64>) -> Option<i64> {
    let totp: Totp = Builder::new().with_secret(secret).with_skew(skew).build().ok()?;
    let step = totp.check(code, u64::try_from(now.as_second()).ok()?)?;
    i64::try_from(step).ok().filter(|step| used.is_none_or(|used| *step > used))
}

fn svg(code: &QrCode) -> String {
    let size = code.size();
    let whole = size + 2 * QUIET;
    let dark = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
    let squares: Vec<_> = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    let path = squares.concat();
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges" role="img" aria-label="QR code for an authenticator app"><path fill="#fff" d="M0 0h{whole}v{whole}H0z"/><path d="{path}"/></svg>"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    /// RFC 6238, appendix B: the last six digits of its codes of eight, of SHA-1.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    const RFC_SECRET: &[u8] = b"12345678901234567890";

    fn at(second: i64) -> (Timestamp, u16) {
        (Timestamp::from_second(second).unwrap(), 1)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (second, code) in VECTORS {
            assert_eq!(step(RFC_SECRET, code, at(second), None), Some(second / 30), "{second}");
            assert_eq!(step(b"another secret of 20", code, at(second), None), None, "{second}");
        }
    }

    #[test]
    fn a_code_holds_a_step_early_and_a_step_late_and_once() {
        let (second, code) = (1_234_567_890, "005924");
        let of = second / 30;
        for (now, found) in [(-60, None), (-30, Some(of)), (0, Some(of)), (59, Some(of)), (60, None)] {
            assert_eq!(step(RFC_SECRET, code, at(of * 30 + now), None), found, "{now}");
        }
        assert_eq!(step(RFC_SECRET, code, at(second), Some(of - 1)), Some(of));
        assert_eq!(step(RFC_SECRET, code, at(second), Some(of)), None, "it was used");
        assert_eq!(step(RFC_SECRET, code, at(second), Some(of + 1)), None, "a later one was");
    }

    #[test]
    fn without_skew_a_code_holds_for_its_own_thirty_seconds() {
        let (second, code) = (1_234_567_890, "005924");
        let start = second / 30 * 30;
        for (now, holds) in [(-1, false), (0, true), (29, true), (30, false)] {
            let now = Timestamp::from_second(start + now).unwrap();
            assert_eq!(step(RFC_SECRET, code, (now, 0), None).is_some(), holds, "{now}");
        }
    }

    #[test]
    fn nothing_but_six_digits_is_a_code() {
        for bad in ["", "5924", "0005924", "+05924", "00592a", "٠٠٥٩٢٤", " 05924"] {
            assert_eq!(step(RFC_SECRET, bad, at(1_234_567_890), None), None, "{bad}");
        }
    }

    #[test]
    fn an_app_is_told_the_secret_in_three_ways() {
        let secret = secret(&SeededChance::new(1));
        assert_eq!(secret.len(), SECRET_BYTES);
        let shown = shown(&secret, "ada:l@example.com").unwrap();
        let base32 = shown.secret.expose();
        assert_eq!(base32.len(), 32);
        assert!(shown.uri.expose().starts_with("otpauth://totp/Wardgraph:ada_l%40"));
        assert!(shown.uri.expose().contains(&format!("secret={base32}")) && shown.uri.expose().ends_with("issuer=Wardgraph"));
        assert!(shown.qr_svg.expose().starts_with("<svg ") && shown.qr_svg.expose().ends_with("</svg>"));
    }
}

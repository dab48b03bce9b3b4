//! Tokens that are not what a token looks like, and claims that are not what a claim looks like.

use serde_json::{Value, json};
use wardgraph_tokens::TokenError;

use crate::kit::*;

const HEADER: &str = r#"{"alg":"HS256"}"#;

#[test]
fn only_three_canonical_parts_are_a_token() {
    let good = token(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    // 32 bytes are 43 letters: the last one carries four bits of data and two that must be zero.
    let stem = curtailed(signature);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(signature.chars().last().unwrap()).unwrap();
    let twin = alphabet.chars().nth(last + 1).unwrap();
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        head.to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!(".{body}.{signature}"),
        format!("{head}..{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{good}.{signature}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{head} .{body}.{signature}"),
        format!("{good}="),
        format!("{head}=.{body}.{signature}"),
        format!("{message}.{stem}{twin}"),
        format!("{message}.{stem}+"),
        format!("{message}.{stem}/"),
        format!("{message}.{stem}é"),
        format!("{message}.{signature}\0"),
        format!("Bearer {good}"),
    ] {
        refused(&bad, TokenError::Malformed);
    }
    assert!(verify(&good).is_ok());
}

#[test]
fn only_objects_without_duplicates_are_read() {
    let body = claims().to_string();
    let heads: &[&[u8]] = &[
        b"",
        b"null",
        b"[]",
        b"\"HS256\"",
        br#"{"alg":"HS256","alg":"HS256"}"#,
        br#"{"alg":"none","alg":"HS256"}"#,
        br#"{"alg":"HS256","\u0061lg":"HS256"}"#,
        br#"{"alg":"HS256","x":1,"x":1}"#,
        br#"{"alg":"HS256"}{}"#,
        br#"{"alg":"HS256",}"#,
        br"{'alg':'HS256'}",
        b"{\"alg\":\"HS256\",\"x\":\"\xff\"}",
        b"\xef\xbb\xbf{\"alg\":\"HS256\"}",
    ];
    for head in heads {
        refused(&raw(head, &body), TokenError::Malformed);
    }
    let tail = beheaded(&body);
    for extra in
        [r#""sub":"mallory""#, r#""tenant_id":"victim""#, r#""\u0073ub":"alice""#, r#""x":1,"x":1"#, r#""exp":9999999999"#]
    {
        refused(&raw(HEADER, format!("{{{extra},{tail}")), TokenError::Malformed);
    }
    let bodies: &[&[u8]] = &[b"", b"[]", b"1", b"{", b"{\"sub\":\"\xc3\x28\"}", br#"{"sub":"\ud800"}"#, b"{\"sub\":\"a\nb\"}"];
    for body in bodies {
        refused(&raw(HEADER, body), TokenError::Malformed);
    }
}

#[test]
fn deep_and_large_tokens_are_refused_cheaply() {
    let deep = format!(r#"{{"x":{}{},{}"#, "[".repeat(1_000), "]".repeat(1_000), beheaded(&claims().to_string()));
    refused(&raw(HEADER, deep), TokenError::Malformed);
    let open = format!(r#"{{"x":{}"#, "{\"x\":".repeat(1_000));
    refused(&raw(HEADER, open), TokenError::Malformed);
    let padded = |n: usize| token(&with("pad", json!("p".repeat(n))));
    let fits = (0..8_192).rev().map(padded).find(|t| t.len() <= 8 * 1_024).unwrap();
    assert!(verify(&fits).is_ok());
    refused(&padded(8_192), TokenError::Oversized);
    refused(&"é".repeat(1 << 20), TokenError::Oversized);
}

#[test]
fn required_claims_are_there_and_well_formed() {
    for name in ["sub", "tenant_id", "exp", "aud"] {
        refused(&token(&without(name)), TokenError::MissingClaim(name));
        for value in [Value::Null, json!(true), json!({}), json!([]), json!([[]])] {
            let error = verify(&token(&with(name, value.clone()))).map(|_| ()).unwrap_err();
            let expected =
                if (name, &value) == ("aud", &json!([])) { TokenError::Audience } else { TokenError::InvalidClaim(name) };
            assert_eq!(error, expected, "{name} {value}");
        }
    }
    for sub in ["", " ", "\t", "a\0b", "a\nb", "a\u{7f}", "\u{85}", &"x".repeat(256)] {
        refused(&token(&with("sub", json!(sub))), TokenError::InvalidClaim("sub"));
        refused(&token(&with("jti", json!(sub))), TokenError::InvalidClaim("jti"));
    }
    for sub in ["a", &"ä".repeat(255), "auth0|5f7c", "Ann Lee", "日本"] {
        assert!(verify(&token(&with("sub", json!(sub)))).is_ok(), "{sub}");
    }
    refused(&token(&with("sub", json!(7))), TokenError::InvalidClaim("sub"));
    refused(&token(&with("jti", json!(7))), TokenError::InvalidClaim("jti"));
}

#[test]
fn the_audience_is_this_server() {
    for aud in [json!("wardgraph"), json!(["wardgraph"]), json!(["other", "wardgraph"])] {
        assert!(verify(&token(&with("aud", aud))).is_ok());
    }
    for aud in [json!("other"), json!(""), json!("Wardgraph"), json!("wardgraph "), json!("wardgraph,other"), json!(["other"])] {
        refused(&token(&with("aud", aud)), TokenError::Audience);
    }
    for aud in [json!(1), json!(["wardgraph", 1]), json!(["wardgraph", null]), json!({"wardgraph": 1})] {
        refused(&token(&with("aud", aud)), TokenError::InvalidClaim("aud"));
    }
}

#[test]
fn dates_are_numbers_within_the_calendar() {
    let bad = [
        "\"1800000060\"",
        "-1",
        "-0.5",
        "1e400",
        "1e300",
        "9223372036854775808",
        "18446744073709551616",
        "253402300800",
        "true",
        "[]",
    ];
    for name in ["exp", "nbf", "iat"] {
        for number in bad {
            let body = without(name).to_string().replacen('{', &format!(r#"{{"{name}":{number},"#), 1);
            let error = verify(&raw(HEADER, body)).map(|_| ()).unwrap_err();
            assert!([TokenError::InvalidClaim(name), TokenError::Malformed].contains(&error), "{name} {number}: {error}");
        }
    }
    for number in ["NaN", "Infinity", "0x6b49d23c", "01800000060", "1_800_000_060"] {
        let body = without("exp").to_string().replacen('{', &format!(r#"{{"exp":{number},"#), 1);
        refused(&raw(HEADER, body), TokenError::Malformed);
    }
    assert!(verify(&token(&with("exp", json!(1_800_000_060.5)))).is_ok());
    assert!(verify(&token(&with("exp", json!(1.800_000_06e9)))).is_ok());
    refused(&token(&with("exp", json!(0))), TokenError::Expired);
}

#[test]
fn leeway_ends_exactly_at_thirty_seconds() {
    let expired_since = |seconds: i64| hs256().verify(&token(&with("exp", json!(NOW - seconds))), at(NOW)).map(|_| ());
    assert_eq!([0, 29, 30, 31].map(expired_since), [Ok(()), Ok(()), Err(TokenError::Expired), Err(TokenError::Expired)]);
    let just = hs256().verify(&token(&with("exp", json!(NOW - 30))), later(at(NOW), std::time::Duration::ZERO)).map(|_| ());
    assert_eq!(just, Err(TokenError::Expired));
    for name in ["nbf", "iat"] {
        let ahead = |seconds: i64| hs256().verify(&token(&with(name, json!(NOW + seconds))), at(NOW)).map(|_| ());
        assert_eq!(
            [30, 31, 1_000_000].map(ahead),
            [Ok(()), Err(TokenError::NotYetValid), Err(TokenError::NotYetValid)],
            "{name}"
        );
    }
    refused(&token(&with("nbf", json!(1_800_000_030.5))), TokenError::NotYetValid);
}

#[test]
fn two_forms_of_scopes_agree_or_are_refused() {
    let scoped = |list: Option<Value>, text: Option<Value>| {
        let mut claims = without("scopes");
        for (name, value) in [("scopes", list), ("scope", text)] {
            if let Some(value) = value {
                claims[name] = value;
            }
        }
        verify(&token(&claims))
            .map(|v| v.claims.permissions.iter().map(wardgraph_kernel::Permission::word).collect::<Vec<_>>().join(" "))
    };
    let both = Ok("nodes:read edges:read".to_owned());
    assert_eq!(scoped(None, None), Ok(String::new()));
    assert_eq!(scoped(Some(json!([])), Some(json!(""))), Ok(String::new()));
    assert_eq!(scoped(Some(json!(["edges:read", "nodes:read"])), None), both);
    assert_eq!(scoped(None, Some(json!("nodes:read edges:read"))), both);
    assert_eq!(scoped(Some(json!(["edges:read", "nodes:read", "edges:read"])), Some(json!("nodes:read  edges:read"))), both);
    for (list, text) in
        [(json!(["nodes:read"]), json!("nodes:write")), (json!([]), json!("nodes:read")), (json!(["nodes:read"]), json!(""))]
    {
        assert_eq!(scoped(Some(list), Some(text)), Err(TokenError::InvalidClaim("scope")));
    }
    for list in [
        json!("nodes:read"),
        json!([1]),
        json!([["nodes:read"]]),
        json!([""]),
        json!(["a b"]),
        json!({"nodes:read": 1}),
        Value::Null,
    ] {
        assert_eq!(scoped(Some(list.clone()), None), Err(TokenError::InvalidClaim("scopes")), "{list}");
    }
    for text in [json!(["nodes:read"]), json!("a\tb"), json!("nodes:read\n"), json!("a\"b"), json!("ä"), json!(1), Value::Null] {
        assert_eq!(scoped(None, Some(text.clone())), Err(TokenError::InvalidClaim("scope")), "{text}");
    }
}

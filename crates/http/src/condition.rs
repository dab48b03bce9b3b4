//! What a request asks besides its body: conditions (RFC 9110, section 13) and parameters. None is passed over that its sender may have meant.

use bytes::Bytes;
use http::{HeaderValue, header, request::Parts};
use wardgraph_api::{FieldError, IfMatch, Problem};
use wardgraph_kernel::{Access, Endpoint, Method};

use crate::Decode;

/// Refuses what `E` would pass over: a parameter where it takes none, and a condition of a change that it does not judge. Pages and the OAuth
/// server's endpoints pass over what they do not know, as their own rules say.
pub(crate) fn understood<E: Endpoint<Input: Decode>>(parts: &Parts) -> Result<(), Problem> {
    if !matches!(E::SPEC.access, Access::Permission(_)) || E::SPEC.is_page() || E::SPEC.is_for_clients() {
        return Ok(());
    }
    if !E::Input::QUERIED
        && let Some((name, _)) = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).next()
    {
        let fault = FieldError::new(name.into_owned(), "there are no parameters here");
        return Err(Problem::malformed("the query cannot be read: there are no parameters here").fields(vec![fault]));
    }
    if E::SPEC.event.is_none() || E::SPEC.method == Method::GET {
        return Ok(());
    }
    let judged = if E::Input::CONDITIONAL { None } else { Some(header::IF_MATCH) };
    // Nothing has a date here that is compared, and whoever wants to create alone does so with POST.
    match judged
        .into_iter()
        .chain([header::IF_NONE_MATCH, header::IF_UNMODIFIED_SINCE])
        .find(|name| parts.headers.contains_key(name))
    {
        Some(name) => Err(Problem::malformed(format!("the condition `{name}` is not judged here: nothing was done"))),
        None => Ok(()),
    }
}

impl Decode for IfMatch {
    const CONDITIONAL: bool = true;

    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let lines: Vec<_> = parts.headers.get_all(header::IF_MATCH).iter().map(HeaderValue::as_bytes).collect();
        if lines.is_empty() {
            return Ok(Self::Absent);
        }
        // Several lines are one list (section 5.3).
        let list = lines.join(&b","[..]);
        if list.trim_ascii() == b"*" {
            return Ok(Self::Any);
        }
        let tags = strong(&list).ok_or_else(|| Problem::malformed("`If-Match` must be `*` or quoted tags"))?;
        Ok(Self::Versions(tags.into_iter().filter_map(version).collect()))
    }
}

/// What stands between the quotes of a list's strong tags; `None` where something in it is no tag. Weak tags match nothing here (section 13.1.1).
fn strong(list: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut tags, mut rest) = (Vec::new(), list);
    loop {
        // Elements of a list may be empty (section 5.6.1.2).
        while let [b' ' | b'\t' | b',', after @ ..] = rest {
            rest = after;
        }
        if rest.is_empty() {
            return Some(tags);
        }
        let (is_weak, tag) = rest.strip_prefix(b"W/").map_or((false, rest), |tag| (true, tag));
        let tag = tag.strip_prefix(b"\"")?;
        let (opaque, after) = tag.split_at(tag.iter().position(|octet| *octet == b'"')?);
        if !opaque.iter().all(|octet| matches!(octet, 0x21..=0x7e | 0x80..)) {
            return None;
        }
        if !is_weak {
            tags.push(opaque);
        }
        rest = after.strip_prefix(b"\"")?;
        let next = rest.trim_ascii_start();
        if !matches!(next, [] | [b',', ..]) {
            return None;
        }
    }
}

/// The version that a tag is of. Tags are compared octet by octet (section 8.8.3.2): neither `01` nor `+1` is one of ours.
fn version(tag: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(tag).ok()?;
    text.parse().ok().filter(|version: &i32| version.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn if_match(lines: &[&[u8]]) -> Result<IfMatch, u16> {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        for line in lines {
            parts.headers.append("if-match", HeaderValue::from_bytes(line).unwrap());
        }
        IfMatch::decode(&mut parts, Bytes::new()).await.map_err(|problem| problem.status)
    }

    #[tokio::test]
    async fn if_match_is_a_list_of_versions() {
        let of = |versions: &[i32]| Ok(IfMatch::Versions(versions.to_vec()));
        assert_eq!(if_match(&[]).await, Ok(IfMatch::Absent));
        assert_eq!(if_match(&[b"*"]).await, Ok(IfMatch::Any));
        assert_eq!(if_match(&[b"\"3\", \"4\""]).await, of(&[3, 4]));
        assert_eq!(if_match(&[b"\"3\"", b" ,\"4\" ,,"]).await, of(&[3, 4]));
        // What is no version of ours matches nothing, and so do weak tags.
        assert_eq!(if_match(&[b"W/\"3\", \"x\""]).await, of(&[]));
        assert_eq!(if_match(&[b""]).await, of(&[]));
        for bad in [&b"3"[..], b"\"3", b"\"3\"\"4\"", b"\"3\" 4", b"\"a b\"", b"*, \"3\"", b"w/\"3\"", b"W/3"] {
            assert_eq!(if_match(&[bad]).await, Err(400), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[tokio::test]
    async fn a_tag_is_compared_octet_by_octet() {
        for other in ["01", "+1", "1.0", "-0", "1e0", "0x1", "", "1,2", "99999999999", "\u{661}"] {
            let tag = format!("\"{other}\"");
            assert_eq!(if_match(&[tag.as_bytes()]).await, Ok(IfMatch::Versions(Vec::new())), "{other}");
        }
        assert_eq!(if_match(&[b"\"\xff\", \"1\""]).await, Ok(IfMatch::Versions(vec![1])));
    }
}

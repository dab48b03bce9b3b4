//! What a request asks besides its body: conditions (RFC 9110, section 13) and parameters. None is passed over that its sender may have meant.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use wardgraph_api::{FieldError, IfMatch, Problem, version_of};
use wardgraph_kernel::{Endpoint, Method};

use crate::Decode;

/// Refuses what `E` would pass over: a parameter where it takes none, and a condition of a change that it does not judge.
pub(crate) fn understood<E: Endpoint<Input: Decode>>(parts: &Parts) -> Result<(), Problem> {
    if E::SPEC.passes_over_what_it_does_not_know() {
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

/// What a read that names a version answers, as `If-Match` and then `If-None-Match` have it (section 13.2.2): whoever has what is there is told so
/// without it.
pub(crate) fn judged<E: Endpoint>(headers: &HeaderMap, response: Response) -> Result<Response, Problem> {
    let Some(tag) = response.headers().get(header::ETAG).filter(|_| E::SPEC.method == Method::GET) else { return Ok(response) };
    if named(headers, &header::IF_MATCH)?.is_some_and(|named| !named.means(tag.as_bytes())) {
        return Err(Problem::precondition("it is of another version than is meant: read it again"));
    }
    if !named(headers, &header::IF_NONE_MATCH)?.is_some_and(|named| named.has(tag.as_bytes())) {
        return Ok(response);
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    Ok(Response::from_parts(parts, Body::empty()))
}

/// A refusal because of another version says so where a tag was weak, which is of no version here.
pub(crate) fn explained(headers: &HeaderMap, problem: Problem) -> Problem {
    let weak = || matches!(named(headers, &header::IF_MATCH), Ok(Some(Named::Tags(tags))) if tags.iter().any(|tag| tag.is_weak));
    if problem.status != 412 || !weak() {
        return problem;
    }
    Problem { detail: format!("{}; weak tags (`W/`) never match", problem.detail).into(), ..problem }
}

impl Decode for IfMatch {
    const CONDITIONAL: bool = true;

    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        Ok(match named(&parts.headers, &header::IF_MATCH)? {
            None => Self::Absent,
            Some(Named::Any) => Self::Any,
            Some(Named::Tags(tags)) => Self::Versions(tags.iter().filter_map(Tag::version).collect()),
        })
    }
}

/// What a condition names.
enum Named {
    /// Whatever is there.
    Any,
    /// What has one of these.
    Tags(Vec<Tag>),
}

/// A tag as it was sent.
struct Tag {
    is_weak: bool,
    /// What stands between its quotes.
    opaque: Vec<u8>,
}

impl Tag {
    /// The version that it is of, in whatever state. Weak ones match nothing where that is asked (section 13.1.1).
    fn version(&self) -> Option<i32> {
        version_of(&self.opaque).filter(|_| !self.is_weak)
    }
}

impl Named {
    /// Whether `etag`, a strong one with its quotes, is named, be it by a weak one (section 8.8.3.2).
    fn has(&self, etag: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.opaque == unquoted(etag)),
        }
    }

    /// Whether the version that `etag` is of is named: its state is no change that anybody could overwrite.
    fn means(&self, etag: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => {
                version_of(unquoted(etag)).is_some_and(|version| tags.iter().any(|tag| tag.version() == Some(version)))
            }
        }
    }
}

fn unquoted(etag: &[u8]) -> &[u8] {
    etag.strip_prefix(b"\"").and_then(|etag| etag.strip_suffix(b"\"")).unwrap_or(etag)
}

/// What the condition `name` of a request names; `None` where it has none.
fn named(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Named>, Problem> {
    let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    // Several lines are one list (section 5.3).
    let list = lines.join(&b","[..]);
    if list.trim_ascii() == b"*" {
        return Ok(Some(Named::Any));
    }
    let malformed = || Problem::malformed(format!("`{name}` must be `*` or quoted tags"));
    Ok(Some(Named::Tags(tags(&list).ok_or_else(malformed)?)))
}

/// The tags of a list; `None` where something in it is no tag.
fn tags(list: &[u8]) -> Option<Vec<Tag>> {
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
        tags.push(Tag { is_weak, opaque: opaque.to_vec() });
        rest = after.strip_prefix(b"\"")?;
        let next = rest.trim_ascii_start();
        if !matches!(next, [] | [b',', ..]) {
            return None;
        }
    }
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

    #[test]
    fn a_condition_of_a_read_names_tags_weakly_or_strongly() {
        let named = |line: &'static [u8]| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_bytes(line).unwrap())]);
            named(&headers, &header::IF_NONE_MATCH).ok().flatten()
        };
        for (line, etag, has, means) in [
            (&b"\"3\""[..], &b"\"3\""[..], true, true),
            (b"\"1\", W/\"3\"", b"\"3\"", true, false),
            (b"*", b"\"3\"", true, true),
            (b"\"03\", \"33\", \"\"", b"\"3\"", false, false),
            (b"", b"\"3\"", false, false),
            // A state is known by whoever has it, and a version is the same in each.
            (b"\"3\"", b"\"3-ready\"", false, true),
            (b"\"3-ready\"", b"\"3\"", false, true),
            (b"\"3-failed\"", b"\"3-ready\"", false, true),
            (b"\"3-ready\"", b"\"3-ready\"", true, true),
            (b"W/\"3-ready\"", b"\"3-ready\"", true, false),
            (b"\"2-ready\"", b"\"3-ready\"", false, false),
            (b"\"3-readily\", \"3-\", \"3-ready-ready\"", b"\"3-ready\"", false, false),
        ] {
            let named = named(line).unwrap();
            assert_eq!((named.has(etag), named.means(etag)), (has, means), "{}", String::from_utf8_lossy(line));
        }
        assert!(named(b"3").is_none() && named(b"W/3").is_none());
    }

    #[tokio::test]
    async fn a_tag_is_compared_octet_by_octet() {
        for other in [
            "01",
            "+1",
            "1.0",
            "01-ready",
            "1-queued",
            "1-READY",
            "-ready",
            "-0",
            "1e0",
            "0x1",
            "",
            "1,2",
            "99999999999",
            "\u{661}",
        ] {
            let tag = format!("\"{other}\"");
            assert_eq!(if_match(&[tag.as_bytes()]).await, Ok(IfMatch::Versions(Vec::new())), "{other}");
        }
        assert_eq!(if_match(&[b"\"\xff\", \"1\""]).await, Ok(IfMatch::Versions(vec![1])));
        assert_eq!(if_match(&[b"\"1-ready\", \"2-failed\", W/\"3-ready\""]).await, Ok(IfMatch::Versions(vec![1, 2])));
    }
}

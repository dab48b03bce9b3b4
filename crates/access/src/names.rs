//! Sets of patterns, and one search that tells whether a name is among them.

use std::borrow::Cow;

use uuid::Uuid;
use wardgraph_kernel::UserId;

use crate::{
    decide::On,
    name::Name,
    pattern::{ID_BYTES, MARK, Pattern},
};

/// What the rules of one kind say of one permission: everything, or names.
///
/// **Invariant:** `patterns` are sorted by their literals, and none covers another. So of all patterns the greatest that does not come after a name is
/// the only one that can match it: what stands between a beginning of the name and the name begins alike, and is covered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    everything: bool,
    patterns: Box<[Pattern]>,
    personal: bool,
}

impl Names {
    pub(crate) fn of(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let mut all: Vec<Pattern> = patterns.into_iter().collect();
        if all.iter().any(Pattern::is_everything) {
            // The patterns beside it say nothing more, whoever asks.
            return Self { everything: true, ..Self::default() };
        }
        // Of all, not of those that are kept: a rule that speaks of whoever asks counts for nobody in particular, beside whichever others.
        let personal = all.iter().any(Pattern::is_personal);
        all.sort_by(|one, other| one.place().cmp(&other.place()));
        let mut kept: Vec<Pattern> = Vec::with_capacity(all.len());
        for pattern in all {
            if !kept.last().is_some_and(|last| last.covers(&pattern)) {
                kept.push(pattern);
            }
        }
        Self { everything: false, patterns: kept.into(), personal }
    }

    pub(crate) const fn is_nothing(&self) -> bool {
        !self.everything && self.patterns.is_empty()
    }

    /// Whether it speaks of whoever asks, and nobody in particular does.
    pub(crate) const fn lacks(&self, user: Option<UserId>) -> bool {
        self.personal && user.is_none()
    }

    /// Whether what is asked about is among these.
    pub(crate) fn allows(&self, on: On<'_>, user: Option<UserId>) -> bool {
        match on {
            On::All => self.everything,
            On::Any => self.everything || self.patterns.iter().any(|pattern| user.is_some() || !pattern.is_personal()),
            On::Named(name) => self.holds(name, user),
        }
    }

    pub(crate) fn holds(&self, name: Name<'_>, user: Option<UserId>) -> bool {
        let name = name.as_str();
        self.everything
            || self.nearest(name).is_some_and(|pattern| pattern.matches(name))
            || (self.personal && user.is_some_and(|user| self.holds_own(name, user)))
    }

    /// Whether the name is among those that speak of this person: wherever the id stands in it, overlaps included.
    fn holds_own(&self, name: &str, user: UserId) -> bool {
        let mut buffer = Uuid::encode_buffer();
        let id: &str = user.uuid().hyphenated().encode_lower(&mut buffer);
        let (mut from, mut marked) = (0, String::new());
        while let Some(found) = name.get(from..).and_then(|rest| rest.find(id)) {
            let at = from + found;
            if let (Some(before), Some(after)) = (name.get(..at), name.get(at + ID_BYTES..)) {
                marked.clear();
                marked.extend([before, MARK, after]);
                if self.nearest(&marked).is_some_and(|pattern| pattern.matches(&marked)) {
                    return true;
                }
            }
            from = at + 1;
        }
        false
    }

    /// Whether everything that a pattern matches is among these, whoever asks for both.
    pub(crate) fn covers(&self, pattern: &Pattern) -> bool {
        self.everything || self.nearest(pattern.literal()).is_some_and(|nearest| nearest.covers(pattern))
    }

    /// These for one person; without those that speak of a person, if there is none.
    pub(crate) fn resolved(&self, id: Option<&str>) -> Cow<'_, Self> {
        if !self.personal {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self::of(self.patterns().filter_map(|one| one.resolved(id))))
    }

    /// Whether something is among these that a pattern matches which speaks of nobody.
    pub(crate) fn meets(&self, pattern: &Pattern) -> bool {
        let from = self.patterns.partition_point(|one| one.literal() < pattern.literal());
        self.covers(pattern) || self.patterns.get(from).is_some_and(|first| pattern.covers(first))
    }

    /// The patterns, `*` among them.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = Pattern> {
        self.everything.then(Pattern::everything).into_iter().chain(self.patterns.iter().cloned())
    }

    /// About how many bytes it takes, the texts left out: they are those of rules.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.patterns.len() * size_of::<Pattern>()
    }

    fn nearest(&self, text: &str) -> Option<&Pattern> {
        let after = self.patterns.partition_point(|pattern| pattern.literal() <= text);
        after.checked_sub(1).and_then(|at| self.patterns.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(patterns: &[&str]) -> Names {
        Names::of(patterns.iter().map(|text| Pattern::read(text).unwrap()))
    }

    #[test]
    fn none_covers_another_and_order_does_not_matter() {
        let some = ["b-1", "a*", "a", "ab*", "b-*", "b", "b-10", "ab"];
        let kept: Vec<_> = names(&some).patterns().map(|pattern| pattern.to_string()).collect();
        assert_eq!(kept, ["a*", "b", "b-*"]);
        let mut reversed = some;
        reversed.reverse();
        assert_eq!(names(&reversed), names(&some));
        assert_eq!(names(&["a", "*", "b*"]), names(&["*"]));
    }

    #[test]
    fn two_meet_where_one_covers_the_other() {
        let meet = |patterns: &[&str], with: &str| names(patterns).meets(&Pattern::read(with).unwrap());
        for (patterns, with) in [
            (&["a-1", "a-2*", "b*"][..], "a*"),
            (&["a-1", "a-2*", "b*"][..], "a-20"),
            (&["0", "a-2*"][..], "a*"),
            (&["a*"][..], "a*"),
            (&["*"][..], "a"),
            (&["a", "b*"][..], "*"),
            (&["*"][..], "*"),
            (&["a"][..], "a*"),
            (&["a"][..], "a"),
        ] {
            assert!(meet(patterns, with), "{patterns:?} {with}");
        }
        for (patterns, with) in [(&["a*"][..], "b"), (&["a", "b*"][..], "aa*"), (&["a-1", "b"][..], "a-"), (&["b"][..], "a*")] {
            assert!(!meet(patterns, with), "{patterns:?} {with}");
        }
    }

    #[test]
    fn an_id_is_found_wherever_it_stands_even_where_it_overlaps_itself() {
        // The id ends as it begins: in `ID0190a1b2-...` it can stand twice, sharing eight digits.
        let text = "0190a1b2-0000-7000-8000-00000190a1b2";
        let user = Some(UserId::from(Uuid::parse_str(text).unwrap()));
        let twice = format!("{text}-0000-7000-8000-00000190a1b2");
        let holds = |pattern: &str, name: &str| names(&[pattern]).holds(Name::read(name).unwrap(), user);
        assert!(holds("${user_id}", text) && !holds("${user_id}", &twice));
        assert!(holds("${user_id}*", &twice));
        assert!(holds("0190a1b2-0000-7000-8000-0000${user_id}", &twice));
        assert!(holds("user-${user_id}-*", &format!("user-{text}-1")) && !holds("user-${user_id}-*", "user-1"));
    }

    #[test]
    fn nobody_in_particular_owns_nothing() {
        let own = names(&["user-${user_id}"]);
        assert!(own.lacks(None) && !own.allows(On::Any, None) && !own.holds(Name::read("user-").unwrap(), None));
        assert!(!names(&["user-*"]).lacks(None));
        assert!(names(&["user-*", "user-${user_id}"]).lacks(None), "a rule more makes no rule less");
    }
}

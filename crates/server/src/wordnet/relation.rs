//! Pointer symbols as words (wninput(5WN)). Read them forwards: the target is the source's HYPERNYM, PART_MERONYM and so on.

use super::Pos;

/// The relation that `symbol` stands for in the file of `pos`.
pub(super) fn name(pos: Pos, symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "!" => "ANTONYM",
        "@" => "HYPERNYM",
        "@i" => "INSTANCE_HYPERNYM",
        "~" => "HYPONYM",
        "~i" => "INSTANCE_HYPONYM",
        "#m" => "MEMBER_HOLONYM",
        "#s" => "SUBSTANCE_HOLONYM",
        "#p" => "PART_HOLONYM",
        "%m" => "MEMBER_MERONYM",
        "%s" => "SUBSTANCE_MERONYM",
        "%p" => "PART_MERONYM",
        "=" => "ATTRIBUTE",
        "+" => "DERIVATIONALLY_RELATED",
        "*" => "ENTAILMENT",
        ">" => "CAUSE",
        "^" => "ALSO_SEE",
        "$" => "VERB_GROUP",
        "&" => "SIMILAR_TO",
        "<" => "PARTICIPLE_OF",
        // An adverb comes from its adjective; an adjective pertains to its noun.
        "\\" if pos == Pos::Adverb => "DERIVED_FROM",
        "\\" => "PERTAINYM",
        ";c" => "DOMAIN_TOPIC",
        ";r" => "DOMAIN_REGION",
        ";u" => "DOMAIN_USAGE",
        "-c" => "DOMAIN_MEMBER_TOPIC",
        "-r" => "DOMAIN_MEMBER_REGION",
        "-u" => "DOMAIN_MEMBER_USAGE",
        _ => return None,
    })
}

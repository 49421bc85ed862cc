//! Names taken apart: words, singular and plural.

/// The words of a name in lower case: `InvoiceID`, `invoice_id` and `page[invoice-id]` alike.
pub(crate) fn words(name: &str) -> Vec<String> {
    parts(name).map(lower).collect()
}

/// The words joined by `_`.
pub(crate) fn norm(name: &str) -> String {
    let mut joined = String::with_capacity(name.len() + 2);
    for part in parts(name) {
        if !joined.is_empty() {
            joined.push('_');
        }
        push_lower(&mut joined, part);
    }
    joined
}

/// The words joined by nothing.
pub(crate) fn flat(name: &str) -> String {
    let mut joined = String::with_capacity(name.len());
    for part in parts(name) {
        push_lower(&mut joined, part);
    }
    joined
}

/// The words of a name as it is written.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|letter: char| !letter.is_alphanumeric());
        let mut letters = rest.char_indices().peekable();
        let mut before = letters.next()?.1;
        let mut end = rest.len();
        while let Some((at, letter)) = letters.next() {
            let after = letters.peek().map(|(_, after)| *after);
            if !letter.is_alphanumeric()
                || (letter.is_uppercase() && begins_word(before, after, &rest[at..]))
            {
                end = at;
                break;
            }
            before = letter;
        }
        let (part, behind) = rest.split_at(end);
        rest = behind;
        Some(part)
    })
}

/// Whether a capital letter, the first of `rest`, begins a word: `IDs` is one word, `HTTPServer` are two.
fn begins_word(before: char, after: Option<char>, rest: &str) -> bool {
    let is_plural_s = || after == Some('s') && !rest.chars().nth(2).is_some_and(char::is_lowercase);
    !before.is_uppercase() || (after.is_some_and(char::is_lowercase) && !is_plural_s())
}

fn lower(part: &str) -> String {
    let mut word = String::with_capacity(part.len());
    push_lower(&mut word, part);
    word
}

fn push_lower(joined: &mut String, part: &str) {
    if part.is_ascii() {
        joined.extend(
            part.bytes()
                .map(|byte| char::from(byte.to_ascii_lowercase())),
        );
    } else {
        joined.extend(part.chars().flat_map(char::to_lowercase));
    }
}

/// The singular of an English word in lower case.
pub(crate) fn singular(word: &str) -> String {
    match word {
        "people" => return "person".to_owned(),
        "children" => return "child".to_owned(),
        "indices" => return "index".to_owned(),
        "statuses" => return "status".to_owned(),
        "movies" => return "movie".to_owned(),
        "series" | "news" | "data" | "media" | "species" | "sms" | "dns" | "https" => {
            return word.to_owned();
        }
        _ => {}
    }
    for (end, instead) in [
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("uses", "us"),
    ] {
        if let Some(stem) = word.strip_suffix(end).filter(|stem| stem.len() > 1) {
            return format!("{stem}{instead}");
        }
    }
    let keeps = word.ends_with("ss") || word.ends_with("us") || word.ends_with("is");
    match word.strip_suffix('s') {
        Some(stem) if !keeps && stem.len() > 1 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The words of a name, the last in the singular, joined by `_`.
pub(crate) fn noun(name: &str) -> String {
    let mut all = words(name);
    if let Some(last) = all.last_mut() {
        *last = singular(last);
    }
    all.join("_")
}

/// Whether a text has a word or a phrase, whole words only, in any case.
pub(crate) fn says(text: &str, phrase: &str) -> bool {
    behind(&text.to_lowercase(), phrase).next().is_some()
}

/// Whether a text has any of the phrases.
pub(crate) fn says_any(text: &str, phrases: &[&str]) -> bool {
    let text = text.to_lowercase();
    phrases
        .iter()
        .any(|phrase| behind(&text, phrase).next().is_some())
}

/// The words joined by `_` that stand behind a phrase, from the longest to the first of them: for `a key of the team_role`
/// and `of the`, `team_role` and `team`. The text is in lower case.
pub(crate) fn names_behind<'t>(text: &'t str, phrase: &str) -> impl Iterator<Item = &'t str> {
    behind(text, phrase).flat_map(|rest| {
        let rest = rest.strip_prefix(' ').unwrap_or_default();
        let is_name = |one: char| one.is_alphanumeric() || one == '_';
        let run = &rest[..rest.find(|one| !is_name(one)).unwrap_or(rest.len())];
        let shorter = run.rmatch_indices('_').map(|(at, _)| &run[..at]);
        std::iter::once(run).chain(shorter)
    })
}

/// What stands behind each place where a text in lower case has the phrase as whole words.
fn behind<'t>(text: &'t str, phrase: &str) -> impl Iterator<Item = &'t str> {
    let is_edge = |letter: Option<char>| letter.is_none_or(|one| !one.is_alphanumeric());
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(at) = text[from..].find(phrase) {
            let begin = from + at;
            let end = begin + phrase.len();
            from = begin + text[begin..].chars().next().map_or(1, char::len_utf8);
            if is_edge(text[..begin].chars().next_back()) && is_edge(text[end..].chars().next()) {
                return Some(&text[end..]);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_style_have_the_same_words() {
        for name in ["invoiceId", "InvoiceID", "invoice_id", "page.invoice-id"] {
            assert!(norm(name).ends_with("invoice_id"), "{name}: {}", norm(name));
        }
        assert_eq!(words("InvoiceIDs"), ["invoice", "ids"]);
        assert_eq!(words("HTTPServer"), ["http", "server"]);
        assert_eq!(words("$skip"), ["skip"]);
        assert_eq!(words("created[gte]"), ["created", "gte"]);
        assert_eq!(words("UpdatedDateUTC"), ["updated", "date", "utc"]);
    }

    #[test]
    fn plurals_become_singular_and_singulars_stay() {
        for (many, one) in [
            ("companies", "company"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("statuses", "status"),
            ("people", "person"),
            ("issues", "issue"),
            ("status", "status"),
            ("analysis", "analysis"),
            ("address", "address"),
        ] {
            assert_eq!(singular(many), one);
        }
        assert_eq!(noun("special-events"), "special_event");
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        assert!(says("A Unique ID of it", "unique id"));
        assert!(!says("grid identity", "id"));
        assert!(says("grid, id", "id"));
    }

    #[test]
    fn names_behind_a_phrase_come_with_their_beginnings() {
        let names = |text| names_behind(text, "of the").collect::<Vec<_>>();

        assert_eq!(
            names("key of the team_role, of the user."),
            ["team_role", "team", "user"]
        );
        assert_eq!(names("of then"), [""; 0]);
        assert_eq!(names("out of the"), [""]);
    }
}

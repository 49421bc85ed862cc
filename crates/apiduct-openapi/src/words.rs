//! Names taken apart: words, singular and plural.

/// The words of a name in lower case: `InvoiceID`, `invoice_id` and `page[invoice-id]` alike.
pub(crate) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut all: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            if !word.is_empty() {
                all.push(std::mem::take(&mut word));
            }
            continue;
        }
        if letter.is_uppercase() && !word.is_empty() {
            let before = letters[at - 1];
            let after = letters.get(at + 1).copied().unwrap_or(' ');
            let after_next = letters.get(at + 2).copied().unwrap_or(' ');
            // `IDs` is one word, `HTTPServer` are two.
            let is_plural_s = after == 's' && !after_next.is_lowercase();
            if !before.is_uppercase() || (after.is_lowercase() && !is_plural_s) {
                all.push(std::mem::take(&mut word));
            }
        }
        word.extend(letter.to_lowercase());
    }
    if !word.is_empty() {
        all.push(word);
    }
    all
}

/// The words joined by `_`.
pub(crate) fn norm(name: &str) -> String {
    words(name).join("_")
}

/// The words joined by nothing.
pub(crate) fn flat(name: &str) -> String {
    words(name).concat()
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
    let text = text.to_lowercase();
    let mut from = 0;
    while let Some(at) = text[from..].find(phrase) {
        let begin = from + at;
        let end = begin + phrase.len();
        let is_edge = |letter: Option<char>| letter.is_none_or(|one| !one.is_alphanumeric());
        if is_edge(text[..begin].chars().next_back()) && is_edge(text[end..].chars().next()) {
            return true;
        }
        from = begin + text[begin..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// Whether a text has any of the phrases.
pub(crate) fn says_any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| says(text, phrase))
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
}

use super::{Segment, SelectorError, SelectorProblem, Step};

pub(super) fn parse(text: &str) -> Result<Vec<Segment>, SelectorError> {
    if text.is_empty() {
        return Err(SelectorError::new(text, 0, SelectorProblem::Empty));
    }
    let mut segments = Vec::new();
    let text = text.strip_prefix('$').unwrap_or(text);
    for part in text.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        let part = part.trim_matches(['\'', '"']);
        segments.push(Segment::child(match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) if part == "*" => Step::Wildcard,
            Err(_) => Step::Name(part.to_owned()),
        }));
    }
    Ok(segments)
}

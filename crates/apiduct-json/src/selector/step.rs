use std::fmt::Write as _;

/// One part of a path: `.name`, `[…]` or `..[…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Whether it looks at all depths: `..`.
    pub(crate) is_descendant: bool,
    /// What it takes there, in this order; never empty.
    pub(crate) steps: Vec<Step>,
}

/// What a segment takes from a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(i64),
    Wildcard,
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: Option<i64>,
    },
    /// A condition in the notation of RFC 9535, without the question mark.
    Filter(String),
}

impl Step {
    /// Whether it takes one value at most; such a step gives a place, the others give records.
    pub(crate) fn is_singular(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Index(_))
    }
}

impl Segment {
    pub(crate) fn child(step: Step) -> Self {
        Self {
            is_descendant: false,
            steps: vec![step],
        }
    }

    pub(crate) fn name(name: &str) -> Self {
        Self::child(Step::Name(name.to_owned()))
    }

    /// The step, when there is just one and it looks at no other depth.
    pub(crate) fn only_step(&self) -> Option<&Step> {
        match self.steps.as_slice() {
            [step] if !self.is_descendant => Some(step),
            _ => None,
        }
    }

    /// The kind of segment, for messages.
    pub(crate) fn word(&self) -> &'static str {
        match self.steps.as_slice() {
            _ if self.is_descendant => "a search at any depth",
            [Step::Name(_)] => "a name",
            [Step::Index(0..)] => "an index",
            [Step::Index(_)] => "an index from the end",
            [Step::Wildcard] => "a wildcard inside the path",
            [Step::Slice { .. }] => "a slice",
            [Step::Filter(_)] => "a filter",
            _ => "a union",
        }
    }
}

/// The path as RFC 9535 writes it.
pub(crate) fn strict(segments: &[Segment]) -> String {
    let mut out = String::from("$");
    for segment in segments {
        out.push_str(if segment.is_descendant { "..[" } else { "[" });
        for (at, step) in segment.steps.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            strict_step(step, &mut out);
        }
        out.push(']');
    }
    out
}

fn strict_step(step: &Step, out: &mut String) {
    match step {
        Step::Name(name) => quote(name, out),
        Step::Index(index) => {
            let _ = write!(out, "{index}");
        }
        Step::Wildcard => out.push('*'),
        Step::Slice { start, end, step } => {
            let part = |out: &mut String, bound: &Option<i64>| {
                if let Some(bound) = bound {
                    let _ = write!(out, "{bound}");
                }
            };
            part(out, start);
            out.push(':');
            part(out, end);
            if step.is_some() {
                out.push(':');
                part(out, step);
            }
        }
        Step::Filter(condition) => {
            out.push('?');
            out.push_str(condition);
        }
    }
}

/// Writes `text` as a string literal in single quotes.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('\'');
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            '\u{0}'..='\u{1F}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('\'');
}

/// The path of names as a user would write it: `data.items`, `data['a b']`.
pub(crate) fn loose(segments: &[Segment]) -> String {
    let mut out = String::new();
    for segment in segments {
        match segment.only_step() {
            Some(Step::Name(name)) if is_bare(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            _ => {
                let text = strict(std::slice::from_ref(segment));
                out.push_str(text.trim_start_matches('$'));
            }
        }
    }
    if out.is_empty() { "$".to_owned() } else { out }
}

/// Whether a name can be written without quotes.
pub(crate) fn is_bare(name: &str) -> bool {
    // A lone `@` is the document.
    !name.is_empty() && name != "@" && name.chars().all(is_name_letter)
}

/// Whether a letter may stand in a name without quotes.
pub(crate) fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '@' | '-')
}

//! Rules about answers.

use apiduct_client::rules::Pattern;
use http::HeaderName;

use super::{Checker, KeyPath};
use crate::error::ConfigErrorKind;
use crate::locate::{Entry, Mark};

impl Checker<'_> {
    /// Conditions that are fine one by one and make no rule.
    pub(super) fn response_action(&mut self, entries: &[Entry], mark: Mark, path: KeyPath<'_>) {
        let find = |names: &[&str]| {
            let mut written = entries.iter().filter(|entry| !entry.value.is_null());
            written.find(|entry| names.contains(&&*entry.key))
        };
        let action = find(&["action"]).and_then(|entry| entry.value.as_text());
        let conditions = [
            "status_code",
            "status",
            "header",
            "selector",
            "content",
            "text",
            "pattern",
        ];
        if find(&conditions).is_none() {
            let reason = "the rule looks at nothing, so that it would be for no answer";
            let hint = "give `status_code`, `header`, `selector`, `content` or `pattern`";
            self.conflict((reason, hint), mark, path);
        }
        if let Some(entry) = find(&["equals"]).filter(|_| find(&["selector"]).is_none()) {
            let reason = "`equals` says what a `selector` has to find, and there is none";
            let own = KeyPath::Key(&path, &entry.key);
            self.conflict((reason, "give `selector`, a JSONPath"), entry.mark, own);
        }
        for (key, owner) in [("delay", "retry"), ("message", "fail")] {
            if let Some(entry) = find(&[key]).filter(|_| action != Some(owner)) {
                let reason = format!("`{key}` goes with the action `{owner}` only");
                let hint = format!("write `action: {owner}`, or remove `{key}`");
                let own = KeyPath::Key(&path, &entry.key);
                self.conflict((&reason, &hint), entry.mark, own);
            }
        }
        if let Some(entry) = find(&["pattern"])
            && let Some(Err(error)) = entry.value.as_text().map(Pattern::new)
        {
            let own = KeyPath::Key(&path, &entry.key);
            let reason = format!("{error}: {}", error.source);
            self.conflict(
                (&reason, "look around and references back are not known"),
                entry.value.mark,
                own,
            );
        }
        if let Some(entry) = find(&["header"])
            && entry.value.as_text().is_some()
        {
            self.header_name(entry, KeyPath::Key(&path, &entry.key));
        }
    }

    /// The name in a condition on a header.
    pub(super) fn header_test(&mut self, entries: &[Entry], path: KeyPath<'_>) {
        if let Some(entry) = entries.iter().find(|entry| *entry.key == *"name") {
            self.header_name(entry, KeyPath::Key(&path, "name"));
        }
    }

    /// Something to look at.
    pub(super) fn expect(&mut self, entries: &[Entry], mark: Mark, path: KeyPath<'_>) {
        if entries.iter().all(|entry| entry.value.is_null()) {
            let hint = "give `status_code`, `content_type` or `selector`";
            self.conflict(("`expect` says nothing", hint), mark, path);
        }
    }

    fn header_name(&mut self, entry: &Entry, path: KeyPath<'_>) {
        let Some(name) = entry.value.as_text() else {
            return;
        };
        if HeaderName::try_from(name).is_err() {
            let kind = ConfigErrorKind::Malformed {
                value: name.to_owned(),
                expected: "the name of a header",
                example: "`X-Status`",
            };
            self.push(path, entry.value.mark, kind);
        }
    }

    pub(super) fn conflict(&mut self, (reason, hint): (&str, &str), mark: Mark, path: KeyPath<'_>) {
        let kind = ConfigErrorKind::Conflict {
            reason: reason.to_owned(),
            hint: Some(hint.to_owned()),
        };
        self.push(path, mark, kind);
    }
}

//! What answers are, and reports on request.

use http::HeaderName;

use super::{Checker, KeyPath};
use crate::error::ConfigErrorKind;
use crate::locate::{Entry, Mark};
use crate::spec::formats::single_byte;

impl Checker<'_> {
    /// Characters of CSV.
    pub(super) fn csv(&mut self, entries: &[Entry], path: KeyPath<'_>) {
        for entry in entries
            .iter()
            .filter(|entry| matches!(&*entry.key, "delimiter" | "quote"))
        {
            let Some(text) = entry.value.as_text() else {
                continue;
            };
            if single_byte(text).is_none() {
                let kind = ConfigErrorKind::Malformed {
                    value: text.to_owned(),
                    expected: "one ASCII character",
                    example: "`;`, or `\\t` for a tab",
                };
                self.push(KeyPath::Key(&path, &entry.key), entry.value.mark, kind);
            }
        }
    }

    /// Keys of a job that need each other.
    pub(super) fn job(&mut self, entries: &[Entry], mark: Mark, path: KeyPath<'_>) {
        let find = |name: &str| {
            let mut written = entries.iter().filter(|entry| !entry.value.is_null());
            written.find(|entry| *entry.key == *name)
        };
        match (find("status"), find("done")) {
            (Some(_), None) => {
                let reason = "the job would never be done: `status` has no states for that";
                self.conflict((reason, "list them in `done`"), mark, path);
            }
            (None, _) => {
                for entry in ["done", "failed", "running", "message"]
                    .into_iter()
                    .filter_map(find)
                {
                    let reason = format!(
                        "`{}` says something about a state, and `status` does not say where that is",
                        entry.key
                    );
                    let own = KeyPath::Key(&path, &entry.key);
                    self.conflict((&reason, "give `status`, a JSONPath"), entry.mark, own);
                }
            }
            _ => {}
        }
        for name in ["poll", "download"] {
            if let Some(entry) = find(name)
                && entry.value.as_text().is_some()
            {
                self.job_path(entry, KeyPath::Key(&path, name));
            }
        }
    }

    /// One place, of one kind.
    pub(super) fn job_place(&mut self, entries: &[Entry], mark: Mark, path: KeyPath<'_>) {
        let kinds = ["path", "selector", "header"];
        let is_there = |entry: &&Entry| kinds.contains(&&*entry.key) && !entry.value.is_null();
        let there: Vec<&Entry> = entries.iter().filter(is_there).collect();
        if there.len() != 1 {
            let reason = "the address comes from one place";
            self.conflict(
                (reason, "give one of `path`, `selector`, `header`"),
                mark,
                path,
            );
            return;
        }
        let entry = there[0];
        let own = KeyPath::Key(&path, &entry.key);
        match &*entry.key {
            "path" => self.job_path(entry, own),
            "header"
                if entry
                    .value
                    .as_text()
                    .is_some_and(|name| HeaderName::try_from(name).is_err()) =>
            {
                let kind = ConfigErrorKind::Malformed {
                    value: entry.value.as_text().unwrap_or_default().to_owned(),
                    expected: "the name of a header",
                    example: "`Location`",
                };
                self.push(own, entry.value.mark, kind);
            }
            _ => {}
        }
    }

    /// Placeholders of a job's path: fields of the answer, and nothing else.
    fn job_path(&mut self, entry: &Entry, path: KeyPath<'_>) {
        let text = entry.value.as_text().unwrap_or_default();
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let field = after.split_once('}').map(|(inside, _)| inside);
            let is_field = field
                .and_then(|inside| inside.strip_prefix("job."))
                .is_some_and(|field| apiduct_json::Selector::parse(field).is_ok());
            if !is_field {
                let kind = ConfigErrorKind::Template {
                    reason: format!("`{text}` has a placeholder that may not stand here"),
                    hint: Some(
                        "write `{job.FIELD}`, a field of the answer to the request for the report"
                            .to_owned(),
                    ),
                };
                return self.push(path, entry.value.mark, kind);
            }
            rest = after;
        }
    }
}

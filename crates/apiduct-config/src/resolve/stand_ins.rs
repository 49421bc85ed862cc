use std::io;

use super::source::SecretSource;

/// A source that has a text for every reference: where the inner one has no value, one that stands for it.
///
/// It is for work that needs no secret, such as a replay of recorded traffic.
///
/// ```
/// use apiduct_config::resolve::{SecretSource, StandIns, SystemSource};
///
/// let source = StandIns(SystemSource::in_folder(""));
/// assert_eq!(source.stand_in("${env:API_TOKEN}").unwrap(), "stand-in-env-API_TOKEN");
/// ```
#[derive(Debug, Clone)]
pub struct StandIns<S>(pub S);

impl<S: SecretSource> SecretSource for StandIns<S> {
    fn env(&self, name: &str) -> Option<String> {
        self.0.env(name)
    }

    fn file(&self, path: &str) -> io::Result<Option<String>> {
        self.0.file(path)
    }

    fn shown_path(&self, path: &str) -> String {
        self.0.shown_path(path)
    }

    fn stand_in(&self, reference: &str) -> Option<String> {
        let name = reference.trim_start_matches("${").trim_end_matches('}');
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._".contains(letter);
        let name: String = name
            .chars()
            .map(|letter| if is_plain(letter) { letter } else { '-' })
            .collect();
        Some(format!("stand-in-{name}"))
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::Redactor;

    use super::*;
    use crate::resolve::{SystemSource, resolve_text};

    #[test]
    fn a_value_that_is_there_is_taken_and_any_other_stood_in_for() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("there"), "value").unwrap();
        let source = StandIns(SystemSource::in_folder(folder.path()));
        let text = "${file:there} ${file:a b/c} ${env:APIDUCT_NO_SUCH} ${secret:x.y}";
        let redactor = Redactor::default();
        let resolved = resolve_text(text, "text", &source, &redactor).unwrap();
        assert_eq!(
            resolved,
            "value stand-in-file-a-b-c stand-in-env-APIDUCT_NO_SUCH stand-in-secret-x.y"
        );
        assert!(
            redactor.contains_secret("stand-in-secret-x.y"),
            "masked as the secret would be"
        );
        assert!(resolve_text(text, "text", &source.0, &redactor).is_err());
    }
}

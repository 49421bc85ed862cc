//! `write_disposition`, as a word or as a mapping.

use apiduct_model::{MergeStrategy, SortOrder, WriteDisposition};

use super::fields::{Fields, Located, Written};
use super::keys::DISPOSITION;
use super::table::{Kind, Object};
use crate::error::{ConfigErrorKind, Problems};
use crate::locate::Node;

/// What `write_disposition` says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DispositionSpec {
    pub(super) disposition: Written<WriteDisposition>,
    pub(super) strategy: Written<MergeStrategy>,
}

impl DispositionSpec {
    pub(super) fn read(fields: &Fields<'_>, problems: &mut Problems) -> Self {
        let node = fields.read("write_disposition", |node, path| {
            Some((node.clone(), path.to_owned()))
        });
        let Written::Value(written) = node else {
            let disposition = match node {
                Written::Null => Written::Null,
                _ => Written::Absent,
            };
            return Self {
                disposition,
                strategy: Written::Absent,
            };
        };
        let (node, path) = &written.value;
        if node.as_map().is_none() {
            return Self {
                disposition: located(word_of(node, &DISPOSITION, "disposition"), &written),
                strategy: Written::Absent,
            };
        }
        let keys = Fields::new(&DISPOSITION, node, path.clone());
        let disposition = keys.word("disposition").value().copied();
        let strategy = match keys.word("strategy") {
            Written::Value(word) => strategy_of(word.value).map_or(Written::Absent, |strategy| {
                Written::Value(word.map(|_| strategy))
            }),
            _ => Written::Absent,
        };
        if let (Some(word), Some(strategy)) = (disposition, strategy.located())
            && word != WriteDisposition::Merge.word()
        {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("`{word}` has no strategy"),
                hint: Some("remove `strategy`, or write `disposition: merge`".to_owned()),
            };
            problems.push(&strategy.path, strategy.mark, kind);
        }
        Self {
            disposition: located(disposition, &written),
            strategy,
        }
    }
}

/// A word of `key`, unless it was refused.
fn word_of(node: &Node, object: &'static Object, key: &str) -> Option<&'static str> {
    match object.key(key)?.1.kind {
        Kind::Word(words) => words.find(node.as_text()?),
        _ => None,
    }
}

fn located<T>(word: Option<&'static str>, written: &Located<T>) -> Written<WriteDisposition> {
    let disposition = word.and_then(|word| word.parse().ok());
    disposition.map_or(Written::Absent, |value| {
        Written::Value(Located {
            value,
            path: written.path.clone(),
            mark: written.mark,
        })
    })
}

fn strategy_of(word: &str) -> Option<MergeStrategy> {
    MergeStrategy::ALL
        .into_iter()
        .find(|one| one.word() == word)
}

/// The order that a word of the file means.
pub(super) fn order_of(word: &str) -> SortOrder {
    if word == SortOrder::Asc.word() {
        SortOrder::Asc
    } else {
        SortOrder::Desc
    }
}

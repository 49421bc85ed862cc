//! One page.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::{PaginateError, Paginator, Position, Reason, Step, Total, to_whole_number};
use crate::{Page, Request};

/// One page and no more, whatever the response says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinglePage;

impl Paginator for SinglePage {
    fn start(&self) -> Position {
        Position::Start
    }

    fn apply(&self, _: &Position, _: &mut Request) -> Result<(), PaginateError> {
        Ok(())
    }

    fn advance(&self, _: &Position, _: &Page) -> Result<Step, PaginateError> {
        Ok(Step::Done(Reason::SinglePage))
    }

    fn beyond(&self, _: &Position) -> Option<Step> {
        Some(Step::Done(Reason::SinglePage))
    }

    fn declaration(&self) -> Option<Value> {
        Some(Declared::new("single_page").into())
    }

    fn describe(&self) -> String {
        "single page".to_owned()
    }
}

/// One page, of which it is said how many records there are in all: the fallback of detection, which may have
/// overlooked how to get the rest.
#[derive(Debug, Clone)]
pub(crate) struct PerhapsSinglePage {
    pub(crate) total_path: Selector,
}

impl Paginator for PerhapsSinglePage {
    fn start(&self) -> Position {
        Position::Start
    }

    fn apply(&self, _: &Position, _: &mut Request) -> Result<(), PaginateError> {
        Ok(())
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        if let Some(Total::Records(total)) = self.total(page) {
            tracing::warn!(
                url = %page.response.shown_url(),
                records = page.raw_records().len(),
                total,
                "the API has more records than this page, and nothing found in the response leads to them"
            );
        }
        Ok(Step::Done(Reason::SinglePage))
    }

    fn needs(&self) -> Vec<Selector> {
        vec![self.total_path.clone()]
    }

    /// Only a total above what is there says something: others may count anything.
    fn total(&self, page: &Page) -> Option<Total> {
        let total = page.captured(&self.total_path).scalar()?;
        let total = to_whole_number(total)?;
        (total > page.raw_records().len() as u64).then_some(Total::Records(total))
    }

    fn describe(&self) -> String {
        SinglePage.describe()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;

    #[test]
    fn the_first_page_is_the_last_whatever_it_says() {
        let link = [("link", "</2>; rel=next")];
        let page = page_from(&SinglePage, "http://h/", &link, &json!({"next": "/2"}), "$");
        let step = SinglePage.advance(&Position::Start, &page);
        assert_eq!(step, Ok(Step::Done(Reason::SinglePage)));
    }
}
